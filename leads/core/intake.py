"""From a row of a lead file to a lead, or to the reason why not.

A row is rejected where going on without the value could call the wrong person or at the wrong time: no phone
that can be dialed, a country, time zone or `not_before` that cannot be read. Other values that cannot be
read (a second phone, an email address, a priority) are left out and noted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from leads.core.columns import MAX_CELL_CHARS, ColumnMap, clean_cell
from leads.core.country import country_code
from leads.core.phone import ParsedPhone, PhoneRejection, parse_phone
from leads.core.timezone import callee_zones, known_zone

MAX_EXTERNAL_ID_CHARS = 200
MAX_EMAIL_CHARS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""
MAX_PRIORITY = 1_000_000
"""Priorities run from minus this to this."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_INTEGER = re.compile(r"([+-]?[0-9]{1,9})(\.0+)?")


@dataclass(frozen=True, slots=True)
class RowNote:
    """A value that could not be used; the lead was accepted without it."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RowRejection:
    """Why a row is not a lead."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """A lead as a row gives it. Empty text, None and {} mean that the row does not say."""

    phones: tuple[ParsedPhone, ...]
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    country: str = ""
    region: str = ""
    postal_code: str = ""
    timezone: str = ""
    language: str = ""
    priority: int | None = None
    not_before: datetime | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[RowNote, ...] = ()


def read_row(cells: Sequence[str], columns: ColumnMap, default_country: str) -> LeadDraft | RowRejection:
    """Reads one row. Cells that miss at its end are empty.

    A phone number without a country is one of the row's country, else of `default_country` (ISO 3166).
    """
    cells = [clean_cell(cell) for cell in cells]
    if rejection := _check_shape(cells, columns):
        return rejection
    values = {name: cells[i] if i < len(cells) else "" for name, i in columns.fields.items()}
    country = country_code(values.get("country", ""))
    if values.get("country") and country is None:
        return RowRejection(
            "country-unknown",
            f"country: {_quote(values['country'])} is not a country; use its two-letter code.",
        )
    phones, bad_phones = _read_phones(cells, columns, country or default_country)
    if not phones:
        return RowRejection(bad_phones[0].code, bad_phones[0].sentence)
    when = _read_times(values, phones)
    if isinstance(when, RowRejection):
        return when
    timezone, not_before = when
    if len(values.get("external_id", "")) > MAX_EXTERNAL_ID_CHARS:
        return RowRejection(
            "external-id-too-long", f"external_id: It has more than {MAX_EXTERNAL_ID_CHARS} characters."
        )
    email, bad_email = _read_email(values.get("email", ""))
    priority, bad_priority = _read_priority(values.get("priority", ""))
    return LeadDraft(
        phones=phones,
        external_id=values.get("external_id") or None,
        first_name=values.get("first_name", ""),
        last_name=values.get("last_name", ""),
        email=email,
        country=country or "",
        region=values.get("region", ""),
        postal_code=values.get("postal_code", ""),
        timezone=timezone,
        language=values.get("language", ""),
        priority=priority,
        not_before=not_before,
        custom={name: cells[i] for i, name in columns.custom if i < len(cells) and cells[i]},
        notes=(*bad_phones, *bad_email, *bad_priority),
    )


def _check_shape(cells: Sequence[str], columns: ColumnMap) -> RowRejection | None:
    if not any(cells):
        return RowRejection("row-empty", "Every cell of the row is empty.")
    if any(cells[columns.width :]):
        return RowRejection(
            "row-too-many-cells",
            f"The row has {len(cells)} cells and the header {columns.width}; put quotation marks around "
            "a cell that contains the delimiter.",
        )
    if any(len(cell) > MAX_CELL_CHARS for cell in cells):
        return RowRejection("cell-too-long", f"A cell has more than {MAX_CELL_CHARS:,} characters.")
    return None


def _read_phones(
    cells: Sequence[str], columns: ColumnMap, country: str
) -> tuple[tuple[ParsedPhone, ...], tuple[RowNote, ...]]:
    """The row's good phones, each once, and a note for each bad one; one at least if there is no good one."""
    good: dict[str, ParsedPhone] = {}
    bad: list[RowNote] = []
    for i, name in columns.phones:
        if i >= len(cells) or not cells[i]:
            continue
        parsed = parse_phone(cells[i], country)
        if isinstance(parsed, PhoneRejection):
            bad.append(RowNote(parsed.code, f"{name}: {parsed.sentence}"))
        else:
            good.setdefault(parsed.e164, parsed)
    if not good and not bad:
        bad.append(RowNote("phone-empty", "The row has no phone number."))
    return tuple(good.values()), tuple(bad)


def _read_times(
    values: Mapping[str, str], phones: Sequence[ParsedPhone]
) -> tuple[str, datetime | None] | RowRejection:
    """The row's own zone ("" if not given) and its `not_before` in UTC."""
    given_zone, given_time = values.get("timezone", ""), values.get("not_before", "")
    timezone = known_zone(given_zone) or ""
    if given_zone and not timezone:
        return RowRejection(
            "timezone-unknown",
            f"timezone: {_quote(given_zone)} is not a time zone; use an IANA name such as America/New_York.",
        )
    if not given_time:
        return timezone, None
    zones = {zone for phone in phones for zone in callee_zones(timezone, phone.zones)}
    try:
        return timezone, _latest_instant(datetime.fromisoformat(given_time), zones)
    except (ValueError, OverflowError):
        return RowRejection(
            "not-before-unreadable",
            f"not_before: {_quote(given_time)} is not a time; write it as 2026-03-01T09:00 or 2026-03-01.",
        )


def _latest_instant(time: datetime, zones: set[str]) -> datetime:
    """A time without an offset is the callee's own; of several zones (and a repeated hour) the latest instant
    counts, so that nobody is called before. Without any zone it is UTC. To the millisecond.
    """
    time = time.replace(microsecond=time.microsecond // 1000 * 1000)
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    candidates = [time.replace(tzinfo=ZoneInfo(zone), fold=fold) for zone in zones for fold in (0, 1)]
    return max((t.astimezone(UTC) for t in candidates), default=time.replace(tzinfo=UTC))


def _read_email(text: str) -> tuple[str, tuple[RowNote, ...]]:
    if not text or (len(text) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(text)):
        return text, ()
    return "", (RowNote("email-invalid", "email: It is not an email address; the lead has none."),)


def _read_priority(text: str) -> tuple[int | None, tuple[RowNote, ...]]:
    if not text:
        return None, ()
    if (number := _INTEGER.fullmatch(text)) and abs(int(number[1])) <= MAX_PRIORITY:
        return int(number[1]), ()
    sentence = f"priority: {_quote(text)} is not a whole number up to {MAX_PRIORITY:,}; the lead has none."
    return None, (RowNote("priority-invalid", sentence),)


def _quote(text: str) -> str:
    return f'"{text if len(text) <= 40 else text[:39] + "…"}"'
