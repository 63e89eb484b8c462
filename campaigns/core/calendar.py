"""When a person may be called: weekly windows less holidays and other closed days, in all their zones."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import holidays

from campaigns.core.calling_window import HORIZON, CallableTimes, clock_of, offset_change

ALWAYS = CallableTimes(((0, 7 * 24 * 60),))
"""Every minute of the week."""
_ONE_DAY = timedelta(days=1)
_DAY_S = 24 * 60 * 60
_WEEK_S = 7 * _DAY_S
_A_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Holidays:
    """The public holidays of a country (ISO 3166-1), or of one of its subdivisions and its country."""

    country: str
    subdivision: str = ""

    def name_of(self, day: date) -> str | None:
        """The holiday's name; None on any other day, and where the country's holidays are not known."""
        return _holidays(self.country, self.subdivision, day.year).get(day)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Windows of the week, and days that are closed whatever the hour. Days are those of the local date."""

    times: CallableTimes = ALWAYS
    closed_on: frozenset[date] = frozenset()
    holidays: frozenset[Holidays] = frozenset()

    def __and__(self, other: "Calendar") -> "Calendar":
        """Open when both are."""
        return Calendar(
            self.times & other.times, self.closed_on | other.closed_on, self.holidays | other.holidays
        )

    def is_open(self, zones: Collection[str], now: datetime) -> bool:
        """Whether `now` (aware) is open in every zone. No zone, or an unknown one, is closed."""
        clocks = known_clocks(zones)
        if not clocks or len(clocks) < len(zones):
            return False
        week = _common_week(self.times.windows, _offsets(clocks, now))
        passed = now - _A_MONDAY
        second = passed.days % 7 * _DAY_S + passed.seconds
        if not any(opens <= second < closes for opens, closes in week):
            return False
        return self.closed_day(zones, now) is None

    def closed_day(self, zones: Iterable[str], now: datetime) -> str | None:
        """Why a date on one of the zones' calendars is closed, as in "Christmas Day"; None if none is."""
        if not (self.closed_on or self.holidays):
            return None
        for clock in known_clocks(zones):
            why = self._why_closed(now.astimezone(clock).date())
            if why is not None:
                return why
        return None

    def next_opening(self, zones: Collection[str], now: datetime) -> datetime | None:
        """The first instant (UTC) from `now` on when all zones are open; None if none is within HORIZON.

        Between two changes of any clock the open times of all zones together are the same every week.
        """
        clocks = known_clocks(zones)
        if not clocks or len(clocks) < len(zones):
            return None
        at = now.astimezone(UTC)
        end = at + HORIZON
        while at < end:
            opening = _first_in(_common_week(self.times.windows, _offsets(clocks, at)), at)
            change = min(_next_change(zone, at) for zone in zones)
            if opening is None or opening >= change:
                at = change
                continue
            at = max([opening, *self._ends_of_closed_days(clocks, opening)])
            if at == opening:
                return opening if opening < end else None
        return None

    def _why_closed(self, day: date) -> str | None:
        if day in self.closed_on:
            return "a blackout date"
        return _closed_days(self.holidays, day.year).get(day) if self.holidays else None

    def _ends_of_closed_days(self, clocks: Iterable[ZoneInfo], now: datetime) -> list[datetime]:
        if not (self.closed_on or self.holidays):
            return []
        return [
            _next_date(clock, now)
            for clock in clocks
            if self._why_closed(now.astimezone(clock).date()) is not None
        ]


OPEN = Calendar()
"""Never closed."""


def known_clocks(zones: Iterable[str]) -> list[ZoneInfo]:
    """The clocks of those zones that exist."""
    return [clock for clock in map(clock_of, zones) if clock is not None]


def start_of_day(clock: ZoneInfo, day: date) -> datetime:
    """The first instant (UTC) of a local date; where a change of clocks skips midnight, that change."""
    return datetime.combine(day, time(), clock).astimezone(UTC)


def supports_holidays(country: str) -> bool:
    """Whether the holidays of a country (ISO 3166-1) are known."""
    return country in _countries()


def subdivisions_with_holidays(country: str) -> frozenset[str]:
    """The codes (ISO 3166-2 less its country) of those parts of a country whose holidays are known."""
    return frozenset(_countries().get(country, ()))


def _next_date(clock: ZoneInfo, now: datetime) -> datetime:
    """When the local date next changes. Midnight may come twice where clocks go back across it."""
    midnight = datetime.combine(now.astimezone(clock).date() + _ONE_DAY, time(), clock)
    first = midnight.astimezone(UTC)
    return first if first > now else midnight.replace(fold=1).astimezone(UTC)


def _offsets(clocks: Iterable[ZoneInfo], at: datetime) -> frozenset[timedelta | None]:
    """What the clocks are ahead of UTC, each once."""
    return frozenset([at.astimezone(clock).utcoffset() for clock in clocks])


@lru_cache(maxsize=4096)
def _common_week(
    windows: tuple[tuple[int, int], ...], offsets: frozenset[timedelta | None]
) -> tuple[tuple[int, int], ...]:
    """Seconds of the UTC week that are in a window on every clock, while no clock changes."""
    common = [(0, _WEEK_S)]
    for ahead in offsets:
        offset = int((ahead or _NONE).total_seconds())
        shifted = [(opens * 60 - offset, closes * 60 - offset) for opens, closes in windows]
        around = [(a + turn, b + turn) for a, b in shifted for turn in (-_WEEK_S, 0, _WEEK_S)]
        both = ((max(a, start), min(b, end)) for a, b in around for start, end in common)
        common = sorted((start, end) for start, end in both if start < end)
    return tuple(common)


def _first_in(week: tuple[tuple[int, int], ...], at: datetime) -> datetime | None:
    """The first instant from `at` (UTC) on that is in one of the windows; None if there are none."""
    monday = datetime(at.year, at.month, at.day, tzinfo=UTC) - timedelta(days=at.weekday())
    for turn in (0, _WEEK_S):
        for opens, closes in week:
            if at < monday + timedelta(seconds=closes + turn):
                return max(at, monday + timedelta(seconds=opens + turn))
    return None


def _next_change(zone: str, at: datetime) -> datetime:
    """When a zone's clock next changes after `at` (UTC); a year that is over where it never does."""
    for year in (at.year, at.year + 1):
        for change in _changes(zone, year):
            if change > at:
                return change
    return datetime(at.year + 2, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    clock = clock_of(zone)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    while clock is not None and (change := offset_change(clock, start, end)) is not None:
        found.append(change)
        start = change
    return tuple(found)


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, list[str]]:
    return holidays.list_supported_countries()


@lru_cache(maxsize=1024)
def _closed_days(together: frozenset[Holidays], year: int) -> Mapping[date, str]:
    """The holidays of many places in one look-up; a whole country's name for a day goes before a part's."""
    days: dict[date, str] = {}
    for each in sorted(together, key=lambda each: (each.subdivision, each.country)):
        days = {**_holidays(each.country, each.subdivision, year), **days}
    return MappingProxyType(days)


@lru_cache(maxsize=4096)
def _holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    if not supports_holidays(country):
        return MappingProxyType({})
    known = subdivision if subdivision in _countries()[country] else None
    return MappingProxyType(dict(holidays.country_holidays(country, subdiv=known, years=year)))
