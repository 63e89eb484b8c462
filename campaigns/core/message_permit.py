"""May this message be sent now? Asked just before it is. Unknown means no.

What laws and clients say about the hours of calls holds for messages: they wake people as well. Beyond that a
message needs the person's consent to its channel, that holds at this moment; an invitation to what the person
has agreed to needs none, but nothing is sent against a consent that was withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.calendar import Calendar
from leads.core.consent import Channel, ConsentRecord, consent_holds, withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """All that is looked at."""

    channel: Channel
    address: str
    erased: bool
    expires_at: datetime | None
    suppressed: bool
    """Whether the number is on a do-not-call list: text messages are unwanted there, too."""
    unusable: bool
    """Whether the address is known to lead nowhere."""
    awaited: bool
    """Whether the person has just agreed to what it tells of: an invitation, or a change of one."""
    consents: Sequence[ConsentRecord]
    """Of the number, or of the e-mail address."""
    zones: tuple[str, ...]
    """Every IANA zone that the person may be in; none if it is not known."""
    calendar: Calendar
    """The hours and days of the laws and the client, where the person may be."""


@dataclass(frozen=True, slots=True)
class Send:
    """It may be sent now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not before `at`, for the reason of that code."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Never:
    """Not at all. `expired`: nobody forbids it, it is of no use any more."""

    reason: str
    expired: bool = False


Answer = Send | Later | Never


def may_send(facts: MessageFacts, now: datetime) -> Answer:
    """The answer for one message; `now` is aware."""
    if reason := _for_good(facts, now):
        return Never(reason)
    if facts.expires_at is not None and now >= facts.expires_at:
        return Never("too_late", expired=True)
    if facts.calendar.is_open(facts.zones, now):
        return Send()
    opens = facts.calendar.next_opening(facts.zones, now)
    if opens is None:
        return Never("zone_unknown" if not facts.zones else "never_allowed")
    if facts.expires_at is not None and opens >= facts.expires_at:
        return Never("too_late", expired=True)
    return Later(opens, "quiet_hours")


def _for_good(facts: MessageFacts, now: datetime) -> str:
    """Why no time will make it allowed; empty where one may."""
    if facts.erased or not facts.address:
        return "erased"
    if facts.suppressed:
        return "on_dnc_list"
    if facts.unusable:
        return "address_unusable"
    if facts.channel in withdrawn(facts.consents, now):
        return "consent_withdrawn"
    if not facts.awaited and not consent_holds(facts.consents, facts.channel, now):
        return "no_consent"
    return ""
