"""Values around one call to one lead: from the claim, through the attempt, to its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from campaigns.core.compliance import Allow

AWAITING_DISPOSITION = "awaiting_disposition"
"""Why a lead is still `calling` when its talk is over."""

MAX_NOTES = 4000
"""Characters of an agent's notes that are kept."""

MAX_SIP_REASON = 200
"""Characters of a SIP reason that are kept; the peer may send any number."""


@dataclass(frozen=True, slots=True)
class ClaimedLead:
    """A lead that this process alone may call until `claimed_until`, with the phone to dial."""

    lead_id: int
    claimed_until: datetime
    attempts: int
    """Attempts so far in the campaign."""
    not_before: datetime | None
    best_time: str
    """When the person likes to be called, in local time, as in 17:00-20:00; empty for any time."""
    list_id: int
    phone_id: int
    e164: str
    zones: tuple[str, ...]
    """Every IANA zone that has to be open for a call."""
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class PermittedLead:
    """A claimed lead that compliance allowed to be called when it was selected."""

    lead: ClaimedLead
    permit: Allow


@dataclass(frozen=True, slots=True)
class StartedAttempt:
    """An attempt that is on record, so that its call may be placed. `number` is 1 for the lead's first."""

    attempt_id: int
    number: int
    lead_id: int
    e164: str


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt to be recorded before its call is placed."""

    lead_id: int
    phone_id: int
    e164: str
    number: int
    permit: dict[str, Any]


class AttemptChanges(TypedDict, total=False):
    """What may become known of a call while it lives."""

    ringing_at: datetime
    answered_at: datetime
    connected_at: datetime
    agent_id: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: its outcome, by whom (customer, agent, dialer, network), and SIP's last answer."""

    outcome: str
    ended_by: str = ""
    sip_status: int | None = None
    sip_reason: str = ""


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """What deciding about the lead needs to know of an attempt. `number` is 1 for the lead's first."""

    campaign_id: int
    lead_id: int
    phone_id: int
    number: int
    disposition: str


def plain_text(text: str, limit: int) -> str:
    """Text from outside as it may be stored: no control characters but line ends and tabs, cut at `limit`."""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")[:limit]
