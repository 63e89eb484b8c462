"""Both brokers, a gate that cuts the way to one, and ears."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from dialer.bus.broker import EmbeddedBroker
from dialer.bus.messages import (
    AgentCall,
    AgentCallback,
    AgentMessage,
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
    ReplyEvent,
)
from dialer.bus.mqtt import MqttOptions, Publisher, Subscriber
from tests.brokers import Mosquitto
from tests.gate import Gate

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


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
        AgentMessage(client="acme", agent_id=3, session_id=8, text="Well done."),
        AgentCallback(
            client="acme",
            agent_id=3,
            callback_id=4,
            campaign_id=7,
            lead_id=5,
            kind="moved",
            due_at=NOON,
            reason="closed_day",
        ),
        CallEvent(
            client="acme", attempt_id=99, campaign_id=7, lead_id=5, kind="ended", agent_id=3, outcome="human"
        ),
        ReplyEvent(
            client="acme", reply_id=9, channel="sms", kind="other", lead_id=5, campaign_id=7, agent_id=3
        ),
        NodeStatus(node="north", state="online", version="1.2.3", capacity_calls=40),
    ]
