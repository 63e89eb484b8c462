"""Values around one call to one lead: from the claim, through the attempt, to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

from campaigns.core.calling_window import clock_of
from campaigns.core.compliance import Allow
from campaigns.core.disposition import Flag, flags_of
from campaigns.core.jurisdiction import Place

AWAITING_DISPOSITION = "awaiting_disposition"
"""Why a lead is still `calling` when its talk is over."""

MAX_NOTES = 4000
"""Characters of an agent's notes that are kept."""

OUT, IN = "out", "in"
"""The direction of an attempt: we called the person, or the person called us."""

UNWANTED = 607
"""The SIP status by which a person says that this caller is not to call (RFC 8197)."""

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
    phone_region: str = ""
    """ISO 3166-1, of the number."""
    country: str = ""
    """Of the postal address, as `region` is; empty where it is not known."""
    region: str = ""
    timezone: str = ""
    """The lead's own, as its list's owner knows it; empty where only the number and the address tell."""
    language: str = ""
    """A BCP 47 tag, as the list's owner gave it."""
    callback_id: int | None = None
    """The callback for which it was claimed: the person has asked for the call."""


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
    list_id: int
    local_hour: int
    """0 to 23, on the callee's clock."""
    ring_at_least_s: float
    """How long the call rings at least before it may be given up, by every rule that holds."""
    claim_within_s: float
    """How soon after the answer an agent has to be there, or the message plays, by every rule that holds."""
    claim_from_answer: bool
    """Whether a rule counts that time from the answer; else from the end of the person's greeting."""
    permitted_at: datetime
    """When compliance allowed it; the permit is for that moment."""
    place: Place
    """Where the person may be."""
    caller_id: str
    """The number that the call shows, E.164."""
    display_name: str = ""
    """The name beside it; empty for none."""
    language: str = ""
    """The lead's, a BCP 47 tag; empty where nobody knows."""
    last_agent: int | None = None
    """Who had the last talk with the lead; told only where the campaign's routing asks for it."""


@dataclass(frozen=True, slots=True)
class NewInbound:
    """A call that came, to be recorded before it is answered: whose it is, and what they have called."""

    campaign_id: int
    lead_id: int
    phone_id: int
    list_id: int
    e164: str
    caller_id: str
    trunk: str
    local_hour: int = 0
    country: str = ""
    address_country: str = ""
    subject: str = ""
    debt: str = ""


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt to be recorded before its call is placed."""

    lead_id: int
    phone_id: int
    e164: str
    number: int
    permit: dict[str, Any]
    list_id: int
    local_hour: int = 0
    country: str = ""
    address_country: str = ""
    subject: str = ""
    debt: str = ""
    caller_id: str = ""


class AttemptChanges(TypedDict, total=False):
    """What may become known of a call while it lives."""

    ringing_at: datetime
    answered_at: datetime
    connected_at: datetime
    message_at: datetime
    agent_id: int
    amd_verdict: str
    amd_confidence: float
    amd_took_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: its outcome, by whom (customer, agent, dialer, network), and SIP's last answer.

    `q850_cause` is the telephone network's own, where a gateway told it (RFC 3326), and `heard` the tone of
    the network that said most of what was heard.
    """

    outcome: str
    ended_by: str = ""
    sip_status: int | None = None
    sip_reason: str = ""
    q850_cause: int | None = None
    heard: str = ""
    trunk: str = ""
    attestation: str = ""
    rerouted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """What deciding about the lead needs to know of an attempt. `number` is 1 for the lead's first."""

    campaign_id: int
    lead_id: int
    phone_id: int
    number: int
    disposition: str
    country: str = ""
    caller_id: str = ""
    answered_at: datetime | None = None
    list_id: int = 0
    local_hour: int = 0
    connected_at: datetime | None = None
    address_country: str = ""
    attempt_id: int = 0
    direction: str = OUT
    disposition_flags: int = 0

    @property
    def flags(self) -> frozenset[Flag]:
        """What its disposition meant when it was said."""
        return flags_of(self.disposition_flags)

    @property
    def countries(self) -> set[str]:
        """Where the person may be, by the number and by the address; "" is where nobody knows."""
        return {self.country, self.address_country or self.country}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsWanted:
    """Which attempts are asked for: those that have all of this, by the names of their columns. None: any."""

    campaign_ids: tuple[int, ...] | None = None
    direction: str | None = None
    list_id: int | None = None
    agent_id: int | None = None
    """0 for those in which no agent talked."""
    outcome: str | None = None
    """Empty for those that go on."""
    disposition: str | None = None
    trunk: str | None = None
    caller_id: str | None = None
    number: int | None = None
    local_hour: int | None = None
    country: str | None = None
    placed_from: datetime | None = None
    placed_before: datetime | None = None


EVERY_CALL = CallsWanted()


def plain_text(text: str, limit: int) -> str:
    """Text from outside as it may be stored: no control characters but line ends and tabs, cut at `limit`."""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")[:limit]


def local_hour(zones: Sequence[str], now: datetime) -> int:
    """The hour, 0 to 23, on the clock of the first of the zones; in UTC where there is none."""
    clock = clock_of(zones[0]) if zones else None
    return now.astimezone(clock or UTC).hour
