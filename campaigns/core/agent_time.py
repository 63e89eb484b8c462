"""What an agent's shifts were spent on, to the millisecond. Nothing is left out, and nothing counts twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from campaigns.core.pauses import Pause

PAUSED = "paused"
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class AgentStretch:
    """Time in one state, with the reason of a pause; `ended_at` is None while it lasts."""

    state: str
    reason: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift and its stretches in order; `ended_at` is None while it goes on."""

    session_id: int
    started_at: datetime
    ended_at: datetime | None
    end_reason: str
    stretches: Sequence[AgentStretch]


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseTime:
    """Pauses for one reason. `paid` is None where the client has no such reason (any more)."""

    reason: str
    name: str
    paid: bool | None
    limit_minutes: int | None
    times: int
    over_limit: int
    """How many of them lasted longer than they may."""
    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTime:
    """What is asked for of one shift: whole milliseconds by state, which add up to `logged_in_ms`."""

    session_id: int
    started_at: datetime
    ended_at: datetime | None
    end_reason: str
    """Why it ended, where the agent did not end it."""
    logged_in_ms: int
    states_ms: dict[str, int]
    unaccounted_ms: int
    """Gaps and overlaps between its stretches; there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTime:
    """An agent's time from `since` to `until`; the times by state add up to `logged_in_ms`."""

    agent_id: int
    since: datetime
    until: datetime
    logged_in_ms: int
    states_ms: dict[str, int]
    pauses: list[PauseTime]
    """Their times add up to `states_ms["paused"]`."""
    unaccounted_ms: int
    shifts: list[ShiftTime]


def agent_time(
    agent_id: int,
    shifts: Iterable[Shift],
    pauses: Sequence[Pause],
    since: datetime,
    until: datetime,
    now: datetime,
) -> AgentTime:
    """What lies between `since` and `until` of an agent's shifts; what goes on is counted up to `now`."""
    span = whole_ms(since), max(whole_ms(since), whole_ms(min(until, now)))
    told = list(shifts)
    times = [_shift_time(each, *span) for each in told]
    states: dict[str, int] = {}
    for shift in times:
        for state, ms in shift.states_ms.items():
            states[state] = states.get(state, 0) + ms
    return AgentTime(
        agent_id=agent_id,
        since=since,
        until=until,
        logged_in_ms=sum(each.logged_in_ms for each in times),
        states_ms=states,
        pauses=_pause_times(told, pauses, *span),
        unaccounted_ms=sum(each.unaccounted_ms for each in times),
        shifts=times,
    )


def whole_ms(instant: datetime) -> datetime:
    """The instant as the database keeps it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _shift_time(shift: Shift, since: datetime, until: datetime) -> ShiftTime:
    states: dict[str, int] = {}
    for each in shift.stretches:
        if ms := _overlap_ms(each.started_at, each.ended_at, since, until):
            states[each.state] = states.get(each.state, 0) + ms
    return ShiftTime(
        session_id=shift.session_id,
        started_at=shift.started_at,
        ended_at=shift.ended_at,
        end_reason=shift.end_reason,
        logged_in_ms=_overlap_ms(shift.started_at, shift.ended_at, since, until),
        states_ms=states,
        unaccounted_ms=_unaccounted_ms(shift, since, until),
    )


def _unaccounted_ms(shift: Shift, since: datetime, until: datetime) -> int:
    """By how much each stretch ends before or after the next one begins, within the time asked for."""
    edges = [(shift.started_at, shift.started_at)]
    edges += [(each.started_at, each.ended_at or until) for each in shift.stretches]
    end = shift.ended_at or until
    edges.append((end, end))

    def within(instant: datetime) -> datetime:
        return min(max(instant, since), until)

    return sum(abs(within(after[0]) - within(before[1])) // _MS for before, after in pairwise(edges))


def _pause_times(
    shifts: Iterable[Shift], pauses: Sequence[Pause], since: datetime, until: datetime
) -> list[PauseTime]:
    known = {each.code: each for each in pauses}
    lasted: dict[str, list[int]] = {}
    for each in (each for shift in shifts for each in shift.stretches if each.state == PAUSED):
        if ms := _overlap_ms(each.started_at, each.ended_at, since, until):
            lasted.setdefault(each.reason, []).append(ms)
    return [_pause_time(reason, known.get(reason), each) for reason, each in sorted(lasted.items())]


def _pause_time(reason: str, known: Pause | None, lasted_ms: Sequence[int]) -> PauseTime:
    limit = known.limit_minutes if known else None
    return PauseTime(
        reason=reason,
        name=known.name if known else "",
        paid=known.paid if known else None,
        limit_minutes=limit,
        times=len(lasted_ms),
        over_limit=0 if limit is None else sum(each > limit * 60_000 for each in lasted_ms),
        ms=sum(lasted_ms),
    )


def _overlap_ms(started_at: datetime, ended_at: datetime | None, since: datetime, until: datetime) -> int:
    end = until if ended_at is None else min(ended_at, until)
    return max(timedelta(0), end - max(started_at, since)) // _MS
