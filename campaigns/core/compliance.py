"""May this number be called now? Asked when a lead is selected and just before its call. Unknown means no.

The laws' rules and the client's own come as a `Policy`; what else a call needs is asked here. A person's
best time is a wish, not a law: it only puts a call off, and one that can never be met is ignored.

The answer is a value that says what was asked and why not, kept with the attempt or with the denied lead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.core.best_time import best_times
from campaigns.core.calendar import Calendar
from campaigns.core.campaign import AGENTLESS
from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.objections import Objection, next_allowed, rule_objections
from campaigns.core.policy import Policy
from campaigns.core.quotas import QUOTA_FULL

_LOOK_AGAIN = timedelta(minutes=1)
"""When to ask again about a number that is just being called."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the rules look at."""

    campaign_running: bool
    suppressed: str | None
    """Why the number may not be called at all, as a sentence; None if it may."""
    attempts: int
    """Attempts so far in this campaign."""
    max_attempts: int
    policy: Policy
    """The rules of every law that matches, and the client's and campaign's own."""
    facts: Facts
    history: Sequence[PastAttempt] = ()
    """Earlier attempts to the number or the lead, in any order, as far back as a rule looks."""
    not_before: datetime | None = None
    best_time: str = ""
    """When the person likes to be called, in local time, as in 17:00-20:00; empty for any time."""
    quota_full: str | None = None
    """Why the survey needs nobody like this person any more, as a sentence; None if it does."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a call is denied: a stable code and a sentence for people. `final`: it will not pass by itself.

    `rule` is the id of a law's rule, or one of RULES.
    """

    code: str
    sentence: str
    final: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """The call may be made at `at`."""

    at: datetime
    facts: Facts
    policy: Policy

    def to_json(self) -> dict[str, Any]:
        """What was asked and answered, to be kept."""
        return {"decision": "allow"} | _asked(self)


@dataclass(frozen=True, slots=True)
class Deny:
    """The call may not be made. `next_time` is when to ask again; None if never, or when nobody can say."""

    at: datetime
    facts: Facts
    policy: Policy
    reasons: tuple[Reason, ...]
    next_time: datetime | None

    @property
    def final(self) -> bool:
        """Whether no time will make it allowed."""
        return any(reason.final for reason in self.reasons)

    @property
    def final_codes(self) -> frozenset[str]:
        """The codes of the reasons that will not pass."""
        return frozenset(reason.code for reason in self.reasons if reason.final)

    @property
    def code(self) -> str:
        """The code of the weightiest reason: a final one before one that passes."""
        return min(self.reasons, key=lambda reason: not reason.final).code

    def to_json(self) -> dict[str, Any]:
        """What was asked and answered, to be kept."""
        return {
            "decision": "deny",
            **_asked(self),
            "reasons": [
                {"rule": each.rule, "code": each.code, "sentence": each.sentence} for each in self.reasons
            ],
            "next_time": self.next_time.isoformat() if self.next_time else None,
        }


def permit(snapshot: Snapshot, now: datetime) -> Allow | Deny:
    """Ask every rule; the call is allowed when none objects. `now` is aware."""
    now = now.astimezone(UTC)
    reasons = [reason for rule in _RULES if (reason := rule(snapshot, now)) is not None]
    objections = rule_objections(snapshot.policy, snapshot.facts, snapshot.history, now)
    reasons += [Reason(each.code, each.sentence, each.final, each.rule_id) for each in objections]
    if not reasons:
        return Allow(now, snapshot.facts, snapshot.policy)
    next_time = None
    if not any(reason.final for reason in reasons):
        next_time = _next_time(snapshot, objections, now)
        if next_time is None:
            reasons.append(_NEVER)
        elif not snapshot.campaign_running:
            next_time = None
    return Deny(now, snapshot.facts, snapshot.policy, tuple(reasons), next_time)


def _next_time(snapshot: Snapshot, objections: Sequence[Objection], now: datetime) -> datetime | None:
    start = max(now, snapshot.not_before or now)
    if _call_under_way(snapshot):
        start = max(start, now + _LOOK_AGAIN)
    if preferred := _preferred_times(snapshot):
        later = [each.until for each in objections if each.until is not None]
        liked = preferred.next_opening(snapshot.facts.zones, max([start, *later]))
        if liked is not None:
            return liked
    return next_allowed(snapshot.policy, snapshot.facts, objections, start)


def _preferred_times(snapshot: Snapshot) -> Calendar | None:
    """When calls are allowed and liked; None where no time was named, or nothing is both."""
    if not snapshot.best_time:
        return None
    calendar = snapshot.policy.calendar
    liked = best_times(calendar.times, snapshot.best_time)
    return Calendar(liked, calendar.closed_on, calendar.holidays) if liked else None


def _running(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.campaign_running:
        return None
    return Reason("campaign_not_running", "The campaign is not running.", rule="campaign_running")


def _not_suppressed(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.suppressed is None:
        return None
    sentence = snapshot.suppressed or "The number is on a do-not-call list."
    return Reason("on_dnc_list", sentence, final=True, rule="not_suppressed")


def _not_opted_out(snapshot: Snapshot, now: datetime) -> Reason | None:
    """An opt-out is the person's: a number that the lead got afterwards is not called either."""
    lead_id = snapshot.facts.lead_id
    if not any(past.opted_out and past.lead_id == lead_id for past in snapshot.history):
        return None
    sentence = "The person asked not to be called again."
    return Reason("opted_out", sentence, final=True, rule="not_opted_out")


def _not_withdrawn(snapshot: Snapshot, now: datetime) -> Reason | None:
    channels = {"call", "automated_call"} if snapshot.policy.dial_mode == AGENTLESS else {"call"}
    if channels.isdisjoint(snapshot.facts.withdrawn):
        return None
    sentence = "The person has withdrawn the consent to be called."
    return Reason("consent_withdrawn", sentence, final=True, rule="consent_not_withdrawn")


def _attempts_left(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.attempts < snapshot.max_attempts:
        return None
    sentence = f"The lead has had {snapshot.attempts} of at most {snapshot.max_attempts} attempts."
    return Reason("max_attempts_reached", sentence, final=True, rule="attempts_left")


def _quota_open(snapshot: Snapshot, now: datetime) -> Reason | None:
    """Final as a missing consent is: the lead goes on once the quota is raised."""
    if snapshot.quota_full is None:
        return None
    return Reason(QUOTA_FULL, snapshot.quota_full, final=True, rule="quota_open")


def _one_call_at_a_time(snapshot: Snapshot, now: datetime) -> Reason | None:
    if not _call_under_way(snapshot):
        return None
    sentence = "A call to this number or this lead is under way."
    return Reason("call_under_way", sentence, rule="one_call_at_a_time")


def _call_under_way(snapshot: Snapshot) -> bool:
    """A person who has called us is called neither meanwhile, nor before it is known what they wanted."""
    facts = snapshot.facts
    return any(
        ((not past.outcome and past.ended_at is None) or (past.called_us and past.undecided))
        and (past.e164 == facts.e164 or past.lead_id == facts.lead_id)
        for past in snapshot.history
    )


def _not_blocked_elsewhere(snapshot: Snapshot, now: datetime) -> Reason | None:
    """A network that blocked one caller ID is not tricked with another."""
    facts = snapshot.facts
    if not any(
        past.outcome == "blocked" and past.e164 == facts.e164 and past.caller_id != facts.caller_id
        for past in snapshot.history
    ):
        return None
    sentence = "A network has blocked a call to this number that showed another caller ID."
    return Reason("blocked_under_another_caller_id", sentence, final=True, rule="not_blocked_elsewhere")


def _late_enough(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.not_before is None or now >= snapshot.not_before:
        return None
    sentence = f"The lead is not to be called before {snapshot.not_before.isoformat()}."
    return Reason("not_before", sentence, rule="not_before")


def _best_time(snapshot: Snapshot, now: datetime) -> Reason | None:
    preferred = _preferred_times(snapshot)
    zones = snapshot.facts.zones
    if preferred is None or preferred.is_open(zones, now):
        return None
    if not snapshot.policy.calendar.is_open(zones, now) or preferred.next_opening(zones, now) is None:
        return None
    sentence = f"The person likes to be called at {snapshot.best_time}, local time."
    return Reason("outside_best_time", sentence, rule="best_time")


_NEVER = Reason(
    "never_callable",
    "All rules together never allow a call where the number may be.",
    final=True,
    rule="together",
)

_RULES: tuple[Callable[[Snapshot, datetime], Reason | None], ...] = (
    _running,
    _not_suppressed,
    _not_opted_out,
    _not_withdrawn,
    _attempts_left,
    _quota_open,
    _one_call_at_a_time,
    _not_blocked_elsewhere,
    _late_enough,
    _best_time,
)
RULES = (
    "campaign_running",
    "not_suppressed",
    "not_opted_out",
    "consent_not_withdrawn",
    "attempts_left",
    "quota_open",
    "one_call_at_a_time",
    "not_blocked_elsewhere",
    "not_before",
    "best_time",
)
"""What is asked besides the laws' rules, in this order."""


def _asked(answer: Allow | Deny) -> dict[str, Any]:
    return {
        "at": answer.at.isoformat(),
        "zones": list(answer.facts.zones),
        "rule_set": answer.policy.fingerprint,
    }
