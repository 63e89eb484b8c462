"""Why a lead is or is not called: every rule with its answer, in sentences, and when it will be next.

Says what `compliance.permit` decides and never decides anything itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from campaigns.core.caller_ids import HELD_BY
from campaigns.core.compliance import RULES, Allow, Deny, Reason, Snapshot, permit
from campaigns.core.objections import Objection, explain
from campaigns.core.policy import OWN_CALENDAR
from campaigns.core.retry import WAITING_FOR_MESSAGE
from campaigns.core.rules import Rule, WindowRule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """What one rule says. `source` is what it was asked of; `code` is empty where it has no objection."""

    rule: str
    passed: bool
    code: str
    sentence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a lead is in a campaign. `state` is empty where the campaign has not taken it up."""

    state: str = ""
    reason: str = ""
    due_at: datetime | None = None
    """When a lead that waits is looked at again."""
    claimed_until: datetime | None = None
    phone: int = 1
    """Which of the lead's phones is asked about, from 1."""
    next_phone: int = 1
    """Which of them is to be dialed next."""
    load_is_over: bool = True
    """Whether the load that brought it is; until then no campaign takes it up."""


@dataclass(frozen=True, slots=True)
class ZoneTime:
    """What the clocks of a zone show (`local_time` has its offset), and whether calls are allowed there."""

    zone: str
    local_time: datetime | None
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a lead is callable at an instant, by which answers, and when it will be next."""

    callable_now: bool
    sentence: str
    rules: tuple[RuleAnswer, ...]
    next_callable_at: datetime | None
    """`at` itself if it is callable now; None if never, or when nobody can say."""


_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "campaign_running": "the campaign's state",
        "not_suppressed": "the do-not-call lists of everyone, the client and the campaign",
        "not_opted_out": "the client's calls to the lead",
        "attempts_left": "the campaign's max_attempts_per_lead",
        "quota_open": "the campaign's quotas, and the lead's data",
        "one_call_at_a_time": "the client's calls that are under way",
        "not_blocked_elsewhere": "the client's calls that a network blocked",
        "not_before": "the lead's not_before",
        "consent_not_withdrawn": "the client's records of consent",
        "best_time": "the lead's best_time",
        **dict.fromkeys(HELD_BY.values(), "the campaign's caller IDs"),
        "in_line": "the lead's place in the campaign",
        "phones_turn": "the lead's phones",
    }
)

_STATE_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "": "The campaign has not taken the lead up yet.",
        "ready": "The lead stands in line.",
        "calling": "The lead is being called, or its agent has not said yet what the call came to.",
        "claimed": "The lead is taken by the dialer, to be called at once or shown to an agent.",
    }
)


def judge(snapshot: Snapshot, standing: Standing, at: datetime) -> Verdict:
    """Whether a lead can be called at `at` (aware), by every rule and by its place in the campaign."""
    at = at.astimezone(UTC)
    rules = (*explain_rules(snapshot, at), _in_line(standing, at), _phones_turn(standing))
    objections = [each for each in rules if not each.passed]
    if not objections:
        return Verdict(callable_now=True, sentence="It can be called now.", rules=rules, next_callable_at=at)
    why = " ".join(dict.fromkeys(each.sentence for each in objections))
    return Verdict(
        callable_now=False,
        sentence=f"It is not called now. {why}",
        rules=rules,
        next_callable_at=next_callable_at(snapshot, standing, at),
    )


def explain_rules(snapshot: Snapshot, at: datetime) -> tuple[RuleAnswer, ...]:
    """Every rule of compliance with its answer, in the order in which they are asked."""
    answer = permit(snapshot, at)
    reasons = {each.rule: each for each in answer.reasons} if isinstance(answer, Deny) else {}
    answers = [_answer(rule, reasons.pop(rule, None), snapshot, at) for rule in RULES]
    for rule, objection in explain(snapshot.policy, snapshot.facts, snapshot.history, at):
        reasons.pop(rule.id, None)
        if objection is not None and objection.code == "zone_unknown":
            reasons.pop("zone", None)
        answers.append(_lawful(rule, objection, snapshot, at))
    return (*answers, *(_answer(each.rule, each, snapshot, at) for each in reasons.values()))


def next_callable_at(snapshot: Snapshot, standing: Standing, at: datetime) -> datetime | None:
    """When a lead can first be called from `at` on, as far as can be told now; None if never or unknown."""
    if standing.state in ("final", "calling") or standing.phone != standing.next_phone:
        return None
    start = at
    if standing.state == "waiting" and standing.due_at is not None:
        start = max(start, standing.due_at)
    if standing.state == "claimed" and standing.claimed_until is not None:
        start = max(start, standing.claimed_until)
    answer = permit(snapshot, start)
    return answer.at if isinstance(answer, Allow) else answer.next_time


def zone_times(snapshot: Snapshot, at: datetime) -> tuple[ZoneTime, ...]:
    """The clocks of every zone that has to be open."""
    return tuple(
        ZoneTime(zone, _local(zone, at), snapshot.policy.calendar.is_open([zone], at))
        for zone in snapshot.facts.zones
    )


def standing_sentence(standing: Standing) -> str:
    """A lead's place in a campaign, for people."""
    reason = standing.reason.replace("_", " ")
    if not standing.state and not standing.load_is_over:
        return "The load that brings the lead is not over; if it was cut off, load the file again."
    if standing.state == "waiting":
        until = f" until {standing.due_at.isoformat()}" if standing.due_at else ""
        if standing.reason == WAITING_FOR_MESSAGE:
            return f"The lead's first call waits for its message,{until} at the latest ({reason})."
        return f"The lead waits{until} ({reason})."
    if standing.state == "final":
        return f"The lead is done with for good ({reason})."
    return _STATE_SENTENCES.get(standing.state, f"The lead is {standing.state} ({reason}).")


def _in_line(standing: Standing, at: datetime) -> RuleAnswer:
    due = standing.state == "waiting" and standing.due_at is not None and standing.due_at <= at
    freed = (
        standing.state == "claimed" and standing.claimed_until is not None and standing.claimed_until <= at
    )
    passed = standing.state == "ready" or due or freed
    return RuleAnswer(
        rule="in_line",
        passed=passed,
        code="" if passed else standing.reason or "not_taken_up",
        sentence="The lead stands in line." if passed else standing_sentence(standing),
        source=_SOURCES["in_line"],
    )


def _phones_turn(standing: Standing) -> RuleAnswer:
    passed = standing.phone == standing.next_phone
    turn = "It is the phone of the lead that is dialed next."
    later = f"It is the lead's phone {standing.phone}; its phone {standing.next_phone} is dialed next."
    return RuleAnswer(
        rule="phones_turn",
        passed=passed,
        code="" if passed else "another_phone_next",
        sentence=turn if passed else later,
        source=_SOURCES["phones_turn"],
    )


def _answer(rule: str, objection: Reason | None, snapshot: Snapshot, at: datetime) -> RuleAnswer:
    return RuleAnswer(
        rule=rule,
        passed=objection is None,
        code="" if objection is None else objection.code,
        sentence=_consent_of(rule, snapshot, at) if objection is None else objection.sentence,
        source=_SOURCES.get(rule, "compliance"),
    )


def _lawful(rule: Rule, objection: Objection | None, snapshot: Snapshot, at: datetime) -> RuleAnswer:
    sentence = "It has no objection."
    if objection is not None:
        sentence = objection.sentence
    elif isinstance(rule, WindowRule) or rule is OWN_CALENDAR:
        clocks = ", ".join(f"{_clock(zone, at)} in {zone}" for zone in snapshot.facts.zones)
        sentence = f"It is {clocks}: within its times."
    return RuleAnswer(
        rule=rule.id,
        passed=objection is None,
        code="" if objection is None else objection.code,
        sentence=sentence,
        source=rule.source if rule.checked else f"{rule.source} (not read in its own text)",
    )


def _consent_of(rule: str, snapshot: Snapshot, at: datetime) -> str:
    """What a rule says that has no objection."""
    match rule:
        case "campaign_running":
            return "The campaign is running."
        case "not_suppressed":
            return "The number is on no do-not-call list that counts here."
        case "attempts_left":
            return f"The lead has had {snapshot.attempts} of at most {snapshot.max_attempts} attempts."
        case "quota_open":
            return "No quota is full that the lead counts for by its data."
        case "not_before":
            since = snapshot.not_before
            return f"The lead may be called since {since.isoformat()}." if since else "No first time is set."
        case "one_call_at_a_time":
            return "No other call to the number or the lead is under way."
        case "not_blocked_elsewhere":
            return "No network has blocked a call to the number that showed another caller ID."
        case "consent_not_withdrawn":
            return "The person has not withdrawn a consent to be called."
        case "best_time":
            liked = snapshot.best_time
            return f"The person likes to be called at {liked}." if liked else "The person named no best time."
    return "The rule has no objection."


def _local(zone: str, at: datetime) -> datetime | None:
    try:
        return at.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return None


def _clock(zone: str, at: datetime) -> str:
    local = _local(zone, at)
    return f"{local:%a %H:%M}" if local else "?"
