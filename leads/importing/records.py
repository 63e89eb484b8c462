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

from leads.core.columns import ColumnChoice, ColumnMap, clean_cell, map_columns
from leads.core.formulas import ROWS_LOOKED_AT, UNVALUED, are_formulas
from leads.errors import FormulasWithoutValuesError, NotALeadFileError
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

    def __init__(
        self, source: Path | BinaryIO, name: str, choice: ColumnChoice, sheet: str | None = None
    ) -> None:
        self._source = source
        self._name = name
        self._choice = choice
        self._sheet = sheet
        self._stack = ExitStack()
        self._hash = hashlib.sha256()
        self._rows: RowSource
        self._records: Iterator[Record] = iter(())
        self.header: list[str] = []
        self.columns: ColumnMap

    def open(self) -> None:
        """Reads the header, and sees that there are rows with phones.

        Raises NotALeadFileError, UnknownSheetError, LeadFileUnreadableError and BadMappingError.
        """
        self._rows = self._stack.enter_context(open_rows(self._source, self._name, self._sheet))
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
        else:
            self.header = [use.header for use in self.columns.uses]
            records = chain([(number, first)], records)
            number -= 1
        ahead = list(islice(records, ROWS_LOOKED_AT))
        self._check_phones(ahead, number)
        if not ahead:
            raise NotALeadFileError("The file has a header and no rows; put a row for each lead below it.")
        self._records = chain(ahead, records)

    def _check_phones(self, ahead: Sequence[Record], header_row: int) -> None:
        """Raises FormulasWithoutValuesError where they are formulas, as far as they were read ahead."""
        columns = [column for column, *_ in self.columns.phones]
        unvalued = self._rows.unvalued(columns, header_row, ROWS_LOOKED_AT)
        cells = {(row, i): record[i] for row, record in ahead for i in columns if i < len(record)}
        cells |= dict.fromkeys(unvalued, UNVALUED)
        rows = sorted({*(row for row, _ in ahead), *(row for row, _ in unvalued)})[:ROWS_LOOKED_AT]
        if are_formulas([clean_cell(cells.get((row, i), "")) for i in columns] for row in rows):
            raise FormulasWithoutValuesError(
                "The phones are formulas that have no values; open the file in a spreadsheet, save the "
                "values, and load that."
            )

    @property
    def sheet(self) -> str:
        """The workbook's sheet that is read, as it can be shown; empty where the file is no workbook."""
        return self._rows.sheet

    @property
    def other_sheets(self) -> list[str]:
        """Other sheets that have rows."""
        return self._rows.other_sheets

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


def count_done(reader: RecordReader, cut_off: Sequence[tuple[int, str]]) -> int | None:
    """How many rows of a file that is to be read an earlier load has done, of loads as (rows, fingerprint).

    The one that came farthest counts; None if none of them was a load of this file.
    """
    found = None
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


def read_through(reader: RecordReader, most: int) -> tuple[int, str]:
    """How many rows a file has that is to be read, and its fingerprint.

    Of a file with more than `most` rows it is a part. Raises what reading raises.
    """
    rows = 0
    try:
        reader.open()
        while rows <= most and (chunk := reader.next(5_000)):
            rows += len(chunk.records)
    finally:
        reader.close()
    return rows, reader.fingerprint
