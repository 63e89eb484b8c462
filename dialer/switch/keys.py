"""Keys that a far end sends more than one way. Pure: `now` is monotonic seconds."""

from collections.abc import Hashable
from dataclasses import dataclass, field

_ONE_PRESS_S = 2.0
"""A key may be told of when it is pressed one way, and when it is let go another."""


@dataclass
class KeyPresses:
    """Tells what was pressed from what only came again: the same key by another way, shortly afterwards."""

    _last: dict[str, tuple[Hashable, float]] = field(default_factory=dict)
    """By digit: the way that it came first, and when it last came that way."""

    def is_new(self, digit: str, way: Hashable, now: float) -> bool:
        """Whether somebody has pressed the key; the ways are the caller's own."""
        first, at = self._last.get(digit, (way, now))
        if way != first and now - at < _ONE_PRESS_S:
            return False
        self._last[digit] = (way, now)
        return True
