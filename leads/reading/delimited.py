"""CSV as people make it: any encoding, any delimiter, quoted newlines; in one pass and constant memory."""

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator, Sequence
from typing import BinaryIO

from leads.core.columns import MAX_CELL_CHARS, MAX_COLUMNS
from leads.errors import NotALeadFileError

MAX_RECORD_CHARS = 1 << 20
"""A record longer than this is no row of a list; reading stops there instead of filling the memory."""
MAX_BLANK_LINES = 1 << 20
"""As many rows as a sheet has; more blank lines than that in a row are no list."""

EMPTY = "The file is empty; give a CSV or Excel file with a header and a row for each lead."

_DELIMITERS = (",", ";", "\t", "|")
_RARE_DELIMITERS = "^~:!*§¦¬·#&%$\x01\x02\x03\x1e\x1f"
_DECLARED_DELIMITER = re.compile(r'"?sep=(\t|[^\w\s"\'])"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_RECORDS_LOOKED_AT = 50


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Reads a byte that is not UTF-8 as what it nearly always is: Windows-1252, which holds Latin-1."""
    if isinstance(error, UnicodeDecodeError) and error.encoding == "utf-8":
        return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end
    if isinstance(error, UnicodeDecodeError):
        return "\N{REPLACEMENT CHARACTER}", error.end
    raise error


codecs.register_error("leads.windows-1252", _windows_1252)


def delimited_records(file: BinaryIO, sample: bytes) -> Generator[tuple[int, list[str]], None, None]:
    """Every record that is not a blank line, with its number as a spreadsheet shows it.

    `sample` is how the file begins; `file` gives it again. Raises NotALeadFileError: empty, not text, too
    many columns, a giant cell, a quotation mark that is never closed.
    """
    encoding = _encoding(sample)
    delimiter = _delimiter(sample.decode(encoding, errors="leads.windows-1252"))
    text = io.TextIOWrapper(file, encoding=encoding, errors="leads.windows-1252", newline="")
    lines = _Lines(text)
    number = blank = last = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), start=1):
            if lines.taken > MAX_CELL_CHARS and max(map(len, cells)) > MAX_CELL_CHARS:
                raise _giant_cell(number)
            if lines.ended:
                raise _open_quotation(number)
            lines.taken = 0
            if not cells:
                blank += 1
                if blank > MAX_BLANK_LINES:
                    raise NotALeadFileError(f"More than {MAX_BLANK_LINES:,} blank lines follow row {last:,}.")
            elif not (number == 1 and cells[0].lower() == "sep="):
                if not last:
                    check_width(cells)
                blank, last = 0, number
                yield number, cells
    except csv.Error as error:
        raise _giant_cell(number + 1) from error
    finally:
        text.detach()
    if not last:
        raise NotALeadFileError(EMPTY)


def check_width(header: Sequence[str]) -> None:
    """Raises NotALeadFileError for more columns than a list has."""
    if len(header) > MAX_COLUMNS:
        raise NotALeadFileError(f"The header has {len(header):,} columns; a list has {MAX_COLUMNS} at most.")


def _encoding(sample: bytes) -> str:
    """The encoding, from a byte-order mark or from where the zero bytes stand."""
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros_even, zeros_odd = sample[::2].count(0), sample[1::2].count(0)
    if zeros_even + zeros_odd == 0:
        return "utf-8-sig"
    if zeros_even == 0 and zeros_odd > len(sample) // 4:
        return "utf-16-le"
    if zeros_odd == 0 and zeros_even > len(sample) // 4:
        return "utf-16-be"
    raise NotALeadFileError("The file is not text; give a CSV or Excel file.")


def _delimiter(sample: str) -> str:
    """What a first line "sep=;" declares, else what cuts the first records into the same number of cells.

    A rare delimiter counts only where none of the usual ones does, and where every record agrees.
    """
    first = next((line for line in sample.lstrip("\ufeff").splitlines() if line.strip()), "")
    if declared := _DECLARED_DELIMITER.fullmatch(first):
        return declared[1]
    bare = _QUOTED.sub("", sample.lstrip("\ufeff"))
    lines = [line for line in bare.splitlines() if line.strip(" ")][:_RECORDS_LOOKED_AT]
    usual = max(_DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))
    if _fit(lines, usual) > 0:
        return usual
    rare = [each for each in _RARE_DELIMITERS if _always_cuts(lines, each)]
    return max(rare, key=lambda delimiter: _fit(lines, delimiter), default=usual)


def _fit(lines: Sequence[str], delimiter: str) -> float:
    """How well a delimiter cuts records: how often the first has it, times the share that has it as often."""
    counts = [line.count(delimiter) for line in lines]
    return counts[0] * counts.count(counts[0]) / len(counts) if counts else 0.0


def _always_cuts(lines: Sequence[str], delimiter: str) -> bool:
    """Whether there are several records, and each has the delimiter equally often."""
    counts = {line.count(delimiter) for line in lines}
    return len(lines) > 1 and len(counts) == 1 and counts != {0}


class _Lines:
    """A text's lines; `taken` counts the characters since the reader last finished a record.

    `ended` is whether the reader asked beyond the last line. With a record in hand, it did so only because a
    quotation mark was open.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_RECORD_CHARS + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.taken += len(line)
        if self.taken > MAX_RECORD_CHARS:
            raise csv.Error("record too long")
        return line


def _open_quotation(row: int) -> NotALeadFileError:
    return NotALeadFileError(
        f"Row {row:,} opens a quotation mark that nothing closes, so that all rows behind it would be lost; "
        "close it, or take it away."
    )


def _giant_cell(row: int) -> NotALeadFileError:
    return NotALeadFileError(
        f"Row {row:,} has a cell of more than {MAX_CELL_CHARS:,} characters; "
        "is a quotation mark left open there, or is this no list?"
    )
