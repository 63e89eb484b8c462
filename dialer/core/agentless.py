"""Agentless dialing: a recorded message for whoever answers, by lines and calls a second."""

from collections.abc import Sequence
from dataclasses import replace

from dialer.core.census import Census
from dialer.core.limits import Limits
from dialer.core.pacing_events import CallPlaced, PacingEvent
from dialer.core.pacing_settings import PacingSettings, PacingState

_HEARS_AT_MOST_S = 15 * 60.0
"""Longer than any message that a campaign may play; a call whose end never comes is forgotten then."""


class AgentlessPacer:
    """Fills the lines, as fast as the limit of calls a second allows. Agents make no difference.

    Nobody is promised an agent, so that nobody can be abandoned: no budget holds it back.
    """

    def __init__(self, settings: PacingSettings) -> None:
        self._max_lines = settings.max_lines
        self._census = Census(settings.ring_timeout_s, waits_at_most_s=_HEARS_AT_MOST_S)
        self._limits = Limits(replace(settings, max_lines_per_agent=None))
        self._last_decision = 0
        self._reason = "Nothing has been asked yet."

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened."""
        self._census.observe(event)
        if isinstance(event, CallPlaced):
            self._limits.placed(event.at)

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many calls to place now; who is called next makes no difference."""
        del upcoming
        self._census.forget(now)
        lines = self._census.lines
        decision, limit = self._limits.held(self._max_lines - lines, now, lines, agents=0)
        why = f"A call on each of {self._max_lines} lines: {lines} in use."
        self._last_decision, self._reason = decision, why + limit
        return decision

    def next_wakeup(self, now: float) -> float | None:
        """When the limit of calls a second allows more."""
        return self._limits.next_wakeup(now)

    def explain(self, now: float) -> PacingState:
        """What it counts and why it decided as it did. Who hears the message counts as connected."""
        del now
        state = self._census.state("agentless", self._last_decision, self._reason)
        return replace(state, calls_waiting=0, calls_connected=state.calls_waiting + state.calls_connected)
