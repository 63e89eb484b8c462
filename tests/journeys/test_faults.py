"""What the dialer leans on goes away and comes back: conversations go on, and then all agree again."""

import asyncio
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dialer.bus import topics
from dialer.bus.messages import AgentState
from dialer.bus.mqtt import MqttOptions, Subscriber
from dialer.simulation.people import Kind, World
from tests.brokers import Mosquitto
from tests.gate import Gate
from tests.journeys.stage import Stage, staged

FIRST, SECOND = (f"+1202555{1000 + index}" for index in range(2))
WORLD = World(ring_mean_s=0.4, talk_mean_s=600, patience_mean_s=600)
KINDS = dict.fromkeys((FIRST, SECOND), Kind.PERSON)


async def test_a_broker_that_restarts_is_told_what_holds_and_no_conversation_notices(
    tmp_path: Path, sqlite_url: str
) -> None:
    (tmp_path / "broker").mkdir()
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    way = {"DIALER_MQTT__URL": url_of(broker.options)}
    async with staged(tmp_path, sqlite_url, WORLD, KINDS, 2, **way) as stage:
        await two_talk(stage)
        await broker.stop()
        await one_ends(stage)
        await broker.start()
        states = ["talking", "wrap_up"]
        on_bus = partial(states_on_bus, broker.options, 2)
        await stage.all_agree(states, on_bus, after="the broker restarted")
        assert not stage.ends(SECOND)
        await stage.settle(FIRST, SECOND)
    await broker.stop()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_away_is_told_later_and_no_conversation_notices(
    tmp_path: Path, database_url: str
) -> None:
    server = urlsplit(database_url)
    assert server.port is not None
    gate = Gate(server.port)
    await gate.open()
    through_the_gate = database_url.replace(f":{server.port}/", f":{gate.port}/")
    async with staged(tmp_path, database_url, WORLD, KINDS, 2, through_the_gate) as stage:
        campaign = await two_talk(stage)
        await gate.shut()
        await one_ends(stage)
        async with stage.dialer.client() as client, asyncio.timeout(60):
            while not (ready := await client.get("/readyz")).is_server_error:
                await asyncio.sleep(0.1)
            assert ready.json()["database"] is False
            refused = await client.get(f"/api/v1/campaigns/{campaign}")
            assert (refused.status_code, refused.json()["code"]) == (503, "database-unavailable")
        assert await stage.states_on_record() == ["talking", "talking"]
        await gate.open()
        await stage.all_agree(["talking", "wrap_up"], after="the database was away")
        assert not stage.ends(SECOND)
        await stage.dialer.ready()
        await stage.settle(FIRST, SECOND)
        await stage.agents_are("available")
        await stage.shifts_without_gaps()
        await stage.dialer.close()
    await gate.shut()


async def two_talk(stage: Stage) -> int:
    """Two agents talk with two people; their campaign."""
    campaign = await stage.prepare([FIRST, SECOND])
    await stage.begin()
    await stage.agents_are("talking")
    await stage.attempts_once(lambda found: all(each.connected_at for each in found.values()))
    return campaign


async def one_ends(stage: Stage) -> None:
    """The first conversation is over, and its agent is there to say how it went; the second goes on."""
    attempt = (await stage.attempts())[FIRST].id
    async with stage.dialer.client() as client:
        (await client.post(f"/api/v1/attempts/{attempt}/hangup")).raise_for_status()
    async with asyncio.timeout(60):
        while await stage.agent_states() != ["talking", "wrap_up"]:
            await asyncio.sleep(0.05)
    assert len(stage.ends(FIRST)) == 1
    assert not stage.ends(SECOND)


async def states_on_bus(options: MqttOptions, agents: int) -> list[str]:
    """What the broker has of so many agents, in order of the alphabet."""
    states: dict[int, str] = {}
    async with (
        asyncio.timeout(60),
        Subscriber(options, topics.topic_filter(topics.AGENT_STATE)) as subscriber,
    ):
        async for _, envelope in subscriber:
            assert isinstance(envelope.data, AgentState)
            states[envelope.data.agent_id] = envelope.data.state
            if len(states) == agents:
                break
    return sorted(states.values())


def url_of(options: MqttOptions) -> str:
    """Where the broker is, as in the settings."""
    return f"mqtt://{options.username}:{options.password}@{options.host}:{options.port}"
