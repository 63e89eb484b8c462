"""When a person may be called, against a slow and obvious reading of the same table."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.core.calling_window import DAYS, HORIZON, CallableTimes
from campaigns.errors import InvalidCallableTimesError

STEP = timedelta(minutes=15)
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Auckland",
    "UTC",
)
WEEKDAYS = {day: [["09:00", "20:00"]] for day in DAYS[:5]}


def oracle_is_open(times: dict[str, list[list[str]]], zones: list[str], at: datetime) -> bool:
    """Reads the table as a person would: what time is it there, and is that in a window of that day?"""
    for zone in zones:
        local = at.astimezone(ZoneInfo(zone))
        windows = times.get(DAYS[local.weekday()], [])
        if not any(opens <= f"{local:%H:%M}" < closes for opens, closes in windows):
            return False
    return bool(zones)


@st.composite
def days(draw: st.DrawFn) -> list[list[str]]:
    """Up to three windows of a day, on quarters of an hour, apart or touching."""
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    marks = [f"{edge // 4:02}:{edge % 4 * 15:02}" for edge in edges]
    return [[opens, closes] for opens, closes in zip(marks[::2], marks[1::2], strict=False)]


weeks = st.dictionaries(st.sampled_from(DAYS), days(), min_size=1).filter(lambda week: any(week.values()))
zone_lists = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3)
instants = st.timedeltas(timedelta(0), timedelta(days=3 * 365)).map(
    lambda passed: datetime(2025, 1, 1, tzinfo=UTC) + passed
)


@given(weeks, zone_lists, instants)
@settings(max_examples=300, deadline=None)
def test_open_means_open_in_every_zone_on_its_own_clock(
    week: dict[str, list[list[str]]], zones: list[str], now: datetime
) -> None:
    assert CallableTimes.parse(week).is_open(zones, now) == oracle_is_open(week, zones, now)


@given(weeks, zone_lists, instants)
@example(WEEKDAYS, ["America/New_York"], datetime(2026, 3, 8, 6, 59, tzinfo=UTC))
@example({"sun": [["02:15", "02:45"]]}, ["America/New_York"], datetime(2026, 3, 7, 12, tzinfo=UTC))
@example({"sun": [["02:15", "03:15"]]}, ["America/New_York"], datetime(2026, 3, 7, 12, tzinfo=UTC))
@example({"sun": [["00:30", "01:30"]]}, ["America/New_York"], datetime(2026, 11, 1, 5, 45, tzinfo=UTC))
@example({"sun": [["01:00", "02:00"]]}, ["Australia/Lord_Howe"], datetime(2026, 4, 4, 14, 50, tzinfo=UTC))
@settings(max_examples=60, deadline=None)
def test_the_next_opening_is_the_first_open_instant(
    week: dict[str, list[list[str]]], zones: list[str], now: datetime
) -> None:
    times = CallableTimes.parse(week)
    opening = times.next_opening(zones, now)
    if oracle_is_open(week, zones, now):
        assert opening == now
        return
    at = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + STEP
    end = at + timedelta(days=9)
    while at < end and not oracle_is_open(week, zones, at):
        at += STEP
    if at < end:
        assert opening == at
    else:
        assert opening is None or opening >= end


@given(weeks, zone_lists, st.sampled_from(ZONES), instants)
@settings(deadline=None)
def test_one_zone_more_never_allows_more(
    week: dict[str, list[list[str]]], zones: list[str], another: str, now: datetime
) -> None:
    times = CallableTimes.parse(week)
    if times.is_open([*zones, another], now):
        assert times.is_open(zones, now)


@given(weeks)
def test_times_read_back_as_they_were_written(week: dict[str, list[list[str]]]) -> None:
    written = CallableTimes.parse(week).to_json()
    assert {day: windows for day, windows in written.items() if windows} == {
        day: windows for day, windows in week.items() if windows
    }
    assert CallableTimes.parse(written) == CallableTimes.parse(week)


@pytest.mark.parametrize("zones", [[], ["Etc/Unknown"], ["America"], [""], ["../etc/passwd"], ["UTC", "x"]])
def test_an_unknown_zone_or_none_is_closed_for_good(zones: list[str]) -> None:
    times = CallableTimes.parse({day: [["00:00", "24:00"]] for day in DAYS})
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert not times.is_open(zones, now)
    assert times.next_opening(zones, now) is None


def test_zones_that_are_never_open_at_once_have_no_opening() -> None:
    times = CallableTimes.parse({day: [["09:00", "10:00"]] for day in DAYS})
    assert times.next_opening(["UTC", "Asia/Tokyo"], datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_zones_that_meet_only_in_winter_open_in_winter() -> None:
    times = CallableTimes.parse({day: [["09:00", "10:00"]] for day in DAYS})
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    opening = times.next_opening(["America/Denver", "America/Phoenix"], summer)
    assert opening == datetime(2026, 11, 1, 16, tzinfo=UTC)
    assert opening - summer < HORIZON


def test_a_window_to_midnight_joins_the_next_day() -> None:
    times = CallableTimes.parse({"mon": [["22:00", "24:00"]], "tue": [["00:00", "01:00"]]})
    assert times.is_open(["UTC"], datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC))
    assert times.is_open(["UTC"], datetime(2026, 11, 24, 0, 0, tzinfo=UTC))
    assert not times.is_open(["UTC"], datetime(2026, 11, 24, 1, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (None, "by weekday"),
        ([], "by weekday"),
        ({}, "without a single window"),
        ({"mon": []}, "without a single window"),
        ({"monday": [["09:00", "20:00"]]}, "'monday'"),
        ({"mon": "09:00-20:00"}, "mon"),
        ({"mon": [["09:00"]]}, "mon"),
        ({"tue": [["9:00", "20:00"]]}, "'9:00'"),
        ({"tue": [["09:00", "24:01"]]}, "'24:01'"),
        ({"tue": [["09:00", "٢٠:٠٠"]]}, "tue"),
        ({"tue": [["09:60", "20:00"]]}, "'09:60'"),
        ({"wed": [["20:00", "09:00"]]}, "past midnight"),
        ({"wed": [["09:00", "09:00"]]}, "closes after it opens"),
        ({"thu": [["09:00", "12:00"], ["11:00", "20:00"]]}, "overlap at 11:00"),
        ({"fri": [[9, 20]]}, "fri"),
    ],
)
def test_times_that_make_no_sense_are_refused_by_name(value: object, named: str) -> None:
    with pytest.raises(InvalidCallableTimesError, match=named):
        CallableTimes.parse(value)
