"""What an auditor reads of a campaign: its calls by day, its opt-outs, its abandoned calls by legal period.

Counts what is on record, and judges each call's hour anew; nothing here decides about a call.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from campaigns.core.abandonment_rules import Budget, Tally
from campaigns.core.calendar import Calendar, known_clocks
from campaigns.core.rules import AbandonmentRule

ONE_DAY = timedelta(hours=24)
SEVEN_DAYS = timedelta(days=7)
MOST_LISTED = 1000
"""Opt-outs, and calls outside their window, that are listed one by one; all of them are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCall:
    """One attempt, as it is on record."""

    attempt_id: int
    placed_at: datetime
    zones: tuple[str, ...]
    """Those that had to be open; none where the record does not say."""
    in_window: bool | None
    """Whether all of them were, as judged now; None where nobody can tell."""
    within_24_hours: int | None
    """The client's attempts to the number in the 24 hours up to this one, itself included, or about its debt
    where those are more; None where neither is kept any more."""
    within_7_days: int | None
    abandoned: bool
    heard_message: bool
    """Whether the message began that a person hears who gets no agent in time."""
    rule_set: str
    """The fingerprint of the rules it was asked by; empty where the record does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A person who asked not to be called again. Without the number, which may no longer be kept."""

    attempt_id: int
    asked_at: datetime
    held_after_s: float | None
    """From the disposition to the do-not-call entry; None where there is none, or nobody can tell."""
    calls_after: int | None
    """The client's calls to the number after it; None where the number is no longer kept."""

    @property
    def good(self) -> bool:
        """Whether it is on record that it held, and that nobody called again."""
        return self.held_after_s is not None and self.calls_after == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOuts:
    """All opt-outs of a range. `held` + `not_held` + `not_known` are all of them."""

    count: int
    held: int
    not_held: int
    """Without a do-not-call entry."""
    not_known: int
    """Whose number is no longer kept."""
    slowest_s: float | None
    calls_after: int
    listed: list[OptOut]
    """Each of them, MOST_LISTED at most; those with something amiss come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfCalls:
    """The calls that were placed on one day (UTC). Local times are those of the zone where they are
    strictest: the earliest where it was earliest, the latest where it was latest."""

    day: date
    calls: int
    earliest: time | None
    latest: time | None
    outside_window: int
    not_judged: int
    """Calls whose record does not say in which zones the number might be."""
    most_within_24_hours: int
    most_within_7_days: int
    number_not_kept: int
    """Calls that are not in the two figures before."""
    abandoned: int
    heard_message: int
    """Those of the abandoned who heard the message; the others hung up before it began."""
    opt_outs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOfAnswers:
    """Abandoned calls to one country in one legal period of one rule."""

    country: str
    rule: str
    source: str
    start: datetime
    end: datetime
    """Not in it."""
    dropped: int
    live: int
    machines_at_agents: int
    machines_by_detection: int
    abandoned: float
    """`dropped` as the rule's formula counts it; the share is of this and `live`."""
    share: float | None
    limit: float
    over: bool


class AuditBook:
    """Counts calls and opt-outs as they are read, in any order; holds no more than a line a day."""

    def __init__(self) -> None:
        self._days: dict[date, _Day] = {}
        self._opt_outs = _OptOuts()
        self.outside_window: list[int] = []
        """The attempts outside their window, the first MOST_LISTED of them."""
        self.rule_sets: Counter[str] = Counter()
        """Calls by the fingerprint of the rules they were asked by."""

    def add_call(self, call: AuditedCall) -> None:
        """Counts a call."""
        self._day(call.placed_at).add(call)
        self.rule_sets[call.rule_set] += 1
        if call.in_window is False and len(self.outside_window) < MOST_LISTED:
            self.outside_window.append(call.attempt_id)

    def add_opt_out(self, placed_at: datetime, opt_out: OptOut) -> None:
        """Counts the opt-out of a call that was placed then."""
        self._day(placed_at).opt_outs += 1
        self._opt_outs.add(opt_out)

    def days(self) -> list[DayOfCalls]:
        """The days on which calls were placed, in order."""
        return [day.figures(at) for at, day in sorted(self._days.items())]

    def opt_outs(self) -> OptOuts:
        """All opt-outs."""
        return self._opt_outs.figures()

    def _day(self, at: datetime) -> "_Day":
        return self._days.setdefault(at.astimezone(UTC).date(), _Day())


def in_window(calendar: Calendar, zones: Sequence[str], at: datetime) -> bool | None:
    """Whether a call at `at` (aware) was in its window in every zone; None where no zone is on record."""
    return calendar.is_open(zones, at) if zones else None


def count_within(placed: Sequence[datetime], at: datetime, span: timedelta) -> int:
    """How many of the instants (in order) are in the span up to `at`; one exactly so long ago is not."""
    return bisect_right(placed, at) - bisect_right(placed, at - span)


def period_of_answers(country: str, rule: AbandonmentRule, budget: Budget, tally: Tally) -> PeriodOfAnswers:
    """One line of the report, from what a rule leaves of a period and what was counted in it."""
    return PeriodOfAnswers(
        country=country,
        rule=rule.id,
        source=rule.source,
        start=budget.period.start,
        end=budget.period.end,
        dropped=tally.dropped,
        live=tally.live,
        machines_at_agents=tally.machines_at_agents,
        machines_by_detection=tally.machines_by_detection,
        abandoned=budget.share.abandoned,
        share=budget.share.rate,
        limit=rule.most_rate,
        over=budget.broken,
    )


class _Day:
    def __init__(self) -> None:
        self.calls = self.outside = self.not_judged = self.not_kept = self.abandoned = self.opt_outs = 0
        self.heard_message = 0
        self.most_24 = self.most_7 = 0
        self.earliest: time | None = None
        self.latest: time | None = None

    def add(self, call: AuditedCall) -> None:
        self.calls += 1
        self.outside += call.in_window is False
        self.not_judged += call.in_window is None
        self.abandoned += call.abandoned
        self.heard_message += call.abandoned and call.heard_message
        if call.within_24_hours is None or call.within_7_days is None:
            self.not_kept += 1
        else:
            self.most_24 = max(self.most_24, call.within_24_hours)
            self.most_7 = max(self.most_7, call.within_7_days)
        for clock in known_clocks(call.zones):
            local = call.placed_at.astimezone(clock).time()
            self.earliest = local if self.earliest is None else min(self.earliest, local)
            self.latest = local if self.latest is None else max(self.latest, local)

    def figures(self, day: date) -> DayOfCalls:
        return DayOfCalls(
            day=day,
            calls=self.calls,
            earliest=self.earliest,
            latest=self.latest,
            outside_window=self.outside,
            not_judged=self.not_judged,
            most_within_24_hours=self.most_24,
            most_within_7_days=self.most_7,
            number_not_kept=self.not_kept,
            abandoned=self.abandoned,
            heard_message=self.heard_message,
            opt_outs=self.opt_outs,
        )


class _OptOuts:
    def __init__(self) -> None:
        self._held = self._not_held = self._not_known = self._calls_after = 0
        self._slowest_s: float | None = None
        self._amiss: list[OptOut] = []
        self._good: list[OptOut] = []

    def add(self, opt_out: OptOut) -> None:
        if opt_out.calls_after is None:
            self._not_known += 1
        elif opt_out.held_after_s is None:
            self._not_held += 1
        else:
            self._held += 1
            self._slowest_s = max(self._slowest_s or 0.0, opt_out.held_after_s)
        self._calls_after += opt_out.calls_after or 0
        listed = self._good if opt_out.good else self._amiss
        if len(listed) < MOST_LISTED:
            listed.append(opt_out)

    def figures(self) -> OptOuts:
        return OptOuts(
            count=self._held + self._not_held + self._not_known,
            held=self._held,
            not_held=self._not_held,
            not_known=self._not_known,
            slowest_s=self._slowest_s,
            calls_after=self._calls_after,
            listed=[*self._amiss, *self._good][:MOST_LISTED],
        )
