"""For when a call may be promised: a time on the person's own clock, at which every rule would allow it.

It is compliance that is asked, about that time to come; it is asked again when the time has come, and may
deny then what it allows now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.calling_window import HORIZON, clock_of
from campaigns.core.compliance import Allow, Snapshot, permit
from campaigns.core.facts import PastAttempt
from campaigns.errors import CallbackDeniedError, CallbackTimeError

_GRID = timedelta(minutes=15)
"""Earlier times are named in such steps of the clock."""
_LOOK_BACK = timedelta(days=7)
_LATER_STEPS = 8
_YEARS = range(2000, 2200)
"""Far enough from the ends of the calendar for every rule to look back and ahead."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The instant (UTC) of a callback, and the IANA zone on whose clock it was named."""

    at: datetime
    zone: str


def as_promised(snapshot: Snapshot) -> Snapshot:
    """What holds for a call that the person has asked for.

    Their own word is newer than the list's first and best time, and one call more than the campaign's cap is
    theirs. The laws' caps and rests hold as ever.
    """
    return replace(
        snapshot,
        not_before=None,
        best_time="",
        max_attempts=max(snapshot.max_attempts, snapshot.attempts + 1),
    )


def promise(snapshot: Snapshot, wished: datetime, zone: str, now: datetime) -> Promise:
    """The callback at `wished`: naive, on the clock of `zone`, or an aware instant.

    `zone` is empty where the lead's own zones agree on what the clock says, or one of them. Raises
    CallbackTimeError, which names the nearest times that are allowed, and CallbackDeniedError where none is.
    """
    chosen = _instant(snapshot.facts.zones, wished, zone)
    if chosen.at <= now:
        raise CallbackTimeError(f"{clock_text(chosen.at, chosen.zone)} is over; name a time to come.")
    if chosen.at > now + HORIZON:
        raise CallbackTimeError("A callback is within a year; name an earlier time.")
    then = _then(snapshot, now)
    answer = permit(then, chosen.at)
    if isinstance(answer, Allow):
        return chosen
    reasons = " ".join(reason.sentence for reason in answer.reasons)
    if answer.final:
        raise CallbackDeniedError(f"The lead may not be called back. {reasons}")
    earlier, later = _earlier(then, chosen.at, now), _later(then, answer.next_time)
    nearest = [clock_text(each, chosen.zone) for each in (earlier, later) if each is not None]
    raise CallbackTimeError(
        f"No call is allowed at {clock_text(chosen.at, chosen.zone)}. {reasons} "
        f"The nearest times are {' and '.join(nearest) or 'not known'}.",
        earlier,
        later,
    )


def _instant(zones: Sequence[str], wished: datetime, zone: str) -> Promise:
    """The instant that is meant."""
    if wished.year not in _YEARS:
        raise CallbackTimeError("A callback is within a year; name an earlier time.")
    if zone and zone not in zones:
        raise CallbackTimeError(f"The lead is in {_either(zones)} as far as is known, not in {zone[:64]!r}.")
    names = [zone] if zone else [each for each in zones if clock_of(each) is not None]
    if not names:
        raise CallbackDeniedError("Nobody knows the time zones of the lead, so that no time can be promised.")
    if wished.tzinfo is not None:
        return Promise(_whole_second(wished), names[0])
    meant = {_on_clock_of(name, wished): name for name in reversed(names)}
    if len(meant) > 1:
        raise CallbackTimeError(f"The lead may be in {_either(names)}; say in which zone the time is.")
    ((at, name),) = meant.items()
    return Promise(at, name)


def _on_clock_of(zone: str, wished: datetime) -> datetime:
    """The first instant at which the zone's clock shows that time."""
    clock = clock_of(zone)
    if clock is None:
        raise CallbackTimeError(f"{zone[:64]!r} is no time zone.")
    at = _whole_second(wished.replace(tzinfo=clock, fold=0))
    if at.astimezone(clock).replace(tzinfo=None) != wished.replace(microsecond=0, fold=0):
        raise CallbackTimeError(
            f"The clocks of {zone} are put forward over {wished:%Y-%m-%d %H:%M}; name a time beside it."
        )
    return at


def _whole_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _then(snapshot: Snapshot, now: datetime) -> Snapshot:
    """What will be so when the time has come, as far as can be told: the campaign runs, and no call does."""
    history = tuple(_over(past, now) for past in snapshot.history)
    return replace(as_promised(snapshot), campaign_running=True, history=history)


def _over(past: PastAttempt, now: datetime) -> PastAttempt:
    """A call in which a callback is promised is a conversation, and will be over and decided."""
    if past.outcome or past.ended_at is not None:
        return replace(past, undecided=False)
    return replace(past, outcome="human", ended_at=now, talked=True, answered=True, undecided=False)


def _earlier(then: Snapshot, at: datetime, now: datetime) -> datetime | None:
    """The last quarter of an hour before `at` at which the call is allowed."""
    quarter = at - timedelta(minutes=at.minute % 15, seconds=at.second)
    start = max(now, at - _LOOK_BACK)
    while quarter > start:
        if quarter < at and isinstance(permit(then, quarter), Allow):
            return quarter
        quarter -= _GRID
    return None


def _later(then: Snapshot, start: datetime | None) -> datetime | None:
    """The first instant from `start` on at which the call is allowed."""
    for _ in range(_LATER_STEPS):
        if start is None:
            return None
        answer = permit(then, start)
        if isinstance(answer, Allow):
            return start
        start = answer.next_time
    return None


def clock_text(at: datetime, zone: str) -> str:
    """An instant as people read it, as in 2026-11-24 15:00 (Europe/Berlin)."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _either(zones: Sequence[str]) -> str:
    return " or ".join(zones) or "no zone that is known"
