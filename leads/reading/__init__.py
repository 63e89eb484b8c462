"""Reads a list from a file or a stream in one pass: CSV, also with gzip, and Excel workbooks.

Everything here blocks; an event loop calls it in a thread.
"""

import gzip
import io
import re
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from leads.core.values import MAX_SHOWN_NAMES, shown
from leads.errors import LeadFileUnreadableError, NotALeadFileError, UnknownSheetError
from leads.reading.bytesource import ByteSource, size_of
from leads.reading.delimited import EMPTY, delimited_records
from leads.reading.xlsx import MAX_WORKBOOK_BYTES, Sheet

_SAMPLE_BYTES = 1 << 16
_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"

_OTHER_FORMATS = (
    (b"%PDF", "a PDF document; export the list as CSV or XLSX"),
    (b"\xd0\xcf\x11\xe0", "an old (.xls) or locked Excel workbook; save the sheet as XLSX or CSV, unlocked"),
    (b"{\\rtf", "a text document (RTF); save the list as CSV or XLSX"),
    (b"PK\x05\x06", "an empty zip archive; give a CSV or Excel file"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|\?xml|html|head|body|table|svg)", re.IGNORECASE)
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])')


class RowSource:
    """The records of a list, to be read once."""

    def __init__(
        self,
        records: Generator[tuple[int, list[str]], None, None],
        total_bytes: int | None,
        read_bytes: Callable[[], int],
        sheet: Sheet | None = None,
    ) -> None:
        self._records = records
        self._read_bytes = read_bytes
        self._sheet = sheet
        self.total_bytes = total_bytes
        """Size of what is read, packed as it is; None where it is not known, as of standard input."""
        self.sheet = shown(sheet.name) if sheet else ""
        """The workbook's sheet that is read, as it can be shown; empty where the file is no workbook."""
        self.other_sheets = [shown(name) for name in sheet.others[:MAX_SHOWN_NAMES]] if sheet else []
        """The first of the other sheets that have rows."""

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Every record but blank lines, the first included, with its number as a spreadsheet shows it.

        Raises NotALeadFileError and LeadFileUnreadableError, where what is wrong shows late.
        """
        return self._records

    @property
    def read_bytes(self) -> int:
        """How many of `total_bytes` were read."""
        return self._read_bytes()

    def unvalued(self, columns: Collection[int], after: int, rows: int) -> set[tuple[int, int]]:
        """A workbook's cells of these columns (from 0) that are formulas and have no value, as (row, column).

        They are looked for in the first `rows` rows behind row `after`, both numbered as the records are.
        Raises NotALeadFileError.
        """
        return self._sheet.unvalued(columns, after, rows) if self._sheet else set()


@contextmanager
def open_rows(source: Path | BinaryIO, name: str, sheet: str | None = None) -> Iterator[RowSource]:
    """Opens a list; `name` is what messages call it. A stream is read from where it stands, never sought, and
    stays open. Of a workbook, `sheet` is read, else the first one that has rows.

    Memory is constant but for a workbook, which is unpacked as a whole. Raises NotALeadFileError for what
    is no list (empty, binary, another format, a damaged archive), UnknownSheetError and
    LeadFileUnreadableError.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(_open(source, name)) if isinstance(source, Path) else source
        packed = ByteSource(stream, name)
        total = size_of(stream)
        sample = packed.peek(_SAMPLE_BYTES)
        if sample.startswith(_ZIP):
            found = stack.enter_context(_sheet(packed, sheet))
            records = stack.enter_context(closing(found.records()))
            yield RowSource(records, total, lambda: int(packed.taken * found.share_read), found)
            return
        unpacked = packed
        if sample.startswith(_GZIP):
            unpacked = ByteSource(stack.enter_context(gzip.GzipFile(fileobj=packed)), name)
            sample = unpacked.peek(_SAMPLE_BYTES)
        _check_format(sample)
        if sheet is not None:
            raise UnknownSheetError("The file is no workbook and has no sheets; leave the sheet out.")
        file = cast(BinaryIO, io.BufferedReader(unpacked, _SAMPLE_BYTES))
        records = stack.enter_context(closing(delimited_records(file, sample)))
        yield RowSource(records, total, lambda: packed.taken)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise LeadFileUnreadableError(f"Cannot read {name}: {error.strerror or error}.") from error


def _check_format(sample: bytes) -> None:
    """Raises NotALeadFileError for what begins like something else than CSV."""
    if not sample.strip(b"\xef\xbb\xbf \t\r\n") and len(sample) < _SAMPLE_BYTES:
        raise NotALeadFileError(EMPTY)
    for magic, what in (*_OTHER_FORMATS, (_ZIP, "a packed workbook or archive"), (_GZIP, "packed twice")):
        if sample.startswith(magic):
            raise NotALeadFileError(f"The file is {what}.")
    if _MARKUP.match(sample):
        raise NotALeadFileError(
            "The file is a web page or XML, whatever its name says; open it in a spreadsheet and save it as "
            "XLSX or CSV."
        )
    if _JSON.match(sample):
        raise NotALeadFileError("The file is JSON; give the list as CSV or XLSX, a row for each lead.")


@contextmanager
def _sheet(packed: ByteSource, wanted: str | None) -> Iterator[Sheet]:
    """A workbook's sheet. The workbook is copied first, since a workbook cannot be read in order."""
    with tempfile.TemporaryFile() as copy:
        while piece := packed.read(_SAMPLE_BYTES):
            copy.write(piece)
            if copy.tell() > MAX_WORKBOOK_BYTES:
                raise NotALeadFileError(
                    f"The workbook is larger than {MAX_WORKBOOK_BYTES >> 20} MB; save the sheet as CSV."
                )
        copy.seek(0)
        yield Sheet(cast(BinaryIO, copy), wanted)
