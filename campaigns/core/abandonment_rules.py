"""The share of people who answered and got nobody, as each law counts it, and how many more there may be."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.calendar import start_of_day
from campaigns.core.rules import AbandonmentRule

_THIRTY_DAYS = timedelta(days=30)
_TINY = 1e-9
"""Keeps 3 of 100 from being more than 3 % by a rounding error."""


CUT_OFF = ("lost", "canceled", "unknown")
"""Outcomes of calls that ended by our fault or will."""


def met_nobody(outcome: str, *, answered: bool, connected: bool) -> bool:
    """Whether a person answered and got no agent: by its outcome, or since the call ended by our fault or
    will before there was one, which was silence for whoever had answered."""
    return outcome == "abandoned" or (outcome in CUT_OFF and answered and not connected)


@dataclass(frozen=True, slots=True)
class LegalPeriod:
    """A stretch that a law counts together: `start` is in it, `end` is not. Both are in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a campaign's answered calls in one legal period."""

    dropped: int
    """Answered, and no agent in time; a machine may have been among them where nothing tells."""
    live: int
    """Persons who talked to an agent."""
    machines_at_agents: int = 0
    """Calls that an agent was given, and marked as a machine."""
    machines_by_detection: int = 0
    """Calls that answering-machine detection ended."""
    false_positive_rate: float | None = None
    """The share of those that were persons after all, as measured; None where there is no detection."""

    def __post_init__(self) -> None:
        counts = (self.dropped, self.live, self.machines_at_agents, self.machines_by_detection)
        if min(counts) < 0 or not 0 <= (self.false_positive_rate or 0) <= 1:
            raise ValueError(f"{self} cannot have been counted")


@dataclass(frozen=True, slots=True)
class Share:
    """People who were abandoned, and all people who answered. Estimates make fractions of them."""

    abandoned: float
    answered: float

    @property
    def rate(self) -> float | None:
        """Abandoned / answered; None before anybody answered."""
        return self.abandoned / self.answered if self.answered else None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a rule leaves of its legal period."""

    rule_id: str
    period: LegalPeriod
    most_rate: float
    share: Share
    remaining: int
    """How many more people could be abandoned now without breaking the rule."""

    @property
    def at_limit(self) -> bool:
        """Whether the share has reached what the rule allows: dial one call for each free agent."""
        return self.share.rate is not None and self.share.rate >= self.most_rate

    @property
    def exhausted(self) -> bool:
        """Whether one more abandoned call would break the rule."""
        return self.remaining < 1

    @property
    def broken(self) -> bool:
        """Whether the rule is broken already."""
        return self.share.abandoned > self.most_rate * self.share.answered + _TINY


def legal_period(rule: AbandonmentRule, started_at: datetime, at: datetime) -> LegalPeriod:
    """The period that `at` is in, of a campaign that started at `started_at` (both aware).

    30 days: each begins where the last ended, the first at the campaign's start, so that they tumble and do
    not roll (16 CFR 310.4(b)(4)(i)). Days and calendar months go by the rule's zone. Raises ValueError for an
    instant before the start.
    """
    if at < started_at:
        raise ValueError(f"{at} is before the campaign's start")
    clock = ZoneInfo(rule.zone)
    local = at.astimezone(clock).date()
    match rule.period:
        case "30_days":
            first = started_at.astimezone(UTC)
            start = first + (at.astimezone(UTC) - first) // _THIRTY_DAYS * _THIRTY_DAYS
            return LegalPeriod(start, start + _THIRTY_DAYS)
        case "day":
            return LegalPeriod(start_of_day(clock, local), start_of_day(clock, local + timedelta(days=1)))
        case _:
            first_day = local.replace(day=1)
            following = (first_day + timedelta(days=31)).replace(day=1)
            return LegalPeriod(start_of_day(clock, first_day), start_of_day(clock, following))


def share(formula: str, tally: Tally) -> Share:
    """The share by a rule's formula.

    answered: dropped / (dropped + live). ofcom: D / (D + live), where D is what was dropped, less the share
    of machines among agents' calls where nothing detects machines, and with the people whom detection took
    for machines where something does (Ofcom, Tackling abandoned and silent calls, 2010).
    """
    abandoned: float = tally.dropped
    if formula == "ofcom":
        if tally.false_positive_rate is None:
            connected = tally.live + tally.machines_at_agents
            machines = tally.machines_at_agents / connected if connected else 0.0
            abandoned -= tally.dropped * machines
        else:
            abandoned += tally.machines_by_detection * tally.false_positive_rate
    return Share(abandoned, abandoned + tally.live)


def budget(rule: AbandonmentRule, period: LegalPeriod, tally: Tally) -> Budget:
    """What a rule leaves: the most x with (abandoned + x) / (answered + x) no more than its rate."""
    now = share(rule.formula, tally)
    if rule.most_rate >= 1:
        remaining = tally.live + tally.dropped + 1
    else:
        room = (rule.most_rate * now.answered - now.abandoned) / (1 - rule.most_rate)
        remaining = max(0, math.floor(room + _TINY))
    return Budget(rule.id, period, rule.most_rate, now, remaining)


def tightest(budgets: Iterable[Budget]) -> Budget | None:
    """One at its limit before all others, then the one that leaves the least; None where there is none."""
    return min(budgets, key=lambda each: (not each.at_limit, each.remaining, each.most_rate), default=None)
