"""Excel workbooks for tests: as they are written, and taken apart."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

import xlsxwriter

Book = xlsxwriter.Workbook


def workbook(fill: Callable[[Book], None]) -> bytes:
    """A workbook with what is put into it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        fill(book)
    return file.getvalue()


def table(*rows: Sequence[object]) -> bytes:
    """A workbook of one sheet."""
    return sheets({"Sheet1": rows})


def sheets(content: Mapping[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook of sheets with these rows; texts that begin with = are formulas without a value."""

    def fill(book: Book) -> None:
        for name, rows in content.items():
            sheet = book.add_worksheet(name)
            for number, values in enumerate(rows):
                for column, value in enumerate(values):
                    if isinstance(value, str) and value.startswith("="):
                        sheet.write_formula(number, column, value, None, "")
                    else:
                        sheet.write(number, column, value)
            if name in hidden:
                sheet.hide()

    return workbook(fill)


def parts(content: bytes) -> dict[str, bytes]:
    """What is in the archive, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: Mapping[str, bytes]) -> bytes:
    """An archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return file.getvalue()
