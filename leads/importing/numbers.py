"""Loads a file of numbers into a do-not-call list, millions of them, in constant memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import msgspec
from phonenumbers import country_code_for_region

from leads.core.columns import ColumnMap, clean_cell, map_columns
from leads.core.phone import PhoneRejection, parse_phone
from leads.core.suppression import Level, is_prefix, parse_prefix, plain_number
from leads.errors import NotALeadFileError
from leads.reading import RowSource, open_rows
from leads.stores.dnc import DncStore
from leads.stores.dnc_loading import DncLoadingStore
from leads.stores.shared import Sessions
from leads.threads import in_thread

BATCH_ROWS = 50_000
MAX_REASON_CHARS = 200
_NANP_CODE = 1


class DncReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every number: numbers = added + already + rejected; `reasons` counts the rejected.

    `sheet` is the one that was read of a workbook, and `other_sheets` are others of it that have rows.
    """

    numbers: int
    added: int
    already: int
    rejected: int
    reasons: dict[str, int]
    sheet: str = ""
    other_sheets: list[str] = []


@dataclass(frozen=True, slots=True)
class DncTarget:
    """The list, why its numbers are on it, and the country of those written without one.

    `replace`: the file is the whole list from now on; what else was on it is taken off. `sheet`: of a
    workbook; without a name, the first that has rows.
    """

    level: Level
    owner_id: int
    list_name: str
    reason: str
    default_country: str
    replace: bool = False
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class DncProgress:
    """How far a load is; `total_bytes` is None where nobody knows."""

    numbers: int
    read_bytes: int
    total_bytes: int | None


async def import_numbers(
    sessions: Sessions,
    target: DncTarget,
    source: Path | BinaryIO,
    *,
    source_name: str,
    now: datetime,
    on_progress: Callable[[DncProgress], object] | None = None,
) -> DncReport:
    """Adds every number of a file: of its phone columns, or of its first column where there is no header.

    A column named reason says why for its row; a number that ends with * or … stands for all that begin so.
    A list that is replaced stays in force, unchanged, until the new one is whole.

    Raises NotALeadFileError, UnknownSheetError, LeadFileUnreadableError and DncListChangedError. Then nothing
    is replaced; of a list that is added to, what was read before the mistake stays.
    """
    reader = _NumberReader(source, source_name, target)
    totals = Counter[str]()
    reasons = Counter[str]()
    try:
        await in_thread(reader.open)
        list_id = await _begin(sessions, target, now)
        while batch := await in_thread(reader.next_batch):
            totals["added"] += await _add(sessions, target, list_id, batch, source_name, now)
            totals["numbers"] += batch.numbers + len(batch.rejections)
            reasons.update(batch.rejections)
            if on_progress:
                on_progress(DncProgress(totals["numbers"], *reader.progress))
    finally:
        await in_thread(reader.close)
    await _end(sessions, target, list_id, totals["numbers"] - reasons.total())
    rejected = reasons.total()
    return DncReport(
        numbers=totals["numbers"],
        added=totals["added"],
        already=totals["numbers"] - totals["added"] - rejected,
        rejected=rejected,
        reasons=dict(reasons.most_common()),
        sheet=reader.sheet,
        other_sheets=reader.other_sheets,
    )


async def clear_leftovers(sessions: Sessions) -> None:
    """Deletes the entries of lists that are out of force, a transaction for every BATCH_ROWS."""
    async with sessions() as session, session.begin():
        leftovers = await DncLoadingStore(session).leftovers()
    for list_id in leftovers:
        gone = False
        while not gone:
            async with sessions() as session, session.begin():
                gone = await DncLoadingStore(session).clear(list_id, BATCH_ROWS)


@dataclass(slots=True)
class _Batch:
    numbers: int = 0
    entries: dict[str, str] = field(default_factory=dict)
    """Number to reason; the first reason holds."""
    prefixes: dict[str, str] = field(default_factory=dict)
    rejections: list[str] = field(default_factory=list)


async def _begin(sessions: Sessions, target: DncTarget, now: datetime) -> int:
    async with sessions() as session, session.begin():
        whose = (target.level, target.owner_id, target.list_name)
        if target.replace:
            return await DncLoadingStore(session).begin(*whose, now)
        return (await DncStore(session).ensure_list(*whose, now)).id


async def _add(
    sessions: Sessions, target: DncTarget, list_id: int, batch: _Batch, source: str, now: datetime
) -> int:
    async with sessions() as session, session.begin():
        store = DncLoadingStore(session)
        added = await store.add(list_id, batch.entries, source, now)
        return added + await store.add_prefixes(list_id, batch.prefixes, source, now)


async def _end(sessions: Sessions, target: DncTarget, list_id: int, usable: int) -> None:
    async with sessions() as session, session.begin():
        store = DncLoadingStore(session)
        if target.replace and not usable:
            await store.retire(list_id)
        elif target.replace:
            await store.put_in_place(list_id, target.level, target.owner_id, target.list_name)
        if usable >= BATCH_ROWS:
            await store.refresh_statistics()
    await clear_leftovers(sessions)
    if target.replace and not usable:
        raise NotALeadFileError("No number of the file can be used, so the list stays as it was.")


class _NumberReader:
    """Reads numbers. Every method blocks, and they are called one after the other."""

    def __init__(self, source: Path | BinaryIO, name: str, target: DncTarget) -> None:
        self._source = source
        self._name = name
        self._country = target.default_country
        self._nanp = country_code_for_region(target.default_country) == _NANP_CODE
        self._reason = target.reason
        self._wanted_sheet = target.sheet
        self.sheet = ""
        self.other_sheets: list[str] = []
        self._stack = ExitStack()
        self._rows: RowSource
        self._records: Iterator[tuple[int, list[str]]]
        self._phones: list[int] = []
        self._reason_column: int | None = None

    def open(self) -> None:
        """Finds where the numbers are."""
        self._rows = self._stack.enter_context(open_rows(self._source, self._name, self._wanted_sheet))
        self.sheet, self.other_sheets = self._rows.sheet, self._rows.other_sheets
        records = self._rows.records()
        first = next(records, None)
        if first is None:
            raise NotALeadFileError("The file holds no numbers.")
        columns = map_columns(first[1])
        if columns.phones:
            self._phones = [i for i, *_ in columns.phones]
            self._reason_column = _column_named(columns, "reason")
            self._records = records
        elif self._parsed(clean_cell(first[1][0])) is not None:
            self._phones = [0]
            self._records = chain([first], records)
        else:
            raise NotALeadFileError(
                "No column holds phone numbers; name the one that does phone in the header."
            )

    @property
    def progress(self) -> tuple[int, int | None]:
        """Bytes read, and how many there are."""
        return self._rows.read_bytes, self._rows.total_bytes

    def next_batch(self) -> _Batch | None:
        """The numbers of the next rows; None at the end."""
        batch = _Batch()
        for _, cells in islice(self._records, BATCH_ROWS):
            self._read(cells, batch)
        return batch if batch.numbers or batch.rejections else None

    def _read(self, cells: list[str], batch: _Batch) -> None:
        why = self._reason
        if self._reason_column is not None and self._reason_column < len(cells):
            why = clean_cell(cells[self._reason_column])[:MAX_REASON_CHARS] or why
        texts = [text for i in self._phones if i < len(cells) and (text := clean_cell(cells[i]))]
        for text in texts or [""]:
            if number := plain_number(text, nanp=self._nanp):
                batch.entries.setdefault(number, why)
            elif is_prefix(text) and (prefix := parse_prefix(text)):
                batch.prefixes.setdefault(prefix, why)
            else:
                parsed = parse_phone(text, self._country)
                if isinstance(parsed, PhoneRejection):
                    batch.rejections.append(parsed.code)
                    continue
                batch.entries.setdefault(parsed.e164, why)
            batch.numbers += 1

    def _parsed(self, text: str) -> str | None:
        if is_prefix(text):
            return parse_prefix(text)
        parsed = parse_phone(text, self._country)
        return None if isinstance(parsed, PhoneRejection) else parsed.e164

    def close(self) -> None:
        """Closes what is open."""
        self._stack.close()


def _column_named(columns: ColumnMap, wanted: str) -> int | None:
    return next((i for i, name in columns.custom if name.lower() == wanted), None)
