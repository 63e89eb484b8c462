"""When a person may be called: windows of the week, read on the clock of every zone the number may be in.

A window holds in local time, so that 09:00 stays 09:00 when the clocks change. A time that a change skips is
never open; one that a change repeats is open both times.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from campaigns.errors import InvalidCallableTimesError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON = timedelta(days=366)
"""How far ahead an opening is looked for: a year sees every relation that two zones' clocks can have."""

_DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CallableTimes:
    """Windows as (open, close) minutes of the week from Monday 00:00, close excluded; sorted and apart."""

    windows: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read the JSON form {"mon": [["09:00", "20:00"], …], …}; a day left out is closed, 24:00 ends a day.

        Raises InvalidCallableTimesError that names the day and what is wrong with it.
        """
        if not isinstance(value, Mapping):
            raise InvalidCallableTimesError('Callable times go by weekday: {"mon": [["09:00", "20:00"]]}.')
        unknown = sorted(str(day)[:20] for day in value if day not in DAYS)
        if unknown:
            raise InvalidCallableTimesError(f"{unknown[0]!r} is not a weekday; use {', '.join(DAYS)}.")
        windows: list[tuple[int, int]] = []
        for index, day in enumerate(DAYS):
            windows += _parse_day(day, index * _DAY_MINUTES, value.get(day, []))
        if not windows:
            raise InvalidCallableTimesError("Callable times without a single window allow no call; add one.")
        return cls(tuple(windows))

    def to_json(self) -> dict[str, list[list[str]]]:
        """The form that `parse` reads, with every weekday."""
        days: dict[str, list[list[str]]] = {day: [] for day in DAYS}
        for opens, closes in self.windows:
            start = opens // _DAY_MINUTES * _DAY_MINUTES
            days[DAYS[start // _DAY_MINUTES]].append([_clock(opens - start), _clock(closes - start)])
        return days

    def __and__(self, other: "CallableTimes") -> "CallableTimes":
        """The times that are open in both; they may be none."""
        both = (
            (max(opens, start), min(closes, end))
            for opens, closes in self.windows
            for start, end in other.windows
        )
        return CallableTimes(tuple(sorted((opens, closes) for opens, closes in both if opens < closes)))

    def is_open(self, zones: Collection[str], now: datetime) -> bool:
        """Whether `now` (aware) is in a window in every zone. No zone, or an unknown one, is closed."""
        clocks = [clock_of(name) for name in zones]
        return bool(clocks) and all(clock is not None and self._is_open(clock, now) for clock in clocks)

    def next_opening(self, zones: Collection[str], now: datetime) -> datetime | None:
        """The first instant (UTC) from `now` on when all zones are open; None if none is within HORIZON."""
        clocks = [clock_of(name) for name in sorted(set(zones))]
        known = [clock for clock in clocks if clock is not None]
        if not known or len(known) < len(clocks):
            return None
        at = now.astimezone(UTC)
        end = at + HORIZON
        while True:
            latest = at
            for clock in known:
                opening = self._opening(clock, latest, end)
                if opening is None:
                    return None
                latest = opening
            if latest == at:
                return at
            at = latest

    def _is_open(self, clock: ZoneInfo, now: datetime) -> bool:
        return self._wait(now.astimezone(clock)) == timedelta(0)

    def _opening(self, clock: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
        """The first open instant in one zone from `start` (UTC) on; None if `end` comes first."""
        at = start
        while at < end:
            wait = self._wait(at.astimezone(clock))
            if wait is None:
                return None
            change = offset_change(clock, at, at + wait)
            if change is None:
                return at + wait
            at = change
        return None

    def _wait(self, local: datetime) -> timedelta | None:
        """How long the local clock runs until it reads an open time: 0 if it does now, None if never."""
        if not self.windows:
            return None
        position = timedelta(
            days=local.weekday(),
            hours=local.hour,
            minutes=local.minute,
            seconds=local.second,
            microseconds=local.microsecond,
        )
        for opens, closes in self.windows:
            if position < timedelta(minutes=closes):
                return max(timedelta(minutes=opens) - position, timedelta(0))
        return timedelta(minutes=self.windows[0][0]) + _WEEK - position


def _parse_day(day: str, start: int, value: object) -> list[tuple[int, int]]:
    if not isinstance(value, list | tuple):
        raise InvalidCallableTimesError(f'{day}: give a list of windows, as in [["09:00", "20:00"]].')
    windows = sorted(_parse_window(day, window) for window in value)
    for (_, closes), (opens, _) in pairwise(windows):
        if opens < closes:
            raise InvalidCallableTimesError(f"{day}: two windows overlap at {_clock(opens)}; make them one.")
    return [(start + opens, start + closes) for opens, closes in windows]


def _parse_window(day: str, value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidCallableTimesError(f'{day}: a window is two times, as in ["09:00", "20:00"].')
    opens, closes = (_minute(day, part) for part in value)
    if opens >= closes:
        raise InvalidCallableTimesError(
            f"{day}: a window closes after it opens; past midnight, make it two: up to 24:00 and from 00:00."
        )
    return opens, closes


def _minute(day: str, value: object) -> int:
    text = value if isinstance(value, str) else ""
    if len(text) == 5 and text[2] == ":" and text.isascii() and (text[:2] + text[3:]).isdigit():
        hour, minute = int(text[:2]), int(text[3:])
        if minute < 60 and hour * 60 + minute <= _DAY_MINUTES:
            return hour * 60 + minute
    raise InvalidCallableTimesError(f"{day}: {str(value)[:20]!r} is not a time; write HH:MM, 00:00 to 24:00.")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@lru_cache(maxsize=1024)
def clock_of(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, or None. OSError: `ZoneInfo` takes a folder of zones for a file."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def offset_change(clock: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The first instant in (start, end], all UTC, when the zone's offset is no longer the one at `start`.

    Looks a day at a time: a zone that changes and changes back within one day would be missed, and none does.
    """
    offset = start.astimezone(clock).utcoffset()
    low = start.replace(microsecond=0)
    while low < end:
        high = min(low + _DAY, end)
        if high.astimezone(clock).utcoffset() != offset:
            return _bisect_change(clock, low, high)
        low = high
    return None


def _bisect_change(clock: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = low.astimezone(clock).utcoffset()
    seconds = int((high - low).total_seconds())
    first, last = 0, seconds
    while last - first > 1:
        middle = (first + last) // 2
        if (low + timedelta(seconds=middle)).astimezone(clock).utcoffset() == offset:
            first = middle
        else:
            last = middle
    return low + timedelta(seconds=last)
