"""Reads CSV files as people make them, in constant memory: any encoding, any delimiter, quoted newlines.

Everything here blocks; an event loop calls it in a thread.
"""

import codecs
import csv
import io
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from leads.core.columns import MAX_CELL_CHARS, MAX_COLUMNS
from leads.errors import LeadFileUnreadableError, NotALeadFileError

MAX_RECORD_CHARS = 1 << 20
"""A record longer than this is no row of a list; reading stops there instead of filling the memory."""

_SAMPLE_BYTES = 1 << 16
_DELIMITERS = (",", ";", "\t", "|")
_DECLARED_DELIMITER = re.compile(r'"?sep=(\t|[^\w\s"\'])"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')

_EMPTY = "The file is empty; give a CSV file with a header and a row for each lead."
_OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "compressed; unpack it first",
    b"%PDF": "a PDF document; export the list as CSV",
}


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Reads a byte that is not UTF-8 as what it nearly always is: Windows-1252, which holds Latin-1."""
    if isinstance(error, UnicodeDecodeError) and error.encoding == "utf-8":
        return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end
    if isinstance(error, UnicodeDecodeError):
        return "\N{REPLACEMENT CHARACTER}", error.end
    raise error


codecs.register_error("leads.windows-1252", _windows_1252)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV file is written, and how many rows it holds below its header (blank lines left out)."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: int


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """The source as a binary file that can be read twice; a stream that cannot is copied to disk first.

    Raises LeadFileUnreadableError. A stream that was given stays open.
    """
    if isinstance(source, Path):
        with _reading(source.name):
            file = source.open("rb")
        with file:
            yield file
    elif source.seekable():
        yield source
    else:
        with tempfile.TemporaryFile() as copy:
            with _reading("the stream"):
                shutil.copyfileobj(source, copy)
            yield copy


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LeadFileUnreadableError(f"Cannot read {name}: {error.strerror or error}.") from error


def survey(file: BinaryIO) -> CsvForm:
    """Reads a file through once, so that what is wrong with its form is known before anything is stored.

    Raises NotALeadFileError (empty, binary, too many columns, a giant cell) and LeadFileUnreadableError.
    """
    with _reading("the file"):
        file.seek(0)
        sample = file.read(_SAMPLE_BYTES)
        encoding = _encoding(sample)
        delimiter = _delimiter(sample.decode(encoding, errors="leads.windows-1252"))
        with closing(_records(file, encoding, delimiter)) as records:
            _, header = next(records, (0, []))
            if len(header) > MAX_COLUMNS:
                raise NotALeadFileError(
                    f"The header has {len(header):,} columns; a list has {MAX_COLUMNS} at most."
                )
            rows = sum(1 for _ in records)
    if not header:
        raise NotALeadFileError(_EMPTY)
    return CsvForm(encoding, delimiter, tuple(header), rows)


def records_of(file: BinaryIO, form: CsvForm) -> Generator[tuple[int, list[str]], None, None]:
    """Every record with its number as a spreadsheet shows it: the header first, which is usually 1.

    Close the generator before the file.
    """
    return _records(file, form.encoding, form.delimiter)


def _encoding(sample: bytes) -> str:
    if not sample.strip():
        raise NotALeadFileError(_EMPTY)
    for magic, what in _OTHER_FORMATS.items():
        if sample.startswith(magic):
            raise NotALeadFileError(f"The file is {what}.")
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros_even, zeros_odd = sample[::2].count(0), sample[1::2].count(0)
    if zeros_even + zeros_odd == 0:
        return "utf-8-sig"
    if zeros_even == 0 and zeros_odd > len(sample) // 4:
        return "utf-16-le"
    if zeros_odd == 0 and zeros_even > len(sample) // 4:
        return "utf-16-be"
    raise NotALeadFileError("The file is not text; give a CSV file.")


def _delimiter(sample: str) -> str:
    """What a first line "sep=;" declares, else what stands most often in the header outside quotes."""
    line = next((line for line in sample.lstrip("\ufeff").splitlines() if line.strip()), "")
    if declared := _DECLARED_DELIMITER.fullmatch(line):
        return declared[1]
    bare = _QUOTED.sub("", line)
    return max(_DELIMITERS, key=bare.count)


class _Lines:
    """A text's lines; `taken` counts the characters since the reader last finished a record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_RECORD_CHARS + 1)
        if not line:
            raise StopIteration
        self.taken += len(line)
        if self.taken > MAX_RECORD_CHARS:
            raise csv.Error("record too long")
        return line


def _records(file: BinaryIO, encoding: str, delimiter: str) -> Generator[tuple[int, list[str]], None, None]:
    """Every record that is not a blank line, with its number; the file stays open."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="leads.windows-1252", newline="")
    number = 0
    try:
        lines = _Lines(text)
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), start=1):
            lines.taken = 0
            if any(len(cell) > MAX_CELL_CHARS for cell in cells):
                raise _giant_cell(number)
            if cells and not (number == 1 and cells[0].lower() == "sep="):
                yield number, cells
    except csv.Error as error:
        raise _giant_cell(number + 1) from error
    finally:
        text.detach()


def _giant_cell(row: int) -> NotALeadFileError:
    return NotALeadFileError(
        f"Row {row:,} has a cell of more than {MAX_CELL_CHARS:,} characters; "
        "is a quotation mark left open there, or is this no list?"
    )
