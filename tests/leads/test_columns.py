"""Which column of a file holds what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import samples
from leads.core.columns import ColumnChoice, clean_cell, map_columns, neutral_cell
from leads.core.headers import ALIASES, PRESETS
from leads.errors import BadMappingError

VICIDIAL = [name for name, _ in PRESETS["vicidial"]]


def test_every_column_of_the_template_is_known_by_its_exact_name() -> None:
    columns = map_columns(samples.template_text().splitlines()[0].split(","))
    assert {use.how for use in columns.uses} == {"exact"}
    assert [name for _, name, _ in columns.phones] == ["phone", "phone2", "phone3"]
    assert columns.custom == ()


@pytest.mark.parametrize("field", ALIASES)
def test_every_field_is_found_by_its_own_name(field: str) -> None:
    columns = map_columns(["phone", field])
    assert columns.fields == {field: 1}
    assert columns.uses[1].how == "exact"


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
    assert [i for i, *_ in map_columns([header]).phones] == [0]


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
        ("Prio", "priority"),
        ("Lead Score", "rank"),
        ("Lead Owner", "owner"),
        ("Best time to call", "best_time"),
        ("Consent date", "consent_at"),
        ("Dial Code", "phone_code"),
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
    assert columns.phones == ((3, "phone", ""),)
    assert [use.how for use in columns.uses] == ["ignored"] * 3 + ["exact"]


@given(st.lists(st.text(), max_size=30))
def test_every_column_has_exactly_one_use(header: list[str]) -> None:
    columns = map_columns(header)
    used = [
        *columns.fields.values(),
        *columns.phone_types.values(),
        *(i for i, *_ in columns.phones),
        *(i for i, _ in columns.custom),
    ]
    ignored = len(header) - len(used)
    assert len(used) == len(set(used))
    assert ignored == 0 or any("rejected" in name.casefold() for name in header)
    assert len({name for _, name in columns.custom}) == len(columns.custom)
    assert [use.index for use in columns.uses] == list(range(len(header)))


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("phone", ""),
        ("Phone 2", ""),
        ("Mobile", "mobile"),
        ("Cell Phone", "mobile"),
        ("Phone (Mobile)", "mobile"),
        ("Home Phone", "home"),
        ("work_phone", "work"),
        ("Office Tel.", "work"),
        ("alt_phone", "alternate"),
        ("Primary Phone", "main"),
        ("Evening phone", "evening"),
    ],
)
def test_a_header_tells_whose_phone_it_is(header: str, label: str) -> None:
    assert [found for _, _, found in map_columns([header]).phones] == [label]


@pytest.mark.parametrize(
    "header",
    [
        ["phone", "phone_type", "phone2", "phone2_type"],
        ["Phone", "Phone Label", "Phone 2", "Phone 2 - Type"],
        ["Phone 1 - Value", "Phone 1 - Type", "Phone 2 - Value", "Phone 2 - Label"],
    ],
)
def test_a_column_beside_a_phone_may_tell_its_kind(header: list[str]) -> None:
    columns = map_columns(header)
    assert [i for i, *_ in columns.phones] == [0, 2]
    assert columns.phone_types == {0: 1, 2: 3}
    assert [use.field for use in columns.uses] == ["phone", "phone_type", "phone2", "phone2_type"]
    assert columns.custom == ()


def test_a_kind_without_its_phone_is_a_custom_field() -> None:
    assert map_columns(["phone", "mobile_type"]).custom == ((1, "mobile_type"),)


def test_what_is_chosen_goes_before_what_is_guessed() -> None:
    choice = ColumnChoice({"phone": "Mobile No", "external_id": "Kundennummer", "first_name": "NAME 2"})
    columns = map_columns(["ID", "Home Phone", "Mobile No", "Kundennummer", "Name", "name_2"], choice)
    assert columns.fields == {"external_id": 3, "first_name": 5}
    assert columns.phones == ((2, "Mobile No", "mobile"), (1, "Home Phone", "home"))
    assert [(use.field, use.how) for use in columns.uses] == [
        ("", "custom"),
        ("phone2", "guess"),
        ("phone", "chosen"),
        ("external_id", "chosen"),
        ("", "custom"),
        ("first_name", "chosen"),
    ]


def test_chosen_phones_are_dialed_in_their_order_whatever_the_files() -> None:
    choice = ColumnChoice({"phone3": "a", "phone": "c", "phone2": "b"})
    assert [i for i, *_ in map_columns(["a", "b", "c", "phone"], choice).phones] == [2, 1, 0, 3]


def test_a_column_can_be_chosen_by_its_number() -> None:
    columns = map_columns(["x", "x", ""], ColumnChoice({"phone": "column 2", "last_name": "Column 3"}))
    assert columns.phones == ((1, "x", ""),)
    assert columns.fields == {"last_name": 2}


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (ColumnChoice({"fone": "a"}), "no field"),
        (ColumnChoice({"phone0": "a"}), "no field"),
        (ColumnChoice({"phone": "nowhere"}), "no column"),
        (ColumnChoice({"phone": "column 4"}), "no column"),
        (ColumnChoice({"phone": ""}), "no column"),
        (ColumnChoice({"phone": "twice"}), "2 columns"),
        (ColumnChoice({"phone": "a", "phone2": "A"}), "chosen twice"),
        (ColumnChoice(preset="five9"), "no preset"),
    ],
)
def test_a_choice_that_does_not_fit_the_file_is_refused_with_a_sentence(
    choice: ColumnChoice, words: str
) -> None:
    with pytest.raises(BadMappingError, match=words) as caught:
        map_columns(["a", "twice", "twice"], choice)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("with_header", [True, False])
def test_vicidials_columns_are_known_with_and_without_their_names(with_header: bool) -> None:
    row = ["V1", "S", "101", "1", "4155550101", "", "Ann", "", "Lee", *[""] * 14]
    columns = map_columns(VICIDIAL if with_header else row, ColumnChoice(preset="vicidial"))
    assert columns.has_header is with_header
    assert columns.width == 23
    assert columns.phones == ((4, "phone_number", ""), (19, "alt_phone", "alternate"))
    assert columns.fields == {
        "external_id": 0,
        "phone_code": 3,
        "first_name": 6,
        "last_name": 8,
        "region": 13,
        "postal_code": 15,
        "country": 16,
        "email": 20,
    }
    assert tuple(columns.custom[i][1] for i in (1, 7, 12)) == ("list_id", "city", "comments")


def test_more_columns_than_a_preset_has_are_custom_fields() -> None:
    columns = map_columns(["x"] * 25, ColumnChoice(preset="vicidial"))
    assert columns.custom[-2:] == ((23, "column 24"), (24, "column 25"))


def test_a_preset_gives_way_to_a_choice() -> None:
    choice = ColumnChoice({"external_id": "source_id", "phone": "alt_phone"}, "vicidial")
    columns = map_columns(VICIDIAL, choice)
    assert columns.fields["external_id"] == 1
    assert [i for i, *_ in columns.phones] == [19, 4]


@given(
    st.lists(st.one_of(st.text(), st.sampled_from(["phone", "name", *VICIDIAL])), max_size=12),
    st.dictionaries(
        st.one_of(st.text(), st.sampled_from(["phone", "phone2", "email"])), st.text(), max_size=3
    ),
    st.sampled_from([None, "vicidial"]),
)
def test_no_choice_crashes_it(header: list[str], mapping: dict[str, str], preset: str | None) -> None:
    try:
        columns = map_columns(header, ColumnChoice(mapping, preset))
    except BadMappingError:
        return
    assert {use.field for use in columns.uses if use.how == "chosen"} == set(mapping)


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
