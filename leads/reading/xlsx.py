"""The first sheet of an Excel workbook (.xlsx), as rows of text."""

from collections.abc import Generator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from leads.errors import NotALeadFileError
from leads.reading.delimited import EMPTY, check_width
from leads.reading.xlsxguard import check_workbook

MAX_WORKBOOK_BYTES = 256 << 20

Value = int | float | str | bool | time | date | datetime | timedelta

_WHOLE_NUMBERS_BELOW = 1e17


class Sheet:
    """The first visible sheet that holds anything.

    Raises NotALeadFileError for what is no workbook, and for one that would fill the memory.
    """

    def __init__(self, file: BinaryIO) -> None:
        check_workbook(file)
        file.seek(0)
        self._sheet = _first_sheet(file)
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


def _first_sheet(file: BinaryIO) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        for sheet in workbook.sheets_metadata:
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
                found = workbook.get_sheet_by_name(sheet.name)
                if found.height:
                    return found
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged() from error
    except BaseException as error:
        # A panic of the reader's native code is no Exception; it means the same.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged() from error
    raise NotALeadFileError(EMPTY)


def _damaged() -> NotALeadFileError:
    return NotALeadFileError("The workbook cannot be read; save it again in a spreadsheet, as XLSX or CSV.")


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
