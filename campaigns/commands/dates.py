"""Dates and instants as they are given on the command line."""

import re
from datetime import UTC, date, datetime, time, timedelta

from campaigns.checks import checked_instant
from campaigns.core.calling_window import clock_of
from campaigns.errors import InvalidInputError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(name: str, text: str) -> date:
    """The date that an option or argument of that name gives. Raises InvalidInputError."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidInputError(f"{name} takes a date such as 2026-11-23.")


def day_in(name: str, day: date, zone: str) -> tuple[datetime, datetime]:
    """A day's first instant, and the next day's, on the clock of a zone. Raises InvalidInputError.

    `name`: of the option that gives the zone.
    """
    clock = clock_of(zone)
    if clock is None:
        raise InvalidInputError(f"{name} takes a zone such as Europe/Berlin.")
    begins = checked_instant(datetime.combine(day, time(), clock)).astimezone(clock)
    return begins, begins + timedelta(days=1)


def instant_of(name: str, text: str) -> datetime:
    """The instant (UTC) that an option gives, with its offset. Raises InvalidInputError."""
    try:
        given = datetime.fromisoformat(text)
        if given.tzinfo is None:
            raise InvalidInputError(f"{name} needs the offset from UTC, as in 2026-03-01T09:00+01:00.")
        return given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"{name} takes a time such as 2026-03-01T09:00+01:00.") from error
