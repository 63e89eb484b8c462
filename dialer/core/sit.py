"""Special information tones: three rising tones before an announcement that the call has failed.

ITU-T E.180 has 950, 1400 and 1800 Hz of a third of a second each. North America's (Telcordia SR-2275) say in
addition why: by whether the first two tones are low or high, and short (276 ms) or long (380 ms). No two of
its eight words differ in one mark alone, so that one that is misheard does no harm.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from dialer.core.frames import FRAME_S
from dialer.core.peaks import Sound


class Sit(StrEnum):
    """Why a call failed."""

    INTERCEPT = "sit_intercept"
    """The number is disconnected, or has changed."""
    VACANT = "sit_vacant"
    """There is no such number."""
    REORDER = "sit_reorder"
    """Dialed wrongly, or the exchange is overloaded."""
    NO_CIRCUIT = "sit_no_circuit"
    OTHER = "sit_other"
    PLAIN = "sit"
    """ITU-T's, which does not say why."""


_LOW_1, _HIGH_1, _LOW_2, _HIGH_2, _THIRD = 913.8, 985.2, 1370.6, 1428.5, 1776.7
_SHORT_S, _LONG_S = 0.276, 0.380
_WORDS = (
    (Sit.INTERCEPT, (_LOW_1, _LOW_2, _THIRD), (_SHORT_S, _SHORT_S)),
    (Sit.VACANT, (_HIGH_1, _LOW_2, _THIRD), (_LONG_S, _SHORT_S)),
    (Sit.REORDER, (_LOW_1, _HIGH_2, _THIRD), (_SHORT_S, _LONG_S)),
    (Sit.REORDER, (_HIGH_1, _LOW_2, _THIRD), (_SHORT_S, _LONG_S)),
    (Sit.NO_CIRCUIT, (_HIGH_1, _HIGH_2, _THIRD), (_LONG_S, _LONG_S)),
    (Sit.NO_CIRCUIT, (_LOW_1, _LOW_2, _THIRD), (_LONG_S, _LONG_S)),
    (Sit.OTHER, (_LOW_1, _HIGH_2, _THIRD), (_LONG_S, _SHORT_S)),
    (Sit.OTHER, (_HIGH_1, _HIGH_2, _THIRD), (_SHORT_S, _SHORT_S)),
    (Sit.PLAIN, (950.0, 1400.0, 1800.0), (0.33, 0.33)),
)
_FREQUENCY_ERROR, _DURATION_ERROR_S = 0.01, 0.04
"""How far off a mark is usually heard."""

_BANDS = ((885.0, 1015.0), (1335.0, 1465.0), (1735.0, 1865.0))
_PURE = 0.8
_LOUD_ENOUGH = -45.0
_SHORTEST_S, _LONGEST_S = 0.2, 0.48
_ENOUGH_OF_THE_THIRD_S = 0.2
_LONGEST_GAP = 3
"""Frames between two tones, or that lost packets take from one."""


@dataclass
class _Tone:
    frames: int = 0
    hz: list[float] = field(default_factory=list)

    @property
    def length_s(self) -> float:
        return self.frames * FRAME_S


@dataclass
class SitListener:
    """Follows the three tones, frame by frame."""

    _tones: list[_Tone] = field(default_factory=list)
    _gap: int = 0

    def hear(self, sound: Sound) -> Sit | None:
        """The next 20 ms; says which it was once enough of the third tone is heard."""
        band = _band(sound)
        if band is None:
            self._gap += 1
            if self._gap > _LONGEST_GAP:
                self._tones.clear()
            return None
        self._follow(band)
        if self._tones:
            self._tones[-1].frames += 1
            self._tones[-1].hz.append(sound.strongest_hz)
        self._gap = 0
        if len(self._tones) == len(_BANDS) and self._tones[-1].length_s >= _ENOUGH_OF_THE_THIRD_S:
            heard = _word(self._tones)
            self._tones.clear()
            return heard
        return None

    def _follow(self, band: int) -> None:
        """The tone that is in the band goes on, or comes next; else all begins anew."""
        if self._tones and band == len(self._tones) - 1 and self._tones[-1].length_s <= _LONGEST_S:
            self._tones[-1].frames += self._gap  # that lost packets took away
            return
        if self._tones and band == len(self._tones) and self._tones[-1].length_s >= _SHORTEST_S:
            self._tones.append(_Tone())
            return
        self._tones = [_Tone()] if band == 0 else []


def _band(sound: Sound) -> int | None:
    if sound.level < _LOUD_ENOUGH or sound.purity < _PURE:
        return None
    for number, (low, high) in enumerate(_BANDS):
        if low <= sound.strongest_hz <= high:
            return number
    return None


def _word(tones: list[_Tone]) -> Sit:
    """The word whose marks are nearest to what was heard."""
    # A window that has two tones in it is the less exact.
    hz = [sorted(each.hz)[len(each.hz) // 2] for each in tones]
    lengths = [each.length_s for each in tones]

    def distance(word: tuple[Sit, tuple[float, ...], tuple[float, ...]]) -> float:
        _, frequencies, durations = word
        off = [(is_ / should - 1) / _FREQUENCY_ERROR for is_, should in zip(hz, frequencies, strict=True)]
        off += [(is_ - should) / _DURATION_ERROR_S for is_, should in zip(lengths, durations, strict=False)]
        return sum(each**2 for each in off)

    return min(_WORDS, key=distance)[0]
