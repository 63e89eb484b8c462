"""What a pacer is told: frozen values, each with `at` in seconds on one clock. Identifiers are opaque."""

from collections.abc import Hashable
from dataclasses import dataclass


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
class AgentPreviewing:
    """The agent looks at a lead of this campaign; AgentReady and CallPlaced follow once it is dialed."""

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
class AgentWillPause:
    """The agent takes no more calls after the present one; not `will`: takes that back."""

    at: float
    agent: Hashable
    will: bool = True


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
class MessageEnded:
    """Who answered a call without agents, person or machine, has heard the message, or broken it off."""

    at: float
    call: Hashable


@dataclass(frozen=True)
class CallByMachine:
    """A machine answered: detection says so, or the agent who has talked with it."""

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


@dataclass(frozen=True)
class AgentsSpokenFor:
    """Other campaigns share agents with this one; told before each question, where any do."""

    at: float
    agents: float
    """How many of the agents, free or soon free, are expected to take calls of theirs."""


PacingEvent = (
    AgentReady
    | AgentTalking
    | AgentPreviewing
    | AgentWrapping
    | AgentPaused
    | AgentWillPause
    | AgentLeft
    | CallPlaced
    | CallFailed
    | CallUnanswered
    | CallAnswered
    | CallConnected
    | CallAbandoned
    | MessageEnded
    | CallByMachine
    | BudgetLooked
    | AgentsSpokenFor
)
