"""The report for an auditor: what was called, when, how often, and what the rules in force say of it now.

Reads a campaign's attempts in the order of their ids, some at a time and each time in a transaction of its
own, so that it takes the same memory however long the campaign is, and keeps no writer waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from campaigns.compliance.abandonment import Tallies, abandonment_rules, period_of
from campaigns.compliance.judging import Judge, rule_set_of, zones_of
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandonment_rules import LegalPeriod, budget, met_nobody
from campaigns.core.attempt import UNWANTED
from campaigns.core.audit import (
    ONE_DAY,
    SEVEN_DAYS,
    AuditBook,
    AuditedCall,
    DayOfCalls,
    OptOut,
    OptOuts,
    PeriodOfAnswers,
    count_within,
    period_of_answers,
)
from campaigns.core.campaign import AGENTLESS
from campaigns.core.disposition import Flag, flags_of
from campaigns.errors import InvalidInputError
from campaigns.reports.store import ReportStore
from campaigns.stores.audit import AuditStore, Denials, RecordedCall
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Campaign, Exemption, RuleSet

CALLS_AT_A_TIME = 500
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Calls that were asked by the same rules. `rule_set` is empty where the record does not say by which."""

    rule_set: str
    version: str
    """Of the rules' files."""
    jurisdictions: list[str]
    exemptions: list[str]
    """The rules that did not hold."""
    first_used_at: datetime | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionInForce:
    """A law's rule that did not hold for the client in the range, or in a part of it."""

    id: int
    rule: str
    granted_by: str
    reference: str
    recorded_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesHeard:
    """How many abandoned people heard the message; the others hung up before it began."""

    abandoned: int
    heard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReport:
    """What was called from `first_day` to `last_day` (UTC, both included), judged at `at`."""

    campaign_id: int
    campaign: str
    client: str
    kind: str
    dial_mode: str
    first_day: date
    last_day: date
    at: datetime
    rules_version: str
    """Of the rules by which the calls are judged anew."""
    calls: int
    outside_window: int
    not_judged: int
    most_within_24_hours: int
    most_within_7_days: int
    days: list[DayOfCalls]
    attempts_outside_window: list[int]
    opt_outs: OptOuts
    denials: list[Denials]
    abandonment: list[PeriodOfAnswers]
    messages: MessagesHeard
    decisions: list[Decisions]
    exemptions: list[ExemptionInForce]


async def audit(
    sessions: Sessions,
    rules: Rulebook,
    campaign_id: int,
    first_day: date | None,
    last_day: date | None,
    now: datetime,
) -> ComplianceReport:
    """The report of a campaign; without days, from its creation until `now`.

    Raises CampaignNotFoundError, and InvalidInputError where the first day comes after the last.
    """
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
    created, today = campaign.created_at.astimezone(UTC).date(), now.astimezone(UTC).date()
    first = created if first_day is None else first_day
    last = max(today, first) if last_day is None else last_day
    if first > last:
        raise InvalidInputError("--from comes after --to; give the earlier day first.")
    return await _Auditor(sessions, rules, campaign, (first, last), now).report()


class _Auditor:
    """Reads one campaign's records of a range of days."""

    def __init__(
        self, sessions: Sessions, rules: Rulebook, campaign: Campaign, days: tuple[date, date], now: datetime
    ) -> None:
        self._sessions = sessions
        self._rules = rules
        self._campaign = campaign
        self._days = days
        self._now = now
        # Nothing was called before the campaign was made; and a calendar ends somewhere.
        self._start = _midnight(max(days[0], campaign.created_at.astimezone(UTC).date()))
        self._end = _midnight(min(days[1], date.max - _DAY) + _DAY)
        self._book = AuditBook()
        self._judge = Judge(rules, campaign)

    async def report(self) -> ComplianceReport:
        campaign, book = self._campaign, self._book
        after: int | None = 0
        while after is not None:
            after = await self._read_calls(after)
        days = book.days()
        async with self._sessions() as session:
            return ComplianceReport(
                campaign_id=campaign.id,
                campaign=campaign.name,
                client=await ReportStore(session).client_slug(campaign.client_id),
                kind=campaign.kind,
                dial_mode=campaign.dial_mode,
                first_day=self._days[0],
                last_day=self._days[1],
                at=self._now,
                rules_version=self._rules.version,
                calls=sum(day.calls for day in days),
                outside_window=sum(day.outside_window for day in days),
                not_judged=sum(day.not_judged for day in days),
                most_within_24_hours=max((day.most_within_24_hours for day in days), default=0),
                most_within_7_days=max((day.most_within_7_days for day in days), default=0),
                days=days,
                attempts_outside_window=book.outside_window,
                opt_outs=book.opt_outs(),
                denials=await AuditStore(session, campaign).denials(*self._days),
                abandonment=await self._periods(session),
                messages=MessagesHeard(
                    abandoned=sum(day.abandoned for day in days),
                    heard=sum(day.heard_message for day in days),
                ),
                decisions=await self._decisions(session),
                exemptions=await self._exemptions(session),
            )

    async def _read_calls(self, after: int) -> int | None:
        """Counts the next calls; the last of them, None where there were none."""
        async with self._sessions() as session:
            store = AuditStore(session, self._campaign)
            calls = await store.calls(self._start, self._end, after, CALLS_AT_A_TIME)
            if not calls:
                return None
            await self._judge.learn(store, calls)
            times = [call.placed_at for call in calls]
            e164s = {call.e164 for call in calls} - {""}
            placed = await store.placed(e164s, min(times) - SEVEN_DAYS, max(times))
            debts = {call.debt for call in calls} - {""}
            about = await store.placed_about(debts, min(times) - SEVEN_DAYS, max(times))
            opt_outs = await _opt_outs(store, calls)
        for call in calls:
            instants = [placed.get(call.e164), about.get(call.debt)]
            self._book.add_call(self._audited(call, [each for each in instants if each is not None]))
        for call, opt_out in opt_outs:
            self._book.add_opt_out(call.placed_at, opt_out)
        return calls[-1].id

    def _audited(self, call: RecordedCall, placed: Sequence[Sequence[datetime]]) -> AuditedCall:
        at = call.placed_at
        answered, connected = call.answered_at is not None, call.connected_at is not None
        return AuditedCall(
            attempt_id=call.id,
            placed_at=at,
            zones=zones_of(call),
            in_window=self._judge.in_window(call),
            within_24_hours=max((count_within(each, at, ONE_DAY) for each in placed), default=None),
            within_7_days=max((count_within(each, at, SEVEN_DAYS) for each in placed), default=None),
            abandoned=self._campaign.dial_mode != AGENTLESS
            and met_nobody(call.outcome, answered=answered, connected=connected),
            heard_message=call.message_at is not None,
            rule_set=rule_set_of(call),
        )

    async def _periods(self, session: Session) -> list[PeriodOfAnswers]:
        """Each legal period that overlaps the range, from the first that has an answered call to the last.

        A rule's period is left out only where the client was exempt from the rule from its beginning to its
        end.
        """
        campaign, tallies = self._campaign, Tallies(session, self._campaign)
        exemptions = await ClientRulesStore(session).exemptions(campaign.client_id)
        found = []
        for country in await tallies.countries():
            first, last = await AuditStore(session, campaign).answered_between(country)
            for rule in abandonment_rules(self._rules, campaign, country):
                at = max(self._start, period_of(campaign, rule, first).start)
                end = min(self._end, period_of(campaign, rule, last).end)
                while at < end:
                    period = period_of(campaign, rule, at)
                    at = period.end
                    if any(each.rule_id == rule.id and _throughout(each, period) for each in exemptions):
                        continue
                    tally = await tallies.of(country, rule, period)
                    found.append(period_of_answers(country, rule, budget(rule, period, tally), tally))
        return found

    async def _decisions(self, session: Session) -> list[Decisions]:
        counts = self._book.rule_sets
        known = await AuditStore(session, self._campaign).rule_sets(set(counts) - {""})
        return [
            _decisions(fingerprint, known.get(fingerprint), calls)
            for fingerprint, calls in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        ]

    async def _exemptions(self, session: Session) -> list[ExemptionInForce]:
        return [
            ExemptionInForce(
                id=each.id,
                rule=each.rule_id,
                granted_by=each.granted_by,
                reference=each.reference,
                recorded_at=each.recorded_at,
                ended_at=each.ended_at,
            )
            for each in await ClientRulesStore(session).exemptions(self._campaign.client_id)
            if each.recorded_at < self._end and (each.ended_at is None or each.ended_at > self._start)
        ]


def _throughout(exemption: Exemption, period: LegalPeriod) -> bool:
    lasts = exemption.ended_at is None or exemption.ended_at >= period.end
    return exemption.recorded_at <= period.start and lasts


def _decisions(fingerprint: str, known: RuleSet | None, calls: int) -> Decisions:
    body = known.body if known else {}
    return Decisions(
        rule_set=fingerprint,
        version=body.get("version", ""),
        jurisdictions=body.get("jurisdictions", []),
        exemptions=[each["rule"] for each in body.get("exemptions", [])],
        first_used_at=known.first_used_at if known else None,
        calls=calls,
    )


async def _opt_outs(store: AuditStore, calls: Sequence[RecordedCall]) -> list[tuple[RecordedCall, OptOut]]:
    """Each opt-out in the calls: how soon it held, and how many calls came after it.

    One that was followed by another disposition is known by its do-not-call entry.
    """
    entered = await store.entered_by({call.id: call.e164 for call in calls if call.e164})
    asked = {call.id: at for call in calls if (at := _asked_at(call) or entered.get(call.id))}
    those = [call for call in calls if call.id in asked]
    since = await store.listed_since({call.e164 for call in those} - {""})
    later = await store.calls_after(asked)
    return [
        (
            call,
            OptOut(
                attempt_id=call.id,
                asked_at=asked[call.id],
                held_after_s=_seconds_between(asked[call.id], since.get(call.e164)),
                calls_after=later.get(call.id, 0) if call.e164 else None,
            ),
        )
        for call in those
    ]


def _asked_at(call: RecordedCall) -> datetime | None:
    """When the person asked not to be called again: to an agent, or by the phone's 607; None if neither."""
    if Flag.DNC in flags_of(call.disposition_flags):
        return call.disposition_at or call.placed_at
    return call.ended_at if call.sip_status == UNWANTED else None


def _seconds_between(asked: datetime | None, listed: datetime | None) -> float | None:
    """0 where the number was on a list before it was asked for."""
    if asked is None or listed is None:
        return None
    return max(0.0, (listed - asked).total_seconds())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
