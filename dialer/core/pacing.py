"""How many calls to place now.

A pacer is fed events and asked for a number; it reads no clock. Times are seconds as floats on one
clock. Callers ask after events and at `next_wakeup`, at most four times a second.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import floor
from typing import Any, Literal, Protocol

DialMode = Literal["preview", "progressive", "power", "predictive", "agentless"]


@dataclass(frozen=True)
class PacingSettings:
    """What a campaign allows its pacer."""

    abandon_target: float = 0.03
    abandon_grace_s: float = 2.0
    ring_timeout_s: float = 25.0
    period_ends_at: float | None = None
    """When the legal period of the abandonment budget ends; None: unknown."""
    max_lines: int = 500
    max_calls_per_second: float = 50.0
    lines_per_agent: float = 1.0
    prior: Any | None = None
    """What is known from earlier shifts, or None."""


@dataclass(frozen=True)
class AgentReady:
    """Logged in, back from a pause, or finished wrapping up."""

    at: float
    agent: Hashable


@dataclass(frozen=True)
class AgentTalking:
    """A manual or another campaign's call took the agent; a dialed one is CallConnected."""

    at: float
    agent: Hashable


@dataclass(frozen=True)
class AgentWrapping:
    """The talk ended."""

    at: float
    agent: Hashable


@dataclass(frozen=True)
class AgentPaused:
    """The agent takes no calls; `expected_back` where it is known."""

    at: float
    agent: Hashable
    expected_back: float | None = None


@dataclass(frozen=True)
class AgentLeft:
    """The agent is gone for this shift."""

    at: float
    agent: Hashable


@dataclass(frozen=True)
class CallPlaced:
    """A call was placed; `answer_chance` where it is known."""

    at: float
    call: Hashable
    answer_chance: float | None = None


@dataclass(frozen=True)
class CallFailed:
    """Busy, invalid, or the network's fault."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class CallUnanswered:
    """Rang out, or given up."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class CallAnswered:
    """By a person; CallConnected or CallAbandoned follows."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class CallConnected:
    """The person has an agent, after waiting for `waited_s`."""

    at: float
    call: Hashable
    agent: Hashable
    waited_s: float


@dataclass(frozen=True)
class CallAbandoned:
    """The person met nobody."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class CallByMachine:
    """Detection says that a machine answered."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class BudgetLooked:
    """What the tightest rule on abandoned calls leaves of its legal period."""

    at: float
    rule: str
    rate: float | None
    """Abandoned / answered so far; None before anybody answered."""
    most_rate: float
    remaining: int
    """How many more people could be abandoned now within the rule."""
    period_ends_at: float
    at_limit: bool
    """Whether the rate has reached what the rule allows."""


PacingEvent = (
    AgentReady
    | AgentTalking
    | AgentWrapping
    | AgentPaused
    | AgentLeft
    | CallPlaced
    | CallFailed
    | CallUnanswered
    | CallAnswered
    | CallConnected
    | CallAbandoned
    | CallByMachine
    | BudgetLooked
)


@dataclass(frozen=True)
class PacingState:
    """What a pacer believes, and why it decided as it did."""

    mode: DialMode
    agents_available: int
    agents_talking: int
    agents_wrapping: int
    agents_paused: int
    calls_ringing: int
    calls_waiting: int
    calls_connected: int
    last_decision: int
    reason: str


class Pacer(Protocol):
    """Decides how many calls to place."""

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened.

        An agent is known from the first event that names them, a call from CallPlaced or CallConnected;
        other events of calls that it never heard of are ignored.
        """

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many calls to place now. `upcoming`: chances of an answer of the next leads, in order."""

    def next_wakeup(self, now: float) -> float | None:
        """When to ask again although nothing happened, or None."""

    def explain(self, now: float) -> PacingState:
        """What it believes and why it decided as it did."""


class UnsupportedDialMode(ValueError):
    """This version has no pacer for the mode."""

    code = "unsupported-dial-mode"


def make_pacer(mode: DialMode, settings: PacingSettings) -> Pacer:
    """The pacer of a dial mode. Raises UnsupportedDialMode."""
    if mode in ("progressive", "power"):
        return _RatioPacer(mode, settings)
    raise UnsupportedDialMode(f"The dial mode {mode} is not there yet; use progressive or power.")


class _AgentPhase(StrEnum):
    AVAILABLE = "available"
    TALKING = "talking"
    WRAPPING = "wrapping"
    PAUSED = "paused"


class _CallPhase(StrEnum):
    RINGING = "ringing"
    WAITING = "waiting"
    CONNECTED = "connected"


class _Census:
    """Who is doing what, counted from the events."""

    def __init__(self) -> None:
        self._agents: dict[Hashable, _AgentPhase] = {}
        self._calls: dict[Hashable, _CallPhase] = {}
        self._call_of_agent: dict[Hashable, Hashable] = {}

    def observe(self, event: PacingEvent) -> None:
        match event:
            case AgentReady(agent=agent):
                self._leave_call(agent)
                self._agents[agent] = _AgentPhase.AVAILABLE
            case AgentTalking(agent=agent):
                self._leave_call(agent)
                self._agents[agent] = _AgentPhase.TALKING
            case AgentWrapping(agent=agent):
                self._leave_call(agent)
                self._agents[agent] = _AgentPhase.WRAPPING
            case AgentPaused(agent=agent):
                self._leave_call(agent)
                self._agents[agent] = _AgentPhase.PAUSED
            case AgentLeft(agent=agent):
                self._leave_call(agent)
                self._agents.pop(agent, None)
            case CallPlaced(call=call):
                self._calls[call] = _CallPhase.RINGING
            case CallAnswered(call=call):
                if call in self._calls:
                    self._calls[call] = _CallPhase.WAITING
            case CallConnected(call=call, agent=agent):
                self._leave_call(agent)
                self._calls[call] = _CallPhase.CONNECTED
                self._call_of_agent[agent] = call
                self._agents[agent] = _AgentPhase.TALKING
            case BudgetLooked():
                pass
            case _:
                self._calls.pop(event.call, None)

    def agents(self, phase: _AgentPhase) -> int:
        return sum(each == phase for each in self._agents.values())

    def calls(self, phase: _CallPhase) -> int:
        return sum(each == phase for each in self._calls.values())

    def lines(self) -> int:
        return len(self._calls)

    def _leave_call(self, agent: Hashable) -> None:
        if (call := self._call_of_agent.pop(agent, None)) is not None:
            self._calls.pop(call, None)


class _RatioPacer:
    """Progressive: one call for each agent who is free. Power: a fixed number of lines per agent.

    Power counts the agents who are free or talking, as a manager reads "two lines per agent"; agents
    in wrap-up count once they are back. Lines are calls that ring, wait or talk. At the limit of abandoned
    calls power is progressive, until the rate has fallen below it.
    """

    def __init__(self, mode: Literal["progressive", "power"], settings: PacingSettings) -> None:
        self._mode = mode
        self._settings = settings
        self._census = _Census()
        self._budget: BudgetLooked | None = None
        self._placed: deque[float] = deque()
        self._limited_by_rate = False
        self._last_decision = 0
        self._reason = "Nothing has been asked yet."

    def observe(self, event: PacingEvent) -> None:
        self._census.observe(event)
        if isinstance(event, CallPlaced):
            self._placed.append(event.at)
        if isinstance(event, BudgetLooked):
            self._budget = event

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        del upcoming
        wanted, why = self._wanted()
        free_lines = self._settings.max_lines - self._census.lines()
        rate = self._rate_left(now)
        decision = max(0, min(wanted, free_lines, rate))
        self._limited_by_rate = wanted > rate and free_lines > rate
        if decision < wanted:
            limit = "calls a second" if rate <= free_lines else "lines"
            why += f" The limit of {limit} allows {decision}."
        self._last_decision, self._reason = decision, why
        return decision

    def next_wakeup(self, now: float) -> float | None:
        if not self._limited_by_rate:
            return None
        self._forget(now)
        return self._placed[0] + self._rate_window_s if self._placed else now

    def explain(self, now: float) -> PacingState:
        del now
        census = self._census
        return PacingState(
            mode="progressive" if self._limit_reached else self._mode,
            agents_available=census.agents(_AgentPhase.AVAILABLE),
            agents_talking=census.agents(_AgentPhase.TALKING),
            agents_wrapping=census.agents(_AgentPhase.WRAPPING),
            agents_paused=census.agents(_AgentPhase.PAUSED),
            calls_ringing=census.calls(_CallPhase.RINGING),
            calls_waiting=census.calls(_CallPhase.WAITING),
            calls_connected=census.calls(_CallPhase.CONNECTED),
            last_decision=self._last_decision,
            reason=self._reason,
        )

    @property
    def _limit_reached(self) -> bool:
        return self._budget is not None and self._budget.at_limit

    def _wanted(self) -> tuple[int, str]:
        census = self._census
        free = census.agents(_AgentPhase.AVAILABLE)
        if self._mode == "progressive" or self._limit_reached:
            pending = census.calls(_CallPhase.RINGING) + census.calls(_CallPhase.WAITING)
            reason = f"One call for each free agent: {free} free, {pending} calls under way."
            if self._mode != "progressive" and self._budget is not None:
                rate = self._budget.rate or 0.0
                limit = f"{self._budget.rule}: {rate:.2%} of {self._budget.most_rate:.2%}"
                reason = f"The limit of abandoned calls is reached ({limit}). {reason}"
            return free - pending, reason
        agents = free + census.agents(_AgentPhase.TALKING)
        lines = census.lines()
        goal = floor(self._settings.lines_per_agent * agents)
        ratio = f"{self._settings.lines_per_agent:g}"
        return (
            goal - lines,
            f"{ratio} lines for each of {agents} agents free or talking: {goal}, {lines} in use.",
        )

    def _rate_left(self, now: float) -> int:
        self._forget(now)
        return max(1, floor(self._settings.max_calls_per_second)) - len(self._placed)

    @property
    def _rate_window_s(self) -> float:
        """A second, or as long as one call has to wait where fewer than one a second are allowed."""
        return max(1.0, 1.0 / self._settings.max_calls_per_second)

    def _forget(self, now: float) -> None:
        while self._placed and self._placed[0] + self._rate_window_s <= now:
            self._placed.popleft()
