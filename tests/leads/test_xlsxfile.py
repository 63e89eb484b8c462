"""Excel workbooks, good and bad."""

import io
import struct
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.core.columns import MAX_COLUMNS
from leads.errors import LeadsError, NotALeadFileError
from leads.reading import open_rows
from tests.leads.workbooks import Book, packed, parts, table, workbook


def _records(content: bytes) -> list[tuple[int, list[str]]]:
    with open_rows(io.BytesIO(content), "the list") as rows:
        return list(rows.records())


def _refused(content: bytes, words: str) -> None:
    with pytest.raises(NotALeadFileError, match=words) as caught:
        _records(content)
    assert str(caught.value).endswith(".")


SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
SMALL = table(["phone", "name"], ["+14155550101", "Zoë"], ["+14155550102", "Ann"])


def _with_sheet(xml: str) -> bytes:
    """A workbook of three texts, phone (0), name (1) and +14155550101 (2), with other rows."""
    rows = parts(SMALL)
    start, end = rows[SHEET].index(b"<sheetData>"), rows[SHEET].index(b"</sheetData>")
    sheet = rows[SHEET][:start] + b"<sheetData>" + xml.encode() + rows[SHEET][end:]
    return packed({**rows, SHEET: sheet})


def test_a_workbook_is_read_like_any_list() -> None:
    assert _records(SMALL) == [
        (1, ["phone", "name"]),
        (2, ["+14155550101", "Zoë"]),
        (3, ["+14155550102", "Ann"]),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (639171234567.0, "639171234567"),
        (14155550101, "14155550101"),
        (0, "0"),
        (-3, "-3"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (True, "TRUE"),
        (False, "FALSE"),
        ("00441234567", "00441234567"),
        ("  spaced\nout ", "  spaced\nout "),
        ("日本", "日本"),
    ],
)
def test_a_value_is_read_as_a_person_would_write_it(value: object, text: str) -> None:
    assert _records(table(["phone", "x"], ["1", value]))[1] == (2, ["1", text])


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (datetime.fromisoformat("2026-03-01T09:30"), "yyyy-mm-dd hh:mm", "2026-03-01T09:30:00"),
        (date(2026, 3, 1), "dd.mm.yyyy", "2026-03-01"),
        (date(2026, 3, 1), "m/d/yy", "2026-03-01"),
        (time(17, 0), "hh:mm", "17:00:00"),
    ],
)
def test_dates_and_times_are_iso_8601(value: datetime, form: str, text: str) -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["phone", "when"])
        sheet.write(1, 0, "1")
        sheet.write_datetime(1, 1, value, book.add_format({"num_format": form}))

    assert _records(workbook(fill))[1][1][1] == text


def test_a_formula_is_its_last_value_and_empty_where_it_has_none() -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["phone", "a", "b", "c"])
        sheet.write(1, 0, "1")
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, '="x"', None, "")
        sheet.write_formula(1, 3, "=NA()", None, "#N/A")

    assert _records(workbook(fill))[1] == (2, ["1", "2", "", ""])


def test_rows_are_numbered_as_the_sheet_shows_them_and_empty_ones_left_out() -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write(3, 2, "phone")
        sheet.write(6, 2, "1")

    assert _records(workbook(fill)) == [(4, ["phone"]), (7, ["1"])]


def test_the_first_visible_sheet_with_anything_in_it_is_read() -> None:
    def fill(book: Book) -> None:
        hidden = book.add_worksheet("old")
        hidden.write(0, 0, "old")
        book.add_worksheet("empty").activate()
        book.add_worksheet("leads").write(0, 0, "phone")
        book.add_worksheet("more").write(0, 0, "more")
        hidden.hide()

    assert _records(workbook(fill)) == [(1, ["phone"])]


def test_progress_goes_to_the_end_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(table(["phone"], *[[str(n)] for n in range(5_000)]))
    with open_rows(path, "leads.xlsx") as rows:
        seen = [rows.read_bytes for _ in rows.records()]
        assert rows.total_bytes == path.stat().st_size == seen[-1]
    assert seen == sorted(seen)
    assert seen[0] < seen[-1] / 100


def test_an_empty_workbook_is_refused() -> None:
    _refused(workbook(lambda book: book.add_worksheet()), "empty")


def test_a_sheet_of_too_many_columns_is_refused() -> None:
    assert len(_records(table(["x"] * MAX_COLUMNS))[0][1]) == MAX_COLUMNS
    _refused(table(["x"] * 10_000), "10,000 columns")


def test_a_workbook_that_is_cut_off_or_spoiled_is_refused() -> None:
    _refused(SMALL[: len(SMALL) // 2], "damaged")
    _refused(packed({**parts(SMALL), SHEET: b"<worksheet><sheetData><row>"}), "read|empty")
    _refused(packed({**parts(SMALL), "xl/workbook.xml": b"no xml"}), "read|empty")
    without = {name: part for name, part in parts(SMALL).items() if name != "xl/workbook.xml"}
    _refused(packed(without), "no .xlsx workbook")


def test_a_tiny_workbook_that_spans_the_whole_sheet_is_refused() -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "phone")
        sheet.write(1_048_575, 16_383, "x")

    _refused(workbook(fill), "reaches to row 1,048,576 and column 16,384")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="XFD1048576"><v>1</v></c>',
        "<c r='XFD1048576'><v>1</v></c>",
        '<c s="0" t="n" r="xfd1048576"><v>1</v></c>',
        '<c\n r="XFD1048576" ><v>1</v></c>',
        '<x:c r="XFD1048576"><v>1</v></x:c>',
        """<c s=' r="A1"' r="XFD1048576"><v>1</v></c>""",
        '<c r = "XFD1048576"><v>1</v></c>',
        '<c r="XFD&#49;048576"><v>1</v></c>',
        '<c x:r="A1" r="XFD1048576"><v>1</v></c>',
        '<c s=">" r="XFD1048576"><v>1</v></c>',
        "<c><v>1</v></c>",
    ],
)
def test_no_way_of_writing_a_cell_hides_how_far_the_sheet_reaches(cell: str) -> None:
    _refused(_with_sheet(f'<row r="1"><c r="A1"><v>1</v></c></row><row>{cell}</row>'), "sheet reaches|place")


def test_a_zip_bomb_is_refused_by_its_directory_and_by_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.reading.xlsxguard.MAX_UNPACKED_BYTES", 10 << 20)
    bomb = packed({**parts(SMALL), "xl/media/image1.png": bytes(11 << 20)})
    assert len(bomb) < 100_000
    _refused(bomb, "unpacks to more than 10 MB")
    size = struct.pack("<I", 11 << 20)
    assert bomb.count(size) >= 1
    _refused(bomb.replace(size, struct.pack("<I", 10)), "unpacks to more than 10 MB")


def test_a_long_text_in_a_great_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.reading.xlsxguard.MAX_TEXT_BYTES", 1 << 20)
    assert len(_records(table(["phone", "note"], *[[str(n), "x" * 30_000] for n in range(30)]))) == 31
    _refused(table(["phone", "note"], *[[str(n), "x" * 30_000] for n in range(50)]), "texts")


@pytest.mark.parametrize("chunk", [1_500, 4_097, 1 << 20])
def test_a_long_text_beside_a_great_many_short_ones_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("leads.reading.xlsxguard._CHUNK", chunk)
    monkeypatch.setattr("leads.reading.xlsxguard.MAX_TEXT_BYTES", 1 << 20)
    assert len(_records(table(["x" * 30_000, "note"], *[[str(n), "y"] for n in range(5_000)]))) == 5_001


@pytest.mark.parametrize(
    "cell",
    ['<c r="A2" t="s"><v>0</v></c>', "<c r='A2' t='s'><v>0</v></c>", '<c t="s" r="A2" s="0"><v >0</v></c>'],
)
@pytest.mark.parametrize("decoy", ["", "<si/>", "<!-- <si> -->", "<si></si>", "<x:si><t>x</t></x:si>"])
def test_no_way_of_writing_a_text_hides_how_often_it_stands_there(
    monkeypatch: pytest.MonkeyPatch, cell: str, decoy: str
) -> None:
    monkeypatch.setattr("leads.reading.xlsxguard.MAX_TEXT_BYTES", 1 << 20)
    strings = f"<sst>{decoy}{decoy}<si><t>{'x' * 30_000}</t></si></sst>"
    index = str(2 * decoy.replace("<!-- <si> -->", "").count("<") // max(1, decoy.count("<")))
    cells = cell.replace("0</v>", f"{index}</v>") * 100
    inside = parts(_with_sheet(f'<row r="1">{cells}</row>'))
    _refused(packed({**inside, STRINGS: strings.encode()}), "texts|as a spreadsheet|place|damaged")


def test_a_workbook_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.reading.MAX_WORKBOOK_BYTES", 1_000)
    _refused(SMALL, "larger than")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_spoiled_workbook_crashes_it(data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(LeadsError):
        _records(bytes(content))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(parts(SMALL))), st.data())
def test_no_spoiled_part_of_a_workbook_crashes_it(name: str, data: st.DataObject) -> None:
    inside = parts(SMALL)
    part = bytearray(inside[name])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(part) - 1))
        part[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(LeadsError):
        _records(packed({**inside, name: bytes(part)}))


@given(
    st.lists(
        st.lists(
            st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]), max_size=20),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_what_is_written_is_read_as_it_was(rows: list[list[str]]) -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        for number, cells in enumerate([["phone", "note"], *rows]):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)

    expected = [["phone", "note"], *(cells for cells in rows if any(cells))]
    assert [cells for _, cells in _records(workbook(fill))] == expected
