"""Windows, holidays and blackout dates, against a reading of them minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays as library
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.core.calendar import ALWAYS, OPEN, Calendar, Holidays, start_of_day, supports_holidays
from campaigns.core.calling_window import DAYS, CallableTimes

STEP = timedelta(minutes=15)
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Auckland",
    "Pacific/Honolulu",
)
CHRISTMAS = date(2026, 12, 25)
NINE_TO_EIGHT = CallableTimes.parse({day: [["09:00", "20:00"]] for day in DAYS})


def oracle_is_open(
    week: dict[str, list[list[str]]], closed: set[date], zones: list[str], at: datetime
) -> bool:
    for zone in zones:
        local = at.astimezone(ZoneInfo(zone))
        if local.date() in closed or local.date() in library.country_holidays("DE", years=local.year):
            return False
        if not any(
            opens <= f"{local:%H:%M}" < closes for opens, closes in week.get(DAYS[local.weekday()], [])
        ):
            return False
    return True


@st.composite
def days(draw: st.DrawFn) -> list[list[str]]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    marks = [f"{edge // 4:02}:{edge % 4 * 15:02}" for edge in edges]
    return [[opens, closes] for opens, closes in zip(marks[::2], marks[1::2], strict=False)]


weeks = st.dictionaries(st.sampled_from(DAYS), days(), min_size=1).filter(lambda week: any(week.values()))
zone_lists = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3)
instants = st.one_of(
    st.integers(0, 2 * 365 * 96).map(lambda quarters: datetime(2025, 7, 1, tzinfo=UTC) + quarters * STEP),
    st.integers(-200, 200).map(lambda quarters: datetime(2026, 12, 25, 12, tzinfo=UTC) + quarters * STEP),
    st.integers(-200, 200).map(lambda quarters: datetime(2026, 4, 24, 12, tzinfo=UTC) + quarters * STEP),
)
closures = st.sets(st.dates(date(2025, 7, 1), date(2027, 7, 1)), max_size=3)


@given(weeks, closures, zone_lists, instants)
@example({"sun": [["02:15", "02:45"]]}, set(), ["America/New_York"], datetime(2026, 3, 7, 12, tzinfo=UTC))
@example({"sun": [["02:00", "02:30"]]}, set(), ["America/New_York"], datetime(2026, 3, 7, 12, tzinfo=UTC))
@example({"sun": [["00:30", "01:30"]]}, set(), ["America/New_York"], datetime(2026, 11, 1, 5, 45, tzinfo=UTC))
@example({"fri": [["00:00", "24:00"]]}, set(), ["Africa/Cairo"], datetime(2026, 4, 23, 12, tzinfo=UTC))
@example(
    {"sun": [["00:00", "24:00"]]}, {date(2026, 11, 1)}, ["America/Havana"], datetime(2026, 10, 31, tzinfo=UTC)
)
@settings(max_examples=60, deadline=None)
def test_the_next_opening_is_the_first_instant_that_is_open_in_every_zone(
    week: dict[str, list[list[str]]], closed: set[date], zones: list[str], now: datetime
) -> None:
    calendar = Calendar(CallableTimes.parse(week), frozenset(closed), frozenset({Holidays("DE")}))
    assert calendar.is_open(zones, now) == oracle_is_open(week, closed, zones, now)
    opening = calendar.next_opening(zones, now)
    at, end = now, now + timedelta(days=9)
    while at < end and not oracle_is_open(week, closed, zones, at):
        at += STEP
    if at < end:
        assert opening == at
    else:
        assert opening is None or opening >= end


@given(zone_lists, instants)
@settings(max_examples=40, deadline=None)
def test_adding_a_zone_or_a_closed_day_never_opens_anything(zones: list[str], now: datetime) -> None:
    calendar = Calendar(NINE_TO_EIGHT)
    closed = Calendar(NINE_TO_EIGHT, frozenset({now.date()}))
    for fewer in range(1, len(zones)):
        if calendar.is_open(zones, now):
            assert calendar.is_open(zones[:fewer], now)
    assert calendar.is_open(zones, now) or not closed.is_open(zones, now)


def test_two_calendars_together_are_open_when_both_are() -> None:
    first = Calendar(CallableTimes.parse({"mon": [["08:00", "12:00"], ["13:00", "21:00"]]}))
    second = Calendar(
        CallableTimes.parse({"mon": [["10:00", "14:00"]], "tue": [["10:00", "14:00"]]}),
        frozenset({CHRISTMAS}),
    )
    both = first & second
    assert both.times.to_json()["mon"] == [["10:00", "12:00"], ["13:00", "14:00"]]
    assert both.times.to_json()["tue"] == []
    assert both.closed_on == {CHRISTMAS}


def test_what_closes_at_midnight_is_open_to_the_last_moment_of_the_day() -> None:
    late = Calendar(CallableTimes.parse({"mon": [["20:00", "24:00"]]}))
    monday_end = datetime(2026, 11, 23, 23, 59, 59, 999999, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert late.is_open(["Asia/Kolkata"], monday_end)
    assert not late.is_open(["Asia/Kolkata"], monday_end + timedelta(microseconds=1))


@pytest.mark.parametrize("zones", [[], ["Etc/Unknown"], ["Europe/London", "No/Where"]])
def test_no_zone_or_an_unknown_one_is_closed(zones: list[str]) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert not OPEN.is_open(zones, noon)
    assert OPEN.next_opening(zones, noon) is None


def test_zones_that_are_never_open_together_have_no_next_opening() -> None:
    short = Calendar(CallableTimes.parse({day: [["09:00", "12:00"]] for day in DAYS}))
    assert (
        short.next_opening(["Europe/Berlin", "Pacific/Honolulu"], datetime(2026, 11, 23, tzinfo=UTC)) is None
    )


def test_a_holiday_is_named_and_is_the_local_dates() -> None:
    calendar = Calendar(ALWAYS, holidays=frozenset({Holidays("AU")}))
    eve_in_london = datetime(2026, 12, 24, 14, tzinfo=UTC)
    assert calendar.closed_day(["Australia/Sydney"], eve_in_london) == "Christmas Day"
    assert calendar.closed_day(["Europe/London"], eve_in_london) is None
    assert calendar.next_opening(["Europe/London"], eve_in_london) == eve_in_london


def test_a_subdivision_has_holidays_of_its_own() -> None:
    mardi_gras = date(2026, 2, 17)
    assert Holidays("US", "LA").name_of(mardi_gras) == "Mardi Gras"
    assert Holidays("US").name_of(mardi_gras) is None
    assert Holidays("US", "no such").name_of(date(2026, 7, 4)) == "Independence Day"
    assert Holidays("XX").name_of(mardi_gras) is None
    assert supports_holidays("DE")
    assert not supports_holidays("XX")


def test_a_day_begins_where_a_change_of_clocks_skips_midnight() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert start_of_day(cairo, date(2026, 4, 24)) == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert start_of_day(cairo, date(2026, 4, 24)).astimezone(cairo).date() == date(2026, 4, 24)


def test_a_closed_day_that_a_change_of_clocks_brings_back_stays_closed() -> None:
    calendar = Calendar(ALWAYS, frozenset({date(2010, 11, 6)}))
    zone = ["America/St_Johns"]
    noon = datetime(2010, 11, 6, 12, tzinfo=UTC)
    first_minute = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    again_the_6th = datetime(2010, 11, 7, 2, 45, tzinfo=UTC)
    assert calendar.next_opening(zone, noon) == first_minute
    assert not calendar.is_open(zone, again_the_6th)
    assert calendar.next_opening(zone, again_the_6th) == datetime(2010, 11, 7, 3, 30, tzinfo=UTC)
