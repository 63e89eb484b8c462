"""The network's tones are told apart, as they come over a telephone line, and nothing else is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.core.sit import Sit
from dialer.core.tones import Heard, Tone, ToneListener
from dialer.simulation.options import SOUNDS
from tests.telephone import (
    Samples,
    cadence,
    frames,
    from_wav,
    lossy,
    mu_law,
    music,
    noise,
    silence,
    speech,
    tone,
)

SHORT, LONG = 0.276, 0.38
LOW_1, HIGH_1, LOW_2, HIGH_2, THIRD = 913.8, 985.2, 1370.6, 1428.5, 1776.7

SITS = {
    "intercept": (Sit.INTERCEPT, (LOW_1, SHORT), (LOW_2, SHORT), (THIRD, LONG)),
    "vacant code": (Sit.VACANT, (HIGH_1, LONG), (LOW_2, SHORT), (THIRD, LONG)),
    "reorder, local": (Sit.REORDER, (LOW_1, SHORT), (HIGH_2, LONG), (THIRD, LONG)),
    "reorder, far": (Sit.REORDER, (HIGH_1, SHORT), (LOW_2, LONG), (THIRD, LONG)),
    "no circuit, local": (Sit.NO_CIRCUIT, (HIGH_1, LONG), (HIGH_2, LONG), (THIRD, LONG)),
    "no circuit, far": (Sit.NO_CIRCUIT, (LOW_1, LONG), (LOW_2, LONG), (THIRD, LONG)),
    "ineffective": (Sit.OTHER, (LOW_1, LONG), (HIGH_2, SHORT), (THIRD, LONG)),
    "ITU-T": (Sit.PLAIN, (950.0, 0.33), (1400.0, 0.33), (1800.0, 0.33)),
}
CADENCES = {
    "busy, North America": (Tone.BUSY, (480, 620), (0.5, 0.5)),
    "busy, Europe": (Tone.BUSY, (425,), (0.5, 0.5)),
    "busy, Germany": (Tone.BUSY, (425,), (0.48, 0.48)),
    "busy, Britain": (Tone.BUSY, (400,), (0.375, 0.375)),
    "busy, India": (Tone.BUSY, (400,), (0.75, 0.75)),
    "reorder, North America": (Tone.CONGESTION, (480, 620), (0.25, 0.25)),
    "congestion, Europe": (Tone.CONGESTION, (425,), (0.25, 0.25)),
    "congestion, Italy": (Tone.CONGESTION, (425,), (0.2, 0.2)),
    "congestion, Britain": (Tone.CONGESTION, (400,), (0.4, 0.35, 0.225, 0.525)),
    "ring-back, North America": (Tone.RINGING, (440, 480), (2.0, 4.0)),
    "ring-back, Europe": (Tone.RINGING, (425,), (1.0, 4.0)),
    "ring-back, Britain": (Tone.RINGING, (400, 450), (0.4, 0.2, 0.4, 2.0)),
    "called fax": (Tone.FAX, (2100,), (2.6, 1.0)),
    "calling fax": (Tone.FAX, (1100,), (0.5, 3.0)),
}


def heard(samples: Samples) -> list[Heard]:
    """What is heard, in order, each once in a row."""
    listener, told = ToneListener(), list[Heard]()
    for frame in frames(samples):
        if (tone_ := listener.hear(frame)) is not None and told[-1:] != [tone_]:
            told.append(tone_)
    return told


def line(samples: Samples, loss: float = 0.0, seed: int = 1) -> Samples:
    """As a line brings it: with a faint noise, in mu-law, and with packets lost."""
    return lossy(mu_law(np.clip(samples + noise(len(samples) / 8000, -60, seed), -32768, 32767)), loss, seed)


def special(name: str, level: float, off_tune: float = 0.0, begins_s: float = 0.3) -> Samples:
    _, *segments = SITS[name]
    tones = [tone([hz * (1 + off_tune)], length, level) for hz, length in segments]
    return np.concatenate([silence(begins_s), *tones, silence(0.6)])


LEVELS = st.floats(-35, -5)
OFF_TUNE = st.floats(-0.015, 0.015)
BEGINS = st.floats(0, 0.5)
SEEDS = st.integers(0, 1000)


@pytest.mark.parametrize("name", SITS)
@settings(max_examples=15)
@given(level=LEVELS, off_tune=OFF_TUNE, begins_s=BEGINS, seed=SEEDS)
def test_a_special_information_tone_says_why(
    name: str, level: float, off_tune: float, begins_s: float, seed: int
) -> None:
    assert heard(line(special(name, level, off_tune, begins_s), seed=seed)) == [SITS[name][0]]


@settings(max_examples=30)
@given(name=st.sampled_from(sorted(SITS)), level=LEVELS, seed=SEEDS)
def test_a_special_information_tone_of_which_packets_are_lost_is_still_one(
    name: str, level: float, seed: int
) -> None:
    (told,) = heard(line(special(name, level), loss=0.02, seed=seed)) or [None]
    assert told == SITS[name][0]


def test_the_announcement_after_it_takes_nothing_away() -> None:
    sound = np.concatenate([special("vacant code", -20)[:-4000], speech(5)])
    assert heard(line(sound)) == [Sit.VACANT]


def test_three_tones_that_do_not_rise_or_are_far_apart_are_none() -> None:
    first, second, third = (tone([hz], 0.33, -15) for hz in (950, 1400, 1800))
    assert heard(np.concatenate([third, second, first, silence(0.5)])) == []
    assert heard(np.concatenate([first, silence(0.4), second, silence(0.4), third])) == []
    assert heard(np.concatenate([first, second, tone([1800], 0.1), silence(0.5)])) == []


@pytest.mark.parametrize("name", CADENCES)
@settings(max_examples=10)
@given(level=LEVELS, off_tune=OFF_TUNE, begins_s=BEGINS, loss=st.sampled_from([0, 0.01, 0.02]), seed=SEEDS)
def test_a_cadence_is_told(
    name: str, level: float, off_tune: float, begins_s: float, loss: float, seed: int
) -> None:
    expected, frequencies, pattern = CADENCES[name]
    off = [hz * (1 + off_tune) for hz in frequencies]
    sound = np.concatenate([silence(begins_s), cadence(off, pattern, 8, level)])
    assert heard(line(sound, loss, seed)) == [expected]


def test_it_is_told_as_soon_as_it_is_certain() -> None:
    listener = ToneListener()
    told = [bool(listener.hear(frame)) for frame in frames(cadence((480, 620), (0.5, 0.5), 8))]
    assert 2.4 < told.index(True) * 0.02 < 3.5


def test_what_rings_and_is_then_busy_is_told_in_that_order() -> None:
    rings = cadence((425,), (1.0, 4.0), 2)
    busy = cadence((425,), (0.5, 0.5), 5)
    assert heard(line(np.concatenate([rings, busy]))) == [Tone.RINGING, Tone.BUSY]


@pytest.mark.parametrize("frequencies", [(425,), (480, 620), (350, 440), (1000,), (2100,), (1100,)])
def test_a_tone_without_end_or_a_single_beep_is_no_busy_tone(frequencies: tuple[int, ...]) -> None:
    beep = np.concatenate([silence(1), tone(frequencies, 0.5), silence(5)])
    assert heard(line(beep)) == []
    endless = heard(line(tone(frequencies, 8)))
    assert endless == ([Tone.FAX] if frequencies == (2100,) else [])


@pytest.mark.parametrize("portion", [1, 80, 160, 333, 8000])
def test_sound_may_come_in_any_portions(portion: int) -> None:
    sound = cadence((480, 620), (0.5, 0.5), 5)
    listener = ToneListener()
    parts = [sound[start : start + portion] for start in range(0, len(sound), portion)]
    assert Tone.BUSY in {listener.hear(part) for part in parts}


@pytest.mark.parametrize("make", [speech, music])
def test_speech_and_music_are_no_tones(make) -> None:
    for seed in range(6):
        assert heard(line(make(30.0, seed), loss=0.01, seed=seed)) == []


@settings(max_examples=10)
@given(level=st.floats(-60, 3), seed=SEEDS)
def test_noise_is_no_tone(level: float, seed: int) -> None:
    assert heard(mu_law(noise(10.0, level, seed))) == []


@pytest.mark.parametrize("name", ["agent", "machine", "person-1", "person-2", "person-3"])
def test_recorded_speech_is_no_tone(name: str) -> None:
    once = from_wav(SOUNDS / f"{name}.wav")
    assert heard(mu_law(np.concatenate([once] * 3))) == []


@given(st.lists(st.integers(-32768, 32767), max_size=400), st.integers(1, 20))
@settings(max_examples=50)
def test_any_samples_at_all_are_heard_without_harm(samples: list[int], times: int) -> None:
    listener = ToneListener()
    for _ in range(times):
        listener.hear(np.array(samples, np.int16))
