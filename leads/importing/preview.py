"""What a load would make of a file, without loading it."""

from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import msgspec

from leads.core.columns import NO_CHOICE, ColumnChoice
from leads.core.rows import TEXT_FIELDS, LeadRow
from leads.importing.choices import ListTarget
from leads.importing.records import RecordReader
from leads.importing.stream import read_chunks
from leads.importing.worker import Job, ReadRows
from leads.threads import in_thread

SAMPLE_ROWS = 1_000
SHOWN_ROWS = 5
_CHUNK_ROWS = 5_000


class ColumnPreview(msgspec.Struct, frozen=True):
    """A column (from 1) and what it was taken for; `how` as in `leads.core.columns.ColumnUse`."""

    column: int
    header: str
    field: str
    how: str


class RowPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it would be read; `code` and `reason` say why it would be rejected."""

    row: int
    phones: list[str] = []
    values: dict[str, str] = {}
    code: str = ""
    reason: str = ""


class ImportPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a load would make of a file; rows = readable + rejected, of a sample unless `whole`.

    `sheet` is the one that was read of a workbook, and `other_sheets` are others of it that have rows.
    """

    columns: list[ColumnPreview]
    first_rows: list[RowPreview]
    rows: int
    readable: int
    rejected: int
    reasons: dict[str, int]
    notes: dict[str, int]
    whole: bool
    sheet: str = ""
    other_sheets: list[str] = []


async def preview(
    target: ListTarget,
    source: Path | BinaryIO,
    name: str,
    *,
    choice: ColumnChoice = NO_CHOICE,
    sheet: str | None = None,
    whole: bool = False,
) -> ImportPreview:
    """Reads the beginning of a file, or the whole of it, and stores nothing.

    Raises NotALeadFileError, UnknownSheetError, LeadFileUnreadableError and BadMappingError.
    """
    reader = RecordReader(source, name, choice, sheet)
    try:
        await in_thread(reader.open)
        job = Job(reader.columns, target.default_country)
        size = _CHUNK_ROWS if whole else SAMPLE_ROWS
        reasons, notes = Counter[str](), Counter[str]()
        first: list[RowPreview] = []
        readable = 0
        async with aclosing(read_chunks(reader, job, size, in_processes=whole)) as chunks:
            async for _, read in chunks:
                readable += len(read.rows)
                reasons.update(row.code for row in read.rejected)
                notes.update(note for row in read.rows for note in row.notes)
                first = first or _first_rows(read)
                if not whole:
                    break
        used = [ColumnPreview(u.index + 1, u.header, u.field, u.how) for u in reader.columns.uses]
    finally:
        await in_thread(reader.close)
    rejected = reasons.total()
    return ImportPreview(
        columns=used,
        first_rows=first,
        rows=readable + rejected,
        readable=readable,
        rejected=rejected,
        reasons=dict(reasons.most_common()),
        notes=dict(notes.most_common()),
        whole=whole or readable + rejected < SAMPLE_ROWS,
        sheet=reader.sheet,
        other_sheets=reader.other_sheets,
    )


def _first_rows(read: ReadRows) -> list[RowPreview]:
    rows = [_row(row) for row in read.rows[:SHOWN_ROWS]]
    rows += [
        RowPreview(row=row.number, code=row.code, reason=row.sentence) for row in read.rejected[:SHOWN_ROWS]
    ]
    return sorted(rows, key=lambda row: row.row)[:SHOWN_ROWS]


def _row(row: LeadRow) -> RowPreview:
    values = dict(zip(TEXT_FIELDS, row.texts, strict=True)) | {"external_id": row.external_id or ""}
    numbers = {"priority": row.priority, "rank": row.rank, "not_before": row.not_before}
    values |= {name: str(value) for name, value in numbers.items() if value is not None}
    values |= msgspec.json.decode(row.custom, type=dict[str, str])
    return RowPreview(
        row=row.number,
        phones=[phone.e164 for phone in row.phones],
        values={name: value for name, value in values.items() if value},
    )
