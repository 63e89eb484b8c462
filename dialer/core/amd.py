"""Answering-machine detection: who answered a call, told by how the greeting sounds.

A person says a little and waits for an answer; a machine talks on, or beeps. What is told, and how well, is
in docs/answering-machines.md. Nobody who waits for an answer is kept waiting for a verdict: the pause that
ends the greeting is also what decides, and it is well within the two seconds that 16 CFR 310.4(b)(4)(ii)
allows from there.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dialer.core.beep import BeepDetector
from dialer.core.frames import FRAME_S
from dialer.core.voice import band_level

LEGAL_S = 2.0
"""From the end of the greeting until an agent is there, or the message plays: 16 CFR 310.4(b)(4)(ii)."""


class Verdict(StrEnum):
    """Who answered. Stored and shown by these names; `unsure` counts as a person."""

    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNSURE = "unsure"


class VoiceActivity(Protocol):
    """Tells voices from other sound; keeps state, so that each call has its own."""

    def is_voice(self, frame: NDArray[np.int16]) -> float:
        """The probability, 0 to 1, that a frame of 160 samples at 8 kHz holds a voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdRule:
    """What decides; seconds in `_s`. Raises ValueError where it would keep a person waiting."""

    voice: float = 0.5
    """The probability from which a frame counts as voice."""
    below_loudest_db: float = 22.0
    """What is so much quieter than the greeting is somebody in the background."""
    shortest_voice_s: float = 0.06
    """What is shorter is a click."""
    word_gap_s: float = 0.1
    """A shorter gap is part of a word."""
    pause_s: float = 1.0
    """So much silence ends the greeting, and brings the verdict."""
    silence_s: float = 2.0
    """So much silence from the answer on tells nothing, and is not waited out further."""
    human_s: float = 1.2
    """A greeting with no more voice than this is a person's."""
    machine_s: float = 4.5
    """With so much voice and no pause it is a machine's."""
    fax_s: float = 0.4
    """So long a fax machine's tone has to last."""
    longest_s: float = 10.0
    """From the answer to the verdict, whatever is heard."""

    def __post_init__(self) -> None:
        if not 0 < self.word_gap_s <= self.pause_s < LEGAL_S or not 0 < self.silence_s <= LEGAL_S:
            raise ValueError("A person waits no longer than the law allows: see pause_s and silence_s.")
        if not 0 < self.shortest_voice_s < self.pause_s:
            raise ValueError("shortest_voice_s is more than 0 and less than pause_s.")
        if not 0 < self.human_s <= self.machine_s or self.longest_s <= 0:
            raise ValueError("human_s is at most machine_s, and longest_s more than 0.")


@dataclass(frozen=True, slots=True)
class Heard:
    """A verdict; `why` is a stable code, a key of CONFIDENCE.

    `took_s` counts from the answer, `greeting_s` from the first word to the last, and `words` are stretches
    of voice.
    """

    verdict: Verdict
    confidence: float
    took_s: float
    greeting_s: float
    words: int
    why: str


@dataclass(slots=True)
class _Greeting:
    """What was said so far."""

    started_at: float
    last_voice_at: float
    loudest_db: float
    voice_s: float
    words: int = 1

    @property
    def length_s(self) -> float:
        return self.last_voice_at - self.started_at


CONFIDENCE: Mapping[str, float] = MappingProxyType(
    {
        "short_greeting": 0.85,
        "middling_greeting": 0.45,
        "silence": 0.6,
        "time_limit": 0.2,
        "long_greeting": 0.98,
        "beep": 0.99,
        "fax_tone": 0.8,
    }
)
"""Why a verdict was given, to the chance that it is right; of `unsure`, that it is a person. Measured by
`python -m bench.amd`, with as many people as machines."""

_FAX_HZ = ((1060.0, 1140.0), (2070.0, 2130.0))
"""CNG, 1100 ± 38 Hz, and CED or ANSam, 2100 ± 15 Hz (ITU-T T.30, V.8), with room for noise."""
_FADE_DB = 0.02
"""The loudest word counts a little less with each frame: 1 dB a second."""


class Detector:
    """Listens to one call from its answer until it has a verdict."""

    def __init__(self, rule: AmdRule, answered_at: float, voice: VoiceActivity) -> None:
        """`answered_at`: on the same clock as each `now`."""
        self._rule = rule
        self._answered_at = answered_at
        self._voice = voice
        self._beep = BeepDetector()
        self._latest: deque[bool] = deque(maxlen=round(rule.shortest_voice_s / FRAME_S))
        self._greeting: _Greeting | None = None
        self._decided = False
        self._now = answered_at

    @property
    def greeting_ended_at(self) -> float | None:
        """When the greeting was over; None while it lasts or has not begun. The law counts from there."""
        greeting = self._greeting
        if greeting is None or self._now - greeting.last_voice_at < self._rule.pause_s:
            return None
        return greeting.last_voice_at

    def hear(self, frame: NDArray[np.int16], now: float) -> Heard | None:
        """Takes in 20 ms of the far end's sound: 160 samples at 8 kHz. The verdict once, then None.

        Time that runs backwards stands still.
        """
        if self._decided:
            return None
        self._now = max(self._now, now)
        if (late := self._too_late()) is not None:
            return late
        if self._beep.hear(frame, self._now):
            return self._decide(Verdict.MACHINE, "beep")
        if self._is_fax():
            return self._decide(Verdict.FAX, "fax_tone")
        self._listen(frame)
        greeting = self._greeting
        if greeting is not None and greeting.voice_s >= self._rule.machine_s:
            return self._decide(Verdict.MACHINE, "long_greeting")
        return None

    def expire(self, now: float) -> Heard | None:
        """The verdict where time alone brings one; to be asked while no frames come."""
        if self._decided:
            return None
        self._now = max(self._now, now)
        return self._too_late()

    def _too_late(self) -> Heard | None:
        """What is decided now because nothing more is waited for."""
        rule, greeting = self._rule, self._greeting
        waited_s = self._now - self._answered_at
        if greeting is None:
            if waited_s >= min(rule.silence_s, rule.longest_s):
                return self._decide(Verdict.UNSURE, "silence")
            return None
        if self._now - greeting.last_voice_at >= rule.pause_s:
            if greeting.voice_s <= rule.human_s:
                return self._decide(Verdict.HUMAN, "short_greeting")
            return self._decide(Verdict.UNSURE, "middling_greeting")
        if waited_s >= rule.longest_s:
            return self._decide(Verdict.UNSURE, "time_limit")
        return None

    def _is_fax(self) -> bool:
        hz = self._beep.tone_hz
        if hz is None or self._beep.tone_s < self._rule.fax_s:
            return False
        return any(low <= hz <= high for low, high in _FAX_HZ)

    def _listen(self, frame: NDArray[np.int16]) -> None:
        """Notes whether this frame is part of the greeting."""
        level_db = band_level(frame)
        toneless = self._beep.tone_hz is None
        spoken = self._voice.is_voice(frame) >= self._rule.voice and toneless
        if not toneless:
            self._forget_tone()
        greeting = self._greeting
        if greeting is not None:
            greeting.loudest_db -= _FADE_DB
            spoken = spoken and level_db > greeting.loudest_db - self._rule.below_loudest_db
        self._latest.append(spoken)
        if len(self._latest) == self._latest.maxlen and all(self._latest):
            self._speak(level_db)

    def _forget_tone(self) -> None:
        """What was taken for a greeting is none where it began with the tone that lasts."""
        greeting = self._greeting
        if greeting is not None and greeting.started_at > self._now - self._beep.tone_s - 2 * FRAME_S:
            self._greeting = None

    def _speak(self, level_db: float) -> None:
        """Somebody speaks, for as long as a click does not last."""
        rule, greeting = self._rule, self._greeting
        begun_s = len(self._latest) * FRAME_S
        if greeting is None or level_db > greeting.loudest_db + rule.below_loudest_db:
            # What was heard before somebody so much louder spoke was the room.
            self._greeting = _Greeting(self._now - begun_s, self._now, level_db, begun_s)
            return
        gap_s = self._now - greeting.last_voice_at
        if gap_s > rule.word_gap_s + begun_s:
            greeting.words += 1
            greeting.voice_s += begun_s
        else:
            greeting.voice_s += gap_s
        greeting.last_voice_at = self._now
        greeting.loudest_db = max(greeting.loudest_db, level_db)

    def _decide(self, verdict: Verdict, why: str) -> Heard:
        self._decided = True
        greeting = self._greeting
        return Heard(
            verdict=verdict,
            confidence=CONFIDENCE[why],
            took_s=self._now - self._answered_at,
            greeting_s=0.0 if greeting is None else greeting.length_s,
            words=0 if greeting is None else greeting.words,
            why=why,
        )
