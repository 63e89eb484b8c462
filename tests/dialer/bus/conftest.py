"""Both brokers, a gate that cuts the way to one, and ears."""

import asyncio
import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from dialer.bus.broker import EmbeddedBroker
from dialer.bus.messages import (
    AgentCall,
    AgentPreview,
    AgentState,
    CallEvent,
    CallsInFlight,
    CampaignState,
    CampaignStats,
    Envelope,
    Message,
    NodeStatus,
    Pacing,
)
from dialer.bus.mqtt import MqttOptions, Publisher, Subscriber
from tests.servers import free_port

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def until(condition: Callable[[], object], limit_s: float = 60.0) -> None:
    """Come back when the condition is true; a TimeoutError when it never is."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)


class Mosquitto:
    """A mosquitto of our own on loopback, with one user and no memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._password = secrets.token_urlsafe(12)

    @property
    def options(self) -> MqttOptions:
        return MqttOptions("127.0.0.1", self._port, username="tester", password=self._password, version="5")

    async def start(self) -> None:
        self._port = self._port or free_port()
        password_file = self._folder / "passwords"
        making = await asyncio.create_subprocess_exec(
            _program("mosquitto_passwd"), "-c", "-b", str(password_file), "tester", self._password
        )
        assert await making.wait() == 0
        settings = self._folder / "mosquitto.conf"
        settings.write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous false\npassword_file {password_file}\n"
            f"user {getpass.getuser()}\n"
        )
        with (self._folder / "mosquitto.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                _program("mosquitto"), "-c", str(settings), stdout=output, stderr=output
            )
        await until(self._listens)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            await self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, (self._folder / "mosquitto.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    if found is None:
        pytest.fail(f"{name} is missing; install Debian's mosquitto")
    return found


class Gate:
    """A way to a broker that can be cut and opened again."""

    def __init__(self, behind: MqttOptions) -> None:
        self._behind = behind
        self._port = 0
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()

    @property
    def options(self) -> MqttOptions:
        return replace(self._behind, port=self._port)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            for relay in self._relays:
                relay.cancel()
            await asyncio.gather(*self._relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(self._behind.host, self._behind.port)
                await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            self._relays.discard(task)
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class Ears:
    """What a subscriber has heard so far, in order."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber
        self.heard: list[tuple[str, Envelope]] = []

    def of(self, kind: type[Message]) -> list[Message]:
        return [envelope.data for _, envelope in self.heard if isinstance(envelope.data, kind)]

    async def listen(self) -> None:
        async for topic, envelope in self.subscriber:
            self.heard.append((topic, envelope))


@contextlib.asynccontextmanager
async def listening(options: MqttOptions, topic_filter: str = "dialer/v1/#") -> AsyncIterator[Ears]:
    """Ears that are open for the length of the block."""
    async with asyncio.timeout(60):
        subscriber = await Subscriber(options, topic_filter).__aenter__()
    ears = Ears(subscriber)
    task = asyncio.create_task(ears.listen())
    try:
        yield ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await subscriber.__aexit__(None, None, None)


def publisher(options: MqttOptions, *, backlog: int = 10_000, flush_limit_s: float = 10.0) -> Publisher:
    """The voice of node `north`."""
    return Publisher(
        options,
        NodeStatus(node="north", state="online", version="1.2.3", capacity_calls=40),
        clock=lambda: datetime.now(UTC),
        new_id=lambda: uuid4().hex,
        backlog=backlog,
        flush_limit_s=flush_limit_s,
    )


class Tools:
    """What the tests of this folder share, since test modules cannot import each other."""

    Gate = Gate
    until = staticmethod(until)
    listening = staticmethod(listening)
    publisher = staticmethod(publisher)


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker(password=secrets.token_urlsafe(12)) as broker:
        yield broker


@pytest.fixture(params=["embedded", "mosquitto"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedBroker | Mosquitto]:
    """Each of the brokers that we run with."""
    chosen: EmbeddedBroker | Mosquitto = Mosquitto(tmp_path)
    if request.param == "embedded":
        chosen = EmbeddedBroker(password=secrets.token_urlsafe(12))
    await chosen.start()
    yield chosen
    await chosen.stop()


@pytest.fixture
def one_of_each() -> list[Message]:
    """A message of every kind."""
    return [
        CampaignState(client="acme", campaign_id=7, state="running", dial_mode="power", since=NOON),
        CampaignStats(
            client="acme",
            campaign_id=7,
            calls_in_flight=CallsInFlight(dialing=1, ringing=2, answered=0, connected=3),
            agents={"talking": 3, "available": 1},
            attempts=120,
            people_answered=40,
            abandoned=1,
            contacts=30,
            conversions=4,
            abandon_rate=0.025,
            leads_ready=380,
            pacing=Pacing(mode="power", reason="1 agent is free and 3 calls are out"),
        ),
        AgentState(client="acme", agent_id=3, state="paused", reason="lunch", since=NOON),
        AgentCall(client="acme", agent_id=3, attempt_id=99, campaign_id=7, lead_id=5),
        AgentPreview(client="acme", agent_id=3, session_id=8, campaign_id=7, lead_id=5, until=NOON),
        CallEvent(
            client="acme", attempt_id=99, campaign_id=7, lead_id=5, kind="ended", agent_id=3, outcome="human"
        ),
        NodeStatus(node="north", state="online", version="1.2.3", capacity_calls=40),
    ]
