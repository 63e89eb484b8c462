"""Voice is told from the noise of a line by its energy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dialer.core.voice import EnergyVoice, band_level
from tests.dialer.core.call_sounds import framed, hiss, quiet, speech, tones


def voiced(*sounds: NDArray[np.float64]) -> list[bool]:
    """Of each frame."""
    voice = EnergyVoice()
    return [voice.is_voice(frame) >= 0.5 for frame in framed(*sounds)]


@pytest.mark.parametrize("loud_db", [-38, -25, -12])
def test_speech_is_voice_and_a_quiet_line_is_none(loud_db: float) -> None:
    frames = voiced(quiet(1.0), speech(1.0, loud_db), quiet(1.0))
    assert not any(frames[:49])
    assert sum(frames[50:100]) > 35
    assert not any(frames[104:])


def test_who_speaks_at_once_is_heard_at_once() -> None:
    assert sum(voiced(speech(0.3))) >= 10


def test_steady_noise_is_taken_for_the_line_after_a_moment() -> None:
    assert not any(voiced(hiss(2.0, -40))[20:])


def test_a_mains_hum_is_no_voice() -> None:
    assert not any(voiced(tones([50], 1.0, -10) + quiet(1.0)))
    assert not any(voiced(tones([60, 180], 1.0, -20) + quiet(1.0))[20:])


def test_every_probability_is_one() -> None:
    voice = EnergyVoice()
    extremes = [np.full(160, value, dtype=np.int16) for value in (0, 32767, -32768)]
    assert all(0 <= voice.is_voice(frame) <= 1 for frame in extremes * 50)


def test_levels_are_in_decibels_of_full_scale() -> None:
    assert band_level(np.zeros(160, dtype=np.int16)) == -90
    loud, soft = (framed(tones([1000], 0.02, level_db))[0] for level_db in (-10, -30))
    assert band_level(loud) == pytest.approx(-10, abs=0.2)
    assert band_level(loud) - band_level(soft) == pytest.approx(20, abs=0.1)
