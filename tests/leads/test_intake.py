"""What becomes of a row."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.columns import ColumnChoice, map_columns
from leads.core.country import country_code
from leads.core.intake import MAX_EXTERNAL_ID_CHARS, ConsentDraft, LeadDraft, RowRejection, read_row

GOOD = "+14155550101"


def _read(default_country: str = "US", **cells: str) -> LeadDraft | RowRejection:
    return read_row(list(cells.values()), map_columns(list(cells)), default_country)


def _accepted(default_country: str = "US", **cells: str) -> LeadDraft:
    draft = _read(default_country, **cells)
    assert isinstance(draft, LeadDraft), draft
    return draft


def _rejected(default_country: str = "US", **cells: str) -> RowRejection:
    rejection = _read(default_country, **cells)
    assert isinstance(rejection, RowRejection), rejection
    return rejection


def test_a_full_row_becomes_a_lead() -> None:
    draft = _accepted(
        external_id="CRM-1",
        phone="(212) 555-0123",
        phone2="020 7946 0123",
        first_name="Zoë",
        last_name="O'Brien",
        email="zoe@example.com",
        country="US",
        region="NY",
        postal_code="10001",
        timezone="america/new_york",
        language="en",
        owner="Branch 7",
        priority="5",
        rank="80",
        best_time="5pm-8pm",
        not_before="2026-03-01T09:00",
        consent_channel="call, SMS",
        consent_basis="Express written",
        consent_at="2026-01-12T10:15:00Z",
        consent_source="https://example.com/form",
        last_order="2025-11-03",
        empty="",
    )
    assert [phone.e164 for phone in draft.phones] == ["+12125550123"]
    assert [note.code for note in draft.notes] == ["phone-too-long"]
    assert (draft.external_id, draft.first_name, draft.last_name) == ("CRM-1", "Zoë", "O'Brien")
    assert (draft.email, draft.country, draft.region) == ("zoe@example.com", "US", "NY")
    assert (draft.postal_code, draft.language) == ("10001", "en")
    assert (draft.timezone, draft.priority) == ("America/New_York", 5)
    assert draft.not_before == datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
    assert (draft.owner, draft.rank, draft.best_time) == ("Branch 7", 80, "17:00-20:00")
    given_at = datetime(2026, 1, 12, 10, 15, tzinfo=UTC)
    assert draft.consents == (
        ConsentDraft("call", "express_written", "https://example.com/form", given_at),
        ConsentDraft("sms", "express_written", "https://example.com/form", given_at),
    )
    assert draft.custom == {"last_order": "2025-11-03"}


def test_a_row_with_only_a_phone_is_a_lead() -> None:
    draft = _accepted(phone=GOOD)
    assert draft == LeadDraft(phones=draft.phones)


def test_one_good_phone_of_two_is_enough_and_the_bad_one_is_noted() -> None:
    draft = _accepted(phone="n/a", phone2=GOOD, phone3="555-0123")
    assert [phone.e164 for phone in draft.phones] == [GOOD]
    assert [(note.code, note.sentence.split(":")[0]) for note in draft.notes] == [
        ("phone-not-a-number", "phone"),
        ("phone-too-short", "phone3"),
    ]


def test_a_phone_that_is_given_twice_is_kept_once() -> None:
    assert len(_accepted(phone=GOOD, phone2="415 555 0101", phone3="'+1-415-555-0101").phones) == 1


def test_the_order_of_the_columns_is_the_order_of_the_phones() -> None:
    draft = _accepted(mobile="+14155550102", name="Ann", phone=GOOD)
    assert [phone.e164 for phone in draft.phones] == ["+14155550102", GOOD]


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("", "phone-empty"),
        ("  ", "phone-empty"),
        ("n/a", "phone-not-a-number"),
        ("6.39171E+11", "phone-scientific-notation"),
        ("555-0123", "phone-too-short"),
        ("41555501011", "phone-too-long"),
        ("999-555-0123", "phone-invalid"),
        ("+999123456789", "phone-no-such-country"),
        ("911", "phone-not-dialable"),
    ],
)
def test_without_a_good_phone_the_row_is_rejected_for_its_first_bad_one(phone: str, code: str) -> None:
    assert _rejected(phone=phone, phone2="", name="Ann").code == code


@pytest.mark.parametrize(
    ("country", "phone", "e164"),
    [
        ("GB", "020 7946 0123", "+442079460123"),
        ("gb", "020 7946 0123", "+442079460123"),
        ("UK", "020 7946 0123", "+442079460123"),
        ("United Kingdom", "020 7946 0123", "+442079460123"),
        ("Deutschland", "030 23125 012", "+493023125012"),
        ("FRA", "01 99 00 12 34", "+33199001234"),
        ("日本", "090-1234-0123", "+819012340123"),
        ("", "415-555-0101", GOOD),
    ],
)
def test_the_rows_own_country_goes_before_the_default(country: str, phone: str, e164: str) -> None:
    draft = _accepted(phone=phone, country=country)
    assert draft.phones[0].e164 == e164
    assert draft.country == (country_code(country) or "")


@pytest.mark.parametrize("country", ["Narnia", "ZZ", "??", "1", "United Statez"])
def test_a_country_that_is_none_rejects_the_row_since_its_number_could_be_anybodys(country: str) -> None:
    assert _rejected(phone="415-555-0101", country=country).code == "country-unknown"


@pytest.mark.parametrize("timezone", ["PST", "Pacific Time", "Europe/Munich", "UTC+25", "../etc", "9" * 300])
def test_a_time_zone_that_is_none_rejects_the_row_since_it_says_when_to_call(timezone: str) -> None:
    rejection = _rejected(phone=GOOD, timezone=timezone)
    assert rejection.code == "timezone-unknown"
    assert len(rejection.sentence) < 200


@pytest.mark.parametrize(
    ("text", "timezone", "instant"),
    [
        ("2026-03-01T09:00:00Z", "", "2026-03-01T09:00:00+00:00"),
        ("2026-03-01T09:00+01:00", "", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01 09:00", "", "2026-03-01T17:00:00+00:00"),
        ("2026-03-01", "", "2026-03-01T08:00:00+00:00"),
        ("20260301", "", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01 09:00", "Europe/Berlin", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T09:00:00.123456Z", "", "2026-03-01T09:00:00.123000+00:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01T06:30:00+00:00"),
    ],
)
def test_not_before_is_the_callees_own_time(text: str, timezone: str, instant: str) -> None:
    draft = _accepted(phone=GOOD, not_before=text, timezone=timezone)
    assert draft.not_before == datetime.fromisoformat(instant)


def test_where_the_zone_is_one_of_several_not_before_is_the_latest() -> None:
    draft = _accepted(phone="850-555-0123", not_before="2026-03-01 09:00")
    assert draft.not_before == datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def test_where_no_zone_is_known_not_before_is_utc() -> None:
    draft = _accepted(phone="888-555-0123", not_before="2026-03-01 09:00")
    assert draft.not_before == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["next Tuesday", "03/15/2026", "2026-02-30", "45962", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"],
)
def test_a_not_before_that_is_no_time_rejects_the_row(text: str) -> None:
    assert _rejected(phone=GOOD, not_before=text).code == "not-before-unreadable"


@pytest.mark.parametrize("email", ["none", "a@", "@b.de", "a b@c.de", "a@b", "a@b..de", f"{'x' * 250}@b.de"])
def test_an_address_that_is_none_is_left_out_and_noted(email: str) -> None:
    draft = _accepted(phone=GOOD, email=email)
    assert draft.email == ""
    assert [note.code for note in draft.notes] == ["email-invalid"]


@pytest.mark.parametrize(
    ("text", "priority"),
    [("0", 0), ("10", 10), ("-3", -3), ("+7", 7), ("5.0", 5), ("1000000", 1_000_000), ("", None)],
)
def test_a_priority_is_a_whole_number(text: str, priority: int | None) -> None:
    assert _accepted(phone=GOOD, priority=text).priority == priority


@pytest.mark.parametrize("text", ["high", "1.5", "1_000", "1000001", "9" * 5000, "٣", "--1"])
def test_a_priority_or_rank_that_is_none_is_left_out_and_noted(text: str) -> None:
    draft = _accepted(phone=GOOD, priority=text, rank=text)
    assert (draft.priority, draft.rank) == (None, None)
    assert [note.code for note in draft.notes] == ["priority-invalid", "rank-invalid"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("17:00-20:00", "17:00-20:00"),
        ("9:00 – 12:30", "09:00-12:30"),
        ("09:00:00-10:00:00", "09:00-10:00"),
        ("9-17", "09:00-17:00"),
        ("5pm-8 pm", "17:00-20:00"),
        ("12 am to 12 pm", "00:00-12:00"),
        ("17.30-24", "17:30-24:00"),
        ("22:00-01:00", "22:00-01:00"),
        ("Morning", "09:00-12:00"),
        ("afternoon", "12:00-17:00"),
        ("evening", "17:00-20:00"),
        ("", ""),
    ],
)
def test_a_best_time_is_hours_of_a_day(text: str, hours: str) -> None:
    draft = _accepted(phone=GOOD, best_time=text)
    assert (draft.best_time, draft.notes) == (hours, ())


@pytest.mark.parametrize(
    "text", ["soon", "17:00", "25:00-26:00", "9-9", "13pm-14pm", "24:30-25:00", "9:75-10"]
)
def test_a_best_time_that_is_none_is_left_out_and_noted(text: str) -> None:
    draft = _accepted(phone=GOOD, best_time=text)
    assert draft.best_time == ""
    assert [note.code for note in draft.notes] == ["best-time-invalid"]


@pytest.mark.parametrize(
    ("channel", "channels"),
    [
        ("voice", ["call"]),
        ("Phone", ["call"]),
        ("automated call", ["automated_call"]),
        ("e-mail / text", ["email", "sms"]),
        ("call;call", ["call"]),
    ],
)
def test_a_consent_is_taken_with_its_channel_basis_and_time(channel: str, channels: list[str]) -> None:
    draft = _accepted(
        phone=GOOD, consent_channel=channel, consent_basis="web form", consent_at="2026-01-12 10:15"
    )
    given_at = datetime(2026, 1, 12, 18, 15, tzinfo=UTC)
    assert draft.consents == tuple(ConsentDraft(each, "web_form", "", given_at) for each in channels)


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        (("call", "express", ""), "consent-incomplete"),
        (("", "express", "2026-01-12"), "consent-incomplete"),
        (("call", "", "2026-01-12"), "consent-incomplete"),
        (("pigeon", "express", "2026-01-12"), "consent-unreadable"),
        (("call, pigeon", "express", "2026-01-12"), "consent-unreadable"),
        ((";", "express", "2026-01-12"), "consent-unreadable"),
        (("call", "!", "2026-01-12"), "consent-unreadable"),
        (("call", "express", "last year"), "consent-unreadable"),
    ],
)
def test_half_a_consent_is_none_and_noted(consent: tuple[str, str, str], code: str) -> None:
    draft = _accepted(phone=GOOD, consent_channel=consent[0], consent_basis=consent[1], consent_at=consent[2])
    assert draft.consents == ()
    assert [note.code for note in draft.notes] == [code]


def test_phones_have_the_label_of_their_header_or_of_the_cell_beside_them() -> None:
    cells = {"Work Phone": GOOD, "phone2": "+14155550102", "phone2_type": "Cell", "phone3": "+14155550103"}
    draft = _accepted(**cells)
    assert [(phone.e164, phone.label) for phone in draft.phones] == [
        (GOOD, "work"),
        ("+14155550102", "mobile"),
        ("+14155550103", ""),
    ]
    assert draft.custom == {}


def test_a_label_of_the_lists_own_is_kept_short_enough() -> None:
    assert _accepted(phone=GOOD, phone_type="Mother's").phones[0].label == "mother's"
    assert len(_accepted(phone=GOOD, phone_type="x" * 100).phones[0].label) == 20


@pytest.mark.parametrize(
    ("code", "phone", "e164"),
    [
        ("1", "4155550101", GOOD),
        ("44", "2079460123", "+442079460123"),
        ("+44", "020 7946 0123", "+442079460123"),
        ("0044", "442079460123", "+442079460123"),
        ("44", GOOD, GOOD),
        ("", "4155550101", GOOD),
    ],
)
def test_a_calling_code_beside_a_number_makes_it_whole(code: str, phone: str, e164: str) -> None:
    assert _accepted(phone_code=code, phone_number=phone).phones[0].e164 == e164


@pytest.mark.parametrize("code", ["999", "0", "UK", "1809", "٤٤٤٤"])
def test_a_calling_code_that_is_none_rejects_the_row_since_its_number_could_be_anybodys(code: str) -> None:
    assert _rejected(phone_code=code, phone_number="4155550101").code == "phone-code-unknown"


def test_a_row_of_vicidial_becomes_a_lead() -> None:
    row = ["V1", "web", "101", "44", "2079460123", "Ms", "Zoë", "Q", "Lee", "1 High St", "", "", "London", ""]
    row += ["", "SW1A 1AA", "ZZZ", "F", "1980-01-01", "2079460124", "zoe@example.com", "", "call late"]
    columns = map_columns(row, ColumnChoice(preset="vicidial"))
    draft = read_row(row, columns, "US")
    assert isinstance(draft, LeadDraft)
    assert [(phone.e164, phone.label) for phone in draft.phones] == [
        ("+442079460123", ""),
        ("+442079460124", "alternate"),
    ]
    assert (draft.external_id, draft.first_name, draft.last_name) == ("V1", "Zoë", "Lee")
    assert draft.custom["comments"] == "call late"
    assert [note.code for note in draft.notes] == ["country-unknown"]


def test_an_external_id_that_is_too_long_rejects_the_row() -> None:
    longest = "x" * MAX_EXTERNAL_ID_CHARS
    assert _accepted(phone=GOOD, external_id=longest).external_id == longest
    assert _rejected(phone=GOOD, external_id=longest + "x").code == "external-id-too-long"


COLUMNS = map_columns(["phone", "first_name", "note"])


@pytest.mark.parametrize("cells", [[], [""], ["", " ", ""], ["\x00", "\t"]])
def test_an_empty_row_is_rejected_as_such(cells: list[str]) -> None:
    rejection = read_row(cells, COLUMNS, "US")
    assert isinstance(rejection, RowRejection)
    assert rejection.code == "row-empty"


def test_a_row_with_more_cells_than_the_header_is_rejected_since_they_may_have_shifted() -> None:
    rejection = read_row([GOOD, "Ann", "Smith", "x"], COLUMNS, "US")
    assert isinstance(rejection, RowRejection)
    assert rejection.code == "row-too-many-cells"


def test_empty_cells_behind_the_last_column_and_missing_ones_do_no_harm() -> None:
    assert isinstance(read_row([GOOD, "Ann", "x", "", " "], COLUMNS, "US"), LeadDraft)
    assert isinstance(read_row([GOOD], COLUMNS, "US"), LeadDraft)


def test_a_giant_cell_rejects_the_row() -> None:
    rejection = read_row([GOOD, "Ann", "x" * 40_000], COLUMNS, "US")
    assert isinstance(rejection, RowRejection)
    assert rejection.code == "cell-too-long"


def test_a_neutralised_formula_comes_back_as_it_was() -> None:
    draft = read_row([GOOD, "'=Ann", "'@x"], COLUMNS, "US")
    assert isinstance(draft, LeadDraft)
    assert (draft.first_name, draft.custom) == ("=Ann", {"note": "@x"})


@given(
    st.lists(
        st.one_of(st.text(), st.sampled_from(["phone", "email", "timezone", "not_before", "priority"])),
        max_size=8,
    ),
    st.lists(st.one_of(st.text(), st.just(GOOD)), max_size=10),
    st.sampled_from(["US", "DE", ""]),
)
def test_no_row_crashes_intake(header: list[str], cells: list[str], country: str) -> None:
    result = read_row(cells, map_columns(header), country)
    if isinstance(result, LeadDraft):
        assert result.phones
        assert result.not_before is None or result.not_before.tzinfo is UTC
    else:
        assert result.code
        assert result.sentence


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("email", "country", "timezone", "priority", "rank", "best_time", "not_before"),
                *("phone_code", "consent_channel", "consent_basis", "consent_at", "phone_type"),
            ]
        ),
        st.one_of(st.text(), st.sampled_from(["call", "express", "2026-01-01", "9-17", "44"])),
    )
)
def test_no_value_crashes_intake(values: dict[str, str]) -> None:
    result = _read(phone=GOOD, **values)
    assert isinstance(result, (LeadDraft, RowRejection))
