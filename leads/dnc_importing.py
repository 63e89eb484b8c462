"""Loads a file of numbers into a do-not-call list, in constant memory."""

from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from leads.core.columns import ColumnMap, clean_cell, map_columns
from leads.core.phone import ParsedPhone, PhoneRejection, parse_phone
from leads.core.suppression import Suppression
from leads.csvfile import opened, records_of, survey
from leads.errors import NotALeadFileError
from leads.importing import BATCH_ROWS
from leads.store import DncStore, Sessions
from leads.threads import in_thread


class DncReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of every number: numbers = added + already + rejected; `reasons` counts the rejected."""

    numbers: int
    added: int
    already: int
    rejected: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class DncTarget:
    """For whom the numbers are (None: for everyone), why, and the country of those written without one."""

    client_id: int | None
    reason: str
    default_country: str


async def import_numbers(
    sessions: Sessions, target: DncTarget, source: Path | BinaryIO, *, source_name: str, now: datetime
) -> DncReport:
    """Adds every number of a file: of its phone columns, or of its first column where there is no header.

    A column named reason says why for its row.

    Raises NotALeadFileError and LeadFileUnreadableError before anything is stored.
    """
    reader = _NumberReader(source, target)
    numbers = added = 0
    reasons: Counter[str] = Counter()
    try:
        await in_thread(reader.open)
        while batch := await in_thread(reader.next_batch):
            async with sessions() as session, session.begin():
                added += await DncStore(session).add(batch.entries, source_name, now)
            reasons.update(batch.rejections)
            numbers += len(batch.entries) + len(batch.rejections)
    finally:
        await in_thread(reader.close)
    rejected = reasons.total()
    return DncReport(
        numbers=numbers,
        added=added,
        already=numbers - added - rejected,
        rejected=rejected,
        reasons=dict(reasons.most_common()),
    )


@dataclass(slots=True)
class _Batch:
    entries: list[Suppression] = field(default_factory=list)
    rejections: list[str] = field(default_factory=list)


class _NumberReader:
    """Reads numbers. Every method blocks, and they are called one after the other."""

    def __init__(self, source: Path | BinaryIO, target: DncTarget) -> None:
        self._source = source
        self._target = target
        self._stack = ExitStack()
        self._columns: ColumnMap
        self._records: Generator[tuple[int, list[str]], None, None]

    def open(self) -> None:
        """Surveys the file and finds where the numbers are."""
        file = self._stack.enter_context(opened(self._source))
        form = survey(file)
        self._columns = map_columns(form.header)
        self._records = self._stack.enter_context(closing(records_of(file, form)))
        if self._columns.phones:
            next(self._records)
        elif isinstance(parse_phone(form.header[0], self._target.default_country), ParsedPhone):
            self._columns = ColumnMap({}, ((0, "phone"),), (), len(form.header))
        else:
            raise NotALeadFileError(
                "No column holds phone numbers; name the one that does phone in the header."
            )

    @property
    def _reason_columns(self) -> list[int]:
        return [i for i, name in self._columns.custom if name.lower() == "reason"]

    def next_batch(self) -> _Batch | None:
        """The numbers of the next rows; None at the end."""
        batch = _Batch()
        for _, cells in islice(self._records, BATCH_ROWS):
            self._read(cells, batch)
        return batch if batch.entries or batch.rejections else None

    def _read(self, cells: list[str], batch: _Batch) -> None:
        why = next((clean_cell(cells[i]) for i in self._reason_columns if i < len(cells)), "")
        texts = [text for i, _ in self._columns.phones if i < len(cells) and (text := clean_cell(cells[i]))]
        for text in texts or [""]:
            parsed = parse_phone(text, self._target.default_country)
            if isinstance(parsed, PhoneRejection):
                batch.rejections.append(parsed.code)
            else:
                reason = why or self._target.reason
                batch.entries.append(Suppression(parsed.e164, self._target.client_id, reason))

    def close(self) -> None:
        """Closes what is open."""
        self._stack.close()
