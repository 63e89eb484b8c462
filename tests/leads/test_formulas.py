"""Formulas where values should be: told from the texts that only look like them, and refused as a whole."""

import io
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from leads.core.columns import ColumnChoice, clean_cell, map_columns, neutral_cell
from leads.core.formulas import ROWS_LOOKED_AT, are_formulas, is_formula
from leads.core.intake import LeadDraft, read_row
from leads.errors import FormulasWithoutValuesError, LeadsError, NotALeadFileError
from leads.importing.load import import_list
from leads.importing.records import RecordReader
from leads.stores.shared import Sessions
from leads.tables import Client, LeadImport, LeadList
from tests.leads.workbooks import Book, packed, parts, sheets, workbook

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell", ["=A2", "=A2&B2", '=CONCATENATE("+1",A2)', '="+1"&A2', "=Sheet1!$A$2", "=СЦЕПИТЬ(A2;B2)", "="]
)
def test_a_formula_is_known(cell: str) -> None:
    assert is_formula(cell)


@pytest.mark.parametrize(
    "cell", ["", "4155550101", "+14155550101", "=4155550101", "=+1 (415) 555-0101", "a=b", "-1", "@x", " =A2"]
)
def test_a_number_is_no_formula_also_behind_an_equals_sign(cell: str) -> None:
    assert not is_formula(cell)


def test_a_link_is_no_formula_since_its_number_stands_in_it() -> None:
    cell = '=HYPERLINK("tel:+14155550101","call")'
    assert not is_formula(cell)
    assert isinstance(read_row([cell], map_columns(["phone"]), "US"), LeadDraft)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="0123456"', "0123456"),
        ('  ="0123456" ', "0123456"),
        ('=""', ""),
        ('=" 00417 "', "00417"),
        ('\'="0123456"', "0123456"),
        ('="a"&"b"', '="a"&"b"'),
        ('="a""b"', '="a""b"'),
        ('= "a"', '= "a"'),
        ("=A2", "=A2"),
    ],
)
def test_a_text_that_an_export_keeps_from_becoming_a_number_is_that_text(cell: str, text: str) -> None:
    assert clean_cell(cell) == text


@given(st.text(st.characters(exclude_characters='"')))
def test_the_form_changes_nothing_of_a_text(text: str) -> None:
    if not text.strip().startswith("'"):
        assert clean_cell(f'="{clean_cell(text)}"') == clean_cell(text)


@given(st.one_of(st.text(), st.text().map('="{}"'.format), st.text().map("'{}".format)))
def test_a_rejected_row_that_comes_back_is_read_as_it_was(cell: str) -> None:
    if not clean_cell(cell).startswith("'"):
        assert clean_cell(neutral_cell(clean_cell(cell))) == clean_cell(cell)


def test_a_row_of_such_texts_is_a_lead() -> None:
    columns = map_columns(["external_id", "phone", "postal_code", "Branch"])
    lead = read_row(['="00417"', '="4155550101"', '="02134"', '="7"'], columns, "US")
    assert isinstance(lead, LeadDraft)
    assert (lead.external_id, lead.phones[0].e164, lead.postal_code) == ("00417", "+14155550101", "02134")
    assert lead.custom == {"Branch": "7"}


CELL = st.sampled_from(["", "=A2", "+14155550101", "n/a"])


@given(st.lists(st.lists(CELL, min_size=1, max_size=3), max_size=10))
def test_phones_are_formulas_where_most_rows_have_one_and_nothing_else(rows: list[list[str]]) -> None:
    cells = [cell for row in rows for cell in row if cell]
    filled = [row for row in rows if any(row)]
    assert are_formulas(rows) == (set(cells) == {"=A2"} and len(filled) > len(rows) / 2)


def _open(content: str | bytes, choice: ColumnChoice | None = None) -> list[list[str]]:
    source = io.BytesIO(content.encode() if isinstance(content, str) else content)
    reader = RecordReader(source, "the list", choice or ColumnChoice())
    try:
        reader.open()
        chunk = reader.next(1_000)
        return [cells for _, cells in chunk.records] if chunk else []
    finally:
        reader.close()


FORMULAS = [['=CONCATENATE("+1",B2)', "4155550101", "Ann"]] * 3
HEADER = ["phone", "local", "name"]


def _csv(*rows: list[str]) -> str:
    return "\n".join("\t".join(row) for row in rows)


def test_a_csv_of_formulas_is_refused_with_what_to_do() -> None:
    with pytest.raises(FormulasWithoutValuesError, match="save the values"):
        _open(_csv(HEADER, *FORMULAS))
    assert issubclass(FormulasWithoutValuesError, NotALeadFileError)
    assert FormulasWithoutValuesError.code == "formulas-without-values"


def test_one_phone_that_is_none_lets_the_rows_be_read_one_by_one() -> None:
    assert len(_open(_csv(HEADER, *FORMULAS, ["+14155550101", "", "Bob"]))) == 4


def test_rows_behind_the_first_are_not_asked() -> None:
    rows = [["+14155550101", "", "Bob"]] * ROWS_LOOKED_AT
    assert len(_open(_csv(HEADER, *rows, *FORMULAS))) == ROWS_LOOKED_AT + 3


def test_formulas_in_other_columns_do_not_matter() -> None:
    assert len(_open(_csv(HEADER, ["+14155550101", "=A2", "=B2"]))) == 1


def test_a_file_without_a_header_is_asked_from_its_first_row() -> None:
    row = ["V1", "", "", "1", "=A1", *[""] * 18]
    with pytest.raises(FormulasWithoutValuesError):
        _open(_csv(row), ColumnChoice(preset="vicidial"))


@pytest.mark.parametrize(
    "rows",
    [
        [HEADER, *FORMULAS],
        [["local", "phone"], *[["4155550101", "=A2"]] * 200],
        [["phone"], ["=A2"], ["=A3"]],
        [["=1"], ["phone", "name"], ["=A2", "Ann"]],
        [["=1"], ["=2"]],
    ],
)
def test_a_workbook_of_formulas_without_values_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(FormulasWithoutValuesError):
        _open(sheets({"list": rows}))


@pytest.mark.parametrize("value", ["", 0])
@pytest.mark.parametrize("place", [(0, 0), (7, 3), (2, 29)])
def test_wherever_the_list_stands_and_whatever_a_writer_leaves_for_the_value(
    value: object, place: tuple[int, int]
) -> None:
    row, column = place

    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(row, column, ["name", "phone"])
        for below in range(row + 1, row + 150):
            sheet.write(below, column, "Ann")
            sheet.write_formula(below, column + 1, '=CONCATENATE("+1","4155550101")', None, value)

    with pytest.raises(FormulasWithoutValuesError):
        _open(workbook(fill))


def test_formulas_that_have_their_values_are_read() -> None:
    def fill(book: Book) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["phone", "name"])
        for row in range(1, 200):
            sheet.write_formula(row, 0, '=CONCATENATE("+1","4155550101")', None, "+14155550101")

    assert _open(workbook(fill)) == [["+14155550101", ""]] * 199


def test_a_workbook_with_a_second_phone_in_some_rows_is_read_row_by_row() -> None:
    rows = [["phone", "phone2"], ["=A2", ""], ["=A3", "4155550101"]]
    assert _open(sheets({"list": rows})) == [["", "4155550101"]]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_spoiled_sheet_of_formulas_crashes_it(data: st.DataObject) -> None:
    inside = parts(sheets({"list": [HEADER, *FORMULAS]}))
    sheet = bytearray(inside["xl/worksheets/sheet1.xml"])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(sheet) - 1))
        sheet[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(LeadsError):
        _open(packed({**inside, "xl/worksheets/sheet1.xml": bytes(sheet)}))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_nothing_of_such_a_file_is_left_behind(sessions: Sessions, tmp_path: Path, kind: str) -> None:
    content = _csv(HEADER, *FORMULAS).encode() if kind == "csv" else sheets({"list": [HEADER, *FORMULAS]})
    rejects = tmp_path / "rejects.csv"
    with pytest.raises(FormulasWithoutValuesError):
        await import_list(
            sessions,
            client_slug="acme",
            list_name="spring",
            default_country="US",
            source=io.BytesIO(content),
            now=NOW,
            rejects_path=rejects,
        )
    async with sessions() as session, session.begin():
        for table in (Client, LeadList, LeadImport):
            assert (await session.exec(select(table))).first() is None
    assert not rejects.exists()


def test_a_workbook_with_name_spaces_is_looked_at_as_well() -> None:
    inside = parts(sheets({"list": [HEADER, *FORMULAS]}))
    path = "xl/worksheets/sheet1.xml"
    text = re.sub(rb"<(/?)(worksheet|sheetData|row|c|f|v)\b", rb"<\1x:\2", inside[path])
    inside[path] = text.replace(b"xmlns=", b"xmlns:x=")
    with pytest.raises(FormulasWithoutValuesError):
        _open(packed(inside))
