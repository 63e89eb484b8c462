"""Keys that a far end sends more than one way. Pure: `now` is monotonic seconds."""

from dataclasses import dataclass, field
from enum import StrEnum

_ONE_PRESS_S = 2.0
"""A key may be told of when it is pressed one way, and when it is let go another."""


class KeyWay(StrEnum):
    """How a key comes from the far end."""

    EVENT = "event"
    """In the audio's stream, beside the sound (RFC 4733)."""
    INFO = "info"
    """By SIP INFO."""
    SOUND = "sound"
    """Heard as DTMF."""


@dataclass
class KeyPresses:
    """Tells what was pressed from what only came again: the same key by another way, shortly afterwards."""

    _last: dict[str, tuple[KeyWay, float]] = field(default_factory=dict)
    """By digit: the way that it came first, and when it last came that way."""

    def is_new(self, digit: str, way: KeyWay, now: float) -> bool:
        """Whether somebody has pressed the key, which comes this way now."""
        first, at = self._last.get(digit, (way, now))
        if way != first and now - at < _ONE_PRESS_S:
            return False
        self._last[digit] = (way, now)
        return True
