"""Who answers is told by the sound of real calls, and what follows is heard at the far end."""

import numpy as np
import pytest

from dialer.core.mailbox import QUIET_S
from dialer.dialing import to_be_claimed_within_s
from dialer.switch.messages import (
    BridgeLegs,
    LeaveLeg,
    LegAnswered,
    LegEnded,
    LegJudged,
    LegMessage,
    LegsBridged,
    LegUnclaimed,
)
from tests.dialer.switch.conftest import Switch
from tests.dialer.switch.far_end import FarEnd, called
from tests.sounds import TONE_HZ
from tests.sounds import tone as tone_file
from tests.support import eventually
from tests.telephone import Samples, silence, speech, tone

VOICEMAIL_S = 2.0
GREETING_S = 6.0
BEEP = tone([440 * 2], 0.4)


def hello() -> Samples:
    """A person's greeting, and silence after it."""
    return np.concatenate([silence(0.4), speech(0.7, seed=3), silence(8)])


def greeting(seed: int = 1) -> Samples:
    """A mailbox's, with its beep. It makes no pauses: those of a busy machine are enough."""
    return np.concatenate([silence(0.3), speech(GREETING_S, seed, gaps=0.0), silence(0.5), BEEP, silence(8)])


def has_tone(samples: Samples, hz: float = TONE_HZ) -> np.ndarray:
    """Of each 20 ms whether the tone is the loudest in it."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(160), axis=1))
    return (np.abs(frames).max(axis=1) > 1000) & (spectrum.argmax(axis=1) == round(hz / 50))


async def test_machines_hear_the_message_whole_and_after_the_beep(switch: Switch, tmp_path) -> None:
    voicemail = str(tone_file(tmp_path / "voicemail.wav", length_s=VOICEMAIL_S))
    machines = {"one": FarEnd(greeting(1)), "two": FarEnd(greeting(2))}
    async with called(*machines.values()):
        for leg, far_end in machines.items():
            switch.place(leg, far_end.uri, detect="first")
        for leg in machines:
            judged = await switch.said(LegJudged, leg)
            assert judged.verdict == "machine"
            assert switch.link.send(LeaveLeg(leg, voicemail))
        for leg, far_end in machines.items():
            ended = await switch.said(LegEnded, leg, 20)
            (answered,), (began,) = switch.of(LegAnswered, leg), switch.of(LegMessage, leg)
            assert (ended.heard_all, ended.ended_by) == (True, "switch")
            assert ended.heard_s == pytest.approx(VOICEMAIL_S)
            said_s = 0.3 + GREETING_S + 0.5 + 0.4
            # A beep that packets are lost out of is not heard, and the silence after it serves.
            assert said_s - 0.2 < began.at - answered.at < said_s + QUIET_S + 1.5
            assert not has_tone(far_end.heard_until(said_s)).any(), "while the machine speaks"
            assert has_tone(far_end.heard()).sum() * 0.02 == pytest.approx(VOICEMAIL_S, abs=0.15)
            assert not switch.of(LegUnclaimed, leg)


async def test_a_person_is_told_in_time_and_then_hears_the_agent(switch: Switch) -> None:
    person, agent = FarEnd(hello()), FarEnd(tone([TONE_HZ], 20))
    async with called(person, agent):
        switch.place("agent", agent.uri)
        await switch.said(LegAnswered, "agent")
        switch.place("call", person.uri, detect="first")
        judged = await switch.said(LegJudged, "call")
        assert judged.verdict in ("human", "unsure"), "where packets are lost"
        switch.link.send(BridgeLegs("call", "agent"))
        bridged = await switch.said(LegsBridged, "call")
        (answered,) = switch.of(LegAnswered, "call")
        assert bridged.at - answered.at < 0.4 + 0.7 + 2.0
        await eventually(lambda: has_tone(person.heard()).sum() > 25, within_s=10)


@pytest.mark.parametrize("engine_dies", [False, True])
async def test_nobody_is_kept_longer_than_the_law_has_it(switch: Switch, tmp_path, engine_dies: bool) -> None:
    message = str(tone_file(tmp_path / "message.wav", length_s=1.0))
    person, silent, leaves = FarEnd(hello()), FarEnd(silence(9)), FarEnd(hello())
    async with called(person, silent, leaves):
        for leg, far_end in (("person", person), ("silent", silent), ("leaves", leaves)):
            switch.place(leg, far_end.uri, detect="first", message=message)
        for leg in ("person", "silent", "leaves"):
            await switch.said(LegAnswered, leg)
        leaves.hang_up()
        ended = await switch.said(LegEnded, "leaves")
        assert ended.ended_by == "far_end"
        assert not switch.of(LegJudged, "leaves")
        if engine_dies:
            await switch.detach()
        await eventually(lambda: person.over and silent.over, within_s=15)
        limits = (2.0, 2.0) if engine_dies else (0.4 + 0.7 + 2.0, 2.5)
        for far_end, within_s in zip((person, silent), limits, strict=True):
            begins_s = far_end.heard_tone_at(has_tone)
            assert begins_s < within_s + 1.0, "on a machine that does much else"
            assert has_tone(far_end.heard()).sum() * 0.02 == pytest.approx(1.0, abs=0.15)
        if not engine_dies:
            assert switch.of(LegJudged, "person")[0].verdict in ("human", "unsure")
            assert switch.of(LegJudged, "silent")[0].verdict == "unsure"


async def test_whom_nobody_claims_hears_the_message_within_the_two_seconds_of_the_law(
    switch: Switch, tmp_path
) -> None:
    message = str(tone_file(tmp_path / "message.wav", length_s=1.0))
    people = {f"call-{number}": FarEnd(silence(9)) for number in range(5)}
    async with called(*people.values()):
        for leg, far_end in people.items():
            switch.place(leg, far_end.uri, message=message, claim_within_s=to_be_claimed_within_s(2.0))
        await eventually(lambda: all(each.over for each in people.values()))
        begins_s = sorted(each.heard_tone_at(has_tone) for each in people.values())
        assert 1.5 < begins_s[0] <= 2.0, "a machine that does much else may be late with the others"


async def test_a_fax_is_told(switch: Switch) -> None:
    fax = FarEnd(np.concatenate([silence(0.5), tone([2100], 2.8), silence(5)]))
    async with called(fax):
        switch.place("call", fax.uri, detect="beside")
        judged = await switch.said(LegJudged, "call")
        assert judged.verdict == "fax"
        switch.link.send(LeaveLeg("call"))
        assert (await switch.said(LegEnded, "call")).ended_by == "engine"
