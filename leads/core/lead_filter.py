"""Which leads: a choice by what is known of them, read from options or query parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from leads.core.columns import MAX_CELL_CHARS, clean_cell
from leads.core.country import country_code
from leads.core.phone import PhoneRejection, parse_phone
from leads.errors import BadLeadFilterError

LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1
"""What a priority's column holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFilter:
    """The leads that meet every condition which is not None; without any, all leads.

    Leads whose personal data was erased are never among them.
    """

    client: str | None = None
    """The slug."""
    list: str | None = None
    """The name, or the id in digits."""
    phone: str | None = None
    """Any of the lead's phones, E.164."""
    external_id: str | None = None
    name: str | None = None
    """What the first or the last name begins with; as it is typed, or in small letters, capitals or both."""
    email: str | None = None
    """The whole address; small letters or capitals do not matter."""
    country: str | None = None
    """ISO 3166 alpha-2."""
    region: str | None = None
    owner: str | None = None
    language: str | None = None
    min_priority: int | None = None
    max_priority: int | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    import_id: int | None = None
    """The load that brought it."""
    custom: tuple[tuple[str, str], ...] = ()
    """Custom fields and the whole values that they have."""

    @property
    def is_empty(self) -> bool:
        """Whether it is met by every lead."""
        return all(getattr(self, each.name) in (None, ()) for each in fields(self))


FIELDS = tuple(each.name for each in fields(LeadFilter) if each.name != "custom")
"""What `parse_filter` reads, beside custom fields."""


def parse_filter(
    values: Mapping[str, str | None], custom: Sequence[str] = (), default_country: str = "US"
) -> LeadFilter:
    """A choice from texts by the field's name, and custom fields as NAME=VALUE; None is not given.

    Times are ISO 8601; without an offset they are UTC. A phone may be written in any way; without a country
    it is one of `default_country`. Raises BadLeadFilterError that names the part.
    """
    given = {name: clean_cell(text) for name, text in values.items() if text is not None}
    if unknown := sorted(name for name in given if name not in FIELDS):
        raise BadLeadFilterError(f"{unknown[0][:40]!r} is not a condition; use {', '.join(FIELDS)}.")
    for name, text in given.items():
        if not text and name not in ("owner", "language", "country", "region", "email", "external_id"):
            raise BadLeadFilterError(f"{name}: the value is empty; leave the condition out, or give one.")
        if len(text) > MAX_CELL_CHARS:
            raise BadLeadFilterError(f"{name}: the value is far too long.")
    read = {name: _read(name, text, default_country) for name, text in given.items()}
    chosen = LeadFilter(**read, custom=tuple(_read_custom(each) for each in custom))
    low, high = chosen.min_priority, chosen.max_priority
    if low is not None and high is not None and low > high:
        raise BadLeadFilterError("min_priority is higher than max_priority; no lead can meet both.")
    return chosen


def _read(name: str, text: str, default_country: str) -> Any:
    match name:
        case "phone":
            return _read_phone(text, default_country)
        case "country":
            return _read_country(text)
        case "min_priority" | "max_priority":
            return _read_number(name, text, -LARGEST_NUMBER, LARGEST_NUMBER)
        case "import_id":
            return _read_number(name, text, 1, LARGEST_ID)
        case "created_from" | "created_before":
            return _read_time(name, text)
        case _:
            return text


def _read_phone(text: str, default_country: str) -> str:
    parsed = parse_phone(text, default_country)
    if isinstance(parsed, PhoneRejection):
        raise BadLeadFilterError(f"phone: {parsed.sentence}")
    return parsed.e164


def _read_country(text: str) -> str:
    code = country_code(text) if text else ""
    if code is None:
        raise BadLeadFilterError("country: this is not a country; use its two-letter code.")
    return code


def _read_number(name: str, text: str, low: int, high: int) -> int:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 19 and low <= int(text) <= high:
        return int(text)
    raise BadLeadFilterError(f"{name}: {text[:40]!r} is not a whole number from {low} to {high}.")


def _read_time(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadLeadFilterError(
            f"{name}: {text[:40]!r} is not a time; write it as 2026-03-01T09:00+01:00 or 2026-03-01."
        ) from None


def _read_custom(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name, value = clean_cell(name), clean_cell(value)
    if not equals or not name or not value or len(text) > MAX_CELL_CHARS:
        raise BadLeadFilterError("custom: give a custom field and its value as NAME=VALUE.")
    return name, value
