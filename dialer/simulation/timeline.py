"""What is to happen in a simulated shift, in order of time."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

Happening = Callable[[float, Any], None]
"""Called with the time, and with what it happens to."""


class Timeline:
    """Happenings; those at the same time happen in the order in which they were foreseen."""

    def __init__(self) -> None:
        self._foreseen: list[tuple[float, int, Happening, object]] = []
        self._order = count()

    def at(self, at: float, happens: Happening, subject: object = None) -> None:
        """Foresees something."""
        heappush(self._foreseen, (at, next(self._order), happens, subject))

    def run(self) -> None:
        """Lets everything happen, and what comes of it, until nothing is left."""
        foreseen = self._foreseen
        while foreseen:
            at, _, happens, subject = heappop(foreseen)
            happens(at, subject)
