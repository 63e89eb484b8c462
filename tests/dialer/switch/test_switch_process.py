"""The switch as a process of its own: what it does for calls while engines come, go, and misbehave."""

import asyncio
import os
import signal
import socket
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from dialer.simulation.options import SOUNDS, CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from dialer.switch.link import SwitchLink, SwitchUnavailable
from dialer.switch.messages import (
    BridgeFailed,
    BridgeLegs,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegRinging,
    LegUnclaimed,
    SwitchReady,
)
from dialer.switch.options import EndpointOptions, SwitchOptions
from tests.dialer.switch.conftest import Switch, hear_without_recording, look, worker_number
from tests.support import eventually

PERSON, RINGS_ON = "+12025551000", "+12025552000"
MESSAGE = SOUNDS.parents[1] / "sounds" / "unclaimed.wav"
CLAIM_WITHIN_S = 2.0
RINGS_AT_LEAST_S = 4.0
"""Longer than a switch that stops waits for anything else."""


@pytest.fixture
async def carrier() -> AsyncIterator[SimulatedCarrier]:
    """Somebody who answers and talks for minutes, and somebody who never answers."""
    options = CarrierOptions(
        world=World(ring_mean_s=0.2, talk_mean_s=600, patience_mean_s=600),
        kinds={PERSON: Kind.PERSON, RINGS_ON: Kind.RINGS_ON},
        endpoint=EndpointOptions(
            max_calls=50, rtp_port=12000 + 1000 * (worker_number() % 4), rtp_port_count=1000, user="carrier"
        ),
    )
    async with SimulatedCarrier(options) as process:
        yield process


@pytest.fixture
async def phones() -> AsyncIterator[SimulatedSoftphones]:
    """Two agents' softphones."""
    endpoint = EndpointOptions(
        max_calls=50, rtp_port=16000 + 1000 * (worker_number() % 4), rtp_port_count=1000, user="softphones"
    )
    async with SimulatedSoftphones(SoftphonesOptions(2, endpoint=endpoint)) as process:
        yield process


async def talk(switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones) -> None:
    """Has `customer` talk with `agent`."""
    switch.place("agent", phones.uri("agent1"))
    switch.place("customer", carrier.uri(PERSON))
    await switch.said(LegAnswered, "agent")
    await switch.said(LegAnswered, "customer")
    switch.link.send(BridgeLegs("customer", "agent"))
    await eventually(lambda: phones.events_of("heard"))


def legs(ready: SwitchReady) -> dict[str, str]:
    """The state of each leg that is up."""
    return {leg.leg: leg.state for leg in ready.live}


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be taken note of does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- the one rule that it keeps without being asked ---------------------------------------------


@pytest.mark.parametrize("engine", ["is there and does nothing", "has gone"])
async def test_a_person_whom_nobody_claims_hears_the_message_in_time_and_is_let_go(
    switch: Switch, carrier: SimulatedCarrier, engine: str
) -> None:
    switch.place("customer", carrier.uri(PERSON), message=str(MESSAGE))
    await switch.said(LegAnswered, "customer")
    if engine == "has gone":
        await switch.detach()
    (answered,) = await eventually(lambda: carrier.events_of("answered"))
    (ended,) = await eventually(lambda: carrier.events_of("ended"))
    with wave.open(str(MESSAGE), "rb") as message:
        length = message.getnframes() / message.getframerate()
    assert ended["heard"]
    assert ended["by_caller"]
    assert CLAIM_WITHIN_S - 0.1 < ended["heard_after_s"] < CLAIM_WITHIN_S + 0.8
    assert length <= ended["at"] - answered["at"] - CLAIM_WITHIN_S < length + 1.5


async def test_a_message_that_cannot_be_played_keeps_nobody_on_the_line(
    switch: Switch, carrier: SimulatedCarrier, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF\0\0\0\0WAVE, or so it says")
    switch.place("customer", carrier.uri(PERSON), message=str(broken))
    unclaimed = await switch.said(LegUnclaimed, "customer")
    ended = await switch.said(LegEnded, "customer")
    assert ended.ended_by == "switch"
    assert ended.at - unclaimed.at < 1
    assert switch.losses == 0


async def test_a_pair_cannot_be_made_of_a_leg_that_has_ended(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    switch.place("agent", phones.uri("agent1"))
    await switch.said(LegAnswered, "agent")
    switch.place("customer", carrier.uri(RINGS_ON))
    await switch.said(LegRinging, "customer")
    switch.link.send(BridgeLegs("customer", "agent"))
    assert "ringing" in (await switch.said(BridgeFailed, "customer")).reason
    switch.link.send(HangUpLeg("customer"))
    await switch.said(LegEnded, "customer")
    switch.link.send(BridgeLegs("customer", "agent"))
    failures = await eventually(lambda: switch.of(BridgeFailed, "customer")[1:])
    assert "ended" in failures[0].reason


async def test_a_call_beyond_the_last_line_ends_at_once_and_says_why(
    tmp_path: Path, carrier: SimulatedCarrier
) -> None:
    small = Switch(tmp_path, lines=2)
    await small.link.start()
    for leg in ("one", "two", "three"):
        small.place(leg, carrier.uri(RINGS_ON))
    ended = await small.said(LegEnded, "three")
    assert (ended.status, ended.ended_by) == (0, "switch")
    assert "every line is in use" in ended.reason
    await small.said(LegRinging, "two")
    await small.link.stop()


# --- engines come and go ------------------------------------------------------------------------


async def test_when_the_engine_goes_conversations_stay_and_ringing_stops(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    switch.place("agent-idle", phones.uri("agent2"))
    switch.place("ringing", carrier.uri(RINGS_ON))
    await switch.said(LegAnswered, "agent-idle")
    await switch.said(LegRinging, "ringing")
    await switch.detach()
    (ended,) = await eventually(lambda: carrier.events_of("ended"))
    assert (ended["number"], ended["by_caller"]) == (RINGS_ON, True)

    ready = await look(switch.options.socket)
    assert legs(ready) == {"agent": "bridged", "customer": "bridged", "agent-idle": "answered"}
    assert {leg.leg: leg.partner for leg in ready.live}["customer"] == "agent"
    assert phones.on_line("agent1")
    assert phones.on_line("agent2")
    assert not phones.events_of("silence")


async def test_an_engine_that_comes_back_is_told_all_that_none_has_recorded_in_order(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    switch.place("ringing", carrier.uri(RINGS_ON))
    await switch.said(LegRinging, "ringing")
    recorded = max(event.seq for event in switch.events)
    await switch.detach()
    await eventually(lambda: carrier.events_of("ended"))
    await carrier.close()
    await eventually(lambda: phones.events_of("silence"))

    for _ in range(2):
        ready, missed = await hear_without_recording(switch.options.socket)
        assert legs(ready) == {"agent": "answered"}
        assert [(type(event), getattr(event, "leg", "")) for event in missed] == [
            (LegEnded, "ringing"),
            (LegEnded, "customer"),
        ]
        assert [event.seq for event in missed] == [recorded + 1, recorded + 2]
        assert ready.replays_through == recorded + 2

    back = Switch(switch.options.socket.parent)
    await back.link.start()
    await eventually(lambda: len(back.events) == 3)
    await back.link.detach()
    ready, missed = await hear_without_recording(switch.options.socket)
    assert (ready.replays_through, missed) == (0, [])


async def test_of_two_engines_the_newer_one_has_the_switch(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    await switch.detach()
    older, older_writer = await asyncio.open_unix_connection(switch.options.socket)
    assert await older.read(4)
    newer = Switch(switch.options.socket.parent)
    ready = await newer.link.start()
    assert legs(ready) == {"agent": "bridged", "customer": "bridged"}
    async with asyncio.timeout(30):
        await older.read()
    older_writer.close()
    newer.link.send(HangUpLeg("customer"))
    await newer.said(LegEnded, "customer")
    assert newer.losses == 0
    await newer.link.stop()


GARBAGE = {
    "no length": b"\xff" * 64,
    "no message": struct.pack(">I", 5) + b"hello",
    "an unknown command": struct.pack(">I", 13) + b"\x81\xa7command\xa3Fly",
    "an event": struct.pack(">I", 20) + b"\x81\xa7command\xaaLegEnded!!",
    "nests without end": struct.pack(">I", 100_000) + b"\x91" * 100_000,
    "bytes that are no text": struct.pack(">I", 14) + b"\x81\xa7command\xa4\xff\xfe\xfd\xfc",
}


async def test_an_engine_that_talks_nonsense_is_dropped_and_no_call_with_it(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    await switch.detach()
    for name, garbage in GARBAGE.items():
        reader, writer = await asyncio.open_unix_connection(switch.options.socket)
        assert await reader.read(4)
        writer.write(garbage)
        async with asyncio.timeout(30):
            await reader.read()
        writer.close()
        ready = await look(switch.options.socket)
        assert legs(ready) == {"agent": "bridged", "customer": "bridged"}, name
    assert not phones.events_of("silence")


# --- its own end --------------------------------------------------------------------------------


async def test_sigterm_ends_the_calls_tells_the_engine_and_ends_the_process(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    switch.place("ringing", carrier.uri(RINGS_ON))
    await switch.said(LegRinging, "ringing")
    pid = started(switch)[0].pid
    os.kill(pid, signal.SIGTERM)
    for leg in ("customer", "agent", "ringing"):
        assert (await switch.said(LegEnded, leg)).ended_by == "switch"
    await eventually(lambda: len(carrier.events_of("ended")) == 2)
    assert all(ended["by_caller"] for ended in carrier.events_of("ended"))
    await eventually(lambda: not phones.on_line("agent1"))
    await eventually(lambda: not lives(pid))


async def test_sigterm_lets_a_phone_ring_for_as_long_as_it_has_to(
    switch: Switch, carrier: SimulatedCarrier
) -> None:
    switch.place("ringing", carrier.uri(RINGS_ON), ring_at_least_s=RINGS_AT_LEAST_S)
    rang = await switch.said(LegRinging, "ringing")
    pid = started(switch)[0].pid
    for _ in range(2):
        os.kill(pid, signal.SIGTERM)
    switch.place("too late", carrier.uri(PERSON))
    assert (await switch.said(LegEnded, "too late")).reason == "the switch stops"
    ended = await switch.said(LegEnded, "ringing")
    assert (ended.ended_by, ended.timed_out) == ("switch", False)
    assert ended.at - rang.at >= RINGS_AT_LEAST_S
    await eventually(lambda: not lives(pid))
    assert [each["number"] for each in carrier.events_of("invite")] == [RINGS_ON]


async def test_a_switch_that_dies_is_started_again_and_the_engine_is_told(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    os.kill(started(switch)[0].pid, signal.SIGKILL)
    former, present = await eventually(lambda: started(switch) if started(switch)[1:] else [])
    assert switch.losses
    assert present.switch != former.switch
    assert present.pid != former.pid
    assert (present.live, present.replays_through) == ([], 0)
    assert not lives(former.pid)
    switch.place("agent-again", phones.uri("agent2"))
    await switch.said(LegAnswered, "agent-again")


async def test_stop_ends_the_calls_and_leaves_no_process(
    switch: Switch, carrier: SimulatedCarrier, phones: SimulatedSoftphones
) -> None:
    await talk(switch, carrier, phones)
    await switch.link.stop()
    (ended,) = await eventually(lambda: carrier.events_of("ended"))
    assert ended["by_caller"]
    assert not lives(started(switch)[0].pid)
    assert not switch.options.socket.exists()


async def test_a_switch_that_cannot_start_says_so_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        options = SwitchOptions(
            tmp_path / "switch.sock",
            tmp_path / "switch.log",
            EndpointOptions(port=taken.getsockname()[1]),
        )
        link = SwitchLink(options, lambda event: None, lambda: None)
        with pytest.raises(SwitchUnavailable, match="The SIP endpoint did not start: Address already in use"):
            await link.start()


def started(switch: Switch) -> list[SwitchReady]:
    """What each run of the switch said first."""
    return [event for event in switch.events if isinstance(event, SwitchReady)]
