"""What may happen in a conversation: holds, silence, keys that come two ways, sessions that expire."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from campaigns.recordings.folder import RecordingFolder
from dialer.switch.audio_watch import AudioLimits
from dialer.switch.messages import (
    BridgeLegs,
    LegAnswered,
    LegEnded,
    LegKey,
    LegsBridged,
    RecordingEnded,
    RecordingFailed,
    RecordingStarted,
    StartRecording,
    StopRecording,
)
from tests.dialer.switch.conftest import Switch
from tests.dialer.switch.far_end import FarEnd, called
from tests.dialer.switch.test_recording import ATTEMPT, put_together
from tests.recordings import AGENT_HZ, CUSTOMER_HZ
from tests.sounds import sound
from tests.support import eventually
from tests.telephone import tone, tones

LIMITS = AudioLimits(begins_within_s=1.0, rests_at_most_s=1.0)
TALK_S, HOLD_S = 0.6, 2.2
NOWHERE = "0.0.0.0"  # noqa: S104 - how a hold was asked for before RFC 3264


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Switch]:
    """A switch that ends a call whose audio stays away for a second."""
    switch = Switch(tmp_path, audio=LIMITS)
    await switch.link.start()
    yield switch
    await switch.stop()


@asynccontextmanager
async def talking(switch: Switch, agent: FarEnd, customer: FarEnd) -> AsyncIterator[None]:
    """An agent and a customer hear each other."""
    async with called(agent, customer):
        switch.place("agent-1", agent.uri)
        switch.place("call", customer.uri, claim_within_s=60)
        for leg in ("agent-1", "call"):
            await switch.said(LegAnswered, leg)
        switch.link.send(BridgeLegs("call", "agent-1"))
        await switch.said(LegsBridged, "call")
        yield


def hears(far_end: FarEnd, hz: int) -> bool:
    """Whether the tone is most of the latest fifth of a second that it has heard."""
    return bool((tones(far_end.heard()[-1600:]) == hz).mean() > 0.5)


# --- silence --------------------------------------------------------------------------------------


async def test_a_customer_whose_audio_stops_is_ended_and_the_agent_stays(impatient: Switch) -> None:
    agent, customer = FarEnd(), FarEnd(tone([CUSTOMER_HZ], 60.0))
    async with talking(impatient, agent, customer):
        await eventually(lambda: hears(agent, CUSTOMER_HZ))
        customer.silent = True
        ended = await impatient.said(LegEnded, "call")
        assert (ended.ended_by, ended.audio, ended.no_audio) == ("switch", True, False)
        assert ended.reason == "audio stopped for 1 s"
        await eventually(lambda: customer.over)
        assert not impatient.of(LegEnded, "agent-1")


async def test_a_customer_who_never_sends_audio_is_ended_and_it_is_said_why(impatient: Switch) -> None:
    agent, customer = FarEnd(), FarEnd()
    customer.silent = True
    async with talking(impatient, agent, customer):
        ended = await impatient.said(LegEnded, "call")
        assert (ended.ended_by, ended.audio, ended.reason) == ("switch", False, "no audio within 1 s")
        await eventually(lambda: customer.over)


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [("RTP/AVP 0", "RTP/AVP 18"), (r"m=audio \d+", "m=audio 0"), ("(?s).+", "")],
    ids=["another codec", "no port", "no description"],
)
async def test_an_answer_without_audio_that_can_be_used_is_none(
    switch: Switch, pattern: str, instead: str
) -> None:
    async with called(far_end := FarEnd(describes=lambda sdp: re.sub(pattern, instead, sdp))):
        switch.place("call", far_end.uri)
        ended = await switch.said(LegEnded, "call")
        assert (ended.ended_by, ended.no_audio, ended.rerouted) == ("switch", True, [])
        assert (ended.status in (406, 415), ended.reason) == (True, "answered without audio that can be used")
        assert not switch.of(LegAnswered, "call")
        await eventually(lambda: far_end.over)


# --- holds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "host", "music"),
    [("sendonly", "127.0.0.1", True), ("inactive", "127.0.0.1", False), ("sendrecv", NOWHERE, False)],
    ids=["with music", "in silence", "as of old"],
)
async def test_a_customer_holds_the_call_and_comes_back_while_it_is_recorded(
    impatient: Switch, tmp_path: Path, direction: str, host: str, music: bool
) -> None:
    agent, customer = FarEnd(tone([AGENT_HZ], 60.0)), FarEnd(tone([CUSTOMER_HZ], 60.0))
    folder = RecordingFolder(tmp_path / "recordings", "node-1")
    async with talking(impatient, agent, customer):
        impatient.link.send(StartRecording("call", str(folder.spool_of(ATTEMPT))))
        began = (await impatient.said(RecordingStarted, "call")).at
        await eventually(lambda: all(len(each.heard()) > 8000 * TALK_S for each in (agent, customer)))
        customer.offer(direction, host)
        await eventually(lambda: customer.agreed == 1)
        customer.silent = not music
        held, heard = len(agent.heard()), len(customer.heard())
        await eventually(lambda: len(agent.heard()) - held > 8000 * HOLD_S)
        assert len(customer.heard()) - heard < 8000 * TALK_S, "nothing is said to who does not listen"
        assert hears(agent, CUSTOMER_HZ) == music
        customer.silent = False
        customer.offer("sendrecv")
        back = len(customer.heard())
        await eventually(lambda: len(customer.heard()) - back > 8000 * TALK_S)
        assert hears(customer, AGENT_HZ)
        await eventually(lambda: hears(agent, CUSTOMER_HZ))
        impatient.link.send(StopRecording("call"))
        ended = (await impatient.said(RecordingEnded, "call")).at
        assert not impatient.of(LegEnded, "call")
    recording = await put_together(folder)
    assert recording.length_s == pytest.approx(ended - began, abs=0.2)
    end_s = recording.length_s
    assert recording.says("left", AGENT_HZ, 0.1, end_s - 0.1)
    assert recording.says("right", CUSTOMER_HZ, 0.1, TALK_S - 0.1)
    assert recording.says("right", CUSTOMER_HZ, TALK_S + 0.5, TALK_S + HOLD_S - 0.3) == music
    assert recording.says("right", CUSTOMER_HZ, end_s - 0.3, end_s - 0.1)
    assert not impatient.of(RecordingFailed, "call")


# --- keys -----------------------------------------------------------------------------------------


async def test_a_key_that_comes_as_event_and_by_info_was_pressed_once(switch: Switch, tmp_path: Path) -> None:
    person = FarEnd(key_events=True)
    message = str(sound(tmp_path / "message.wav", length_s=30.0))
    async with called(person):
        switch.place("call", person.uri, message=message, claim_within_s=0.0, end_key="9")
        await switch.said(LegAnswered, "call")
        for pressed in (1, 2):
            person.press("4")
            person.press_by_info("4")
            await eventually(lambda pressed=pressed: person.agreed == pressed)
            await eventually(lambda pressed=pressed: len(switch.of(LegKey, "call")) == pressed)
        person.press_by_info("7")
        person.press("7")
        person.press("9")
        await switch.said(LegEnded, "call")
        assert [each.digit for each in switch.of(LegKey, "call")] == ["4", "4", "7", "9"]


# --- sessions (RFC 4028) --------------------------------------------------------------------------


@pytest.mark.skipif("LONG_TESTS" not in os.environ, reason="No session is shorter than 90 s.")
async def test_a_session_is_refreshed_by_us_and_ended_where_the_far_end_does_not_refresh_it(
    switch: Switch,
) -> None:
    ours, theirs = FarEnd(session="90;refresher=uac"), FarEnd(session="90;refresher=uas")
    async with called(ours, theirs):
        switch.place("ours", ours.uri, claim_within_s=120)
        switch.place("theirs", theirs.uri, claim_within_s=120)
        ended = await switch.said(LegEnded, "theirs", within_s=75)
        assert ended.ended_by == "switch"
        assert "No session refresh received" in ended.reason
        assert theirs.over
        assert ours.asked_again == 1
        assert not switch.of(LegEnded, "ours")
