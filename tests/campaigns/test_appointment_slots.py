"""Slots are whole and open, and nobody sits on a taken seat or in a buffer, also when the clocks change."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.appointment import (
    OPEN,
    TRANSITIONS,
    AppointmentEvent,
    AppointmentState,
    after,
)
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.core.appointment_slots import Taken, busy, free_slots, seat_for, slots
from campaigns.core.calling_window import DAYS
from campaigns.errors import (
    AppointmentStateError,
    InvalidCalendarError,
    InvalidInputError,
    SlotTakenError,
)

BERLIN, NEW_YORK, LORD_HOWE, CAIRO = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL_DAY = {day: [["00:00", "24:00"]] for day in DAYS}


def calendar(**values: Any) -> CalendarSettings:
    return CalendarSettings.parse({"zone": BERLIN, "hours": ALL_DAY, "notice_minutes": 0} | values)


def of_day(made: CalendarSettings, day: date) -> list[str]:
    """The beginnings of the slots of a local date, on the clock of the calendar."""
    clock = ZoneInfo(made.zone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=clock)
    starts = [each.start.astimezone(clock) for each in slots(made, noon - 2 * DAY, noon + 2 * DAY)]
    return [f"{each:%H:%M}" for each in starts if each.date() == day]


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (BERLIN, date(2026, 7, 1), 24),
        (NEW_YORK, date(2026, 3, 8), 23),
        (NEW_YORK, date(2026, 11, 1), 25),
        # Its clocks change by half an hour: what is left is no whole slot.
        (LORD_HOWE, date(2026, 10, 4), 23),
        (LORD_HOWE, date(2026, 4, 5), 24),
        # Midnight itself is skipped, and comes twice.
        (CAIRO, date(2026, 4, 24), 23),
        (CAIRO, date(2026, 10, 29), 25),
    ],
)
def test_days_of_23_and_25_hours_have_as_many_whole_slots(zone: str, day: date, count: int) -> None:
    made = calendar(zone=zone, slot_minutes=60)
    assert len(of_day(made, day)) == count


def test_what_a_change_of_clocks_skips_is_closed_and_what_it_repeats_is_open_twice() -> None:
    night = calendar(hours={"sun": [["01:30", "02:30"]]}, slot_minutes=30)
    assert of_day(night, date(2026, 3, 29)) == ["01:30"]
    assert of_day(night, date(2026, 10, 25)) == ["01:30", "02:00", "02:00"]
    assert of_day(night, date(2026, 11, 1)) == ["01:30", "02:00"]


def test_days_with_hours_of_their_own_take_the_weeks_place() -> None:
    exceptions = {"2026-12-24": [], "2026-12-27": [["10:00", "11:00"]]}
    made = calendar(hours={"thu": [["09:00", "10:00"]]}, exceptions=exceptions)
    assert of_day(made, date(2026, 12, 17)) == ["09:00", "09:30"]
    assert of_day(made, date(2026, 12, 24)) == []
    assert of_day(made, date(2026, 12, 27)) == ["10:00", "10:30"]
    assert CalendarSettings.parse(made.to_json()) == made


def test_slots_follow_each_other_with_their_buffers_between_or_by_the_step() -> None:
    hours = {"thu": [["09:00", "11:00"]]}
    around = {"buffer_before_minutes": 5, "buffer_after_minutes": 10}
    day = date(2026, 12, 17)
    assert of_day(calendar(hours=hours, **around), day) == ["09:00", "09:45", "10:30"]
    assert of_day(calendar(hours=hours, slot_minutes=60, step_minutes=30), day) == ["09:00", "09:30", "10:00"]


def test_what_is_too_near_or_too_far_ahead_cannot_be_booked() -> None:
    made = calendar(slot_minutes=60, notice_minutes=90, horizon_days=2)
    now = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
    found = free_slots(made, [], now - DAY, now + 10 * DAY, now)
    assert found[0].starts_at == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert found[-1].starts_at == datetime(2026, 11, 25, 15, tzinfo=UTC)
    for at in (found[0].starts_at - HOUR, found[-1].starts_at + HOUR, found[0].starts_at + HOUR / 2):
        with pytest.raises(SlotTakenError):
            seat_for(made, [], at, now)
    with pytest.raises(InvalidInputError, match="62 days"):
        free_slots(made, [], now, now + 63 * DAY, now)


@st.composite
def calendars(draw: st.DrawFn) -> CalendarSettings:
    opens = draw(st.integers(0, 20))
    closes = draw(st.integers(opens + 1, 24))
    hours = {day: [[f"{opens:02}:00", f"{closes:02}:00"]] for day in DAYS}
    return calendar(
        zone=draw(st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, CAIRO, "UTC"])),
        hours=hours,
        slot_minutes=draw(st.sampled_from([20, 45, 60, 90])),
        step_minutes=draw(st.sampled_from([0, 15, 40])),
        buffer_before_minutes=draw(st.sampled_from([0, 10, 60])),
        buffer_after_minutes=draw(st.sampled_from([0, 25])),
        capacity=draw(st.integers(1, 3)),
    )


# The days around which the clocks of all these zones change.
changes = st.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 4), date(2026, 10, 31)])


@given(calendars(), changes, st.lists(st.integers(0, 400), max_size=25))
def test_nobody_has_a_taken_seat_or_sits_in_a_buffer_and_every_slot_is_whole(
    made: CalendarSettings, day: date, choices: Sequence[int]
) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    all_slots = list(slots(made, now, now + 3 * DAY))
    clock = ZoneInfo(made.zone)
    for each in all_slots:
        assert each.end - each.start == timedelta(minutes=made.slot_minutes)
        for at in (each.start, each.end - timedelta(seconds=1)):
            local = at.astimezone(clock)
            minute = local.hour * 60 + local.minute
            assert any(opens <= minute < closes for opens, closes in made.windows(local.date()))
    taken: list[Taken] = []
    for choice in choices if all_slots else ():
        wanted = all_slots[choice % len(all_slots)]
        free = {each.starts_at: each.free for each in free_slots(made, taken, now, now + 3 * DAY, now)}
        try:
            seat, span = seat_for(made, taken, wanted.start, now)
        except SlotTakenError:
            assert wanted.start not in free
            continue
        assert free[wanted.start] >= 1
        assert span == wanted
        assert 1 <= seat <= made.capacity
        taken.append(Taken(seat, busy(made, span)))
    for one, other in combinations(taken, 2):
        assert one.seat != other.seat or not one.busy.overlaps(other.busy)
    for each in taken:
        at_once = [other for other in taken if other.busy.start <= each.busy.start < other.busy.end]
        assert len(at_once) <= made.capacity


@pytest.mark.parametrize("event", AppointmentEvent)
@pytest.mark.parametrize("state", AppointmentState)
def test_every_pair_of_state_and_event_is_decided(state: AppointmentState, event: AppointmentEvent) -> None:
    if (state, event) in TRANSITIONS:
        reached = after(state, event)
        assert reached != AppointmentState.HELD
        assert reached in OPEN or event not in (AppointmentEvent.BOOK, AppointmentEvent.RESCHEDULE)
    else:
        with pytest.raises(AppointmentStateError, match="nothing to"):
            after(state, event)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"zone": 3}, "zone"),
        ({"hours": {}}, "hours"),
        ({"hours": {"mo": [["09:00", "10:00"]]}}, "hours"),
        ({"exceptions": {"24.12.2026": []}}, "date"),
        ({"exceptions": {"2026-12-24": [["9", "10"]]}}, "2026-12-24"),
        ({"exceptions": [1]}, "exceptions"),
        ({"slot_minutes": 1}, "slot_minutes"),
        ({"capacity": True}, "capacity"),
        ({"capacity": "3"}, "capacity"),
        ({"title": "a\nb"}, "title"),
        ({"title": ""}, "title"),
        ({"organizer_email": "nobody"}, "organizer_email"),
        ({"organizer_email": "a@b.example\r\nBcc: c@d.example"}, "organizer_email"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_calendar_is_told_by_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidCalendarError, match=said):
        calendar(**values)


def test_a_calendar_without_hours_is_none() -> None:
    with pytest.raises(InvalidCalendarError, match="hours is missing"):
        CalendarSettings.parse({"zone": BERLIN})
