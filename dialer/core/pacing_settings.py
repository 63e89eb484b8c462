"""What a campaign allows its pacer, what is known from earlier, and what a pacer tells managers."""

from dataclasses import dataclass
from typing import Literal

DialMode = Literal["preview", "progressive", "power", "predictive", "agentless"]


@dataclass(frozen=True)
class PacingPrior:
    """What is known of a campaign before its shift begins. None: not known."""

    answer_rate: float | None = None
    """Answered by a person / dialed."""
    dialed: float = 200.0
    """How many calls `answer_rate` rests on; so much it weighs."""
    mean_talk_s: float | None = None
    mean_wrap_s: float | None = None


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
    """The ratio of power dialing."""
    max_lines_per_agent: float | None = None
    """A limit in every mode with agents, for each agent at work; None: none."""
    prior: PacingPrior | None = None
    """What is known from earlier shifts."""


@dataclass(frozen=True)
class PacingState:
    """What a pacer believes, and why it decided as it did. None: not known to this pacer."""

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
    agents_previewing: int | None = None
    answered: int = 0
    """People who answered in this shift."""
    abandoned: int = 0
    answer_rate: float | None = None
    """The chance that the next call is answered by a person."""
    mean_ring_s: float | None = None
    """Until a person answers."""
    mean_talk_s: float | None = None
    mean_wrap_s: float | None = None
    expected_answers: float | None = None
    """Of the calls that ring now."""
    expected_free_agents: float | None = None
    """Agents who are free, or will be before the last of those calls can be answered."""
    abandon_risk: float | None = None
    """The chance that the person whom one more call reached would meet nobody."""
    most_abandon_risk: float | None = None
    """The risk up to which calls are placed."""
    budget_left: float | None = None
    """How many more people may be abandoned for the target, by the answers so far; below 0: over it."""
