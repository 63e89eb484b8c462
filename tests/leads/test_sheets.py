"""Which sheet of a workbook is read, and that its list of sheets cannot be used against the reader."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.core.values import MAX_SHOWN_CHARS, MAX_SHOWN_NAMES, quoted_names, shown
from leads.errors import FormulasWithoutValuesError, NotALeadFileError, UnknownSheetError
from leads.reading import RowSource, open_rows
from tests.leads.workbooks import Book, packed, parts, sheets, workbook

LEADS = [["phone"], ["+14155550101"]]
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def _read(content: bytes, sheet: str | None = None) -> tuple[RowSource, list[list[str]]]:
    with open_rows(io.BytesIO(content), "the list", sheet) as rows:
        return rows, [cells for _, cells in rows.records()]


def _of(content: Mapping[str, Sequence[Sequence[object]]], sheet: str | None = None) -> tuple[RowSource, str]:
    rows, records = _read(sheets(content), sheet)
    return rows, records[0][0]


def _changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    inside = parts(content)
    assert old in inside[part]
    return packed({**inside, part: inside[part].replace(old, new)})


def test_without_a_name_the_first_sheet_with_rows_is_read_and_the_others_are_named() -> None:
    rows, first = _of({"notes": [], "autumn": [["phone"]], "winter": [["x"]], "empty": [], "spring": [["y"]]})
    assert (first, rows.sheet, rows.other_sheets) == ("phone", "autumn", ["winter", "spring"])


def test_a_sheet_of_nothing_but_colours_has_no_rows() -> None:
    def fill(book: Book) -> None:
        bold = book.add_format({"bold": True})
        for name in ("coloured", "leads", "coloured too"):
            sheet = book.add_worksheet(name)
            for row in range(100):
                sheet.write_blank(row, 0, None, bold)
            if name == "leads":
                sheet.write(0, 0, "phone")

    rows, records = _read(workbook(fill))
    assert (rows.sheet, rows.other_sheets, records) == ("leads", [], [["phone"]])


def test_a_sheet_is_read_by_its_name_whatever_its_case() -> None:
    content = {"Autumn": [["a"]], "Räume & „Co“ <1>": [["b"]]}
    assert _of(content, "autumn ")[1] == "a"
    rows, first = _of(content, "RÄUME & „CO“ <1>")
    assert (first, rows.sheet, rows.other_sheets) == ("b", "Räume & „Co“ <1>", ["Autumn"])


def test_a_hidden_sheet_is_read_only_by_its_name() -> None:
    content = sheets({"leads": [["phone"], ["1"]], "codes": [["phone"]]}, hidden=["codes"])
    rows, records = _read(content)
    assert (rows.sheet, rows.other_sheets, len(records)) == ("leads", [], 2)
    assert _read(content, "codes")[0].other_sheets == ["leads"]


def test_a_file_without_sheets_has_no_name_of_one() -> None:
    rows, _ = _read(b"phone\n1\n")
    assert (rows.sheet, rows.other_sheets) == ("", [])
    with pytest.raises(UnknownSheetError, match="no workbook"):
        _read(b"phone\n1\n", "autumn")


def test_an_unknown_sheet_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownSheetError, match='no sheet "summer"; it has "autumn", "winter"'):
        _of({"autumn": [["a"]], "winter": []}, "summer")


@pytest.mark.parametrize("wanted", ["winter", "chart"])
def test_a_sheet_without_rows_is_refused_also_by_its_name(wanted: str) -> None:
    def fill(book: Book) -> None:
        book.add_worksheet("autumn").write_row(0, 0, ["phone"])
        book.add_worksheet("winter")
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=autumn!$A$1:$A$2"})
        book.add_chartsheet("chart").set_chart(chart)

    with pytest.raises((NotALeadFileError, UnknownSheetError), match=r"empty|no sheet"):
        _read(workbook(fill), wanted)


def test_a_sheet_of_formulas_without_values_is_not_passed_over() -> None:
    content = {"list": [["=A1"], ["=A2"]], "source": LEADS}
    with pytest.raises(FormulasWithoutValuesError, match='"list"'):
        _of(content)
    rows, _ = _of(content, "source")
    assert rows.other_sheets == ["list"]


def test_names_are_shown_so_that_no_terminal_and_no_page_is_harmed() -> None:
    hostile = "\x1b[2J\u202e" + "x" * 100
    content = _changed(sheets({"A": LEADS, "B": LEADS}), WORKBOOK, b'"B"', f'"\u202e{"x" * 100}"'.encode())
    rows, _ = _read(content)
    assert rows.other_sheets == ["\N{REPLACEMENT CHARACTER}" + "x" * 38 + "…"]
    assert shown(hostile).isprintable()
    with pytest.raises(UnknownSheetError) as caught:
        _read(content, hostile)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@given(st.lists(st.text(), max_size=30))
def test_however_many_names_a_sentence_lists_it_stays_short(names: list[str]) -> None:
    sentence = quoted_names(names)
    assert sentence.isprintable()
    assert len(sentence) <= (MAX_SHOWN_NAMES + 1) * (MAX_SHOWN_CHARS + 4)
    assert sentence.endswith("…") == (len(names) > MAX_SHOWN_NAMES)


NAMES = st.lists(
    st.text(
        st.characters(min_codepoint=32, exclude_categories=["C", "Z"], exclude_characters="[]:*?/\\'"),
        min_size=1,
        max_size=10,
    ),
    min_size=1,
    max_size=5,
    unique_by=str.casefold,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, st.data())
def test_every_sheet_is_found_by_its_name(names: list[str], data: st.DataObject) -> None:
    content = {name: [["phone"], [name]] if data.draw(st.booleans()) else [] for name in names}
    with_rows = [name for name, rows in content.items() if rows]
    written = sheets(content)
    for name in with_rows:
        rows, records = _read(written, name)
        assert (rows.sheet, records[1]) == (name, [name])
        assert rows.other_sheets == [other for other in with_rows if other != name]
    if with_rows:
        assert _read(written)[0].sheet == with_rows[0]


TWO = sheets({"A": LEADS, "B": LEADS})


@pytest.mark.parametrize("target", ["/xl/worksheets/sheet1.xml", "/XL/Worksheets/Sheet1.xml"])
def test_a_path_may_begin_at_the_root(target: str) -> None:
    content = _changed(TWO, RELATIONS, b'"worksheets/sheet1.xml"', f'"{target}"'.encode())
    assert _read(content)[0].sheet == "A"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (WORKBOOK, b'"B"', b'"A"'),
        (WORKBOOK, b"<workbook ", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook '),
        (WORKBOOK, b"</workbook>", b""),
        (RELATIONS, b"</Relationships>", b"</Relationships"),
        (RELATIONS, b"<Relationships ", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Relationships '),
        (WORKBOOK, b'"B"', b'"&b;"'),
        (WORKBOOK, b"<sheets>", b"<sheets><!--" + b"x" * (17 << 20) + b"-->"),
    ],
)
def test_a_list_of_sheets_that_is_not_plain_is_refused(part: str, old: bytes, new: bytes) -> None:
    with pytest.raises(NotALeadFileError, match="save it again"):
        _read(_changed(TWO, part, old, new))


@pytest.mark.parametrize("target", ["../../../etc/passwd", "file:///etc/passwd", "worksheets/none.xml", ""])
def test_a_path_that_leads_nowhere_reads_nothing(target: str) -> None:
    content = _changed(TWO, RELATIONS, b'"worksheets/sheet1.xml"', f'"{target}"'.encode())
    try:
        rows, _ = _read(content)
    except NotALeadFileError:
        return
    assert (rows.sheet, rows.other_sheets) == ("B", [])


def test_a_part_that_is_there_twice_is_refused() -> None:
    content = parts(TWO)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in content.items():
            archive.writestr(name, part)
        archive.writestr(WORKBOOK.upper(), content[WORKBOOK])
    with pytest.raises(NotALeadFileError, match="damaged"):
        _read(file.getvalue())


def test_many_sheets_that_are_one_and_only_pretend_to_have_rows_take_little_time() -> None:
    """Each of 2,000 names means the same 8 MB, which hold a value that is in no cell."""
    inside = parts(sheets({"A": LEADS}))
    path = "xl/worksheets/sheet1.xml"
    junk = b'<x><c r="A1"/><v>1</v></x>' + b"<y/>" * (2 << 20)
    inside[path] = inside[path].split(b"<sheetData>")[0] + b"<sheetData></sheetData>" + junk + b"</worksheet>"
    entry = inside[WORKBOOK].split(b"<sheets>")[1].split(b"</sheets>")[0]
    many = b"".join(entry.replace(b'"A"', b'"%d"' % number) for number in range(2_000))
    inside[WORKBOOK] = inside[WORKBOOK].replace(entry, many)
    with pytest.raises(NotALeadFileError):
        _read(packed(inside))
