"""A calendar in which appointments are booked, as a manager describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Self

from campaigns.core.calling_window import DAYS, CallableTimes, clock_of
from campaigns.errors import InvalidCalendarError, InvalidCallableTimesError

Window = tuple[int, int]
"""From and until which minute of a local day, the end excluded."""

_DAY_MINUTES = 24 * 60
MOST_EXCEPTIONS = 1000
MOST_SEATS = 500
_LONGEST_TEXT = 200
_NO_DAYS: Mapping[date, tuple[Window, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSettings:
    """When appointments begin, how long they are, and how many there are at once.

    Raises InvalidCalendarError.
    """

    zone: str
    """IANA; the hours are those of its clock."""
    hours: CallableTimes
    """When it is open in a week."""
    exceptions: Mapping[date, tuple[Window, ...]] = field(default_factory=lambda: _NO_DAYS)
    """Days with hours of their own, in place of the week's; none: closed."""
    slot_minutes: int = 30
    step_minutes: int = 0
    """From the beginning of one slot to that of the next; 0: one after another, their buffers between."""
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    """Free time around an appointment, for each seat; it may lie outside the hours."""
    capacity: int = 1
    """Seats: how many appointments there may be at once."""
    notice_minutes: int = 60
    """How long before its beginning a slot is booked, at least."""
    horizon_days: int = 60
    """How far ahead slots are booked."""
    hold_minutes: int = 15
    """How long a slot is kept for a person who is on the line."""
    reminder_call_minutes: int = 0
    """How long before it begins the person is called as a reminder; 0: not at all."""
    title: str = "Appointment"
    """What invitations call it."""
    location: str = ""
    organizer_name: str = ""
    organizer_email: str = ""
    """Who invites; without an address nobody gets an invitation."""

    def __post_init__(self) -> None:
        if not isinstance(self.zone, str) or clock_of(self.zone) is None:
            raise InvalidCalendarError(
                f"zone is an IANA time zone, as in Europe/Berlin, not {_shown(self.zone)}."
            )
        if len(self.exceptions) > MOST_EXCEPTIONS:
            raise InvalidCalendarError(f"A calendar has at most {MOST_EXCEPTIONS} exceptions.")
        for name, (low, high) in _LIMITS.items():
            _whole(name, getattr(self, name), low, high)
        for name in ("title", "location", "organizer_name", "organizer_email"):
            _text(name, getattr(self, name))
        if not self.title:
            raise InvalidCalendarError("title is what invitations call the appointment; give it one.")
        if self.organizer_email and not _is_address(self.organizer_email):
            raise InvalidCalendarError("organizer_email is an e-mail address, as in office@example.com.")

    @property
    def step(self) -> timedelta:
        """From the beginning of one slot to that of the next."""
        own = self.slot_minutes + self.buffer_before_minutes + self.buffer_after_minutes
        return timedelta(minutes=self.step_minutes or own)

    def windows(self, day: date) -> tuple[Window, ...]:
        """When it is open on a local date."""
        if day in self.exceptions:
            return self.exceptions[day]
        start = day.weekday() * _DAY_MINUTES
        return tuple(
            (opens - start, closes - start)
            for opens, closes in self.hours.windows
            if start <= opens < start + _DAY_MINUTES
        )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """From JSON or TOML by field name, defaults for the rest. Raises InvalidCalendarError.

        Hours go by weekday, as callable times do; exceptions by date: {"2026-12-24": [], "2026-12-31":
        [["09:00", "12:00"]]}.
        """
        known = [each.name for each in fields(cls)]
        if unknown := sorted(str(name)[:40] for name in values if name not in known):
            raise InvalidCalendarError(f"{unknown[0]!r} is nothing of a calendar; use {', '.join(known)}.")
        if missing := [name for name in ("zone", "hours") if name not in values]:
            raise InvalidCalendarError(f"{missing[0]} is missing; a calendar has a zone and hours.")
        parsed = dict(values) | {"hours": _week(values["hours"])}
        if "exceptions" in values:
            parsed["exceptions"] = _exceptions(values["exceptions"])
        return cls(**parsed)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads, with every field."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return values | {
            "hours": self.hours.to_json(),
            "exceptions": {
                day.isoformat(): [[_clock(opens), _clock(closes)] for opens, closes in windows]
                for day, windows in sorted(self.exceptions.items())
            },
        }


_LIMITS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "slot_minutes": (5, 12 * 60),
        "step_minutes": (0, _DAY_MINUTES),
        "buffer_before_minutes": (0, 12 * 60),
        "buffer_after_minutes": (0, 12 * 60),
        "capacity": (1, MOST_SEATS),
        "notice_minutes": (0, 60 * _DAY_MINUTES),
        "horizon_days": (1, 366),
        "hold_minutes": (1, 120),
        "reminder_call_minutes": (0, 14 * _DAY_MINUTES),
    }
)


def _week(value: object) -> CallableTimes:
    try:
        return CallableTimes.parse(value)
    except InvalidCallableTimesError as error:
        raise InvalidCalendarError(f"hours: {error}") from None


def _exceptions(value: object) -> Mapping[date, tuple[Window, ...]]:
    if not isinstance(value, Mapping) or len(value) > MOST_EXCEPTIONS:
        raise InvalidCalendarError(
            f'exceptions go by date, at most {MOST_EXCEPTIONS}: {{"2026-12-24": [], "2026-12-31": '
            '[["09:00", "12:00"]]}.'
        )
    return MappingProxyType({_day(day): _windows(str(day), windows) for day, windows in value.items()})


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InvalidCalendarError(f"exceptions: {_shown(text)} is no date; write 2026-12-24.") from None


def _windows(day: str, value: object) -> tuple[Window, ...]:
    """The windows of one day; they are read as those of a Monday, with which a week begins."""
    if value == []:
        return ()
    try:
        return CallableTimes.parse({DAYS[0]: value}).windows
    except InvalidCallableTimesError as error:
        what = str(error).removeprefix(f"{DAYS[0]}: ")
        raise InvalidCalendarError(f"exceptions: {day[:20]}: {what}") from None


def _whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidCalendarError(f"{name} is a whole number from {low} to {high}, not {_shown(value)}.")


def _text(name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise InvalidCalendarError(f"{name} is a text of at most {_LONGEST_TEXT} characters on one line.")


def _is_address(text: str) -> bool:
    """Whether it looks like one; who has it is for the mail server to say."""
    name, at, domain = text.partition("@")
    return bool(name and at and "." in domain) and text.isascii() and not set(text) & set(' <>,;:"\\')


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _shown(value: object) -> str:
    return repr(str(value)[:40])
