"""Checks of what people ask, before anything is looked up."""

from datetime import UTC, datetime

from campaigns.errors import InvalidInputError

MAX_NAME = 100
"""Characters."""
_YEARS = range(2000, 2201)
"""Far enough from the ends of the calendar for every rule to look back and ahead."""


def checked_instant(at: datetime) -> datetime:
    """An instant that rules can be asked about, in UTC. Raises InvalidInputError."""
    if at.year not in _YEARS:
        raise InvalidInputError(f"The time is in a year from {_YEARS[0]} to {_YEARS[-1]}.")
    return at.astimezone(UTC)


def checked_name(name: str) -> str:
    """The name of a campaign or an agent. Raises InvalidInputError."""
    clean = name.strip()
    if not clean or len(clean) > MAX_NAME or not clean.isprintable():
        raise InvalidInputError(f"A name has 1 to {MAX_NAME} printable characters on one line.")
    return clean
