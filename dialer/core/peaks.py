"""What tones a piece of sound is made of: one, two, or none that stands out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.core.frames import FRAME

WINDOW_FRAMES = 5
"""100 ms tell 440 Hz from 480 Hz."""
_WINDOW = FRAME * WINDOW_FRAMES
_AT_ONCE = 10
"""Frames that are looked at together, since each look has a price."""
_BIN_HZ = 10.0
_LOBE = 2
"""A tone fills so many bins on either side of its peak, in a Hann window."""
_LOWEST, _HIGHEST = 30, 260
"""The bins among which tones are sought, 300 to 2600 Hz."""
_HEARD_FROM = 5
"""Below 50 Hz there is only hum."""
_TWIST = 10 ** (-10 / 10)
"""A second tone that is 10 dB weaker is none."""
_DBM0 = 3.14
"""A full-scale sine in G.711, in dBm0."""

_HANN = np.hanning(_WINDOW + 1)[:-1]


@dataclass(frozen=True, slots=True)
class Sound:
    """20 ms of sound with the 40 ms before and after it."""

    level: float
    """Of the 20 ms alone, in dBm0."""
    strongest_hz: float
    second_hz: float
    """0 where there is no second tone."""
    purity: float
    """The share of the power that is in these tones, from 0 to 1."""


class PeakReader:
    """Takes sound as it comes, and tells of each frame of 20 ms, 40 ms late and ten at a time."""

    def __init__(self) -> None:
        self._kept = np.zeros(_WINDOW - FRAME, np.int16)
        self._coming: list[NDArray[np.int16]] = []
        self._length = 0

    def read(self, samples: NDArray[np.int16]) -> list[Sound]:
        """Any number of samples at 8 kHz."""
        self._coming.append(samples)
        self._length += len(samples)
        if self._length < _AT_ONCE * FRAME:
            return []
        sound = np.concatenate([self._kept, *self._coming])
        frames = (len(sound) - len(self._kept)) // FRAME
        self._kept, rest = (
            sound[frames * FRAME :][: _WINDOW - FRAME],
            sound[_WINDOW - FRAME + frames * FRAME :],
        )
        self._coming, self._length = [rest], len(rest)
        return _sounds(sound[: _WINDOW - FRAME + frames * FRAME].astype(np.float64) / 32768)


def _sounds(sound: NDArray[np.float64]) -> list[Sound]:
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::FRAME]
    middle = windows[:, _WINDOW // 2 - FRAME // 2 :][:, :FRAME]
    levels = 10 * np.log10(2 * np.mean(middle**2, axis=1) + 1e-12) + _DBM0
    powers = np.abs(np.fft.rfft(windows * _HANN, axis=1)) ** 2
    total = powers[:, _HEARD_FROM:].sum(axis=1) + 1e-12
    first_hz, first = _take_peak(powers)
    second_hz, second = _take_peak(powers)
    second_counts = second > _TWIST * first
    purity = (first + np.where(second_counts, second, 0.0)) / total
    second_hz = np.where(second_counts, second_hz, 0.0)
    told = zip(levels.tolist(), first_hz.tolist(), second_hz.tolist(), purity.tolist(), strict=True)
    return [Sound(*each) for each in told]


def _take_peak(powers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The frequency and the power of the strongest tone of each window, which is taken out."""
    rows = np.arange(len(powers))[:, None]
    peak = powers[:, _LOWEST:_HIGHEST].argmax(axis=1) + _LOWEST
    lobe = peak[:, None] + np.arange(-_LOBE, _LOBE + 1)
    own = powers[rows, lobe]
    power = own.sum(axis=1)
    # In a Hann window a tone's two strongest bins tell exactly where between them it is.
    sides = np.sqrt(own[:, (_LOBE - 1, _LOBE + 1)])
    up = sides[:, 1] > sides[:, 0]
    ratio = sides.max(axis=1) / np.maximum(np.sqrt(own[:, _LOBE]), 1e-9)
    offset = (2 * ratio - 1) / (1 + ratio)
    powers[rows, lobe] = 0.0
    return _BIN_HZ * (peak + np.where(up, offset, -offset)), power
