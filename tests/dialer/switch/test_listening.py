"""What the switch hears in its calls: tones before and after the answer, and keys in the sound."""

import asyncio
from pathlib import Path

import numpy as np
import psutil

from dialer.switch.messages import LegEnded, LegHeard, LegKey, LegRinging
from tests.dialer.core.test_dtmf import dialed
from tests.dialer.switch.conftest import Switch
from tests.dialer.switch.far_end import FarEnd, called
from tests.sounds import sound
from tests.telephone import Samples, cadence, silence, speech, tone

RINGS_ON = 40.0


def vacant() -> Samples:
    return np.concatenate([silence(0.2), tone([985.2], 0.38), tone([1370.6], 0.276), tone([1776.7], 0.38)])


EARLY = {
    "busy": (cadence((480, 620), (0.5, 0.5), 20), "busy"),
    "congestion": (cadence((425,), (0.25, 0.25), 40), "congestion"),
    "announcement": (np.concatenate([vacant(), speech(5)]), "sit_vacant"),
    "rings and is busy": (
        np.concatenate([cadence((440, 480), (2.0, 2.0)), cadence((480, 620), (0.5, 0.5), 20)]),
        "busy",
    ),
}


async def test_a_tone_before_the_answer_ends_the_call_and_outranks_its_code(switch: Switch) -> None:
    far_ends = {name: FarEnd(early=early, answers_after_s=None) for name, (early, _) in EARLY.items()}
    async with called(*far_ends.values()):
        for name, far_end in far_ends.items():
            switch.place(name, far_end.uri, ring_timeout_s=RINGS_ON, ring_at_least_s=RINGS_ON)
        for name, (_, heard) in EARLY.items():
            ended = await switch.said(LegEnded, name, 20)
            assert (ended.heard, ended.status, ended.ended_by) == (heard, 487, "switch")
            assert not ended.timed_out
            assert far_ends[name].canceled_after_s is not None


async def test_ring_back_and_early_speech_end_nothing(switch: Switch) -> None:
    rings = FarEnd(early=cadence((425,), (1.0, 4.0), 3), answers_after_s=3.5)
    speaks = FarEnd(early=speech(3.5), answers_after_s=3.5)
    async with called(rings, speaks):
        switch.place("rings", rings.uri, ring_timeout_s=RINGS_ON, claim_within_s=0.0)
        switch.place("speaks", speaks.uri, ring_timeout_s=RINGS_ON, claim_within_s=0.0)
        for leg, heard in (("rings", "ringing"), ("speaks", "")):
            ended = await switch.said(LegEnded, leg, 15)
            assert (ended.heard, ended.status) == (heard, 200)
            assert len(switch.of(LegRinging, leg)) == 1
            assert not switch.of(LegHeard, leg)


ANSWERS = {
    "announcement": (np.concatenate([vacant(), speech(3)]), "sit_vacant"),
    "fax": (np.concatenate([silence(0.3), tone((2100,), 2.6)]), "fax"),
    "hung up": (np.concatenate([silence(0.3), cadence((480, 620), (0.5, 0.5), 6)]), ""),
    "person": (speech(3), ""),
}


async def test_an_answer_that_begins_with_a_tone_is_told_once(switch: Switch) -> None:
    far_ends = {name: FarEnd(says) for name, (says, _) in ANSWERS.items()}
    async with called(*far_ends.values()):
        for name, far_end in far_ends.items():
            switch.place(name, far_end.uri, claim_within_s=4.0)
        for name, (_, heard) in ANSWERS.items():
            ended = await switch.said(LegEnded, name)
            assert [each.tone for each in switch.of(LegHeard, name)] == [heard] * bool(heard)
            assert ended.heard == heard


async def test_keys_in_the_sound_are_heard_while_a_message_plays(switch: Switch, tmp_path: Path) -> None:
    message = str(sound(tmp_path / "message.wav", length_s=4.0))
    far_end = FarEnd(np.concatenate([silence(0.5), dialed("159", 0.08, 0.08)]))
    async with called(far_end):
        switch.place("call", far_end.uri, message=message, claim_within_s=0.0, end_key="9")
        ended = await switch.said(LegEnded, "call")
        assert [key.digit for key in switch.of(LegKey, "call")] == ["1", "5", "9"]
        assert not ended.heard_all


async def test_a_key_in_the_sound_counts_once_also_where_the_far_end_sends_events(
    switch: Switch, tmp_path: Path
) -> None:
    message = str(sound(tmp_path / "message.wav", length_s=1.5))
    far_end = FarEnd(np.concatenate([silence(0.3), dialed("1", 0.08, 0.08)]), key_events=True)
    async with called(far_end):
        switch.place("call", far_end.uri, message=message, claim_within_s=0.0, end_key="9")
        await switch.said(LegKey, "call")
        far_end.press("1")
        await switch.said(LegEnded, "call")
        assert [key.digit for key in switch.of(LegKey, "call")] == ["1"]


async def test_listening_leaves_nothing_behind(switch: Switch) -> None:
    """Of memory a little: what the library takes for its first calls it keeps for the next."""
    process = psutil.Process(switch_pid(switch))
    before = 0
    for turn in range(6):
        far_ends = [FarEnd(early=tone((600,), 2.0), answers_after_s=None) for _ in range(10)]
        async with called(*far_ends):
            for number, far_end in enumerate(far_ends):
                switch.place(f"call-{turn}-{number}", far_end.uri, ring_timeout_s=0.7)
            for number in range(10):
                await switch.said(LegEnded, f"call-{turn}-{number}")
        await asyncio.sleep(0)
        if turn == 1:
            before = process.memory_info().rss
    assert process.memory_info().rss - before < 4_000_000
    assert process.num_threads() < 12


def switch_pid(switch: Switch) -> int:
    (child,) = [
        each
        for each in psutil.Process().children(recursive=True)
        if "dialer.switch" in " ".join(each.cmdline())
    ]
    return child.pid
