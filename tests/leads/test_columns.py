"""Which column of a file holds what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.columns import ALIASES, clean_cell, map_columns, neutral_cell

TEMPLATE = (
    *("external_id", "phone", "phone2", "phone3", "first_name", "last_name", "email", "country", "region"),
    *("postal_code", "timezone", "language", "priority", "not_before"),
)


def test_the_templates_columns_are_all_known() -> None:
    columns = map_columns(TEMPLATE)
    assert set(columns.fields) == set(ALIASES)
    assert [name for _, name in columns.phones] == ["phone", "phone2", "phone3"]
    assert columns.custom == ()


@pytest.mark.parametrize(
    "header",
    [
        *(
            "phone",
            "Phone",
            "PHONE NUMBER",
            "phone_number",
            "Phone No.",
            "Phone #",
            "phone1",
            "Phone 2",
            "tel",
        ),
        *("Telephone", "Tel.", "Mobile", "Mobile Phone", "mobile no", "Cell", "Cell Phone", "Cellphone"),
        *("Home Phone", "work_phone", "Business Phone", "alt_phone", "Other Phone", "Phone (Mobile)"),
        *("Telefon", "Telefonnummer", "Handy", "Téléphone", "Teléfono", "móvil", "Celular", "\ufeffphone"),
    ],
)
def test_a_header_that_means_a_phone_is_one(header: str) -> None:
    assert [i for i, _ in map_columns([header]).phones] == [0]


@pytest.mark.parametrize(
    "header",
    ["phone_code", "phone type", "smartphone model", "telly", "cellar", "headphones owned", "email", ""],
)
def test_a_header_that_only_sounds_like_a_phone_is_none(header: str) -> None:
    assert map_columns([header]).phones == ()


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("External ID", "external_id"),
        ("vendor_lead_code", "external_id"),
        ("ID", "external_id"),
        ("First Name", "first_name"),
        ("FIRSTNAME", "first_name"),
        ("Prénom", "first_name"),
        ("Surname", "last_name"),
        ("E-Mail", "email"),
        ("Email Address", "email"),
        ("Country Code", "country"),
        ("State", "region"),
        ("State/Province", "region"),
        ("Zip", "postal_code"),
        ("ZIP code", "postal_code"),
        ("Postcode", "postal_code"),
        ("Time Zone", "timezone"),
        ("Lang", "language"),
        ("Rank", "priority"),
        ("Not before", "not_before"),
    ],
)
def test_sensible_guesses_find_the_field(header: str, field: str) -> None:
    assert map_columns(["phone", header]).fields == {field: 1}


def test_the_better_name_wins_and_the_other_stays_a_custom_field() -> None:
    columns = map_columns(["Name", "First Name", "phone"])
    assert columns.fields == {"first_name": 1}
    assert columns.custom == ((0, "Name"),)


def test_other_columns_keep_their_own_names() -> None:
    columns = map_columns(["phone", "Last Order", "", "Last Order", "商品"])
    assert columns.custom == (
        (1, "Last Order"),
        (2, "column 3"),
        (3, "Last Order (column 4)"),
        (4, "商品"),
    )


def test_the_columns_of_a_rejects_file_are_ignored_when_it_comes_back() -> None:
    columns = map_columns(["rejected_row", "rejected_code", "rejected_reason", "phone"])
    assert columns.custom == ()
    assert columns.phones == ((3, "phone"),)


@given(st.lists(st.text(), max_size=30))
def test_every_column_has_exactly_one_use(header: list[str]) -> None:
    columns = map_columns(header)
    used = [*columns.fields.values(), *(i for i, _ in columns.phones), *(i for i, _ in columns.custom)]
    ignored = len(header) - len(used)
    assert len(used) == len(set(used))
    assert ignored == 0 or any("rejected" in name.casefold() for name in header)
    assert len({name for _, name in columns.custom}) == len(columns.custom)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=HYPERLINK(A1)", "+1415555010x"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(cell: str) -> None:
    assert neutral_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+14155550101", "+442079460123", "", "a=1", "O'Brien", "1-2", "'=x"])
def test_a_harmless_cell_and_a_plain_e164_number_stay_as_they_are(cell: str) -> None:
    assert neutral_cell(cell) == cell


@given(st.text())
def test_a_neutralised_cell_is_read_back_as_it_was(text: str) -> None:
    cell = clean_cell(text)
    if not cell.startswith("'"):
        assert clean_cell(neutral_cell(cell)) == cell


@given(st.text(st.characters()))
def test_a_clean_cell_can_be_stored_anywhere(text: str) -> None:
    cell = clean_cell(text)
    assert "\x00" not in cell
    cell.encode("utf-8")
    assert cell == cell.strip()
