"""Preview dialing: a lead for each agent who is free, who looks at it before it is dialed."""

from collections.abc import Sequence
from dataclasses import replace

from dialer.core.census import AgentPhase, Census
from dialer.core.limits import Limits
from dialer.core.pacing_events import AgentPreviewing, CallPlaced, PacingEvent
from dialer.core.pacing_settings import PacingSettings, PacingState


class PreviewPacer:
    """Here `calls_to_place` says how many leads to show; each agent then has one dialed, or skips it.

    An agent who looks at a lead is taken, and the lead holds one of the lines, so that it can be dialed at
    any time. No more leads are shown in a second than calls may be placed, and no more of them are dialed.
    """

    def __init__(self, settings: PacingSettings) -> None:
        self._census = Census(settings.ring_timeout_s)
        self._shown = Limits(settings)
        self._dialed = Limits(settings)
        self._last_decision = 0
        self._reason = "Nothing has been asked yet."

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened."""
        self._census.observe(event)
        if isinstance(event, AgentPreviewing):
            self._shown.placed(event.at)
        if isinstance(event, CallPlaced):
            self._dialed.placed(event.at)

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many leads to show now; who is called next makes no difference."""
        del upcoming
        census = self._census
        census.forget(now)
        free, looking = census.count(AgentPhase.AVAILABLE), census.count(AgentPhase.PREVIEWING)
        pending = len(census.ringing) + len(census.waiting)
        decision, limit = self._shown.held(free - pending, now, census.lines + looking, census.at_work)
        reason = (
            f"One lead for each free agent: {free} free, {looking} looking at one, {pending} calls under way."
        )
        self._last_decision, self._reason = decision, reason + limit
        return decision

    def may_dial(self, now: float) -> bool:
        """Whether the limit of calls a second allows one more."""
        return self._dialed.rate_left(now) > 0

    def next_wakeup(self, now: float) -> float | None:
        """When the limit of calls a second allows more."""
        return self._shown.next_wakeup(now)

    def explain(self, now: float) -> PacingState:
        """What it counts and why it decided as it did."""
        del now
        state = self._census.state("preview", self._last_decision, self._reason)
        return replace(state, agents_previewing=self._census.count(AgentPhase.PREVIEWING))
