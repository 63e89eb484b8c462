"""Dates and instants as they are given on the command line."""

import re
from datetime import UTC, date, datetime

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


def instant_of(name: str, text: str) -> datetime:
    """The instant (UTC) that an option gives, with its offset. Raises InvalidInputError."""
    try:
        given = datetime.fromisoformat(text)
        if given.tzinfo is None:
            raise InvalidInputError(f"{name} needs the offset from UTC, as in 2026-03-01T09:00+01:00.")
        return given.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"{name} takes a time such as 2026-03-01T09:00+01:00.") from error
