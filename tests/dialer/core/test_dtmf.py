"""Keys are heard in the sound of a line, each once, and no voice presses any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.core.dtmf import KeyListener
from dialer.simulation.options import SOUNDS
from tests.telephone import Samples, frames, from_wav, lossy, mu_law, music, noise, silence, speech, tone

LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
KEYS = "123A456B789C*0#D"


def press(
    key: str, length_s: float = 0.05, level: float = -10, twist: float = 0, off_tune: float = 0
) -> Samples:
    row, column = divmod(KEYS.index(key), 4)
    low = tone([LOW[row] * (1 + off_tune)], length_s, level)
    high = tone([HIGH[column] * (1 + off_tune)], length_s, level + twist)
    return low + high


def dialed(keys: str, length_s: float = 0.05, pause_s: float = 0.05, **how: float) -> Samples:
    parts = [part for key in keys for part in (press(key, length_s, **how), silence(pause_s))]
    return np.concatenate([silence(0.033), *parts, silence(0.2)])


def heard(samples: Samples) -> str:
    listener = KeyListener()
    return "".join(listener.hear(frame) for frame in frames(samples))


def test_all_sixteen_keys_are_heard_in_order_and_each_once() -> None:
    assert heard(mu_law(dialed(KEYS))) == KEYS


@settings(max_examples=60)
@given(
    keys=st.text(KEYS, min_size=1, max_size=12),
    level=st.floats(-28, -6),
    twist=st.floats(-7, 4),
    off_tune=st.floats(-0.015, 0.015),
    length_s=st.floats(0.04, 0.12),
    pause_s=st.floats(0.05, 0.12),
)
def test_keys_within_the_recommendations_limits_are_heard(
    keys: str, level: float, twist: float, off_tune: float, length_s: float, pause_s: float
) -> None:
    sound = dialed(keys, length_s, pause_s, level=level, twist=twist, off_tune=off_tune)
    assert heard(mu_law(sound + noise(len(sound) / 8000, -50)[: len(sound)])) == keys


def test_a_key_that_is_held_is_one_key() -> None:
    assert heard(mu_law(dialed("5", 5.0))) == "5"
    assert heard(mu_law(dialed("55", 1.0, 0.05))) == "55"


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_packets_that_are_lost_out_of_a_key_do_not_make_it_two(seed: int) -> None:
    held = lossy(mu_law(dialed("7", 2.0)), 0.02, seed)
    assert heard(held) in ("7", "77")  # two packets lost in a row are a pause


def test_what_is_too_short_too_faint_or_too_uneven_is_no_key() -> None:
    assert heard(dialed("159D", 0.02)) == ""
    assert heard(dialed("159D", level=-45)) == ""
    assert heard(dialed("159D", twist=9)) == ""
    assert heard(dialed("159D", twist=-13)) == ""
    assert heard(tone([697], 1)) == ""
    assert heard(tone([697, 770], 1)) == ""
    assert heard(tone([697, 1209, 400], 1)) == ""
    assert heard(tone([697, 1209, 1394], 1)) == "", "with a second harmonic"


def test_sound_may_come_in_any_portions() -> None:
    sound = dialed("1234567890")
    for portion in (1, 100, 160, 4000):
        listener = KeyListener()
        parts = [sound[start : start + portion] for start in range(0, len(sound), portion)]
        assert "".join(map(listener.hear, parts)) == "1234567890"


@pytest.mark.parametrize("make", [speech, music])
def test_speech_and_music_press_no_key(make) -> None:
    assert "".join(heard(mu_law(make(30.0, seed))) for seed in range(6)) == ""


@pytest.mark.parametrize("name", ["agent", "machine", "person-1", "person-2", "person-3"])
def test_recorded_speech_presses_no_key(name: str) -> None:
    assert heard(mu_law(from_wav(SOUNDS / f"{name}.wav"))) == ""


@settings(max_examples=10)
@given(level=st.floats(-60, 3), seed=st.integers(0, 1000))
def test_noise_presses_no_key(level: float, seed: int) -> None:
    assert heard(mu_law(noise(10.0, level, seed))) == ""


def test_keys_are_heard_over_a_voice_that_is_faint() -> None:
    sound = dialed("2468", 0.08, 0.08, level=-10)
    assert heard(mu_law(sound + speech(len(sound) / 8000, level=-32)[: len(sound)])) == "2468"
