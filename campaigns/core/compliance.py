"""May this number be called now? Asked when a lead is selected and just before its call. Unknown means no.

A person's best time is a wish, not a law: it only puts a call off, and one that can never be met is ignored.

The answer is a value that says what was asked and why not, kept with the attempt or with the denied lead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaigns.core.best_time import best_times
from campaigns.core.calling_window import CallableTimes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the rules look at."""

    campaign_running: bool
    callable_times: CallableTimes
    zones: tuple[str, ...]
    """Every IANA zone that the person may be in; none if it is not known."""
    suppressed: str | None
    """Why the number may not be called at all, as a sentence; None if it may."""
    attempts: int
    """Attempts so far in this campaign."""
    max_attempts: int
    not_before: datetime | None = None
    best_time: str = ""
    """When the person likes to be called, in local time, as in 17:00-20:00; empty for any time."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a call is denied: a stable code and a sentence for people. `final`: it will not pass by itself."""

    code: str
    sentence: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Allow:
    """The call may be made at `at`."""

    at: datetime
    zones: tuple[str, ...]
    rules: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """What was asked and answered, to be kept."""
        return {"decision": "allow"} | _asked(self)


@dataclass(frozen=True, slots=True)
class Deny:
    """The call may not be made. `next_time` is when to ask again; None if never, or when nobody can say."""

    at: datetime
    zones: tuple[str, ...]
    rules: tuple[str, ...]
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
            "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in self.reasons],
            "next_time": self.next_time.isoformat() if self.next_time else None,
        }


def permit(snapshot: Snapshot, now: datetime) -> Allow | Deny:
    """Ask every rule; the call is allowed when none objects. `now` is aware."""
    now = now.astimezone(UTC)
    objections = (rule(snapshot, now) for _, rule in _RULES)
    reasons = tuple(reason for reason in objections if reason is not None)
    if not reasons:
        return Allow(now, snapshot.zones, RULES)
    return Deny(now, snapshot.zones, RULES, reasons, _next_time(snapshot, reasons, now))


def _next_time(snapshot: Snapshot, reasons: Sequence[Reason], now: datetime) -> datetime | None:
    if any(reason.final for reason in reasons) or not snapshot.campaign_running:
        return None
    start = max(now, snapshot.not_before or now)
    preferred = _preferred_times(snapshot)
    liked = preferred.next_opening(snapshot.zones, start) if preferred else None
    return liked or snapshot.callable_times.next_opening(snapshot.zones, start)


def _preferred_times(snapshot: Snapshot) -> CallableTimes | None:
    return best_times(snapshot.callable_times, snapshot.best_time) if snapshot.best_time else None


def _running(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.campaign_running:
        return None
    return Reason("campaign_not_running", "The campaign is not running.")


def _not_suppressed(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.suppressed is None:
        return None
    return Reason("on_dnc_list", snapshot.suppressed or "The number is on a do-not-call list.", final=True)


def _attempts_left(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.attempts < snapshot.max_attempts:
        return None
    sentence = f"The lead has had {snapshot.attempts} of at most {snapshot.max_attempts} attempts."
    return Reason("max_attempts_reached", sentence, final=True)


def _late_enough(snapshot: Snapshot, now: datetime) -> Reason | None:
    if snapshot.not_before is None or now >= snapshot.not_before:
        return None
    return Reason("not_before", f"The lead is not to be called before {snapshot.not_before.isoformat()}.")


def _callable_time(snapshot: Snapshot, now: datetime) -> Reason | None:
    if not snapshot.zones:
        return Reason("zone_unknown", "Nobody knows the number's time zone.", final=True)
    if snapshot.callable_times.is_open(snapshot.zones, now):
        return None
    if snapshot.callable_times.next_opening(snapshot.zones, now) is None:
        sentence = "The time zones where the number may be are not known or never open all at once."
        return Reason("never_callable", sentence, final=True)
    return Reason("outside_callable_times", "It is outside the callable times where the number may be.")


def _best_time(snapshot: Snapshot, now: datetime) -> Reason | None:
    preferred = _preferred_times(snapshot)
    if preferred is None or preferred.is_open(snapshot.zones, now):
        return None
    if not snapshot.callable_times.is_open(snapshot.zones, now):
        return None
    if preferred.next_opening(snapshot.zones, now) is None:
        return None
    return Reason("outside_best_time", f"The person likes to be called at {snapshot.best_time}, local time.")


_RULES: tuple[tuple[str, Callable[[Snapshot, datetime], Reason | None]], ...] = (
    ("campaign_running", _running),
    ("not_suppressed", _not_suppressed),
    ("attempts_left", _attempts_left),
    ("not_before", _late_enough),
    ("callable_times", _callable_time),
    ("best_time", _best_time),
)
RULES = tuple(name for name, _ in _RULES)
"""The names of the rules, in the order in which they are asked."""


def _asked(answer: Allow | Deny) -> dict[str, Any]:
    return {"at": answer.at.isoformat(), "rules": list(answer.rules), "zones": list(answer.zones)}
