"""A lead that an agent looks at before it is dialed. Times are Unix seconds."""

from dataclasses import dataclass
from typing import Literal

from campaigns.core.attempt import PermittedLead

PreviewThen = Literal["dial", "skip"]


@dataclass(frozen=True)
class PreviewRule:
    """How long an agent may look at a lead, and what happens then; no `limit_s`: as long as they want."""

    limit_s: float | None = None
    then: PreviewThen = "dial"


@dataclass
class Preview:
    """A claimed lead that one agent sees and nobody else is called for."""

    session: int
    campaign: int
    permitted: PermittedLead
    """The lead as it was claimed; its claim is kept for as long as the agent looks at it."""
    since: float
    until: float | None
    """When the time for it is over; None: never."""
    then: PreviewThen
    asked: bool = False
    """The agent, or the timer, wants it dialed, and it waits for its turn."""
    dialing: bool = False
    """Its turn has come, and compliance is being asked again."""
    phone: int | None = None
    """Another of the lead's phones, by its id, that the agent wants dialed."""


class NoPreview(LookupError):
    """The agent looks at no lead now, or has it dialed already."""

    code = "no-preview"


class NotFreeToCall(LookupError):
    """The agent has somebody, or no softphone, and can call nobody of their own choice now."""

    code = "agent-not-free"
