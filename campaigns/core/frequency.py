"""How often a person may be tried, and how long they are left alone after what happened.

Each rule answers with the instant from which it no longer objects, so that whether and when never disagree.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.abandonment_rules import met_nobody
from campaigns.core.calendar import known_clocks, start_of_day
from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.rules import CoolingRule, FrequencyRule, Span


def free_by_frequency(rule: FrequencyRule, facts: Facts, history: Iterable[PastAttempt]) -> datetime | None:
    """From when one more attempt keeps the rule (aware); None if it does at any time.

    Hours roll: an attempt counts until exactly so many hours later. Days are the callee's own, in every
    zone: within 7 days means today and the 6 days before.
    """
    if len(counted := _counted(rule, facts, history)) < rule.most:
        return None
    counted.sort(reverse=True)
    return _after(counted[rule.most - 1], rule.within, facts.zones, from_next_day=False)


def free_by_cooling(rule: CoolingRule, facts: Facts, history: Iterable[PastAttempt]) -> datetime | None:
    """From when the rest after the latest such event is over (aware); None if there was none.

    An event is taken to happen when its call ended, or was placed if nobody knows the end.
    """
    if rule.unless_agent_guaranteed and facts.agent_guaranteed:
        return None
    events = [
        _after(past.ended_at or past.at, rule.rest, facts.zones, from_next_day=rule.from_next_day)
        for past in history
        if _came_to(rule.after, past) and _concerns(rule, facts, past)
    ]
    return max(events, default=None)


def _counted(rule: FrequencyRule, facts: Facts, history: Iterable[PastAttempt]) -> list[datetime]:
    return [
        past.at
        for past in history
        if past.outcome not in rule.not_counted and not past.called_us and _concerns(rule, facts, past)
    ]


def _concerns(rule: FrequencyRule | CoolingRule, facts: Facts, past: PastAttempt) -> bool:
    """Whether a past attempt was to the same person about the same thing. Not known means the same.

    Who is called about one debt counts as one person, whatever the number and however often a list has them.
    """
    if rule.about == "debt" and facts.debt and past.debt == facts.debt:
        return True
    same_phone = past.e164 == facts.e164 and rule.of != "lead"
    same_lead = past.lead_id == facts.lead_id and rule.of != "phone"
    if not (same_phone or same_lead):
        return False
    match rule.about:
        case "subject":
            return past.subject == facts.subject or not past.subject or not facts.subject
        case "debt":
            return past.debt == facts.debt or not past.debt or not facts.debt
        case "campaign":
            return past.campaign_id == facts.campaign_id
        case _:
            return True


def _came_to(event: str, past: PastAttempt) -> bool:
    """A talk is a talk, whoever has called; but whoever calls us is abandoned by nobody."""
    match event:
        case "abandoned":
            return not past.called_us and met_nobody(
                past.outcome, answered=past.answered, connected=past.talked
            )
        case "machine":
            return past.machine or past.outcome == "machine"
        case "conversation":
            return past.talked
        case _:
            return past.refused


def _after(at: datetime, span: Span, zones: Sequence[str], *, from_next_day: bool) -> datetime:
    """The end of a span that begins at `at`: the last of the zones' ends where the span is of days."""
    if not span.days:
        return at + timedelta(seconds=span.seconds)
    days = timedelta(days=span.days + from_next_day)
    clocks = known_clocks(zones) or [ZoneInfo("UTC")]
    return max(start_of_day(clock, _local_date(at, clock) + days) for clock in clocks)


def _local_date(at: datetime, clock: ZoneInfo) -> date:
    return at.astimezone(clock).date()
