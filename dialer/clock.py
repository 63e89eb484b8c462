"""The engine's clock."""

from collections.abc import Callable

MOST_HELD_BACK_S = 60.0
"""A clock that was set back further was wrong before, and is followed at once: laws go by the right time."""


class SteadyClock:
    """Unix seconds that do not go backwards when the system's clock is set right by a little.

    It stands still until the system's clock has caught up. What happened in order stays in order: an agent
    who is free again a second before the talk ended would be waited for for ever.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._latest = wall()

    def __call__(self) -> float:
        """What time it is."""
        now = self._wall()
        if not self._latest - MOST_HELD_BACK_S <= now < self._latest:
            self._latest = now
        return self._latest
