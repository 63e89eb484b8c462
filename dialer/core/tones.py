"""The telephone network's tones, as they are heard in a call: busy, congestion, ring-back, fax, and failures.

Cadences and frequencies follow ITU-T E.180 and its supplement 2 (tones of the countries), North America's the
precise tone plan; fax is told by ITU-T T.30 (CNG, CED).
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dialer.core.frames import FRAME_S
from dialer.core.peaks import PeakReader, Sound
from dialer.core.sit import Sit, SitListener


class Tone(StrEnum):
    """What was heard. Stored and shown by these names, and those of `Sit`."""

    BUSY = "busy"
    CONGESTION = "congestion"
    RINGING = "ringing"
    FAX = "fax"


Heard = Tone | Sit

FAILED: frozenset[str] = frozenset({Tone.BUSY, Tone.CONGESTION, Tone.FAX, *Sit})
"""Tones after which no person comes any more."""

_PURE = 0.8
_LOUD_ENOUGH = -45.0
"""dBm0; tones come from 0 down to -35."""
_OFF_BELOW = 15.0
"""dB; what is so much weaker than the tone before it is the pause after it."""
_FORGOTTEN_AFTER_S = 7.0
"""No tone's pause is longer."""
_BLINK = 2
"""Frames that a lost packet or an edge may take from a tone or a pause."""
_MOST_KEPT = 12

_PAIRS = {(440.0, 480.0): "ring", (400.0, 450.0): "ring", (480.0, 620.0): "busy"}
_SINGLES = (
    ((380.0, 465.0), "low"),  # 400, 425, 440 and 450 Hz: what it says is in the cadence alone
    ((1062.0, 1138.0), "cng"),
    ((2060.0, 2140.0), "ced"),
)
_OFF_TUNE = 0.02

_BUSY_S = (0.33, 0.85)
_CONGESTION_S = (0.15, 0.31)
_UNEVEN = 1.4
_BUSY_TIMES, _CONGESTION_TIMES = 3, 4
_BRITISH_CONGESTION_S = (0.4, 0.35, 0.225, 0.525)
_BRITISH_ERROR_S = 0.06
_RING_S = (0.7, 2.6)
_DOUBLE_RING_S, _DOUBLE_PAUSE_S = (0.3, 0.5), (0.12, 0.3)
_SILENCE_AFTER_RING_S = 1.5
_CED_S = 1.0
_CNG_S, _CNG_PAUSE_S = (0.4, 0.6), (2.5, 3.5)


@dataclass
class _Stretch:
    """So many frames of one kind: a tone, `off`, or anything else (``)."""

    kind: str
    frames: int

    @property
    def length_s(self) -> float:
        return self.frames * FRAME_S


class ToneListener:
    """Hears one call's sound, 8 kHz, from any instant on."""

    def __init__(self) -> None:
        self._reader = PeakReader()
        self._sit = SitListener()
        self._stretches: deque[_Stretch] = deque([_Stretch("", 0)], maxlen=_MOST_KEPT)
        self._blink: list[str] = []
        self._tone_level = _LOUD_ENOUGH

    def hear(self, samples: NDArray[np.int16]) -> Heard | None:
        """The next of the sound, in any portions; what has just become certain, or None."""
        heard: Heard | None = None
        for sound in self._reader.read(samples):
            heard = self._sit.hear(sound) or self._cadence(sound) or heard
        return heard

    def _cadence(self, sound: Sound) -> Tone | None:
        kind = self._kind(sound)
        last = self._stretches[-1]
        if kind == last.kind:
            last.frames += 1 + len(self._blink)
            self._blink.clear()
            if last.length_s > _FORGOTTEN_AFTER_S:
                self._tone_level = _LOUD_ENOUGH
            return _meaning(list(self._stretches))
        self._blink.append(kind)
        if len(self._blink) <= _BLINK and last.frames > 0:
            return None
        return self._turn(kind)

    def _turn(self, kind: str) -> Tone | None:
        """Something else begins, with the last frames that were of its kind."""
        begun = 1
        while begun < len(self._blink) and self._blink[-1 - begun] == kind:
            begun += 1
        self._stretches[-1].frames += (len(self._blink) - begun + 1) // 2
        self._stretches.append(_Stretch(kind, begun + (len(self._blink) - begun) // 2))
        self._blink.clear()
        return _meaning(list(self._stretches))

    def _kind(self, sound: Sound) -> str:
        if sound.level < max(_LOUD_ENOUGH, self._tone_level - _OFF_BELOW):
            return "off"
        kind = _kind_of_tone(sound)
        if kind:
            self._tone_level = sound.level
        return kind


def _kind_of_tone(sound: Sound) -> str:
    if sound.purity < _PURE:
        return ""
    if not sound.second_hz:
        return next((kind for (low, high), kind in _SINGLES if low <= sound.strongest_hz <= high), "")
    heard = sorted((sound.strongest_hz, sound.second_hz))
    for pair, kind in _PAIRS.items():
        if all(abs(is_ / should - 1) <= _OFF_TUNE for is_, should in zip(heard, pair, strict=True)):
            return kind
    return ""


def _meaning(stretches: list[_Stretch]) -> Tone | None:
    """What the stretches, of which the last still goes on, say by now."""
    last = stretches[-1]
    if last.kind == "ced":
        return Tone.FAX if last.length_s >= _CED_S else None
    if last.kind == "cng":
        return Tone.FAX if _is_calling_fax(stretches) else None
    if last.kind in ("low", "busy"):
        return _busy_or_congestion(stretches)
    if last.kind == "off" and last.length_s >= _SILENCE_AFTER_RING_S and _rang(stretches[:-1]):
        return Tone.RINGING
    return None


def _busy_or_congestion(stretches: list[_Stretch]) -> Tone | None:
    """Tones and pauses that are equally long and follow each other, up to the tone that has begun now."""
    lengths = _run(stretches)
    if _fits(lengths[-4:], _BRITISH_CONGESTION_S):
        return Tone.CONGESTION
    for tone, (shortest, longest), times in (
        (Tone.CONGESTION, _CONGESTION_S, _CONGESTION_TIMES),
        (Tone.BUSY, _BUSY_S, _BUSY_TIMES),
    ):
        recent = lengths[-2 * times :]
        even = len(recent) == 2 * times and max(recent) <= _UNEVEN * min(recent)
        if even and all(shortest <= each <= longest for each in recent):
            return tone
    return None


def _run(stretches: list[_Stretch]) -> list[float]:
    """The lengths of tones and pauses in turn before the last stretch, from a tone to a pause."""
    kind, lengths = stretches[-1].kind, []
    for place, each in enumerate(reversed(stretches[:-1])):
        if each.kind != ("off" if place % 2 == 0 else kind):
            break
        lengths.append(each.length_s)
    return lengths[::-1][len(lengths) % 2 :]


def _fits(lengths: list[float], pattern: tuple[float, ...]) -> bool:
    return len(lengths) == len(pattern) and all(
        abs(is_ - should) <= _BRITISH_ERROR_S for is_, should in zip(lengths, pattern, strict=True)
    )


def _rang(stretches: list[_Stretch]) -> bool:
    """Whether what came before a long silence was one ring, or Britain's two."""
    *before, ring = stretches or [_Stretch("", 0)]
    if ring.kind not in ("ring", "low"):
        return False
    if _RING_S[0] <= ring.length_s <= _RING_S[1]:
        return True
    if len(before) < 2 or not _DOUBLE_RING_S[0] <= ring.length_s <= _DOUBLE_RING_S[1]:
        return False
    first, pause = before[-2], before[-1]
    return (
        first.kind == ring.kind
        and pause.kind == "off"
        and _DOUBLE_RING_S[0] <= first.length_s <= _DOUBLE_RING_S[1]
        and _DOUBLE_PAUSE_S[0] <= pause.length_s <= _DOUBLE_PAUSE_S[1]
    )


def _is_calling_fax(stretches: list[_Stretch]) -> bool:
    """CNG twice: one alone may be the beep of a mailbox."""
    if len(stretches) < 3 or stretches[-1].length_s < _CNG_S[0]:
        return False
    first, pause, _ = stretches[-3:]
    return (
        first.kind == "cng"
        and _CNG_S[0] <= first.length_s <= _CNG_S[1]
        and pause.kind == "off"
        and _CNG_PAUSE_S[0] <= pause.length_s <= _CNG_PAUSE_S[1]
    )
