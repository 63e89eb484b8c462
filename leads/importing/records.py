"""Reads a lead file's records for a load, in chunks, with a fingerprint of all that was read.

Everything here blocks; an event loop calls it in a thread, one call after the other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from leads.core.columns import ColumnChoice, ColumnMap, map_columns
from leads.errors import NotALeadFileError
from leads.importing.worker import Record
from leads.reading import RowSource, open_rows


@dataclass(frozen=True, slots=True)
class RecordChunk:
    """Some records, and where the reader stands behind them."""

    records: list[Record]
    fingerprint: str
    """SHA-256 over the header and every record up to here."""
    read_bytes: int


class RecordReader:
    """The records of one file, read once from its beginning to its end. A context."""

    def __init__(self, source: Path | BinaryIO, name: str, choice: ColumnChoice) -> None:
        self._source = source
        self._name = name
        self._choice = choice
        self._stack = ExitStack()
        self._hash = hashlib.sha256()
        self._rows: RowSource
        self._records: Iterator[Record] = iter(())
        self.header: list[str] = []
        self.columns: ColumnMap

    def open(self) -> None:
        """Reads the header, and sees that there is a row. Raises NotALeadFileError, LeadFileUnreadableError
        and BadMappingError.
        """
        self._rows = self._stack.enter_context(open_rows(self._source, self._name))
        records = self._rows.records()
        number, first = next(records, (0, []))
        self.columns = map_columns(first, self._choice)
        if not self.columns.phones:
            raise NotALeadFileError(
                "No column holds phone numbers; name the one that does phone in the header, or map it."
            )
        if self.columns.has_header:
            self.header = first
            self._note([first])
            second = next(records, None)
            if second is None:
                raise NotALeadFileError(
                    "The file has a header and no rows; put a row for each lead below it."
                )
            self._records = chain([second], records)
        else:
            self.header = [use.header for use in self.columns.uses]
            self._records = chain([(number, first)], records)

    @property
    def total_bytes(self) -> int | None:
        """Size of the file, where it is known."""
        return self._rows.total_bytes

    def next(self, size: int) -> RecordChunk | None:
        """The next records, `size` at most; None at the end. Raises what `open_rows` says."""
        records = list(islice(self._records, size))
        if not records:
            return None
        self._note([cells for _, cells in records])
        return RecordChunk(records, self._hash.hexdigest(), self._rows.read_bytes)

    def skip(self, count: int) -> int:
        """Passes over records that were read before; gives the number of the last of them."""
        last = 0
        while count > 0 and (chunk := self.next(min(count, 5_000))):
            count -= len(chunk.records)
            last = chunk.records[-1][0]
        return last

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the header and every record that was read."""
        return self._hash.hexdigest()

    def _note(self, rows: Sequence[Sequence[str]]) -> None:
        text = "\x1e".join(["\x1f".join(cells) for cells in rows]) + "\x1e"
        self._hash.update(text.encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Closes what is open."""
        self._stack.close()


def count_done(
    source: Path, name: str, choice: ColumnChoice, cut_off: Sequence[tuple[int, str]]
) -> int | None:
    """How many rows an earlier load of this file has done, of loads as (rows, fingerprint).

    The one that came farthest counts; None if none of them was a load of this file.
    """
    found = None
    reader = RecordReader(source, name, choice)
    try:
        reader.open()
        done = 0
        for rows, fingerprint in sorted(cut_off):
            reader.skip(rows - done)
            done = rows
            if reader.fingerprint == fingerprint:
                found = rows
    finally:
        reader.close()
    return found
