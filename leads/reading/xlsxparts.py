"""What the reader of workbooks does not tell: where each sheet is, and which cells are uncalculated formulas.

All of it is written by whoever made the file. Nothing here opens what a name or a path says: a path that is
no part of the archive is just not found.
"""

import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import NoReturn
from xml.parsers import expat

from leads.errors import NotALeadFileError
from leads.reading.xlsxguard import column_number, part_name

UNREADABLE = "The workbook cannot be read; save it again in a spreadsheet, as XLSX or CSV."

_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
_NO_VALUE = ("", "0")
"""What writers that do not calculate leave for the value; 0 is what XlsxWriter does."""

_VALUE_CHARS = 8
_CHUNKS_LOOKED_AT = 64


def sheet_paths(workbook: Iterable[bytes], relations: Iterable[bytes]) -> list[tuple[str, str]]:
    """Every sheet of a workbook, in its order: its name, and the part of the archive that it says it is.

    Source: ECMA-376-1, 18.2.19 (sheet), and ECMA-376-2, 9.3 (relationships). Raises NotALeadFileError.
    """
    targets = {
        given.get("Id", ""): given.get("Target", "")
        for element, given in _elements(relations)
        if element == "Relationship"
    }
    sheets = [given for element, given in _elements(workbook) if element == "sheet"]
    return [(given.get("name", ""), _path(targets.get(_relation(given), ""))) for given in sheets]


def _relation(given: dict[str, str]) -> str:
    return next((text for name, text in given.items() if name.endswith(":id")), "")


def _path(target: str) -> str:
    """A target is relative to the folder xl, or begins at the archive's root."""
    path = part_name(target)
    return path.removeprefix("/") if path.startswith("/") else f"xl/{path}"


def _elements(chunks: Iterable[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """The elements of a part with their attributes, without name spaces."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, given: found.append((_local(name), given))
    for _ in _parsed(parser, chunks):
        yield from found
        found.clear()


def unvalued_formulas(
    chunks: Iterable[bytes], columns: Container[int], after: int, rows: int
) -> set[tuple[int, int]]:
    """Cells of a sheet, as (row from 1, column from 0), that are formulas and have no value.

    Only cells of these columns, in the first `rows` rows behind row `after` that hold anything. What is far
    down is not looked for. Raises NotALeadFileError.
    """
    cells = _Formulas(columns, after)
    parser = _parser()
    parser.StartElementHandler = cells.start
    parser.CharacterDataHandler = cells.text
    parser.EndElementHandler = cells.end
    for _ in _parsed(parser, islice(chunks, _CHUNKS_LOOKED_AT), whole=False):
        if len(cells.rows) > rows:
            break
    first = set(sorted(cells.rows)[:rows])
    return {place for place in cells.found if place[0] in first}


class _Formulas:
    """Looks at a sheet's cells, one after the other."""

    def __init__(self, columns: Container[int], after: int) -> None:
        self._columns = columns
        self._after = after
        self._place: tuple[int, int] | None = None
        self._is_formula = self._reads = False
        self._value = ""
        self.rows: set[int] = set()
        self.found: set[tuple[int, int]] = set()

    def start(self, name: str, given: dict[str, str]) -> None:
        match _local(name):
            case "c":
                place = _PLACE.fullmatch(given.get("r", ""))
                self._place = (int(place[2]), column_number(place[1].encode()) - 1) if place else None
                self._is_formula, self._value = False, ""
            case "f":
                self._is_formula = True
            case "v" | "t":
                self._reads = True

    def text(self, text: str) -> None:
        if self._reads:
            self._value = (self._value + text)[:_VALUE_CHARS]

    def end(self, name: str) -> None:
        match _local(name):
            case "v" | "t":
                self._reads = False
            case "c" if self._place and self._place[0] > self._after and (self._is_formula or self._value):
                row, column = self._place
                self.rows.add(row)
                if self._is_formula and self._value.strip() in _NO_VALUE and column in self._columns:
                    self.found.add(self._place)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _parsed(parser: expat.XMLParserType, chunks: Iterable[bytes], *, whole: bool = True) -> Iterator[None]:
    """Parses one chunk after the other; the handlers have seen it when this yields."""
    try:
        for chunk in chunks:
            parser.Parse(chunk)
            yield
        if whole:
            parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise NotALeadFileError(UNREADABLE) from error
    yield


def _refuse(*_: object) -> NoReturn:
    """No workbook declares a document type; what does could name entities that swell."""
    raise NotALeadFileError(UNREADABLE)
