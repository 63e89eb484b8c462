"""The beep of a voice mailbox: one steady tone, after which it is quiet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.core.frames import FRAME_S, RATE_HZ

SHORTEST_TONE_S = 0.1
"""What is steady for less may be a vowel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeepRule:
    """What counts as a beep; seconds in `_s`, hertz in `_hz`."""

    lowest_hz: float = 345.0
    highest_hz: float = 2505.0
    progress_hz: tuple[float, float] = (385.0, 465.0)
    """Between these a single tone is one of the network's (ITU-T E.180: 400 to 450 Hz), and no beep."""
    shortest_s: float = 0.14
    longest_s: float = 2.0
    purity: float = 0.9
    """The least share of a window's power that is in the tone."""
    steady_hz: float = 8.0
    steady_db: float = 2.0
    """From one window to the next the tone changes no more than this; a voice does."""
    quietest_db: float = -45.0
    drop_db: float = 10.0
    """It is so much quieter after a beep than during it."""
    over_s: float = 0.06
    """Gone for so long the tone is over; what is shorter is a lost packet."""
    most_tones: int = 2
    """More of them in a row are a melody, or special information tones."""


@dataclass(slots=True)
class _Tone:
    """Of windows with one frequency; `missed`: how many have followed without it."""

    hz: float
    level_db: float
    windows: int = 1
    missed: int = 0

    @property
    def length_s(self) -> float:
        return self.windows * FRAME_S


_WINDOW = 320
_HANN = np.hanning(_WINDOW)
_BIN_HZ = RATE_HZ / _WINDOW
_LOWEST_BIN = 8
"""Below 200 Hz there is hum."""
_BESIDE = 2
"""Bins on either side that a Hann window spreads a tone over."""
_SPREAD_HZ = 50.0
"""Two tones within a window that are nearer to each other look like one."""
_SILENT_DB = -90.0
_LAST_SIT_HZ, _SIT_OFF_HZ = 1776.7, 60.0
"""The last of the three special information tones (ITU-T E.180)."""


class BeepDetector:
    """Hears a beep in frames of 20 ms, once it is over.

    No beep is a tone within music or speech, which goes on after it, nor one that is as long as a fax
    machine's, nor the network's own. Two tones at a time, as those of keys and of ringing, are none at all.
    """

    def __init__(self, rule: BeepRule | None = None) -> None:
        self._rule = rule or BeepRule()
        self._last = np.zeros(_WINDOW // 2, dtype=np.int16)
        self._tone: _Tone | None = None
        self._chain = 0
        """Tones that followed each other without a gap, before this one."""

    @property
    def tone_hz(self) -> float | None:
        """Of the steady tone that lasts now; None where there is none."""
        return None if self.tone_s < SHORTEST_TONE_S or self._tone is None else self._tone.hz

    @property
    def tone_s(self) -> float:
        """How long it has lasted."""
        return 0.0 if self._tone is None else self._tone.length_s

    def hear(self, frame: NDArray[np.int16], now: float) -> bool:
        """Takes in a frame of 160 samples; whether a beep is just over."""
        hz, purity, level_db = _strongest(np.concatenate((self._last, frame)))
        self._last = frame.copy()
        rule, tone = self._rule, self._tone
        pure = purity >= rule.purity and level_db >= rule.quietest_db
        if tone is None:
            self._tone = _Tone(hz, level_db) if pure else None
            return False
        if pure and abs(hz - tone.hz) <= rule.steady_hz and abs(level_db - tone.level_db) <= rule.steady_db:
            tone.windows += 1 + tone.missed
            tone.level_db, tone.missed = level_db, 0
            return False
        tone.missed += 1
        if pure and (tone.length_s < SHORTEST_TONE_S or abs(hz - tone.hz) > _SPREAD_HZ):
            self._chain += tone.length_s >= SHORTEST_TONE_S
            self._tone = _Tone(hz, level_db)
            return False
        return self._is_over(tone, level_db)

    def _is_over(self, tone: _Tone, level_db: float) -> bool:
        """Whether the tone has been gone for long enough, and was a beep."""
        if tone.missed * FRAME_S < self._rule.over_s:
            return False
        tones, self._tone, self._chain = self._chain + 1, None, 0
        return level_db <= tone.level_db - self._rule.drop_db and self._can_be_beep(tone, tones)

    def _can_be_beep(self, tone: _Tone, tones: int) -> bool:
        rule = self._rule
        in_band = rule.lowest_hz <= tone.hz <= rule.highest_hz
        of_network = rule.progress_hz[0] <= tone.hz <= rule.progress_hz[1]
        end_of_sit = tones > 1 and abs(tone.hz - _LAST_SIT_HZ) <= _SIT_OFF_HZ
        return (
            rule.shortest_s <= tone.length_s <= rule.longest_s
            and in_band
            and tones <= rule.most_tones
            and not of_network
            and not end_of_sit
        )


def _strongest(samples: NDArray[np.int16]) -> tuple[float, float, float]:
    """The strongest frequency of a window, its share of the power, and the level in dB of full scale."""
    power = np.abs(np.fft.rfft(samples * _HANN)) ** 2
    power[:_LOWEST_BIN] = 0.0
    total = float(power.sum())
    if total <= 0.0:
        return 0.0, 0.0, _SILENT_DB
    peak = min(max(int(power.argmax()), _LOWEST_BIN + 1), len(power) - 2)
    before, at, after = np.log(power[peak - 1 : peak + 2] + 1e-9)
    bend = before - 2 * at + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    around = float(power[peak - _BESIDE : peak + _BESIDE + 1].sum())
    full = float((_HANN**2).sum()) * _WINDOW * 32768.0**2 / 2
    level_db = max(_SILENT_DB, 10 * float(np.log10(total / full + 1e-12)))
    return (peak + float(offset)) * _BIN_HZ, around / total, level_db
