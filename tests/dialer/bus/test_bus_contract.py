"""What the bus promises, on the embedded broker and on mosquitto alike."""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime

import aiomqtt
import pytest
from structlog.testing import capture_logs

from dialer.bus import topics
from dialer.bus.connection import connected
from dialer.bus.messages import CallEvent, CampaignState, NodeStatus, encode
from tests.support import eventually

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

PUBLISHER_PROGRAM = """
import asyncio, json, sys, uuid
from datetime import UTC, datetime
from dialer.bus.messages import NodeStatus
from dialer.bus.mqtt import MqttOptions, Publisher

async def main():
    status = NodeStatus(node="doomed", state="online", version="1", capacity_calls=1)
    options = MqttOptions(**json.loads(sys.stdin.readline()))
    async with Publisher(options, status, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex):
        await asyncio.Event().wait()

asyncio.run(main())
"""


def event(number, kind="placed"):
    return CallEvent(client="acme", attempt_id=number, campaign_id=7, lead_id=number, kind=kind)


def campaign(state, campaign_id=7):
    return CampaignState(
        client="acme", campaign_id=campaign_id, state=state, dial_mode="progressive", since=NOON
    )


def numbers(ears):
    """The attempts of the call events, repeats left out."""
    return list(dict.fromkeys(event.attempt_id for event in ears.of(CallEvent)))


def statuses(ears):
    return [status.state for status in ears.of(NodeStatus)]


async def test_each_kind_of_message_arrives_on_its_topic_as_it_was_said(broker, tools, one_of_each):
    async with tools.listening(broker.options) as ears, tools.publisher(broker.options) as voice:
        for message in one_of_each:
            voice.publish(message)
        await eventually(
            lambda: {envelope.type for _, envelope in ears.heard} >= {m.type_name for m in one_of_each}
        )
    heard = {envelope.type: (topic, envelope.data) for topic, envelope in ears.heard}
    for message in one_of_each:
        if not isinstance(message, NodeStatus):
            assert heard[message.type_name] == (message.topic, message)
    assert (
        len({envelope.id for _, envelope in ears.heard if envelope.type != "node.status"})
        == len(one_of_each) - 1
    )


async def test_seq_grows_with_each_message_of_a_source(broker, tools):
    async with tools.listening(broker.options) as ears, tools.publisher(broker.options) as voice:
        for number in range(50):
            voice.publish(event(number))
        await eventually(lambda: len(ears.of(CallEvent)) >= 50)
    seqs = [envelope.seq for _, envelope in ears.heard if envelope.type == "call.event"]
    assert seqs == list(range(seqs[0], seqs[0] + 50))


async def test_who_comes_late_hears_the_state_but_no_past_events(broker, tools, one_of_each):
    async with tools.listening(broker.options) as early, tools.publisher(broker.options) as voice:
        for message in [*one_of_each, event(1000)]:
            voice.publish(message)
        await eventually(lambda: 1000 in numbers(early))
        async with tools.listening(broker.options) as late:
            voice.publish(event(1001))
            await eventually(lambda: 1001 in numbers(late))
    kept = {topic: envelope.data for topic, envelope in late.heard}
    for message in one_of_each:
        assert (message.topic in kept) == message.retained
    assert kept[campaign("running").topic].state == "running"


async def test_a_cleared_topic_stays_cleared_even_when_the_connection_was_lost(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    async with (
        tools.listening(broker.options) as early,
        tools.publisher(replace(broker.options, port=gate.port)) as voice,
    ):
        voice.publish(campaign("running", 1))
        voice.publish(campaign("running", 2))
        await eventually(lambda: len(early.of(CampaignState)) >= 2)
        voice.clear(topics.campaign_state("acme", 1))
        await gate.shut()
        await eventually(lambda: not voice.connected)
        voice.publish(event(1))
        await gate.open()
        await eventually(lambda: 1 in numbers(early))
        async with tools.listening(broker.options) as late:
            voice.publish(event(2))
            await eventually(lambda: 2 in numbers(late))
        assert {message.campaign_id for message in late.of(CampaignState)} == {2}
        assert early.subscriber.malformed == 0
    await gate.shut()


async def test_while_the_broker_is_away_states_give_way_to_newer_ones_and_events_wait(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    async with (
        tools.listening(broker.options) as ears,
        tools.publisher(replace(broker.options, port=gate.port)) as voice,
    ):
        await eventually(lambda: voice.connected)
        await gate.shut()
        await eventually(lambda: not voice.connected)
        for state in ("running", "paused", "stopped"):
            voice.publish(campaign(state))
        for number in range(100):
            voice.publish(event(number))
        assert not ears.of(CallEvent)
        await gate.open()
        await eventually(lambda: len(numbers(ears)) == 100)
    assert numbers(ears) == list(range(100))
    assert {message.state for message in ears.of(CampaignState)} == {"stopped"}
    assert voice.dropped == 0
    await gate.shut()


async def test_a_full_backlog_drops_the_oldest_events_counts_them_and_tells_once(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    with capture_logs() as logs:
        async with (
            tools.listening(broker.options) as ears,
            tools.publisher(replace(broker.options, port=gate.port), backlog=10) as voice,
        ):
            await eventually(lambda: voice.connected)
            await gate.shut()
            await eventually(lambda: not voice.connected)
            for number in range(25):
                voice.publish(event(number))
            assert voice.dropped == 15
            await gate.open()
            await eventually(lambda: 24 in numbers(ears))
            voice.publish(event(25))
            await eventually(lambda: 25 in numbers(ears))
    assert numbers(ears) == list(range(15, 26))
    assert [entry["event"] for entry in logs].count("messages-dropped") == 1
    await gate.shut()


async def test_a_broker_that_restarts_hears_the_state_again_and_no_event_is_lost(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    async with (
        tools.listening(broker.options) as ears,
        tools.publisher(replace(broker.options, port=gate.port)) as voice,
    ):
        voice.publish(campaign("running"))
        for number in range(30):
            voice.publish(event(number))
        await eventually(lambda: len(numbers(ears)) == 30)
        await broker.stop()
        await gate.shut()
        await eventually(lambda: not voice.connected and not ears.subscriber.connected)
        for number in range(30, 60):
            voice.publish(event(number))
        await broker.start()
        await eventually(lambda: ears.subscriber.connected)
        await gate.open()
        for number in range(60, 90):
            voice.publish(event(number))
        await eventually(lambda: len(numbers(ears)) == 90)
        async with tools.listening(broker.options, campaign("running").topic) as late:
            await eventually(lambda: late.of(CampaignState))
    assert numbers(ears) == list(range(90))
    assert late.of(CampaignState)[0] == campaign("running")
    await gate.shut()


async def test_what_is_said_again_after_a_reconnect_has_the_same_id(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    async with (
        tools.listening(broker.options, campaign("running").topic) as ears,
        tools.publisher(replace(broker.options, port=gate.port)) as voice,
    ):
        voice.publish(campaign("running"))
        await eventually(lambda: ears.heard)
        await gate.shut()
        await eventually(lambda: not voice.connected)
        await gate.open()
        await eventually(lambda: len(ears.heard) >= 2)
    assert len({envelope.id for _, envelope in ears.heard}) == 1
    await gate.shut()


async def test_the_broker_says_offline_for_a_node_that_is_killed(broker, tools):
    async with tools.listening(broker.options, topics.node_status("doomed")) as ears:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PUBLISHER_PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            process.stdin.write(json.dumps(asdict(broker.options)).encode() + b"\n")
            await eventually(lambda: "online" in statuses(ears))
            assert "offline" not in statuses(ears)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            process.stdin.close()
        await eventually(lambda: statuses(ears)[-1] == "offline")
        async with tools.listening(broker.options, topics.node_status("doomed")) as late:
            await eventually(lambda: late.heard)
        assert statuses(late)[0] == "offline"


async def test_a_node_that_comes_back_after_its_last_will_is_online(broker, tools):
    gate = tools.Gate(broker.options.port)
    await gate.open()
    async with (
        tools.listening(broker.options) as ears,
        tools.publisher(replace(broker.options, port=gate.port)) as voice,
    ):
        await eventually(lambda: "online" in statuses(ears))
        await gate.shut()
        await eventually(lambda: statuses(ears)[-1] == "offline")
        await gate.open()
        await eventually(lambda: voice.connected and statuses(ears)[-1] == "online")
    await gate.shut()


async def test_closing_says_all_that_waits_and_then_offline(broker, tools):
    async with tools.listening(broker.options) as ears:
        voice = tools.publisher(broker.options)
        await voice.start()
        for number in range(500):
            voice.publish(event(number))
        await voice.close()
        await eventually(lambda: "offline" in statuses(ears))
        await eventually(lambda: len(numbers(ears)) == 500)
        async with tools.listening(broker.options, topics.node_status("north")) as late:
            await eventually(lambda: late.heard)
    assert numbers(ears) == list(range(500))
    assert statuses(late) == ["offline"]


async def test_nonsense_from_the_broker_is_counted_and_passed_over(broker, tools):
    astray = encode(event(5), id="a", time=NOON, seq=1)
    nonsense = [b"\xff\x00", b"{}", b"[" * 5000, b'{"id":"a","type":"call.event"}', astray]
    async with tools.listening(broker.options) as ears, connected(broker.options) as stranger:
        for payload in nonsense:
            await stranger.publish(topics.call_event("acme", 4), payload, qos=1)
        await stranger.publish("dialer/v1/something/else", b"hello", qos=1)
        await stranger.publish(event(6).topic, encode(event(6), id="b", time=NOON, seq=2), qos=1)
        await eventually(lambda: numbers(ears) == [6])
    assert ears.subscriber.malformed == len(nonsense) + 1


async def test_a_wrong_password_is_refused(broker):
    with pytest.raises(aiomqtt.MqttError):
        async with connected(replace(broker.options, password="wrong")):  # noqa: S106
            pass


async def test_nobody_comes_in_without_a_password(broker):
    with pytest.raises(aiomqtt.MqttError):
        async with connected(replace(broker.options, username=None, password=None)):
            pass


async def test_publishing_never_waits_and_closing_has_a_limit_where_there_is_no_broker(broker, tools):
    await broker.stop()
    voice = tools.publisher(broker.options, flush_limit_s=0.3)
    await voice.start()
    began = time.monotonic()
    for number in range(1000):
        voice.publish(event(number))
    assert time.monotonic() - began < 10
    await voice.close()
    assert time.monotonic() - began < 30
    assert not voice.connected


async def test_a_broker_that_hangs_holds_up_neither_publishing_nor_closing(mosquitto, tools):
    voice = tools.publisher(mosquitto.options, flush_limit_s=0.3)
    await voice.start()
    await eventually(lambda: voice.connected)
    mosquitto.freeze()
    began = time.monotonic()
    for number in range(1000):
        voice.publish(event(number))
    assert time.monotonic() - began < 10
    await voice.close()
    assert time.monotonic() - began < 30
