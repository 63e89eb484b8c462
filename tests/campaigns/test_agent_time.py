"""An agent's time: every millisecond of a shift is in one state, whatever part of it is asked for."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.agent_time import AgentStretch, AgentTime, Shift, agent_time
from campaigns.core.pauses import DEFAULT_PAUSES

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
STATES = ("available", "reserved", "talking", "wrap_up", "paused", "unavailable", "preview", "on_hold")
MS = timedelta(milliseconds=1)

spent = st.tuples(
    st.sampled_from(STATES), st.sampled_from(["", "lunch", "break"]), st.integers(0, 3 * 3600 * 1000)
)
worked = st.lists(st.tuples(st.integers(0, 10**6), st.lists(spent, min_size=1, max_size=8)), max_size=4)
instants = st.integers(-(10**6), 10**8).map(lambda microseconds: NINE + timedelta(microseconds=microseconds))


def shifts_of(days: list[tuple[int, list[tuple[str, str, int]]]], *, goes_on: bool = False) -> list[Shift]:
    """Shifts one after the other: how long after the one before, in ms, and what each was spent on."""
    at, shifts = NINE, []
    for number, (rest, parts) in enumerate(days, start=1):
        at += rest * MS
        started, stretches = at, []
        for state, reason, lasted in parts:
            stretches.append(AgentStretch(state, reason, at, at + lasted * MS))
            at += lasted * MS
        shifts.append(Shift(number, started, at, "", stretches))
    if goes_on and shifts:
        *before, last = shifts[-1].stretches
        under_way = AgentStretch(last.state, last.reason, last.started_at, None)
        shifts[-1] = Shift(shifts[-1].session_id, shifts[-1].started_at, None, "", [*before, under_way])
    return shifts


def told(shifts: list[Shift], since: datetime, until: datetime, now: datetime | None = None) -> AgentTime:
    return agent_time(1, shifts, DEFAULT_PAUSES, since, until, now or until)


@given(worked, instants, instants, st.booleans())
def test_the_times_by_state_and_by_reason_add_up_to_the_time_logged_in(
    days: list[tuple[int, list[tuple[str, str, int]]]], since: datetime, until: datetime, goes_on: bool
) -> None:
    time = told(shifts_of(days, goes_on=goes_on), since, until)
    assert sum(time.states_ms.values()) == time.logged_in_ms
    assert sum(each.ms for each in time.pauses) == time.states_ms.get("paused", 0)
    assert time.unaccounted_ms == 0
    for shift in time.shifts:
        assert sum(shift.states_ms.values()) == shift.logged_in_ms


@given(worked, st.lists(instants, min_size=3, max_size=3))
def test_two_parts_of_a_time_add_up_to_the_whole(
    days: list[tuple[int, list[tuple[str, str, int]]]], ends: list[datetime]
) -> None:
    first, second, third = sorted(ends)
    shifts = shifts_of(days)
    parts = [told(shifts, first, second), told(shifts, second, third)]
    whole = told(shifts, first, third)
    assert whole.logged_in_ms == sum(each.logged_in_ms for each in parts)
    for state in STATES:
        assert whole.states_ms.get(state, 0) == sum(each.states_ms.get(state, 0) for each in parts)


@given(worked, st.data())
def test_what_is_missing_or_twice_there_is_found(
    days: list[tuple[int, list[tuple[str, str, int]]]], data: st.DataObject
) -> None:
    shifts = [each for each in shifts_of(days) if each.ended_at != each.started_at]
    if not shifts:
        return
    broken = data.draw(st.sampled_from(shifts))
    worst = max(broken.stretches, key=lambda each: (each.ended_at or NINE) - each.started_at)
    moved = AgentStretch(worst.state, worst.reason, worst.started_at + MS, worst.ended_at)
    stretches = [moved if each is worst else each for each in broken.stretches]
    found = told(
        [Shift(1, broken.started_at, broken.ended_at, "", stretches)], NINE, NINE + timedelta(days=9)
    )
    assert found.unaccounted_ms == 1


def test_pauses_are_told_with_what_the_client_says_of_their_reasons() -> None:
    minute = 60_000
    (shift,) = shifts_of(
        [(0, [("paused", "lunch", 61 * minute), ("paused", "lunch", 5 * minute), ("paused", "tea", minute)])]
    )
    lunch, tea = told([shift], NINE, NINE + timedelta(hours=9)).pauses
    assert (lunch.name, lunch.paid, lunch.limit_minutes, lunch.times) == ("Lunch", False, 60, 2)
    assert (lunch.over_limit, lunch.ms) == (1, 66 * minute)
    assert (tea.name, tea.paid, tea.over_limit) == ("", None, 0)


def test_what_goes_on_is_counted_up_to_now_and_not_beyond() -> None:
    shifts = shifts_of([(0, [("available", "", 1000)])], goes_on=True)
    hour = timedelta(hours=1)
    assert told(shifts, NINE, NINE + 9 * hour, NINE + hour).states_ms == {"available": 3_600_000}
    assert told(shifts, NINE + 2 * hour, NINE + 3 * hour, NINE + hour).logged_in_ms == 0
