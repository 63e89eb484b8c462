"""Whether somebody speaks in a frame of telephone sound, told by its energy above the noise of the line."""

from math import exp

import numpy as np
from numpy.typing import NDArray

_LOWEST_BIN, _HIGHEST_BIN = 5, 68
"""250 to 3400 Hz, at 50 Hz a bin: without the hum of a mains supply."""
_QUIETEST_DB = -90.0
_PRESUMED_FLOOR_DB = -48.0
_PRESUMED_FRAMES = 15
"""Who answers may speak at once, before the line's noise was heard: so long no more noise is presumed."""
_QUIETEST_FLOOR_DB = -60.0
"""What is not heard above this is no voice on the quietest line either."""
_LOUDEST_FLOOR_DB = -30.0
_RISE_DB = 0.04
"""With each frame, after that: who talks on without a pause is not taken for the line."""
_WINDOW_FRAMES = 40
"""The floor is the least that was heard in the window that is over and in the one that goes on."""
_EVEN_DB = 11.0
"""So far above the floor it is as likely a voice as not."""
_SLOPE_DB = 2.0


def band_level(frame: NDArray[np.int16]) -> float:
    """The level of a frame between 250 and 3400 Hz, in dB of a full-scale square wave."""
    power = np.abs(np.fft.rfft(frame)[_LOWEST_BIN:_HIGHEST_BIN]) ** 2
    mean = 2.0 * float(power.sum()) / (len(frame) * 32768.0) ** 2
    return max(_QUIETEST_DB, 10.0 * float(np.log10(mean + 1e-12)))


class EnergyVoice:
    """Voice by energy: a frame well above the floor, which is the least heard in the last second or two.

    The floor follows R. Martin, "Noise power spectral density estimation based on optimal smoothing and
    minimum statistics", IEEE Trans. Speech Audio Processing 9 (2001), in one band.
    """

    def __init__(self) -> None:
        self._heard = 0
        self._smooth_db: float | None = None
        self._least_before_db = 0.0
        self._least_db = 0.0
        self._floor_db = _PRESUMED_FLOOR_DB

    def is_voice(self, frame: NDArray[np.int16]) -> float:
        """The probability, 0 to 1, that a frame of 160 samples holds a voice."""
        level_db = band_level(frame)
        self._follow(level_db)
        above = (level_db - self._floor_db - _EVEN_DB) / _SLOPE_DB
        return 1.0 / (1.0 + exp(-max(-40.0, min(40.0, above))))

    def _follow(self, level_db: float) -> None:
        """Moves the floor to the least that was heard lately."""
        before_db = level_db if self._smooth_db is None else self._smooth_db
        self._smooth_db = 0.6 * before_db + 0.4 * level_db
        if self._heard % _WINDOW_FRAMES == 0:
            self._least_before_db, self._least_db = self._least_db, self._smooth_db
        self._least_db = min(self._least_db, self._smooth_db)
        self._heard += 1
        least_db = max(_QUIETEST_FLOOR_DB, min(self._least_before_db, self._least_db, _LOUDEST_FLOOR_DB))
        if self._heard <= _PRESUMED_FRAMES:
            self._floor_db = min(least_db, _PRESUMED_FLOOR_DB)
        elif self._heard == _PRESUMED_FRAMES + 1:
            self._floor_db = least_db
        else:
            self._floor_db = min(least_db, self._floor_db + _RISE_DB)
