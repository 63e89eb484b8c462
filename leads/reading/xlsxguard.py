"""Whether a workbook can be opened without filling the memory; asked before it is."""

import re
import zipfile
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import BinaryIO

from leads.errors import NotALeadFileError

MAX_UNPACKED_BYTES = 1 << 30
MAX_CELLS = 32 << 20
"""Rows times columns of a sheet, all of which the reader keeps at once: a million rows of 32 columns."""

MAX_TEXT_BYTES = 1 << 30
"""Texts of a sheet, which the reader repeats for each cell that shares one."""

WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
"""The parts that say which sheets there are, and where."""

_OUTLINE = (WORKBOOK, RELATIONS)
_MAX_OUTLINE_BYTES = 16 << 20
"""Of each of them; the reader keeps every sheet that they name."""

_MAX_ROW_BYTES = 64 << 20
_CHUNK = 1 << 20
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 1
_NAME_SPACE = re.compile(rb":(?:c|si)[\s/>]")
_TEXT = re.compile(rb"<si[\s/>]")
_TEXT_IN_SPACE = re.compile(rb"<(?:[^\s<>/:]+:)?si[\s/>]")
_CELL = re.compile(rb"<c[\s/>]")
_CELL_IN_SPACE = re.compile(rb"<(?:[^\s<>/:]+:)?c[\s/>]")
_COLUMN = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"')
_ROW = re.compile(rb'<c r="[A-Z]{1,3}([0-9]{1,7})"')
_ATTRIBUTE = rb"""\s+(?!r=)[\w:.-]+=(?:"[^"<>]*"|'[^'<>]*')"""
_REFERENCE = re.compile(
    rb"""<(?:[^\s<>/:]+:)?c(?:%b)*\s+r=["']([A-Za-z]{1,3})([0-9]{1,7})["']""" % _ATTRIBUTE
)
_SHARES = re.compile(rb"""\bt\s*=\s*["']s["']""")
_SHARED = re.compile(rb"""\bt=["']s["'][^<>]*(?:/>|>\s*(?:<(?:[^\s<>/:]+:)?v>\s*([0-9]{1,10})\s*<|</))""")
"""A cell of a shared text, with the text's number where it has one."""
_VALUE = re.compile(rb"<(?:[^\s<>/:]+:)?(?:v(?:\s[^<>]*)?>(?:[^<]|\Z)|is[\s>])")
_FORMULA = re.compile(rb"<f[\s/>]")
_FORMULA_IN_SPACE = re.compile(rb":f[\s/>]")
_DAMAGED = "The workbook is damaged or was cut off; save it again in a spreadsheet, as XLSX or CSV."


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """A part of the archive that is no danger, and whether there are values and formulas in its cells."""

    part: zipfile.ZipInfo
    has_values: bool
    has_formulas: bool


def check_workbook(file: BinaryIO) -> Mapping[str, CheckedPart]:
    """The parts of a workbook, by their names as `part_name` writes them.

    Raises NotALeadFileError for a zip archive that is no .xlsx workbook, and for one that unpacks to more
    than MAX_UNPACKED_BYTES, whose sheets span more than MAX_CELLS, or whose texts fill more than
    MAX_TEXT_BYTES.

    What the archive's directory says is looked at first, and then measured, since it may lie.
    """
    parts = _directory(file)
    if sum(part.file_size for part in parts.values()) > MAX_UNPACKED_BYTES:
        raise _too_large("The workbook unpacks", MAX_UNPACKED_BYTES)
    checked: dict[str, CheckedPart] = {}
    texts: array[int] = array("q")
    cells = total = 0
    for name, part in parts.items():
        measured = _Part()
        for text in _whole_tags(unpacked(file, part, MAX_UNPACKED_BYTES - total)):
            measured.add(text)
        total += measured.length
        if (texts and measured.text_starts) or (name in _OUTLINE and measured.length > _MAX_OUTLINE_BYTES):
            raise NotALeadFileError(_DAMAGED)
        texts = texts or measured.text_lengths()
        cells = max(cells, measured.cells)
        checked[name] = CheckedPart(part, measured.has_values, measured.has_formulas)
    if cells * max(texts, default=0) > MAX_TEXT_BYTES:
        for part in parts.values():
            _check_texts(unpacked(file, part, MAX_UNPACKED_BYTES), texts)
    return checked


def part_name(name: str) -> str:
    """A part's name as readers of workbooks compare it: whatever its case and its slashes."""
    return name.replace("\\", "/").lower()


def _directory(file: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise NotALeadFileError(_DAMAGED) from error
    parts = {part_name(part.filename): part for part in found}
    if WORKBOOK not in parts:
        raise NotALeadFileError(
            "The file is a zip archive and no .xlsx workbook; unpack it, or save the sheet as XLSX or CSV."
        )
    if len(parts) < len(found):
        raise NotALeadFileError(_DAMAGED)
    return parts


def unpacked(file: BinaryIO, part: zipfile.ZipInfo, limit: int = MAX_UNPACKED_BYTES) -> Iterator[bytes]:
    """What a part holds, a bounded piece at a time and `limit` bytes at most, whatever the directory says."""
    for chunk in _inflated(file, part):
        limit -= len(chunk)
        if limit < 0:
            raise _too_large("The workbook unpacks", MAX_UNPACKED_BYTES)
        yield chunk


def _inflated(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    if part.flag_bits & _ENCRYPTED or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotALeadFileError(_DAMAGED)
    file.seek(part.header_offset)
    header = file.read(_LOCAL_HEADER_BYTES)
    if len(header) < _LOCAL_HEADER_BYTES:
        raise NotALeadFileError(_DAMAGED)
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left = part.compress_size
    inflater = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while packed := file.read(min(left, _CHUNK)):
        left -= len(packed)
        if inflater is None:
            yield packed
            continue
        try:
            while packed:
                yield inflater.decompress(packed, _CHUNK)
                packed = inflater.unconsumed_tail
        except zlib.error as error:
            raise NotALeadFileError(_DAMAGED) from error


def _whole_tags(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that cut no tag."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        end = text.rfind(b">") + 1
        if b"<" not in text[end:]:
            end = len(text)
        rest = text[end:]
        if len(rest) > _CHUNK:
            raise NotALeadFileError(_DAMAGED)
        yield text[:end]
    yield rest


def _whole_rows(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that cut no row of a sheet, less what is between rows."""
    rest = b""
    for chunk in _whole_tags(chunks):
        text = rest + chunk
        end = text.rfind(b"row>") + 4 if b"row>" in text else 0
        rest = text[end:] if _SHARES.search(text, end) else b""
        if len(rest) > _MAX_ROW_BYTES:
            raise NotALeadFileError(_DAMAGED)
        yield text[:end]
    yield rest


class _Part:
    """What one part of the workbook would fill: a sheet's rows and columns, the lengths of shared texts."""

    def __init__(self) -> None:
        self._rows = self._columns = 0
        self.length = 0
        self.cells = 0
        self.has_values = False
        self.has_formulas = False
        self._hides = False
        self.text_starts: array[int] = array("q")

    def add(self, text: bytes) -> None:
        """Looks at the next piece, which cuts no tag."""
        in_space = _NAME_SPACE.search(text) is not None
        pattern = _TEXT_IN_SPACE if in_space else _TEXT
        self.text_starts.extend(self.length + found.start() for found in pattern.finditer(text))
        self.length += len(text)
        self._hides = self._hides or b"<!" in text
        if self.text_starts and self._hides:
            raise NotALeadFileError(_DAMAGED)
        cells = len((_CELL_IN_SPACE if in_space else _CELL).findall(text))
        if cells:
            self.cells += cells
            self._reach(text, cells)
        if self.cells:
            self.has_values = self.has_values or _VALUE.search(text) is not None
            formula = _FORMULA_IN_SPACE if in_space else _FORMULA
            self.has_formulas = self.has_formulas or formula.search(text) is not None

    def _reach(self, text: bytes, cells: int) -> None:
        """Finds the cell that is farthest out; each must say where it is."""
        columns = _COLUMN.findall(text)
        if len(columns) == cells:
            rows = _ROW.findall(text)
        else:
            found = _REFERENCE.findall(text)
            if len(found) != cells:
                raise NotALeadFileError(
                    "The workbook has cells without a place; save it again in a spreadsheet, as XLSX or CSV."
                )
            columns, rows = (list(each) for each in zip(*found, strict=True))
        self._columns = max(self._columns, *map(column_number, set(columns)))
        self._rows = max(self._rows, *map(int, set(rows)))
        if self._rows * self._columns > MAX_CELLS:
            raise NotALeadFileError(
                f"The sheet reaches to row {self._rows:,} and column {self._columns:,}; delete what is empty "
                "around the list, or save it as CSV."
            )

    def text_lengths(self) -> "array[int]":
        """Bytes of each shared text, its markup included."""
        starts = chain(self.text_starts, [self.length])
        return array("q", (following - start for start, following in pairwise(starts)))


def _check_texts(chunks: Iterable[bytes], lengths: Sequence[int]) -> None:
    """Adds up the shared texts that a sheet's cells refer to, each as often as it stands there."""
    total = 0
    for text in _whole_rows(chunks):
        found = _SHARED.findall(text)
        if len(found) != len(_SHARES.findall(text)):
            raise NotALeadFileError(_DAMAGED)
        total += sum(lengths[int(each)] for each in found if each and int(each) < len(lengths))
        if total > MAX_TEXT_BYTES:
            raise _too_large("The sheet's texts come", MAX_TEXT_BYTES)


def column_number(letters: bytes) -> int:
    """From 1: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large(what: str, limit: int) -> NotALeadFileError:
    return NotALeadFileError(f"{what} to more than {limit >> 20} MB; save the sheet as CSV.")
