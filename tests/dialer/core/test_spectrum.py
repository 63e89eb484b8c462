"""The power of single frequencies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.spectrum import tone_powers

FREQUENCIES = (425.0, 697.0, 1209.0, 2100.0)


def sine(hz: float, amplitude: float = 32767, length: int = 160, rate_hz: int = 8000) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(length) / rate_hz)).astype(np.int16)


@given(st.sampled_from([400.0, 1000.0, 2100.0, 3400.0]), st.sampled_from([160, 400, 800]))
def test_a_full_scale_sine_has_a_power_of_one(hz: float, length: int) -> None:
    assert tone_powers(sine(hz, length=length), [hz])[0] == pytest.approx(1.0, rel=0.05)


@given(st.floats(100, 30000))
def test_power_goes_with_the_square_of_the_loudness(amplitude: float) -> None:
    (power,) = tone_powers(sine(1000, amplitude), [1000])
    assert power == pytest.approx((amplitude / 32768) ** 2, rel=0.05)


def test_silence_has_none_and_other_tones_little() -> None:
    assert not tone_powers(np.zeros(160, np.int16), FREQUENCIES).any()
    powers = tone_powers(sine(1209), FREQUENCIES)
    assert powers.argmax() == 2
    assert np.delete(powers, 2).max() < 0.01


def test_blocks_are_measured_as_one_by_one_and_at_any_rate() -> None:
    blocks = np.stack([sine(425), sine(697), sine(2100)])
    together = tone_powers(blocks, FREQUENCIES)
    assert together.shape == (3, 4)
    for block, powers in zip(blocks, together, strict=True):
        assert np.allclose(tone_powers(block, FREQUENCIES), powers)
    (power,) = tone_powers(sine(1000, length=320, rate_hz=16000), [1000], 16000)
    assert power == pytest.approx(1.0, rel=0.01)
