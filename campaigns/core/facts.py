"""What the rules look at besides the clock: the call that is asked for, and the calls that went before."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """An earlier attempt. Nobody needs to sort them or to leave out those that do not matter."""

    at: datetime
    """When it was placed; aware."""
    outcome: str
    """A name of campaigns.core.retry.OUTCOMES; empty while the call lives."""
    e164: str
    lead_id: int
    campaign_id: int = 0
    subject: str = ""
    """What it was about, as the campaign names it; empty if nobody said."""
    debt: str = ""
    """Which debt it was about; empty if nobody said."""
    ended_at: datetime | None = None
    talked: bool = False
    """Whether an agent and a person talked."""
    refused: bool = False
    """Whether the person refused the offer, by its disposition."""
    machine: bool = False
    """Whether a machine was detected, by its outcome or its disposition."""
    caller_id: str = ""
    """The number that it showed."""
    answered: bool = False
    """Whether somebody, or something, answered."""
    called_us: bool = False
    """Whether the person called: no call of ours, but what was said in it holds."""
    undecided: bool = False
    """Whether they have talked, and nobody has said yet what it came to."""
    opted_out: bool = False
    """Whether the person asked not to be called again, by its disposition or by the phone's 607."""


@dataclass(frozen=True, slots=True)
class CallerIdHeld:
    """Why no caller ID may be shown for a call yet; see `campaigns.core.caller_ids`."""

    code: str
    sentence: str
    until: datetime
    """When to ask again."""
    caller_id: str = ""
    """The number that is waited for, where there is one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The call that is asked for."""

    zones: tuple[str, ...]
    """Every IANA zone that the person may be in; none if it is not known."""
    e164: str
    lead_id: int
    campaign_id: int = 0
    subject: str = ""
    debt: str = ""
    consents: frozenset[tuple[str, str]] = frozenset()
    """(channel, basis) of each consent that is held and not withdrawn."""
    withdrawn: frozenset[str] = frozenset()
    """Channels whose consent was withdrawn."""
    agent_guaranteed: bool = False
    """Whether an agent waits for this very call, so that it cannot be abandoned."""
    caller_id: str = ""
    """The number that it is to show."""
    caller_id_held: CallerIdHeld | None = None
    """Why no number may be shown yet; None where one may."""
