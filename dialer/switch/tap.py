"""A tap on a call's audio: what the far end says, as samples.

The library's clock thread brings the sound; each portion is only put aside there, and taken by who polls.
"""

from collections import deque
from typing import Any

import numpy as np
import pjsua2 as pj
from numpy.typing import NDArray

from dialer.core.frames import RATE_HZ

_PORTION_MS = 60
"""Each portion is a call into Python, so that few of them are cheap; nothing that is heard hurries so."""
_MOST_PORTIONS = 200
"""12 s: where nobody takes them, the oldest are let go."""


class Tap(pj.AudioMediaPort):  # type: ignore[misc]
    """A port that hears whoever transmits to it. Raises pj.Error where there is no room on the bridge."""

    def __init__(self) -> None:
        super().__init__()
        self._portions: deque[bytearray] = deque(maxlen=_MOST_PORTIONS)
        self._open = True
        self.createPort("tap", _format())

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802 - the library's name
        """In the library's own thread."""
        sound = frame.buf
        portion = bytearray(sound.size())
        # To go through the vector byte by byte would cost a hundred times as much. The binding copies without
        # Python's lock, which is safe with an array that nobody else knows yet, and that is large enough.
        sound.copy_to_bytearray(portion)
        self._portions.append(portion)

    def take(self) -> NDArray[np.int16]:
        """What has come since it was last taken; empty where nothing has."""
        portions = [self._portions.popleft() for _ in range(len(self._portions))]
        return np.frombuffer(b"".join(portions), np.int16)

    def close(self) -> None:
        """Gives back what the library has of it. While Python frees it, the library might still call it."""
        if self._open:
            self._open = False
            pj.AudioMediaPort.__swig_destroy__(self)


def _format() -> Any:
    wanted = pj.MediaFormatAudio()
    wanted.type = pj.PJMEDIA_TYPE_AUDIO
    wanted.clockRate = RATE_HZ
    wanted.channelCount = 1
    wanted.bitsPerSample = 16
    wanted.frameTimeUsec = _PORTION_MS * 1000
    return wanted
