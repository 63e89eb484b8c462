"""What is to change about leads, read from options or a request's body."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from leads.core.columns import MAX_CELL_CHARS, clean_cell
from leads.core.country import country_code
from leads.core.intake import MAX_EXTERNAL_ID_CHARS
from leads.core.timezone import known_zone
from leads.core.values import MAX_NUMBER, quoted, read_best_time, read_email, read_number
from leads.errors import BadLeadChangesError

BULK_FIELDS = ("owner", "priority", "rank", "language", "best_time", "not_before", "timezone")
"""What may be set for many leads at once."""

FIELDS = (
    *BULK_FIELDS,
    "external_id",
    "first_name",
    "last_name",
    "email",
    "country",
    "region",
    "postal_code",
)
"""What may be set for one lead."""

_REORDERING = ("priority", "rank", "timezone", "country", "region", "not_before", "best_time")
MAX_TEXT_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class LeadChanges:
    """New values by column, and custom fields to be set; an empty one is taken away. The rest stays."""

    values: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def reorders(self) -> bool:
        """Whether campaigns may have to dial the leads in another order or at other times."""
        return not self.values.keys().isdisjoint(_REORDERING)


def parse_changes(
    values: Mapping[str, str],
    custom: Mapping[str, str] = MappingProxyType({}),
    allowed: Collection[str] = BULK_FIELDS,
) -> LeadChanges:
    """Changes from texts by the field's name, and custom fields by theirs; an empty text clears a field.

    Raises BadLeadChangesError that names the field.
    """
    if unknown := sorted(name for name in values if name not in allowed):
        raise BadLeadChangesError(f"{unknown[0][:40]!r} cannot be set; use {', '.join(allowed)}.")
    changes = LeadChanges(
        {name: _read(name, clean_cell(text)) for name, text in values.items()},
        dict(_read_custom(name, text) for name, text in custom.items()),
    )
    if not changes.values and not changes.custom:
        raise BadLeadChangesError("Nothing is to change; give a field with its new value.")
    return changes


def _read(name: str, text: str) -> Any:
    match name:
        case "priority" | "rank":
            return _read_number(name, text)
        case "not_before":
            return _read_time(text) if text else None
        case "timezone":
            return _read_zone(text)
        case "country":
            return _read_country(text)
        case "external_id":
            return _checked(name, text, MAX_EXTERNAL_ID_CHARS) or None
        case "best_time":
            best_time, note = read_best_time(text)
            if note:
                raise BadLeadChangesError("best_time: write hours of a day in local time, as in 17:00-20:00.")
            return best_time
        case "email":
            email, note = read_email(text)
            if note:
                raise BadLeadChangesError("email: It is not an email address.")
            return email
        case _:
            return _checked(name, text, MAX_TEXT_CHARS)


def _read_number(name: str, text: str) -> int:
    number, note = read_number(name, text)
    if note:
        raise BadLeadChangesError(f"{name}: {quoted(text)} is not a whole number up to {MAX_NUMBER:,}.")
    return number or 0


def _read_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return time.astimezone(UTC).replace(microsecond=time.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        pass
    raise BadLeadChangesError(
        "not_before: write a time and its offset from UTC, as in 2026-03-01T09:00+01:00 or 2026-03-01T08:00Z."
    )


def _read_zone(text: str) -> str:
    zone = known_zone(text) if text else ""
    if zone is None:
        raise BadLeadChangesError(
            f"timezone: {quoted(text)} is not a time zone; use an IANA name such as America/New_York."
        )
    return zone


def _read_country(text: str) -> str:
    code = country_code(text) if text else ""
    if code is None:
        raise BadLeadChangesError("country: this is not a country; use its two-letter code.")
    return code


def _checked(name: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise BadLeadChangesError(f"{name}: the value has more than {limit:,} characters.")
    return text


def _read_custom(name: str, text: str) -> tuple[str, str]:
    clean = clean_cell(name)
    if not clean or len(clean) > MAX_TEXT_CHARS:
        raise BadLeadChangesError(f"custom: a field's name has 1 to {MAX_TEXT_CHARS:,} characters.")
    return clean, _checked(f"custom {clean}", clean_cell(text), MAX_CELL_CHARS)
