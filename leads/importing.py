"""Loads a CSV file into a lead list: one pass over its form, then one over its rows, in constant memory."""

import csv
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from leads.core.columns import REJECT_COLUMNS, ColumnMap, map_columns, neutral_cell
from leads.core.intake import LeadDraft, RowRejection, read_row
from leads.csvfile import opened, records_of, survey
from leads.errors import NotALeadFileError, RejectsFileError
from leads.store import LeadStore, Saved, Sessions
from leads.threads import in_thread

BATCH_ROWS = 1_000
"""Rows in one transaction."""

EXAMPLES_PER_REASON = 3


@dataclass(frozen=True, slots=True)
class ListTarget:
    """Where leads are loaded to; client and list are created if they are missing."""

    client_slug: str
    list_name: str
    default_country: str
    """ISO 3166 alpha-2: the country of numbers that are written without one."""


class RowExample(msgspec.Struct, frozen=True):
    """A row that was rejected; `row` as a spreadsheet numbers it."""

    row: int
    code: str
    sentence: str


class ImportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come; rows = accepted + merged + rejected."""

    rows: int
    total: int
    accepted: int
    merged: int
    rejected: int


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every row: rows = accepted + merged + rejected.

    `reasons` counts the rejected rows by code, `examples` shows the first of each, and `notes` counts
    values of accepted and merged rows that could not be used.
    """

    client: str
    list_name: str
    list_id: int
    rows: int
    accepted: int
    merged: int
    rejected: int
    reasons: dict[str, int]
    notes: dict[str, int]
    examples: list[RowExample]


async def import_leads(
    sessions: Sessions,
    target: ListTarget,
    source: Path | BinaryIO,
    *,
    now: datetime,
    rejects_path: Path | None = None,
    on_progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """Loads a file, and writes the rows that were rejected to `rejects_path`, ready to be mended and loaded.

    Each batch is a transaction of its own; a load that was cut off is completed by loading the file again.
    `on_progress` is called after each batch. Raises NotALeadFileError, LeadFileUnreadableError and
    RejectsFileError, each before anything is stored.
    """
    reader = _RowReader(source, target.default_country, rejects_path)
    try:
        total = await in_thread(reader.open)
        list_id = await _ensure_list(sessions, target, now)
        tally = _Tally()
        while batch := await in_thread(reader.next_batch):
            async with sessions() as session, session.begin():
                saved = await LeadStore(session).save(list_id, batch.drafts, now)
            tally.add(batch, saved)
            if on_progress:
                on_progress(tally.progress(total))
    finally:
        await in_thread(reader.close)
    return tally.report(target, list_id)


async def _ensure_list(sessions: Sessions, target: ListTarget, now: datetime) -> int:
    async with sessions() as session, session.begin():
        store = LeadStore(session)
        client = await store.ensure_client(target.client_slug, target.client_slug)
        lead_list = await store.ensure_list(client.id, target.list_name, target.default_country, now)
        return lead_list.id


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: int
    drafts: Sequence[LeadDraft]
    rejections: Sequence[tuple[int, RowRejection]]


class _RowReader:
    """Reads rows and writes rejects. Every method blocks, and they are called one after the other."""

    def __init__(self, source: Path | BinaryIO, default_country: str, rejects_path: Path | None) -> None:
        self._source = source
        self._default_country = default_country
        self._rejects_path = rejects_path
        self._stack = ExitStack()
        self._rejects: Any = None
        self._columns: ColumnMap
        self._records: Generator[tuple[int, list[str]], None, None]

    def open(self) -> int:
        """Surveys the file, makes the rejects file, and tells how many rows there are."""
        file = self._stack.enter_context(opened(self._source))
        form = survey(file)
        self._columns = map_columns(form.header)
        if not self._columns.phones:
            raise NotALeadFileError(
                "No column holds phone numbers; name the one that does phone in the header."
            )
        if form.rows == 0:
            raise NotALeadFileError("The file has a header and no rows; put a row for each lead below it.")
        self._records = self._stack.enter_context(closing(records_of(file, form)))
        next(self._records)
        if self._rejects_path:
            self._open_rejects(self._rejects_path, form.header)
        return form.rows

    def _open_rejects(self, path: Path, header: Sequence[str]) -> None:
        if isinstance(self._source, Path) and path.resolve() == self._source.resolve():
            raise RejectsFileError("The rejected rows cannot be written over the file that is read.")
        try:
            file = self._stack.enter_context(path.open("w", encoding="utf-8-sig", newline=""))
        except OSError as error:
            raise RejectsFileError(f"Cannot write {path}: {error.strerror}.") from error
        self._rejects = csv.writer(file)
        self._rejects.writerow([*REJECT_COLUMNS, *map(neutral_cell, header)])

    def next_batch(self) -> _Batch | None:
        """The next rows, parsed; None at the end."""
        drafts: list[LeadDraft] = []
        rejections: list[tuple[int, RowRejection]] = []
        for number, cells in islice(self._records, BATCH_ROWS):
            match read_row(cells, self._columns, self._default_country):
                case LeadDraft() as draft:
                    drafts.append(draft)
                case RowRejection() as rejection:
                    rejections.append((number, rejection))
                    if self._rejects:
                        reason = (str(number), rejection.code, rejection.sentence)
                        self._rejects.writerow([*reason, *map(neutral_cell, cells)])
        rows = len(drafts) + len(rejections)
        return _Batch(rows, drafts, rejections) if rows else None

    def close(self) -> None:
        """Closes what is open."""
        self._stack.close()


@dataclass(slots=True)
class _Tally:
    accepted: int = 0
    merged: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    examples: list[RowExample] = field(default_factory=list)

    def add(self, batch: _Batch, saved: Saved) -> None:
        self.accepted += saved.accepted
        self.merged += saved.merged
        self.rejected += len(batch.rejections)
        self.notes.update(note.code for draft in batch.drafts for note in draft.notes)
        for row, rejection in batch.rejections:
            self.reasons[rejection.code] += 1
            if self.reasons[rejection.code] <= EXAMPLES_PER_REASON:
                self.examples.append(RowExample(row, rejection.code, rejection.sentence))

    def progress(self, total: int) -> ImportProgress:
        return ImportProgress(
            rows=self.accepted + self.merged + self.rejected,
            total=total,
            accepted=self.accepted,
            merged=self.merged,
            rejected=self.rejected,
        )

    def report(self, target: ListTarget, list_id: int) -> ImportReport:
        return ImportReport(
            client=target.client_slug,
            list_name=target.list_name,
            list_id=list_id,
            rows=self.accepted + self.merged + self.rejected,
            accepted=self.accepted,
            merged=self.merged,
            rejected=self.rejected,
            reasons=dict(self.reasons.most_common()),
            notes=dict(self.notes.most_common()),
            examples=self.examples,
        )
