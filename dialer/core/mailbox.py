"""When a mailbox records: after its beep, or, where none comes, some time after its greeting."""

import numpy as np
from numpy.typing import NDArray

from dialer.core.beep import BeepDetector
from dialer.core.voice import EnergyVoice

QUIET_S = 4.0
"""A mailbox that has said nothing for so long has beeped unheard, or does not beep."""
_VOICE = 0.5


class MailboxListener:
    """Hears a machine's greeting from any place on. `now` is in seconds."""

    def __init__(self, now: float) -> None:
        self._beep = BeepDetector()
        self._voice = EnergyVoice()
        self._sound_at = now

    def hear(self, frame: NDArray[np.int16], now: float) -> bool:
        """Takes in a frame of 160 samples; whether a message left now would be recorded whole."""
        if self._beep.hear(frame, now):
            return True
        if self._beep.tone_hz is not None or self._voice.is_voice(frame) >= _VOICE:
            self._sound_at = now
        return now - self._sound_at >= QUIET_S
