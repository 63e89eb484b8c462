"""What single cells of a row say: an instant, a whole number, an email address, hours of the day.

A reader gives the value, and a note where the text cannot be used.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MAX_EMAIL_CHARS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""
MAX_SHOWN_CHARS = 40
MAX_SHOWN_NAMES = 20
MAX_NUMBER = 1_000_000
"""Priorities and ranks run from minus this to this."""

HOURS_OF_WORD = {"morning": "09:00-12:00", "afternoon": "12:00-17:00", "evening": "17:00-20:00"}
"""What a best time given in a word means, in the callee's local time."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_INTEGER = re.compile(r"([+-]?[0-9]{1,9})(\.0+)?")
_TIME_OF_DAY = r"([0-9]{1,2})(?:[:.h]([0-5][0-9]))?(?::00)? ?(am|pm|a\.m\.|p\.m\.)?"
_HOURS = re.compile(rf"{_TIME_OF_DAY} ?(?:-|–|—|to) ?{_TIME_OF_DAY}")
_MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class RowNote:
    """A value that could not be used; the lead was accepted without it."""

    code: str
    sentence: str


def read_email(text: str) -> tuple[str, RowNote | None]:
    """An address as it is written, or empty."""
    if not text or (len(text) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(text)):
        return text, None
    return "", RowNote("email-invalid", "email: It is not an email address; the lead has none.")


def read_number(name: str, text: str) -> tuple[int | None, RowNote | None]:
    """A whole number for the field `name`, or None."""
    if not text:
        return None, None
    if (number := _INTEGER.fullmatch(text)) and abs(int(number[1])) <= MAX_NUMBER:
        return int(number[1]), None
    sentence = f"{name}: {quoted(text)} is not a whole number up to {MAX_NUMBER:,}; the lead has none."
    return None, RowNote(f"{name}-invalid", sentence)


def read_best_time(text: str) -> tuple[str, RowNote | None]:
    """Hours of a day as in 17:00-20:00, from 17:00-20:00, 5pm-8pm, 17-20 or a word of HOURS_OF_WORD.

    They may go past midnight, as in 22:00-01:00.
    """
    if not text:
        return "", None
    folded = text.casefold()
    if hours := HOURS_OF_WORD.get(folded) or _hours(folded):
        return hours, None
    sentence = f"best_time: {quoted(text)} is not hours of a day; write 17:00-20:00. The lead has none."
    return "", RowNote("best-time-invalid", sentence)


def _hours(text: str) -> str | None:
    match = _HOURS.fullmatch(text) if len(text) <= MAX_EMAIL_CHARS else None
    if not match:
        return None
    start = _minutes(match[1], match[2], match[3])
    end = _minutes(match[4], match[5], match[6])
    if start is None or end is None or start == end:
        return None
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def _minutes(hour_text: str, minute_text: str | None, half: str | None) -> int | None:
    """Minutes since midnight; None if there is no such time of day."""
    hour = int(hour_text)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    minutes = hour * 60 + int(minute_text or 0)
    return minutes if minutes <= _MINUTES_OF_DAY else None


def read_instant(text: str, zones: Iterable[str]) -> datetime | None:
    """An ISO 8601 time in UTC, to the millisecond; None if it is none.

    A time without an offset is local to `zones`; of several (and of a repeated hour) the latest instant
    counts, so that nobody is called before. Without any zone it is UTC.
    """
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(microsecond=time.microsecond // 1000 * 1000)
        if time.tzinfo is not None:
            return time.astimezone(UTC)
        candidates = [time.replace(tzinfo=ZoneInfo(zone), fold=fold) for zone in zones for fold in (0, 1)]
        return max((t.astimezone(UTC) for t in candidates), default=time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def shown(text: str) -> str:
    """A text from outside as it can be shown anywhere: on one line, all of it printable, and shortened."""
    if len(text) > MAX_SHOWN_CHARS:
        text = text[: MAX_SHOWN_CHARS - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def quoted(text: str) -> str:
    """A text as a sentence shows it."""
    return f'"{shown(text)}"'


def quoted_names(names: Sequence[str]) -> str:
    """Names as a sentence lists them, no more than MAX_SHOWN_NAMES."""
    more = ["…"] if len(names) > MAX_SHOWN_NAMES else []
    return ", ".join([*map(quoted, names[:MAX_SHOWN_NAMES]), *more])
