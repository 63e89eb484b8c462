"""Records the caller IDs of a file, one a row: the good rows together, each bad one with its reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from campaigns.caller_ids import add_record, change_record, details_of, put_in_groups
from campaigns.errors import CampaignsError, InvalidCallerIdError
from campaigns.stores.caller_ids import CallerIdStore
from campaigns.stores.shared import Session, Sessions
from leads.checks import checked_country, checked_number, client_id_of
from leads.core.columns import clean_cell
from leads.errors import LeadsError, NotALeadFileError
from leads.reading import open_rows
from leads.threads import in_thread

MOST_ROWS = 10_000

_NUMBER = "caller_id"
_NUMBER_COLUMNS = (_NUMBER, "number", "phone", "phone_number", "did")
_DAYS = ("owned_from", "owned_until")
_TEXTS = ("owner", "document", "recorded_by", "timezone", "attestation", "display_name")
_MOST_DIGITS = 9
_COLUMNS = (*_DAYS, *_TEXTS, "daily_cap", "groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that was not taken; `row` as a spreadsheet numbers it."""

    row: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdImport:
    """What became of every row: rows = added + changed + unchanged + refused."""

    rows: int
    added: int
    changed: int
    unchanged: int
    refused: list[RefusedRow]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: Mapping[str, str]
    """By column; empty cells are left out."""


async def import_caller_ids(
    sessions: Sessions,
    client: str,
    source: Path | BinaryIO,
    defaults: Mapping[str, str],
    now: datetime,
    *,
    default_country: str = "US",
    source_name: str = "the file",
) -> CallerIdImport:
    """Records the numbers of a CSV file or a workbook; `defaults` stand where a row has no value.

    The first row names the columns: a number's, and the fields of CallerIdDetails; groups are divided by
    semicolons. A number that the client has is changed where that may be.

    Raises UnknownClientError, UnknownCountryError, NotALeadFileError and LeadFileUnreadableError.
    """
    country = checked_country(default_country)
    rows = await in_thread(lambda: list(_rows(source, source_name, defaults)))
    results: list[str] = []
    refused = []
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client)
        for row in rows:
            try:
                async with session.begin_nested():
                    results.append(await _take(session, client_id, row.cells, country, now))
            except (CampaignsError, LeadsError) as error:
                refused.append(RefusedRow(row=row.number, code=error.code, sentence=str(error)))
    counts = {what: results.count(what) for what in ("added", "changed", "unchanged")}
    return CallerIdImport(rows=len(rows), refused=refused, **counts)


async def _take(
    session: Session, client_id: int, cells: Mapping[str, str], country: str, now: datetime
) -> str:
    """Adds a row's number, or changes it where the client has it; which of it was done."""
    e164 = checked_number(cells.get(_NUMBER, ""), country)
    given = _details(cells)
    record = await CallerIdStore(session).holder(e164)
    if record is None or record.client_id != client_id:
        record = await add_record(session, client_id, e164, given, now)
        result = "added"
    else:
        known = details_of(record)
        given.pop("recorded_by", None)
        changes = {name: value for name, value in given.items() if getattr(known, name) != value}
        result = "changed" if changes else "unchanged"
        if changes:
            await change_record(session, record, changes, now)
    names = [name for each in cells.get("groups", "").split(";") if (name := each.strip())]
    await put_in_groups(session, client_id, [record], names, now)
    return result


def _details(cells: Mapping[str, str]) -> dict[str, Any]:
    """The fields of CallerIdDetails that a row gives. Raises InvalidCallerIdError."""
    given: dict[str, Any] = {name: cells[name] for name in _TEXTS if name in cells}
    for name in _DAYS:
        if name in cells:
            given[name] = _day(name, cells[name])
    if "daily_cap" in cells:
        cap = cells["daily_cap"]
        if not (cap.isascii() and cap.isdigit() and len(cap) <= _MOST_DIGITS):
            raise InvalidCallerIdError("daily_cap is a whole number of calls; leave it empty for no cap.")
        given["daily_cap"] = int(cap)
    return given


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidCallerIdError(f"{name} is a date as in 2026-11-03.") from error


def _rows(source: Path | BinaryIO, name: str, defaults: Mapping[str, str]) -> Iterator[_Row]:
    """The rows below the header. Raises NotALeadFileError and LeadFileUnreadableError."""
    with open_rows(source, name) as opened:
        records = opened.records()
        columns = _columns(next(records, (0, []))[1])
        for count, (number, cells) in enumerate(records):
            if count == MOST_ROWS:
                raise NotALeadFileError(f"A file has at most {MOST_ROWS} caller IDs; divide it.")
            given = {column: clean_cell(cell) for column, cell in zip(columns, cells, strict=False) if column}
            yield _Row(number, {**defaults, **{column: text for column, text in given.items() if text}})


def _columns(header: list[str]) -> list[str]:
    """What each column is: _NUMBER, one of _COLUMNS, or empty. Raises NotALeadFileError."""
    names = [clean_cell(each).casefold().replace(" ", "_").replace("-", "_") for each in header]
    columns = [_NUMBER if name in _NUMBER_COLUMNS else name for name in names]
    if columns.count(_NUMBER) != 1:
        raise NotALeadFileError("One column holds the numbers; name it caller_id in the first row.")
    unknown = [name for name in columns if name not in (_NUMBER, *_COLUMNS, "")]
    if unknown:
        raise NotALeadFileError(
            f"{unknown[0][:40]!r} is no column of caller IDs; there are {_NUMBER}, {', '.join(_COLUMNS)}."
        )
    return columns
