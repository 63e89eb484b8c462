"""How strong given frequencies are in a piece of sound."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dialer.core.frames import RATE_HZ

_FULL_SCALE = 32768.0


def tone_powers(
    samples: NDArray[np.int16], frequencies_hz: Sequence[float], rate_hz: int = RATE_HZ
) -> NDArray[np.float64]:
    """The power of each frequency; that of a full-scale sine is 1.0.

    `samples` has the shape (n,), or (blocks, n) for several at once; the result (frequencies,) or (blocks,
    frequencies). It is the discrete Fourier transform at just these frequencies, which need not be whole
    numbers of periods: Goertzel's algorithm, as one matrix product. Two tones are told apart that are
    `rate_hz / n` from each other: 50 Hz in 20 ms.
    """
    waves = _waves(samples.shape[-1], tuple(frequencies_hz), rate_hz)
    parts = samples.astype(np.float64) @ waves
    count = len(frequencies_hz)
    powers: NDArray[np.float64] = parts[..., :count] ** 2 + parts[..., count:] ** 2
    return powers


@lru_cache(maxsize=64)
def _waves(length: int, frequencies_hz: tuple[float, ...], rate_hz: int) -> NDArray[np.float64]:
    """Cosines, then sines, of each frequency: shape (length, 2 * frequencies)."""
    turns = 2 * np.pi * np.outer(np.arange(length), frequencies_hz) / rate_hz
    waves: NDArray[np.float64] = np.hstack([np.cos(turns), np.sin(turns)]) * (2 / (length * _FULL_SCALE))
    return waves
