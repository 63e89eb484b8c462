"""The hours in which a person likes to be called, within the callable times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.best_time import best_times
from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.compliance import Allow, Deny, permit
from tests.campaigns.snapshots import snapshot_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TIMES = CallableTimes.parse({day: [["09:00", "20:00"]] for day in DAYS})


def test_best_times_are_the_callable_times_within_the_hours() -> None:
    evening = best_times(TIMES, "17:00-22:00")
    assert evening is not None
    assert evening.to_json() == {day: [["17:00", "20:00"]] for day in DAYS}
    past_midnight = best_times(TIMES, "19:00-10:00")
    assert past_midnight is not None
    assert past_midnight.to_json()["tue"] == [["09:00", "10:00"], ["19:00", "20:00"]]


@pytest.mark.parametrize("hours", ["", "21:00-22:00", "evening", "25:00-26:00", "17-20", "10:00-11:00;x"])
def test_hours_that_are_none_or_never_callable_are_ignored(hours: str) -> None:
    assert best_times(TIMES, hours) is None
    assert isinstance(permit(snapshot_of(best_time=hours), NOON), Allow)


def test_a_call_outside_the_best_time_is_put_off_to_it() -> None:
    answer = permit(snapshot_of(best_time="17:00-20:00"), NOON)
    assert isinstance(answer, Deny)
    assert (answer.code, answer.final) == ("outside_best_time", False)
    assert answer.next_time == NOON.replace(hour=17)
    assert isinstance(permit(snapshot_of(best_time="17:00-20:00"), answer.next_time), Allow)


def test_a_best_time_that_two_zones_never_share_is_ignored() -> None:
    both = snapshot_of(zones=("Europe/London", "Europe/Moscow"), best_time="17:00-18:00")
    assert isinstance(permit(both, NOON), Allow)


@given(
    st.timedeltas(timedelta(0), timedelta(days=30)).map(lambda passed: NOON + passed),
    st.integers(0, 23),
    st.integers(1, 24),
)
def test_what_is_put_off_is_allowed_then(now: datetime, start: int, end: int) -> None:
    snapshot = snapshot_of(best_time=f"{start:02}:00-{end:02}:00")
    answer = permit(snapshot, now)
    if isinstance(answer, Deny):
        assert answer.next_time is not None
        assert isinstance(permit(snapshot, answer.next_time), Allow)
