"""Who answered: a person who says a little, a machine that talks on or beeps, a fax. Nobody waits long."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dialer.core.amd import CONFIDENCE, LEGAL_S, AmdRule, Detector, Heard, Verdict
from dialer.core.voice import EnergyVoice
from tests.dialer.core.call_sounds import FRAME_S, Frames, framed, hiss, quiet, speech, tones

RULE = AmdRule()
ANSWERED_AT = 1000.0


def detector(rule: AmdRule = RULE) -> Detector:
    """One that has heard nothing."""
    return Detector(rule, ANSWERED_AT, EnergyVoice())


def played(frames: Frames, rule: AmdRule = RULE, listening: Detector | None = None) -> Heard | None:
    """The verdict on these frames, each heard when it is over; and that it comes once."""
    listening = listening or detector(rule)
    heard = [listening.hear(frame, ANSWERED_AT + (place + 1) * FRAME_S) for place, frame in enumerate(frames)]
    said = [each for each in heard if each is not None]
    assert len(said) <= 1
    return said[0] if said else None


def heard_in(*sounds: NDArray[np.float64]) -> Heard:
    """The verdict on sounds one after the other, which there has to be."""
    found = played(framed(*sounds))
    assert found is not None
    return found


# --- who it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("early_s", [0.0, 0.3, 1.0, 1.8])
@pytest.mark.parametrize("long_s", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("loud_db", [-35, -20, -10])
def test_who_says_a_little_and_waits_is_a_person(early_s: float, long_s: float, loud_db: float) -> None:
    heard = heard_in(quiet(early_s), speech(long_s, loud_db), quiet(4.0))
    assert (heard.verdict, heard.why) == (Verdict.HUMAN, "short_greeting")
    waited_s = heard.took_s - early_s - long_s
    assert RULE.pause_s - 0.3 < waited_s < RULE.pause_s + 0.1
    assert heard.greeting_s == pytest.approx(long_s, abs=0.3)
    assert heard.words >= 1


@pytest.mark.parametrize("noise", ["hiss", "a room"])
def test_a_person_in_a_noisy_place_is_one(noise: str) -> None:
    call = np.concatenate((quiet(0.5), speech(0.7, -15), quiet(4.0)))
    background = hiss(len(call) / 8000, -40) if noise == "hiss" else speech(len(call) / 8000, -40, seed=9)
    assert heard_in(call + background).verdict in (Verdict.HUMAN, Verdict.UNSURE)


def test_who_talks_on_is_a_machine() -> None:
    heard = heard_in(quiet(0.5), speech(12.0))
    assert (heard.verdict, heard.why) == (Verdict.MACHINE, "long_greeting")
    assert heard.took_s < RULE.longest_s


def test_a_machine_that_takes_breath_is_one() -> None:
    parts = [each for seed in range(8) for each in (speech(1.8, seed=seed), quiet(0.6))]
    assert heard_in(quiet(0.5), *parts).verdict is Verdict.MACHINE


def test_a_beep_is_a_machine_however_short_its_greeting() -> None:
    heard = heard_in(quiet(0.3), speech(0.8), quiet(0.3), tones([1000], 0.3), quiet(1.0))
    assert (heard.verdict, heard.why) == (Verdict.MACHINE, "beep")


@pytest.mark.parametrize("hz", [1065, 1100, 1135, 2090, 2100, 2110])
def test_the_tones_of_fax_machines_are_heard_as_a_fax(hz: float) -> None:
    heard = heard_in(quiet(0.7), tones([hz], 0.5), quiet(3.0))
    assert (heard.verdict, heard.why) == (Verdict.FAX, "fax_tone")
    assert heard.took_s == pytest.approx(0.7 + RULE.fax_s, abs=0.1)


def test_ringing_that_goes_on_after_the_answer_is_no_greeting() -> None:
    heard = heard_in(tones([425], 1.0), quiet(4.0))
    assert (heard.verdict, heard.why) == (Verdict.UNSURE, "silence")


def test_where_nobody_speaks_nothing_is_sure() -> None:
    heard = heard_in(quiet(5.0))
    assert (heard.verdict, heard.why) == (Verdict.UNSURE, "silence")
    assert heard.took_s == pytest.approx(RULE.silence_s, abs=FRAME_S)
    assert (heard.greeting_s, heard.words) == (0.0, 0)


def test_a_greeting_of_middling_length_is_unsure_and_so_a_person() -> None:
    heard = heard_in(quiet(0.3), speech(2.5), quiet(3.0))
    assert (heard.verdict, heard.why) == (Verdict.UNSURE, "middling_greeting")


def test_words_are_counted() -> None:
    parts = [each for seed in range(3) for each in (speech(0.25, seed=seed), quiet(0.4))]
    assert heard_in(quiet(0.5), *parts, quiet(2.0)).words == 3


def test_somebody_much_louder_than_the_room_begins_the_greeting_anew() -> None:
    """A television in the background, then the person."""
    room = speech(1.2, -45, seed=5)
    heard = heard_in(room, speech(0.6, -12), quiet(4.0, -70))
    assert heard.verdict is Verdict.HUMAN
    assert heard.greeting_s < 1.0


# --- how long nobody waits ----------------------------------------------------------------------


def test_a_rule_that_keeps_a_person_waiting_is_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"pause_s": LEGAL_S},
        {"pause_s": 0.05},
        {"silence_s": 2.1},
        {"silence_s": 0.0},
        {"human_s": 5.0},
        {"longest_s": 0.0},
        {"shortest_voice_s": 0.0},
    ]
    for each in wrong:
        with pytest.raises(ValueError, match=r"\.$"):
            replace(RULE, **each)


def test_time_alone_brings_a_verdict_where_no_frames_come() -> None:
    silent = detector()
    assert silent.expire(ANSWERED_AT + RULE.silence_s - 0.01) is None
    heard = silent.expire(ANSWERED_AT + RULE.silence_s)
    assert heard is not None
    assert (heard.verdict, heard.took_s) == (Verdict.UNSURE, pytest.approx(RULE.silence_s))
    assert silent.expire(ANSWERED_AT + 60) is None


def test_a_greeting_that_is_cut_off_is_over_when_nothing_more_comes() -> None:
    listening = detector()
    frames = framed(quiet(0.5), speech(0.6))
    assert played(frames, listening=listening) is None
    assert listening.greeting_ended_at is None
    heard = listening.expire(ANSWERED_AT + 1.1 + RULE.pause_s + FRAME_S)
    assert heard is not None
    assert heard.verdict is Verdict.HUMAN
    assert listening.greeting_ended_at == pytest.approx(ANSWERED_AT + 1.1, abs=0.15)


_SOUNDS = st.sampled_from(["quiet", "speech", "soft", "hiss", "beep", "key", "nothing"])
_SCRIPTS = st.lists(st.tuples(_SOUNDS, st.floats(0.04, 3.0)), min_size=1, max_size=12)


def _sound(kind: str, long_s: float, seed: int) -> NDArray[np.float64]:
    match kind:
        case "speech":
            return speech(long_s, seed=seed)
        case "soft":
            return speech(long_s, -38, seed=seed)
        case "hiss":
            return hiss(long_s, -25, seed)
        case "beep":
            return tones([1000], long_s)
        case "key":
            return tones((770, 1336), long_s)
        case "nothing":
            return np.zeros(round(long_s * 8000))
        case _:
            return quiet(long_s)


@given(_SCRIPTS)
def test_whatever_is_heard_there_is_a_verdict_in_time_and_a_person_does_not_wait_for_it(
    script: list[tuple[str, float]],
) -> None:
    frames = framed(*(_sound(kind, max(0.04, long_s), seed) for seed, (kind, long_s) in enumerate(script)))
    listening = detector()
    heard = played(frames, listening=listening)
    over_at = ANSWERED_AT + len(frames) * FRAME_S
    for late in range(1, 600):
        heard = heard or listening.expire(over_at + late * FRAME_S)
    assert heard is not None
    assert 0 <= heard.took_s <= RULE.longest_s + FRAME_S
    assert 0 <= heard.greeting_s <= heard.took_s + 0.1
    assert heard.confidence == CONFIDENCE[heard.why]
    ended_at = listening.greeting_ended_at
    if heard.verdict in (Verdict.HUMAN, Verdict.UNSURE) and ended_at is not None:
        assert ANSWERED_AT + heard.took_s - ended_at < LEGAL_S - 0.5


@given(
    st.lists(st.tuples(st.floats(0.2, 1.5), st.floats(0.02, 3.0)), min_size=1, max_size=6), st.integers(0, 99)
)
def test_the_first_silence_after_speech_of_more_than_the_pause_has_its_verdict(
    utterances: list[tuple[float, float]], seed: int
) -> None:
    """Told from the script alone: by then nobody waits any more, whatever the detector believes."""
    parts, at_s, due_s = [quiet(0.3)], 0.3, None
    for place, (said_s, silent_s) in enumerate(utterances):
        parts += [speech(said_s, seed=seed + place), np.zeros(round(silent_s * 8000))]
        at_s += said_s
        if due_s is None and silent_s > RULE.pause_s + 0.1:
            due_s = at_s + RULE.pause_s + 0.1
        at_s += silent_s
    heard = played(framed(*parts))
    if due_s is not None:
        assert heard is not None
        assert heard.took_s <= due_s


@given(
    st.lists(st.tuples(st.binary(min_size=320, max_size=320), st.floats(-0.5, 3.0)), min_size=1, max_size=60)
)
def test_any_frames_at_any_time_bring_no_error_and_at_most_one_verdict(
    given_frames: list[tuple[bytes, float]],
) -> None:
    listening, now, said = detector(), ANSWERED_AT, 0
    for content, step_s in given_frames:
        now += step_s
        said += listening.hear(np.frombuffer(content, dtype="<i2"), now) is not None
    said += listening.expire(now + 60) is not None
    assert said == 1
