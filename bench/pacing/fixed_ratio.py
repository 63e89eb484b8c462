"""A fixed number of ringing calls for each free agent: the simplest rule that managers tune by hand."""

from collections.abc import Sequence
from math import floor

from dialer.core.census import AgentPhase, Census
from dialer.core.pacing_events import PacingEvent
from dialer.core.pacing_settings import PacingState


class FixedRatioPacer:
    """A Pacer that keeps `ratio` calls ringing for each free agent."""

    def __init__(self, ratio: float, ring_timeout_s: float) -> None:
        self._ratio = ratio
        self._census = Census(ring_timeout_s)
        self._last_decision = 0

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened."""
        self._census.observe(event)

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """The ratio times the free agents, less the ringing calls."""
        self._census.forget(now)
        free, ringing = self._census.count(AgentPhase.AVAILABLE), len(self._census.ringing)
        self._last_decision = max(0, floor(self._ratio * free) - ringing)
        return self._last_decision

    def next_wakeup(self, now: float) -> float | None:
        """Events alone change anything."""
        return None

    def explain(self, now: float) -> PacingState:
        """What it counts; of the dial modes power is the nearest."""
        reason = f"{self._ratio:g} calls that ring for each free agent."
        return self._census.state("power", self._last_decision, reason)
