"""Far ends that nobody here wrote (sipp), and a switch with the test in its engine's place."""

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

import psutil
import pytest

from dialer.switch.audio_watch import USUAL_LIMITS, AudioLimits
from dialer.switch.link import SwitchLink
from dialer.switch.messages import (
    AnyEvent,
    Detect,
    Event,
    FrameReader,
    LegRole,
    PlaceLeg,
    SwitchReady,
    decode_event,
)
from dialer.switch.options import EndpointOptions, SwitchOptions
from tests.servers import free_port
from tests.support import eventually

SCENARIOS = Path(__file__).parent / "scenarios"
_CALLED = re.compile(rb"\A[A-Z]+ sip:([^@\s]+)@")

_TRIES = 5
"""A port that was free a moment ago may be taken."""

Kind = TypeVar("Kind", bound=Event)
Address = tuple[str, int]


def worker_number() -> int:
    """0 for the first of the processes that run the tests, 1 for the second, …"""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


# --- sipp ---------------------------------------------------------------------------------------


class Sipp:
    """A sipp that plays one scenario for a number of calls, and then ends."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = port

    def uri(self, user: str) -> str:
        """The SIP address of somebody behind it."""
        return f"sip:{user}@127.0.0.1:{self.port}"

    def has_port(self) -> bool:
        """Whether it has ended, as it does where somebody else has the port; or listens on it."""
        if self._process.returncode is not None:
            return True
        ports = psutil.Process(self._process.pid).net_connections("udp")
        return any(each.laddr.port == self.port for each in ports)

    def listens(self) -> bool:
        """Whether it can be called."""
        return self._process.returncode is None

    async def content(self, within_s: float = 10) -> None:
        """Returns when every call went as the scenario says, to its last message; fails with sipp's log."""
        code = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
        said = self._log.read_text() if self._log.exists() else "nothing"
        assert code == 0, f"sipp's exit code is {code}; it said {said}"

    async def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class Called(Protocol):
    """Somebody who takes calls at a port of this machine."""

    @property
    def port(self) -> int: ...


class StartSipp(Protocol):
    """Starts a sipp that plays a scenario of ours; keywords replace what it has in brackets."""

    async def __call__(self, scenario: str, calls: int = 1, **values: str) -> Sipp: ...


@pytest.fixture
async def sipp(tmp_path: Path) -> AsyncIterator[StartSipp]:
    """Starts sipps, and ends them with the test."""
    numbers = count(1)
    async with contextlib.AsyncExitStack() as stack:

        async def start(scenario: str, calls: int = 1, **values: str) -> Sipp:
            # Not by sipp's own -key: it wants to see each response's code when it reads the scenario.
            text = (SCENARIOS / f"{scenario}.xml").read_text()
            for name, value in values.items():
                text = text.replace(f"[{name}]", value)
            filled = tmp_path / f"sipp-{scenario}-{next(numbers)}.xml"
            filled.write_text(text)
            for _ in range(_TRIES):
                started = await _start_sipp(filled, calls)
                stack.push_async_callback(started.close)
                await eventually(started.has_port)
                if started.listens():
                    return started
            raise AssertionError(f"sipp does not start with {filled}")

        yield start


async def _start_sipp(scenario: Path, calls: int) -> Sipp:
    port = free_port(socket.SOCK_DGRAM)
    log = scenario.with_suffix(".log")
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(scenario), "-m", str(calls), "-nostdin"),
        *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port)),
        *("-trace_err", "-error_file", str(log)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return Sipp(process, port, log)


class Exchange(asyncio.DatagramProtocol):
    """A trunk that passes each SIP message on by the number it calls, and replies back to the switch.

    It changes no message: behind one trunk, each number has a sipp of its own.
    """

    def __init__(self, routes: Mapping[str, Called]) -> None:
        self._routes = {number: ("127.0.0.1", each.port) for number, each in routes.items()}
        self._switch: Address | None = None
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, source: Address) -> None:
        assert self._transport is not None
        if source in self._routes.values():
            self._transport.sendto(data, self._switch)
        elif called := _CALLED.match(data):
            self._switch = source
            self._transport.sendto(data, self._routes[called[1].decode()])


@asynccontextmanager
async def exchange(routes: Mapping[str, Called]) -> AsyncIterator[str]:
    """A trunk with a sipp behind each number; yields the trunk's address, with `{number}`."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Exchange(routes), local_addr=("127.0.0.1", 0)
    )
    try:
        yield f"sip:{{number}}@127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


# --- a switch -----------------------------------------------------------------------------------


def switch_options(folder: Path, lines: int = 50) -> SwitchOptions:
    """A switch with files in that folder and RTP ports that no other worker's switch uses."""
    endpoint = EndpointOptions(
        max_calls=lines, rtp_port=20000 + 2000 * (worker_number() % 6), rtp_port_count=2000
    )
    return SwitchOptions(folder / "switch.sock", folder / "switch.log", endpoint)


class Switch:
    """A switch process, with the test in its engine's place: it acknowledges all that it is told."""

    def __init__(self, folder: Path, lines: int = 50, audio: AudioLimits = USUAL_LIMITS) -> None:
        self.options = replace(switch_options(folder, lines), audio=audio)
        self.events: list[AnyEvent] = []
        self.losses = 0
        self._detached = False
        self.link = SwitchLink(self.options, self._hear, self._lose)

    def _hear(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.link.acknowledge(event.seq)

    def _lose(self) -> None:
        self.losses += 1

    def place(
        self,
        leg: str,
        uri: str,
        *,
        ring_timeout_s: float = 10,
        message: str = "",
        ring_at_least_s: float = 0.0,
        claim_within_s: float = 2.0,
        end_key: str = "",
        detect: Detect = "off",
    ) -> None:
        """Calls a customer, or an agent or a guest where the leg's name begins so."""
        roles: dict[str, LegRole] = {"agent": "agent", "guest": "guest"}
        role = roles.get(leg.partition("-")[0], "customer")
        asked = PlaceLeg(
            leg,
            role,
            uri,
            "+12025550199",
            ring_timeout_s,
            claim_within_s=claim_within_s,
            message=message,
            ring_at_least_s=ring_at_least_s,
            end_key=end_key,
            detect=detect,
        )
        assert self.link.send(asked)

    async def detach(self) -> None:
        """Goes away without a word, as an engine that is killed."""
        self._detached = True
        await self.link.detach()

    async def stop(self) -> None:
        """Ends the process, whether or not the link to it is up; once is enough."""
        if self._detached and self.options.socket.exists():
            await self.link.start()
        await self.link.stop()

    def of(self, kind: type[Kind], leg: str) -> list[Kind]:
        """What was said of a leg so far, of that kind."""
        return [each for each in self.events if isinstance(each, kind) and getattr(each, "leg", "") == leg]

    async def said(self, kind: type[Kind], leg: str, within_s: float = 10) -> Kind:
        """The first event of that kind about that leg, once it has come."""
        return (await eventually(lambda: self.of(kind, leg), within_s))[0]


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    """A switch that is up, and is stopped at the end."""
    started = Switch(tmp_path)
    await started.link.start()
    yield started
    await started.stop()


async def look(path: Path) -> SwitchReady:
    """What a switch says of itself to whoever connects to its socket."""
    ready, _ = await hear_without_recording(path)
    return ready


async def hear_without_recording(path: Path) -> tuple[SwitchReady, list[AnyEvent]]:
    """What a switch says to an engine that connects, and what it repeats; nothing is acknowledged."""
    reader, writer = await asyncio.open_unix_connection(path)
    frames = FrameReader()
    heard: list[AnyEvent] = []
    try:
        while True:
            async with asyncio.timeout(30):
                data = await reader.read(65536)
            heard += [decode_event(body) for body in frames.feed(data)]
            ready = heard[0]
            assert isinstance(ready, SwitchReady)
            if heard[-1].seq >= ready.replays_through:
                return ready, heard[1:]
    finally:
        writer.close()
        await writer.wait_closed()
