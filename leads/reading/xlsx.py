"""A sheet of an Excel workbook (.xlsx), as rows of text."""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from leads.core.values import quoted, quoted_names
from leads.errors import FormulasWithoutValuesError, NotALeadFileError, UnknownSheetError
from leads.reading.delimited import EMPTY, check_width
from leads.reading.xlsxguard import RELATIONS, WORKBOOK, CheckedPart, check_workbook, unpacked
from leads.reading.xlsxparts import UNREADABLE, sheet_paths, unvalued_formulas

MAX_WORKBOOK_BYTES = 256 << 20

Value = int | float | str | bool | time | date | datetime | timedelta

_WHOLE_NUMBERS_BELOW = 1e17
_EMPTY_SHEET = "The sheet is empty; name one that has a header and a row for each lead."
_MAX_TRIED = 8
"""Sheets that seem to have rows and have none; more of them are made to take time."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A sheet as the workbook lists it."""

    name: str
    index: int
    is_visible: bool
    part: CheckedPart | None

    @property
    def has_rows(self) -> bool:
        return self.part is not None and (self.part.has_values or self.part.has_formulas)

    @property
    def has_formulas(self) -> bool:
        return self.part is not None and self.part.has_formulas


class Sheet:
    """One sheet of a workbook: the one that is wanted, else the first visible one that has rows.

    Raises NotALeadFileError for what is no workbook, and for one that would fill the memory;
    FormulasWithoutValuesError where there is nothing but formulas; UnknownSheetError.
    """

    def __init__(self, file: BinaryIO, wanted: str | None = None) -> None:
        parts = check_workbook(file)
        self._file = file
        with _unreadable():
            file.seek(0)
            workbook = CalamineWorkbook.from_filelike(file)
            entries = _entries(workbook, file, parts)
        visible = [each for each in entries if each.is_visible]
        if wanted is None:
            self._entry, self._sheet = _first_with_rows(workbook, visible, EMPTY)
        else:
            self._entry, self._sheet = _first_with_rows(workbook, [_named(entries, wanted)], _EMPTY_SHEET)
        self.name = self._entry.name
        self.others = [each.name for each in visible if each.has_rows and each != self._entry]
        """The other visible sheets that have rows."""
        self._done = 0

    @property
    def share_read(self) -> float:
        """From 0 to 1."""
        return min(1.0, self._done / self._sheet.total_height)

    def records(self) -> Generator[tuple[int, list[str]], None, None]:
        """Every row with anything in it, with its number; without the empty columns on its left."""
        header_seen = False
        for number, values in enumerate(self._sheet.iter_rows(), start=1):
            self._done = number
            cells = [_text(value) for value in values]
            if not any(cells):
                continue
            if not header_seen:
                check_width(cells)
                header_seen = True
            yield number, cells
        if not header_seen:
            raise NotALeadFileError(EMPTY)

    def unvalued(self, columns: Collection[int], after: int, rows: int) -> set[tuple[int, int]]:
        """The formulas without a value in these columns of its first rows behind row `after`.

        Each is (row, column), both as in the records. Raises NotALeadFileError.
        """
        if self._entry.part is None or not self._entry.part.has_formulas:
            return set()
        first = self._sheet.start[1] if self._sheet.start else 0
        chunks = unpacked(self._file, self._entry.part.part)
        shifted = {column + first for column in columns}
        found = unvalued_formulas(chunks, shifted, after, rows)
        return {(row, column - first) for row, column in found}


def _entries(workbook: CalamineWorkbook, file: BinaryIO, parts: Mapping[str, CheckedPart]) -> list[_Entry]:
    """The sheets with cells. Raises NotALeadFileError where the workbook can be understood in two ways."""
    if RELATIONS not in parts:
        raise NotALeadFileError(UNREADABLE)
    paths = sheet_paths(unpacked(file, parts[WORKBOOK].part), unpacked(file, parts[RELATIONS].part))
    listed = workbook.sheets_metadata
    if [name for name, _ in paths] != [each.name for each in listed] or len(dict(paths)) < len(paths):
        raise NotALeadFileError(UNREADABLE)
    return [
        _Entry(each.name, index, each.visible == SheetVisibleEnum.Visible, parts.get(path))
        for index, (each, (_, path)) in enumerate(zip(listed, paths, strict=True))
        if each.typ == SheetTypeEnum.WorkSheet
    ]


def _named(entries: Sequence[_Entry], wanted: str) -> _Entry:
    """The sheet of that name; as in a spreadsheet, case does not matter."""
    for each in entries:
        if each.name.strip().casefold() == wanted.strip().casefold():
            return each
    names = quoted_names([each.name for each in entries])
    raise UnknownSheetError(f"The workbook has no sheet {quoted(wanted)}; it has {names}.")


def _first_with_rows(
    workbook: CalamineWorkbook, candidates: Iterable[_Entry], nothing: str
) -> tuple[_Entry, CalamineSheet]:
    for each in islice((each for each in candidates if each.has_rows), _MAX_TRIED):
        with _unreadable():
            found = workbook.get_sheet_by_index(each.index)
        if found.height:
            return each, found
        if each.has_formulas:
            raise FormulasWithoutValuesError(
                f"The sheet {quoted(each.name)} holds formulas that have no values; open the workbook in a "
                "spreadsheet, save it there, and load that."
            )
    raise NotALeadFileError(nothing)


@contextmanager
def _unreadable() -> Iterator[None]:
    """Tells what the reader's native code says in our words."""
    try:
        yield
    except (CalamineError, OSError, ValueError) as error:
        raise NotALeadFileError(UNREADABLE) from error
    except BaseException as error:
        # A panic of the reader's native code is no Exception; it means the same.
        if type(error).__name__ != "PanicException":
            raise
        raise NotALeadFileError(UNREADABLE) from error


def _text(value: Value) -> str:
    """A cell as a person would write it in CSV: whole numbers without a point, times in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _WHOLE_NUMBERS_BELOW
        return str(int(value)) if whole else repr(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)
