"""Asks every rule of a policy whether a call may be made now, why not, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.calendar import Calendar, known_clocks
from campaigns.core.caller_ids import HELD_BY
from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.frequency import free_by_cooling, free_by_frequency
from campaigns.core.policy import Policy
from campaigns.core.rules import ConsentRule, CoolingRule, FrequencyRule, Rule, Span

_WHAT = {
    "abandoned": "a call was abandoned",
    "machine": "a machine was detected",
    "conversation": "there was a conversation",
    "refusal": "the person refused",
}


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule that forbids the call: a stable code, and a sentence for people.

    `until` is from when a rule on attempts no longer objects; for hours and days ask `next_allowed`. `final`:
    it will not pass by itself.
    """

    code: str
    rule_id: str
    sentence: str
    until: datetime | None = None
    final: bool = False


def rule_objections(
    policy: Policy, facts: Facts, history: Sequence[PastAttempt], now: datetime
) -> tuple[Objection, ...]:
    """Every rule that forbids the call at `now` (aware); none where it may be made.

    That all of them together never allow a call shows in `next_allowed` only.
    """
    found = [_caller_id(facts, now)]
    if not policy.calendar.is_open(facts.zones, now):
        found += _closed(policy, facts, now)
    found += [_frequency(rule, facts, history, now) for rule in policy.frequencies]
    found += [_cooling(rule, facts, history, now) for rule in policy.coolings]
    found += [_consent(rule, facts) for rule in policy.consents]
    return tuple(each for each in found if each is not None)


def next_allowed(
    policy: Policy, facts: Facts, objections: Sequence[Objection], now: datetime
) -> datetime | None:
    """The first instant (UTC) from `now` on when no rule objects, if nothing else happens; None if none.

    `objections` are what `rule_objections` answered at `now`.
    """
    if any(each.final for each in objections):
        return None
    later = [each.until for each in objections if each.until is not None]
    return policy.calendar.next_opening(facts.zones, max([now, *later]))


def explain(
    policy: Policy, facts: Facts, history: Sequence[PastAttempt], now: datetime
) -> tuple[tuple[Rule, Objection | None], ...]:
    """Every rule that was asked, with its objection; None where it has none."""
    answers: list[tuple[Rule, Objection | None]] = [
        (rule, _window(rule, calendar, facts, now)) for rule, calendar in policy.windows
    ]
    answers += [(rule, _frequency(rule, facts, history, now)) for rule in policy.frequencies]
    answers += [(rule, _cooling(rule, facts, history, now)) for rule in policy.coolings]
    answers += [(rule, _consent(rule, facts)) for rule in policy.consents]
    return tuple(answers)


def _caller_id(facts: Facts, now: datetime) -> Objection | None:
    held = facts.caller_id_held
    if held is None or held.until <= now:
        return None
    return Objection(held.code, HELD_BY[held.code], held.sentence, held.until)


def _closed(policy: Policy, facts: Facts, now: datetime) -> list[Objection | None]:
    if not _zones_known(facts):
        return [_zone_unknown("zone")]
    return [_window(rule, calendar, facts, now) for rule, calendar in policy.windows]


def _window(rule: Rule, calendar: Calendar, facts: Facts, now: datetime) -> Objection | None:
    if calendar.is_open(facts.zones, now):
        return None
    if not _zones_known(facts):
        return _zone_unknown(rule.id)
    closed = calendar.closed_day(facts.zones, now)
    if closed is not None:
        sentence = f"{rule.source}: it is {closed} where the number may be."
        return Objection("closed_day", rule.id, sentence)
    sentence = f"{rule.source}: the hour is outside its times where the number may be."
    return Objection("outside_callable_times", rule.id, sentence)


def _zones_known(facts: Facts) -> bool:
    return bool(facts.zones) and len(known_clocks(facts.zones)) == len(facts.zones)


def _zone_unknown(rule_id: str) -> Objection:
    sentence = "Nobody knows the time zones of the number and the address."
    return Objection("zone_unknown", rule_id, sentence, final=True)


def _frequency(
    rule: FrequencyRule, facts: Facts, history: Sequence[PastAttempt], now: datetime
) -> Objection | None:
    until = free_by_frequency(rule, facts, history)
    if until is None or until <= now:
        return None
    sentence = f"{rule.source}: there were {rule.most} attempts within {_in_words(rule.within)} already."
    return Objection("too_many_attempts", rule.id, sentence, until)


def _cooling(
    rule: CoolingRule, facts: Facts, history: Sequence[PastAttempt], now: datetime
) -> Objection | None:
    until = free_by_cooling(rule, facts, history)
    if until is None or until <= now:
        return None
    sentence = f"{rule.source}: {_WHAT[rule.after]}, and the rest of {_in_words(rule.rest)} is not over."
    return Objection(f"rest_after_{rule.after}", rule.id, sentence, until)


def _consent(rule: ConsentRule, facts: Facts) -> Objection | None:
    if any(channel in rule.channels and basis in rule.bases for channel, basis in facts.consents):
        return None
    if rule.channels & facts.withdrawn:
        return Objection(
            "consent_withdrawn", rule.id, f"{rule.source}: the consent was withdrawn.", final=True
        )
    sentence = f"{rule.source}: it takes a consent ({', '.join(sorted(rule.bases))}) that is not held."
    return Objection("consent_missing", rule.id, sentence, final=True)


def _in_words(span: Span) -> str:
    return f"{span.days} days" if span.days else f"{span.seconds / 3600:g} hours"
