"""Keys pressed on a telephone, heard in its sound: DTMF by ITU-T Q.23 and Q.24."""

import numpy as np
from numpy.typing import NDArray

from dialer.core.spectrum import tone_powers

_LOW = (697.0, 770.0, 852.0, 941.0)
_HIGH = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS = ("123A", "456B", "789C", "*0#D")
_OFF_TUNE = (0.985, 1.0, 1.015)
"""A telephone's tones may be so far off: each is listened for at three places."""
_FREQUENCIES = (
    *(at * each for at in _OFF_TUNE for each in _LOW + _HIGH),
    *(2 * each for each in _HIGH),
)

_WINDOW, _STEP = 160, 80
"""20 ms, looked at every 10 ms."""
_AT_ONCE = 10
"""Windows that are looked at together, since each look has a price: a key is told of 0.1 s late at most."""
_MOST_OFF_TUNE = 1.2
"""In steps between these places, as measured: about 2.2 %. Q.24 has 1.5 % taken, 3.5 % refused."""

_QUIETEST = 10 ** (-42 / 10)
"""Of each tone, -39 dBm0."""
_LOW_STRONGER, _HIGH_STRONGER = 10 ** (9 / 10), 10 ** (6 / 10)
"""Twist: Q.24 has 8 and 4 dB, and a line may add to it."""
_ALONE = 10 ** (8 / 10)
"""A tone is so much stronger than the others of its group."""
_PURE, _PURE_AT_AN_EDGE = 0.85, 0.55
"""The share of the power that is in the two tones; a voice has more beside them."""
_SECOND_HARMONIC = 10 ** (-10 / 10)
"""A voice that happens to have both tones has harmonics too: of the high one, since the low one's may be near
a high tone."""

_PRESSED_FOR, _RELEASED_FOR = 3, 4
"""Windows: 40 ms on are in three of them, one of which is filled; 50 ms of pause are in four.
A lost packet is in three."""


class KeyListener:
    """Hears one call's sound, 8 kHz."""

    def __init__(self) -> None:
        self._kept = np.zeros(_WINDOW - _STEP, np.int16)
        self._coming: list[NDArray[np.int16]] = []
        self._length = 0
        self._candidate = ""
        self._seen = self._missed = 0
        self._pure = False
        self._down = ""

    def hear(self, samples: NDArray[np.int16]) -> str:
        """The next of the sound, in any portions; the keys that were pressed in it, each once."""
        self._coming.append(samples)
        self._length += len(samples)
        if self._length < _AT_ONCE * _STEP:
            return ""
        sound = np.concatenate([self._kept, *self._coming])
        steps = self._length // _STEP
        heard, rest = sound[: len(self._kept) + steps * _STEP], sound[len(self._kept) + steps * _STEP :]
        self._kept, self._coming, self._length = heard[-len(self._kept) :], [rest], len(rest)
        windows = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::_STEP]
        return "".join(self._follow(key, pure) for key, pure in _keys(windows))

    def _follow(self, key: str, pure: bool) -> str:
        """The next window; a key that has just been down for long enough."""
        if key and key == self._down:
            self._missed = 0
            return ""
        self._missed += 1
        if self._missed >= _RELEASED_FOR:
            self._down = ""
        if key != self._candidate:
            self._candidate, self._seen, self._pure = key, 0, False
        self._seen += 1
        self._pure = self._pure or pure
        if not key or not self._pure or self._seen < _PRESSED_FOR:
            return ""
        self._down, self._missed = key, 0
        return key


def _keys(windows: NDArray[np.int16]) -> list[tuple[str, bool]]:
    """The key that each window holds, or nothing; and whether it holds nothing else."""
    powers = tone_powers(windows, _FREQUENCIES)
    around = powers[:, :-4].reshape(len(windows), len(_OFF_TUNE), 8)
    tones, harmonics = around.max(axis=1), powers[:, -4:]
    low, high = tones[:, :4], tones[:, 4:]
    rows = np.arange(len(windows))
    row, column = low.argmax(axis=1), high.argmax(axis=1)
    row_power, column_power = low[rows, row], high[rows, column]
    share = (row_power + column_power) / (2 * np.mean((windows / 32768.0) ** 2, axis=1)).clip(1e-12)
    is_key = (
        (np.minimum(row_power, column_power) > _QUIETEST)
        & (row_power < _LOW_STRONGER * column_power)
        & (column_power < _HIGH_STRONGER * row_power)
        & _stands_out(low, row_power)
        & _stands_out(high, column_power)
        & (share > _PURE_AT_AN_EDGE)
        & (harmonics[rows, column] < _SECOND_HARMONIC * column_power)
    )
    pure = (share > _PURE) & _in_tune(around[rows, :, row]) & _in_tune(around[rows, :, 4 + column])
    found = zip(row, column, is_key, pure, strict=True)
    return [(_KEYS[r][c] if is_ else "", bool(alone)) for r, c, is_, alone in found]


def _stands_out(group: NDArray[np.float64], strongest: NDArray[np.float64]) -> NDArray[np.bool_]:
    alone: NDArray[np.bool_] = np.sort(group, axis=1)[:, -2] * _ALONE < strongest
    return alone


def _in_tune(around: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the top of the parabola through a tone's three powers is near the tone."""
    below, at, above = np.log(around.clip(1e-12)).T
    bend = np.minimum(below - 2 * at + above, -1e-9)
    near: NDArray[np.bool_] = np.abs((below - above) / (2 * bend)) < _MOST_OFF_TUNE
    return near
