"""What one call adds to the tallies that reports read, and under which key.

A tally is a sum over calls that are over. What changes a call afterwards takes back what it added before and
adds what it adds now, so that a tally is at any time what a recount of all calls gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntFlag
from functools import lru_cache
from operator import add, attrgetter

from campaigns.core.attempt import OUT
from campaigns.core.detection import (
    MACHINE_VERDICTS,
    PERSON_VERDICTS,
    Checks,
    DetectionFigures,
    checks_of,
    figures_of_checks,
)
from campaigns.core.disposition import Flag, flags_of
from campaigns.core.metrics import is_person

NO_AGENT = 0
"""The agent of a call in which none talked."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TalliedCall:
    """What of an attempt counts; the names are those of its columns."""

    id: int
    campaign_id: int
    lead_id: int
    direction: str
    list_id: int
    agent_id: int | None
    local_hour: int
    placed_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: str
    disposition: str
    disposition_flags: int
    amd_verdict: str


CALL_COLUMNS = tuple(each.name for each in fields(TalliedCall))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What decides how a call counts; calls of one kind count alike, but for their times."""

    outcome: str
    disposition_flags: int
    amd_verdict: str
    answered: bool
    talked: bool
    """Whether it was connected with an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of calls, and their times in milliseconds. Counts add up, term by term."""

    calls: int = 0
    answered: int = 0
    """By anything."""
    people: int = 0
    contacts: int = 0
    right_parties: int = 0
    conversions: int = 0
    abandoned: int = 0
    talks: int = 0
    talk_contacts: int = 0
    """Contacts among the talks; an agent's figures are of talks."""
    talk_conversions: int = 0
    said_person: int = 0
    """Which answering-machine detection took for people; then how many agents checked, and found wrong."""
    said_person_checked: int = 0
    said_person_wrong: int = 0
    said_machine: int = 0
    said_machine_checked: int = 0
    said_machine_wrong: int = 0
    ring_ms: int = 0
    """From the first ringing to the answer, or else to the end."""
    talk_ms: int = 0
    """From the agent to the end."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**dict(zip(COUNTS, map(add, _values(self), _values(other)), strict=True)))

    def __neg__(self) -> "Counts":
        return Counts(**{name: -getattr(self, name) for name in COUNTS})


COUNTS = tuple(each.name for each in fields(Counts))
_values = attrgetter(*COUNTS)


def as_row(counts: Counts) -> dict[str, int]:
    """By the names of COUNTS."""
    return dict(zip(COUNTS, _values(counts), strict=True))


class Reach(IntFlag):
    """How far the calls to one lead have come in a campaign; a lead has the sum of its calls'."""

    ATTEMPTED = 1
    ANSWERED = 2
    PERSON = 4
    CONTACT = 8
    RIGHT_PARTY = 16
    CONVERSION = 32


REACH_COUNTS = ("attempted", "answered", "people", "contacted", "right_parties", "converted")
"""What counts leads by each, in the order of `Reach`."""


@lru_cache(maxsize=4096)
def counts_of(kind: Kind) -> Counts:
    """What one call of a kind counts, without its times."""
    flags = flags_of(kind.disposition_flags)
    contact, conversion = Flag.CUSTOMER_CONTACT in flags, Flag.CONVERSION in flags
    nothing = Checks()
    said = checks_of(kind.amd_verdict, flags)
    person = said if kind.amd_verdict in PERSON_VERDICTS else nothing
    machine = said if kind.amd_verdict in MACHINE_VERDICTS else nothing
    return Counts(
        calls=1,
        answered=int(kind.answered),
        people=int(is_person(kind.outcome, flags)),
        contacts=int(contact),
        right_parties=int(Flag.RIGHT_PARTY in flags),
        conversions=int(conversion),
        abandoned=int(kind.outcome == "abandoned"),
        talks=int(kind.talked),
        talk_contacts=int(kind.talked and contact),
        talk_conversions=int(kind.talked and conversion),
        said_person=person.said,
        said_person_checked=person.checked,
        said_person_wrong=person.wrong,
        said_machine=machine.said,
        said_machine_checked=machine.checked,
        said_machine_wrong=machine.wrong,
    )


def kind_of(call: TalliedCall) -> Kind:
    """The kind that a call is of."""
    return Kind(
        outcome=call.outcome,
        disposition_flags=call.disposition_flags,
        amd_verdict=call.amd_verdict,
        answered=call.answered_at is not None,
        talked=call.connected_at is not None,
    )


def contribution(call: TalliedCall) -> Counts:
    """What a call adds; one that goes on has no length yet."""
    ring_ms = _milliseconds(call.ringing_at, call.answered_at or call.ended_at)
    talk_ms = _milliseconds(call.connected_at, call.ended_at)
    return counts_of(kind_of(call)) + Counts(ring_ms=ring_ms, talk_ms=talk_ms)


def reach_of(call: TalliedCall) -> Reach:
    """How far one call has come; one of the person's to us is no attempt of ours."""
    if call.direction != OUT:
        return Reach(0)
    counts = counts_of(kind_of(call))
    reached = (
        (Reach.ANSWERED, counts.answered),
        (Reach.PERSON, counts.people),
        (Reach.CONTACT, counts.contacts),
        (Reach.RIGHT_PARTY, counts.right_parties),
        (Reach.CONVERSION, counts.conversions),
    )
    return together([Reach.ATTEMPTED, *(each for each, count in reached if count)])


def together(reaches: Iterable[Reach]) -> Reach:
    """How far several calls to one lead have come."""
    found = Reach(0)
    for each in reaches:
        found |= each
    return found


def reach_counts(before: Reach, after: Reach) -> dict[str, int]:
    """By how much the counts of leads change where one lead's reach does; without those that do not."""
    changes = {}
    for name, reach in zip(REACH_COUNTS, Reach, strict=True):
        if difference := int(reach in after) - int(reach in before):
            changes[name] = difference
    return changes


def detection_of(counts: Counts) -> DetectionFigures:
    """How often answering-machine detection was wrong."""
    return figures_of_checks(
        person=Checks(counts.said_person, counts.said_person_checked, counts.said_person_wrong),
        machine=Checks(counts.said_machine, counts.said_machine_checked, counts.said_machine_wrong),
    )


def hour_of(at: datetime, clock: tzinfo) -> datetime:
    """When the hour began, on a client's clock, that `at` is in; as UTC.

    The hour that a clock goes through twice in autumn is two hours; the one that it skips in spring is none.
    """
    local = at.astimezone(clock)
    since = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at.astimezone(UTC) - since


def _milliseconds(start: datetime | None, end: datetime | None) -> int:
    """0 where one is not known, and where clocks went back."""
    return 0 if start is None or end is None else max(0, (end - start) // _MILLISECOND)
