"""The limits of every dial mode: lines, lines for each agent, and calls a second."""

from collections import deque
from math import floor, inf

from dialer.core.pacing_settings import PacingSettings


class Limits:
    """How many more calls may be placed, whatever a pacer wants."""

    def __init__(self, settings: PacingSettings) -> None:
        self._max_lines = settings.max_lines
        self._max_lines_per_agent = settings.max_lines_per_agent
        self._per_second = settings.max_calls_per_second
        self._placed: deque[float] = deque()
        self._rate_holds = False

    def placed(self, at: float) -> None:
        """A call was placed."""
        self._placed.append(at)

    def held(self, wanted: int, now: float, lines: int, agents: int) -> tuple[int, str]:
        """How many of the wanted calls may be placed, and which limit holds back the others.

        `lines` are in use now, and so many `agents` are at work.
        """
        most = self._max_lines
        if self._max_lines_per_agent is not None:
            most = min(most, floor(self._max_lines_per_agent * agents))
        free_lines, rate = most - lines, self.rate_left(now)
        decision = max(0, min(wanted, free_lines, rate))
        self._rate_holds = wanted > rate and free_lines > rate
        if decision >= wanted:
            return decision, ""
        limit = "calls a second" if rate <= free_lines else "lines"
        return decision, f" The limit of {limit} allows {decision}."

    def next_wakeup(self, now: float) -> float | None:
        """When the limit of calls a second allows more, where it holds calls back."""
        if not self._rate_holds or self._per_second <= 0:
            return None
        self._forget(now)
        return self._placed[0] + self._window_s if self._placed else now

    def rate_left(self, now: float) -> int:
        """How many calls the limit of calls a second allows now."""
        self._forget(now)
        return max(1, floor(self._per_second)) - len(self._placed) if self._per_second > 0 else 0

    @property
    def _window_s(self) -> float:
        """A second, or as long as one call has to wait where fewer than one a second are allowed."""
        return max(1.0, 1.0 / self._per_second) if self._per_second > 0 else inf

    def _forget(self, now: float) -> None:
        while self._placed and self._placed[0] + self._window_s <= now:
            self._placed.popleft()
