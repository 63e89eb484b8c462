"""The counts of an audit, without a database."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.audit import (
    MOST_LISTED,
    AuditBook,
    AuditedCall,
    OptOut,
    count_within,
    in_window,
)
from campaigns.core.calendar import OPEN, Calendar
from campaigns.core.calling_window import CallableTimes

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
NEW_YORK, PHOENIX = "America/New_York", "America/Phoenix"

moments = st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 30)).map(  # noqa: DTZ001 - made aware here
    lambda at: at.replace(tzinfo=UTC)
)


def call(at: datetime = NOW, **changes: object) -> AuditedCall:
    values: dict[str, object] = {
        "attempt_id": 1,
        "placed_at": at,
        "zones": (NEW_YORK,),
        "in_window": True,
        "within_24_hours": 1,
        "within_7_days": 1,
        "abandoned": False,
        "heard_message": False,
        "rule_set": "abc",
    }
    return AuditedCall(**(values | changes))  # type: ignore[arg-type]


def opt_out(number: int = 1, held: float | None = 0.0, after: int | None = 0) -> OptOut:
    return OptOut(attempt_id=number, asked_at=NOW, held_after_s=held, calls_after=after)


def test_days_are_those_of_utc_and_local_times_those_of_the_strictest_zone() -> None:
    book = AuditBook()
    book.add_call(call(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), zones=(NEW_YORK, PHOENIX)))
    book.add_call(call(datetime(2026, 11, 23, 13, 5, tzinfo=UTC)))
    first, second = book.days()
    assert (first.day, first.earliest, first.latest) == (date(2026, 11, 23), time(8, 5), time(8, 5))
    # 01:30 UTC is 18:30 in Phoenix and 20:30 in New York: each is the strictest at its end of the day.
    assert (second.day, second.earliest, second.latest) == (date(2026, 11, 24), time(18, 30), time(20, 30))


def test_a_call_without_zones_is_judged_by_nobody() -> None:
    nine_to_five = Calendar(CallableTimes.parse({"mon": [["09:00", "17:00"]]}))
    assert in_window(nine_to_five, (NEW_YORK,), NOW) is True
    assert in_window(nine_to_five, (PHOENIX,), NOW) is False
    assert in_window(OPEN, ("Mars/Olympus",), NOW) is False
    assert in_window(OPEN, (), NOW) is None
    book = AuditBook()
    book.add_call(call(zones=(), in_window=None))
    (day,) = book.days()
    assert (day.calls, day.not_judged, day.outside_window, day.earliest) == (1, 1, 0, None)


def test_calls_outside_their_window_are_counted_and_named() -> None:
    book = AuditBook()
    for number in range(MOST_LISTED + 5):
        book.add_call(call(attempt_id=number, in_window=False))
    (day,) = book.days()
    assert day.outside_window == MOST_LISTED + 5
    assert book.outside_window == list(range(MOST_LISTED))


def test_calls_whose_number_is_gone_are_in_no_frequency() -> None:
    book = AuditBook()
    book.add_call(call(within_24_hours=None, within_7_days=None))
    book.add_call(call(within_24_hours=2, within_7_days=5))
    (day,) = book.days()
    assert (day.most_within_24_hours, day.most_within_7_days, day.number_not_kept) == (2, 5, 1)


@given(st.lists(moments), moments, st.timedeltas(timedelta(seconds=1), timedelta(days=10)))
def test_attempts_are_counted_back_until_exactly_so_long_ago(
    placed: list[datetime], at: datetime, span: timedelta
) -> None:
    expected = sum(at - span < each <= at for each in placed)
    assert count_within(sorted(placed), at, span) == expected


@given(
    st.lists(
        st.tuples(
            moments, st.sampled_from([True, False, None]), st.integers(1, 9), st.booleans(), st.text("ab")
        ),
        max_size=30,
    )
)
def test_the_days_add_up_to_the_calls(calls: list[tuple[datetime, bool | None, int, bool, str]]) -> None:
    book = AuditBook()
    for at, judged, count, abandoned, rule_set in calls:
        book.add_call(
            call(at, in_window=judged, within_24_hours=count, abandoned=abandoned, rule_set=rule_set)
        )
    days = book.days()
    assert [day.day for day in days] == sorted({at.date() for at, *_ in calls})
    assert sum(day.calls for day in days) == len(calls) == book.rule_sets.total()
    assert sum(day.outside_window for day in days) == sum(each[1] is False for each in calls)
    assert sum(day.not_judged for day in days) == sum(each[1] is None for each in calls)
    assert sum(day.abandoned for day in days) == sum(each[3] for each in calls)
    assert max((day.most_within_24_hours for day in days), default=0) == max(
        (each[2] for each in calls), default=0
    )


def test_each_opt_out_is_held_not_held_or_not_known() -> None:
    book = AuditBook()
    book.add_opt_out(NOW, opt_out(1))
    book.add_opt_out(NOW, opt_out(2, held=3.5))
    book.add_opt_out(NOW, opt_out(3, held=None))
    book.add_opt_out(NOW, opt_out(4, held=None, after=None))
    book.add_opt_out(NOW, opt_out(5, held=1.0, after=2))
    found = book.opt_outs()
    assert (found.count, found.held, found.not_held, found.not_known) == (5, 3, 1, 1)
    assert (found.slowest_s, found.calls_after) == (3.5, 2)
    assert [each.attempt_id for each in found.listed] == [3, 4, 5, 1, 2]


def test_what_is_amiss_is_listed_however_many_opt_outs_there_are() -> None:
    book = AuditBook()
    for number in range(MOST_LISTED + 1):
        book.add_opt_out(NOW, opt_out(number))
    book.add_opt_out(NOW, opt_out(7777, held=None))
    found = book.opt_outs()
    assert (found.count, len(found.listed)) == (MOST_LISTED + 2, MOST_LISTED)
    assert found.listed[0].attempt_id == 7777
