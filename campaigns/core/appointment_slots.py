"""Which slots of a calendar are free, and which seat an appointment gets. Pure.

A seat is what an appointment takes: an adviser, a room. An appointment and its buffers have their seat to
themselves, so that there are never more at once than seats, and never one in another's buffer.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.core.calling_window import offset_change
from campaigns.errors import InvalidInputError, SlotTakenError

LONGEST_LOOK = timedelta(days=62)
"""Slots are listed for so long a period at once."""

_ONE_DAY = timedelta(days=1)
_FARTHEST_OFFSET = timedelta(hours=15)
"""No clock was ever farther from UTC."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until `end`, which is excluded; both UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether there is an instant in both."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Taken:
    """A seat that is taken: from when until when, with the buffers."""

    seat: int
    busy: Span


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked, and how many of its seats are free."""

    starts_at: datetime
    ends_at: datetime
    free: int


def free_slots(
    calendar: CalendarSettings, taken: Sequence[Taken], since: datetime, until: datetime, now: datetime
) -> list[Slot]:
    """The slots that begin from `since` to before `until` and have a free seat, in order.

    `taken` are all seats that are booked or held then. Raises InvalidInputError for a period that is longer
    than LONGEST_LOOK.
    """
    if until - since > LONGEST_LOOK:
        raise InvalidInputError(f"Slots are listed for {LONGEST_LOOK.days} days at once; ask for less.")
    first, last = bookable(calendar, now)
    seats = _Seats(calendar, taken)
    found = []
    for span in slots(calendar, max(since, first), min(until, last)):
        if free := seats.free(busy(calendar, span)):
            found.append(Slot(span.start, span.end, len(free)))
    return found


def seat_for(
    calendar: CalendarSettings, taken: Sequence[Taken], starts_at: datetime, now: datetime
) -> tuple[int, Span]:
    """The seat (from 1 on) that an appointment at `starts_at` gets, and its own time.

    Raises SlotTakenError where none is free, or there is no slot then that can be booked now.
    """
    span = next(slots(calendar, starts_at, starts_at + timedelta(seconds=1)), None)
    first, last = bookable(calendar, now)
    if span is None or span.start != starts_at:
        raise SlotTakenError("No slot of the calendar begins then; choose one of its free slots.")
    if not first <= span.start < last:
        raise SlotTakenError("The slot is too near or too far ahead to be booked; choose another one.")
    free = _Seats(calendar, taken).free(busy(calendar, span))
    if not free:
        raise SlotTakenError("The slot is not free any more; choose another one.")
    return free[0], span


def bookable(calendar: CalendarSettings, now: datetime) -> tuple[datetime, datetime]:
    """From when and until when (excluded) a slot that can be booked now may begin."""
    return now + timedelta(minutes=calendar.notice_minutes), now + timedelta(days=calendar.horizon_days)


def busy(calendar: CalendarSettings, span: Span) -> Span:
    """The time for which an appointment has its seat: its own and the buffers."""
    return Span(
        span.start - timedelta(minutes=calendar.buffer_before_minutes),
        span.end + timedelta(minutes=calendar.buffer_after_minutes),
    )


def slots(calendar: CalendarSettings, since: datetime, until: datetime) -> Iterator[Span]:
    """Every slot that begins from `since` to before `until`, free or not, in order."""
    if since >= until:
        return
    clock = ZoneInfo(calendar.zone)
    day, last = since.astimezone(clock).date() - _ONE_DAY, until.astimezone(clock).date()
    found: set[Span] = set()
    while day <= last:
        for window in calendar.windows(day):
            for opened in open_spans(clock, day, window):
                found.update(_whole_slots(calendar, opened))
        day += _ONE_DAY
    yield from sorted((each for each in found if since <= each.start < until), key=lambda each: each.start)


def open_spans(clock: ZoneInfo, day: date, window: tuple[int, int]) -> list[Span]:
    """When the clock reads a time in the window on that date: mostly one span, and two where hours repeat.

    A time that a change of clocks skips is in none; one that it repeats is open both times.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    opens, closes = (midnight + timedelta(minutes=minute) for minute in window)
    found: list[Span] = []
    for part, offset in _same_offset(clock, opens - _FARTHEST_OFFSET, closes + _FARTHEST_OFFSET):
        start, end = max(part.start, opens - offset), min(part.end, closes - offset)
        if start >= end:
            continue
        if found and found[-1].end == start:
            found[-1] = Span(found[-1].start, end)
        else:
            found.append(Span(start, end))
    return found


def _same_offset(clock: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[Span, timedelta]]:
    """The parts of a time in which the clock does not change, each with its offset from UTC."""
    while start < end:
        change = offset_change(clock, start, end) or end
        yield Span(start, change), start.astimezone(clock).utcoffset() or timedelta(0)
        start = change


def _whole_slots(calendar: CalendarSettings, opened: Span) -> Iterator[Span]:
    start, length = opened.start, timedelta(minutes=calendar.slot_minutes)
    while start + length <= opened.end:
        yield Span(start, start + length)
        start += calendar.step


class _Seats:
    """Who has which seat when, sorted so that a month of bookings is looked through quickly."""

    def __init__(self, calendar: CalendarSettings, taken: Sequence[Taken]) -> None:
        self._capacity = calendar.capacity
        self._taken = sorted(taken, key=lambda each: each.busy.start)
        self._starts = [each.busy.start for each in self._taken]
        self._longest = max((each.busy.end - each.busy.start for each in taken), default=timedelta(0))

    def free(self, wanted: Span) -> list[int]:
        """The seats that nobody has in that time, from 1 on."""
        near = self._taken[
            bisect_right(self._starts, wanted.start - self._longest) : bisect_left(self._starts, wanted.end)
        ]
        used = {each.seat for each in near if each.busy.overlaps(wanted)}
        return [seat for seat in range(1, self._capacity + 1) if seat not in used]
