"""What a campaign's leads wait for: every lead of its lists in exactly one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.callback import CALLBACK
from campaigns.core.caller_ids import HELD_BY
from campaigns.core.calling_window import CallableTimes
from campaigns.core.quotas import QUOTA_FULL
from campaigns.core.retry import DEAD_PHONE, NO_MESSAGE, NO_SPEAKER, NO_TRUNK, TRUNK_BUSY, WAITING_FOR_MESSAGE

KINDS = (
    "ready",
    "zones_closed",
    "retry",
    "callback",
    "frequency",
    "rest",
    "caller_id",
    "trunk",
    "message",
    "language",
    "warm_up",
    "not_before",
    "best_time",
    "waiting",
    "claimed",
    "calling",
    "not_taken_up",
    "dnc",
    "consent",
    "attempts_used_up",
    "quota",
    "no_valid_phone",
    "final",
    "erased",
)
"""What leads wait for, the nearest to a call first; from dnc on they wait for nothing any more."""

_WAITING_FOR = {
    "outside_callable_times": "zones_closed",
    "closed_day": "zones_closed",
    "too_many_attempts": "frequency",
    "rest_after_abandoned": "rest",
    "rest_after_machine": "rest",
    "rest_after_conversation": "rest",
    "rest_after_refusal": "rest",
    **dict.fromkeys(HELD_BY, "caller_id"),
    **dict.fromkeys((NO_TRUNK, TRUNK_BUSY), "trunk"),
    NO_MESSAGE: "message",
    NO_SPEAKER: "language",
    WAITING_FOR_MESSAGE: "warm_up",
    "outside_best_time": "best_time",
    "not_before": "not_before",
    "new": "not_before",
    CALLBACK: "callback",
}
_FINAL = {
    "on_dnc_list": "dnc",
    "do_not_call": "dnc",
    "opted_out": "dnc",
    "consent_missing": "consent",
    "consent_withdrawn": "consent",
    "erased": "erased",
    "max_attempts_reached": "attempts_used_up",
    QUOTA_FULL: "quota",
    "zone_unknown": "no_valid_phone",
    "no_phone": "no_valid_phone",
    **dict.fromkeys(DEAD_PHONE, "no_valid_phone"),
}
_CALLBACKS = ("callback", "not_available")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsAlike:
    """Leads that are alike. `state` is empty for those that the campaign has not taken up."""

    count: int
    state: str = ""
    reason: str = ""
    zones: tuple[str, ...] = ()
    """Those that have to be open for the phone to be dialed next."""
    due: bool = False
    """Whether what they wait for, or their claim's end, has come."""
    first_due_at: datetime | None = None
    has_phone: bool = True
    listed: bool = False
    """Whether every phone is on a do-not-call list, so that it is final at its next turn."""
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFor:
    """How many leads wait for one thing; `kind` is one of KINDS, `detail` an outcome, a reason or zones."""

    kind: str
    detail: str
    leads: int
    next_at: datetime | None
    """When the first of them is due; None where no time is known."""


def sort_out(groups: Sequence[LeadsAlike], times: CallableTimes, now: datetime) -> list[WaitingFor]:
    """Groups by what their leads wait for, in the order of KINDS; the counts' sum stays the same."""
    found: dict[tuple[str, str], tuple[int, datetime | None]] = {}
    for group in groups:
        kind, detail, next_at = _place(group, times, now)
        count, earliest = found.get((kind, detail), (0, None))
        first = min((at for at in (earliest, next_at) if at is not None), default=None)
        found[kind, detail] = (count + group.count, first)
    lines = [
        WaitingFor(kind=kind, detail=detail, leads=count, next_at=next_at)
        for (kind, detail), (count, next_at) in found.items()
        if count
    ]
    return sorted(lines, key=lambda line: (KINDS.index(line.kind), -line.leads, line.detail))


def _place(group: LeadsAlike, times: CallableTimes, now: datetime) -> tuple[str, str, datetime | None]:
    if group.erased:
        return "erased", "", None
    match group.state:
        case "":
            return ("not_taken_up" if group.has_phone else "no_valid_phone"), "", None
        case "final":
            kind = _FINAL.get(group.reason, "final")
            return kind, group.reason, None
        case "calling":
            return "calling", group.reason, None
        case "claimed" if not group.due:
            return "claimed", "", group.first_due_at
        case _ if group.listed:
            return "dnc", "on_dnc_list", None
        case "waiting" if not group.due:
            return _wait(group)
    zones = ", ".join(group.zones)
    opening = times.next_opening(group.zones, now)
    return ("ready", "", now) if opening == now else ("zones_closed", zones or "unknown", opening)


def _wait(group: LeadsAlike) -> tuple[str, str, datetime | None]:
    if group.reason.startswith("retry_"):
        result = group.reason.removeprefix("retry_")
        return ("callback" if result in _CALLBACKS else "retry"), result, group.first_due_at
    kind = _WAITING_FOR.get(group.reason, "waiting")
    detail = ", ".join(group.zones) if kind == "zones_closed" else group.reason
    return kind, detail, group.first_due_at
