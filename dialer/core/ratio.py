"""Progressive and power dialing: calls by the number of agents, and nothing else."""

from collections.abc import Sequence
from math import floor
from typing import Literal

from dialer.core.census import AgentPhase, Census
from dialer.core.limits import Limits
from dialer.core.pacing_events import AgentsSpokenFor, BudgetLooked, CallPlaced, PacingEvent
from dialer.core.pacing_settings import PacingSettings, PacingState


class RatioPacer:
    """Progressive: one call for each agent who is free. Power: a fixed number of lines per agent.

    Power counts the agents who are free or talk for the campaign, as a manager reads "two lines per agent",
    less those whom calls of other campaigns are expected to take and those who are about to pause; agents in
    wrap-up count once they are back. Lines are calls that ring, wait or talk. At the limit of abandoned calls
    power is progressive, until the rate has fallen below it.
    """

    def __init__(self, mode: Literal["progressive", "power"], settings: PacingSettings) -> None:
        self._mode = mode
        self._lines_per_agent = settings.lines_per_agent
        self._census = Census(settings.ring_timeout_s)
        self._limits = Limits(settings)
        self._budget: BudgetLooked | None = None
        self._spoken_for = 0.0
        self._last_decision = 0
        self._reason = "Nothing has been asked yet."

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened."""
        self._census.observe(event)
        if isinstance(event, CallPlaced):
            self._limits.placed(event.at)
        if isinstance(event, BudgetLooked):
            self._budget = event
        if isinstance(event, AgentsSpokenFor):
            self._spoken_for = event.agents

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many calls to place now; who is called next makes no difference."""
        del upcoming
        self._census.forget(now)
        wanted, why = self._wanted()
        decision, limit = self._limits.held(wanted, now, self._census.lines, self._census.at_work)
        self._last_decision, self._reason = decision, why + limit
        return decision

    def next_wakeup(self, now: float) -> float | None:
        """When the limit of calls a second allows more."""
        return self._limits.next_wakeup(now)

    def explain(self, now: float) -> PacingState:
        """What it counts and why it decided as it did."""
        del now
        mode = "progressive" if self._budget_is_spent else self._mode
        return self._census.state(mode, self._last_decision, self._reason)

    @property
    def _budget_is_spent(self) -> bool:
        return self._budget is not None and self._budget.at_limit

    def _wanted(self) -> tuple[int, str]:
        census = self._census
        free = census.count(AgentPhase.AVAILABLE)
        if self._mode == "progressive" or self._budget_is_spent:
            pending = len(census.ringing) + len(census.waiting)
            reason = f"One call for each free agent: {free} free, {pending} calls under way."
            if self._mode != "progressive" and self._budget is not None:
                reason = f"{limit_is_reached(self._budget)} {reason}"
            return free - pending, reason
        agents = max(0.0, free - self._spoken_for) + census.going_on_here()
        goal = floor(self._lines_per_agent * agents)
        ratio = f"{self._lines_per_agent:g}"
        return (
            goal - census.lines,
            f"{ratio} lines for each of {agents:g} agents free or talking: {goal}, {census.lines} in use.",
        )


def limit_is_reached(budget: BudgetLooked) -> str:
    """The sentence that tells of a rule on abandoned calls that allows no more of them."""
    rate = f"{budget.rate or 0.0:.2%} of {budget.most_rate:.2%}"
    return f"The limit of abandoned calls is reached ({budget.rule}: {rate})."
