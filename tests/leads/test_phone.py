"""What is a phone number and what is not, however it was typed."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.phone import KINDS, ParsedPhone, PhoneRejection, parse_phone

SAN_FRANCISCO = "+14155550101"
LONDON = "+442079460123"
BERLIN = "+493023125012"


@pytest.mark.parametrize(
    "text",
    [
        "+14155550101",
        "4155550101",
        "14155550101",
        "(415) 555-0101",
        "(415)555-0101",
        "415-555-0101",
        "415.555.0101",
        "415 555 0101",
        "415\u00a0555\u00a00101",
        "415–555–0101",
        "1-415-555-0101",
        "+1 (415) 555-0101",
        "+1.415.555.0101",
        "  +1 415 555 0101  ",
        "\t4155550101\n",
        "'4155550101",
        "'+14155550101",
        "’4155550101",
        "`4155550101",
        '="4155550101"',
        "4155550101.0",
        "+14155550101.00",
        "４１５５５５０１０１",
        "＋１　４１５　５５５　０１０１",
        "٤١٥٥٥٥٠١٠١",
        "४१५५५५०१०१",
        "\u202a+1 415 555 0101\u202c",
        "\ufeff4155550101",
        "0014155550101",
        "00 1 415 555 0101",
        "011 1 415 555 0101",
        "tel:+1-415-555-0101",
        "4155550101 (mobile)",
        "4155550101 John",
        "4155550101 - after six",
        "call 415-555-0101",
        "mobile: 415 555 0101 (evenings only)",
        "Tel. 415 555 0101",
        "+1 415 555 0101 ou le soir",
    ],
)
def test_a_number_is_understood_however_it_is_typed(text: str) -> None:
    assert parse_phone(text, "US") == ParsedPhone(
        SAN_FRANCISCO, "fixed_line_or_mobile", "US", ("America/Los_Angeles",)
    )


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("tel:+1-415-555-0101;ext=5", "5"),
        ("415-555-0101 x123", "123"),
        ("415-555-0101 ext. 9", "9"),
        ("415-555-0101 extension 77", "77"),
        ("(415) 555-0101x0042", "0042"),
        ("415 555 0101 #12", "12"),
        ("+1 415 555 0101;ext=00000000000000000001", "00000000000000000001"),
        ("415-555-0101", ""),
    ],
)
def test_an_extension_is_kept_beside_the_number(text: str, extension: str) -> None:
    parsed = parse_phone(text, "US")
    assert isinstance(parsed, ParsedPhone)
    assert (parsed.e164, parsed.extension) == (SAN_FRANCISCO, extension)


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("020 7946 0123", "GB", LONDON),
        ("+44 (0)20 7946 0123", "US", LONDON),
        ("+44 20 7946 0123", "US", LONDON),
        ("00442079460123", "US", LONDON),
        ("0044 20 7946 0123", "FR", LONDON),
        ("011 44 20 7946 0123", "US", LONDON),
        ("011 44 20 7946 0123", "GB", LONDON),
        ("011442079460123", "DE", LONDON),
        ("030 23125012", "DE", BERLIN),
        ("030/23125012", "DE", BERLIN),
        ("0049 (30) 23125-012", "DE", BERLIN),
        ("011-49-30-23125012", "US", BERLIN),
        ("01 99 00 12 34", "FR", "+33199001234"),
        ("0491 570 156", "AU", "+61491570156"),
        ("0011 1 415 555 0101", "AU", SAN_FRANCISCO),
        ("090000 00123", "IN", "+919000000123"),
        ("090-1234-0123", "JP", "+819012340123"),
        ("010 1 415 555 0101", "JP", SAN_FRANCISCO),
        ("(11) 90000-0123", "BR", "+5511900000123"),
        ("021 555 0123", "ZA", "+27215550123"),
        ("06 5550 1234", "IT", "+390655501234"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("1 (888) GET-DIAL", "US", "+18884383425"),
    ],
)
def test_the_default_country_and_international_prefixes_say_which_country(
    text: str, country: str, e164: str
) -> None:
    parsed = parse_phone(text, country)
    assert isinstance(parsed, ParsedPhone), parsed
    assert parsed.e164 == e164


@pytest.mark.parametrize("country", ["us", " US ", "Us"])
def test_the_default_country_may_be_written_in_any_case(country: str) -> None:
    parsed = parse_phone("4155550101", country)
    assert isinstance(parsed, ParsedPhone)
    assert parsed.e164 == SAN_FRANCISCO


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("", "US", "phone-empty"),
        ("   ", "US", "phone-empty"),
        ("'", "US", "phone-empty"),
        ("\u200b\ufeff", "US", "phone-empty"),
        ("n/a", "US", "phone-not-a-number"),
        ("none", "US", "phone-not-a-number"),
        ("unknown", "US", "phone-not-a-number"),
        ("do not call me please", "US", "phone-not-a-number"),
        ("-", "US", "phone-not-a-number"),
        ("?", "US", "phone-not-a-number"),
        ("+", "US", "phone-not-a-number"),
        ("#N/A", "US", "phone-not-a-number"),
        ("jane@example.com", "US", "phone-not-a-number"),
        ("4 sisters home", "US", "phone-not-a-number"),
        ("two 2 numbers 3 here", "US", "phone-not-a-number"),
        ("4155550101, 4155550102", "US", "phone-not-a-number"),
        ("電話なし", "JP", "phone-not-a-number"),
        ("😀", "US", "phone-not-a-number"),
        ("6.39171E+11", "PH", "phone-scientific-notation"),
        ("6.39171e+11", "PH", "phone-scientific-notation"),
        ("6,39171E+11", "DE", "phone-scientific-notation"),
        ("4E+11", "US", "phone-scientific-notation"),
        ("'4.42079E+11", "GB", "phone-scientific-notation"),
        ("６.39171E+11", "PH", "phone-scientific-notation"),
        ("4155550", "US", "phone-too-short"),
        ("555-0101", "US", "phone-too-short"),
        ("415555010", "US", "phone-too-short"),
        ("+49 30", "US", "phone-too-short"),
        ("01 99 00", "FR", "phone-too-short"),
        ("00", "US", "phone-too-short"),
        ("41555501011", "US", "phone-too-long"),
        ("+1 415 555 0101 4155550102", "US", "phone-too-long"),
        ("4155550101 / 4155550102", "US", "phone-too-long"),
        ("+33 1 99 00 12 34 56", "FR", "phone-too-long"),
        ("4155550101" * 30, "US", "phone-too-long"),
        ("1" * 100_000, "US", "phone-too-long"),
        ("999-555-0101", "US", "phone-invalid"),
        ("123-456-7890", "US", "phone-invalid"),
        ("000-000-0000", "US", "phone-invalid"),
        ("(199) 555-0101", "US", "phone-invalid"),
        ("+44 7700 900123", "GB", "phone-invalid"),
        ("07700 900123", "GB", "phone-invalid"),
        ("+999 123 456 789", "US", "phone-no-such-country"),
        ("+210 555 0123", "US", "phone-no-such-country"),
        ("+0 415 555 0101", "US", "phone-no-such-country"),
        ("4155550101", "ZZ", "phone-no-such-country"),
        ("4155550101", "", "phone-no-such-country"),
        ("+14155550101", "Germany", "phone-no-such-country"),
        ("911", "US", "phone-not-dialable"),
        ("411", "US", "phone-not-dialable"),
        ("911", "CA", "phone-not-dialable"),
        ("112", "DE", "phone-not-dialable"),
        ("999", "GB", "phone-not-dialable"),
        ("17", "FR", "phone-not-dialable"),
        ("000", "AU", "phone-not-dialable"),
        ("1 900 555 0123", "US", "phone-not-dialable"),
        ("0909 879 0123", "GB", "phone-not-dialable"),
    ],
)
def test_what_is_no_number_is_rejected_with_its_reason(text: str, country: str, code: str) -> None:
    rejection = parse_phone(text, country)
    assert isinstance(rejection, PhoneRejection), rejection
    assert rejection.code == code
    assert rejection.sentence.endswith(".")
    assert len(rejection.sentence) > 15


@pytest.mark.parametrize(
    ("text", "kind", "region"),
    [
        ("+442079460123", "fixed_line", "GB"),
        ("+61491570156", "mobile", "AU"),
        ("+14165550123", "fixed_line_or_mobile", "CA"),
        ("+18885550123", "toll_free", "US"),
        ("+80012345678", "toll_free", ""),
        ("+443069990123", "uan", "GB"),
        ("+15005550123", "personal_number", "US"),
        ("+18765550142", "mobile", "JM"),
    ],
)
def test_kind_and_region_are_known(text: str, kind: str, region: str) -> None:
    parsed = parse_phone(text, "US")
    assert isinstance(parsed, ParsedPhone)
    assert (parsed.kind, parsed.region) == (kind, region)


def test_a_number_longer_than_e164_allows_is_too_long() -> None:
    rejection = parse_phone("+49 30 1234567890123", "DE")
    assert isinstance(rejection, PhoneRejection)
    assert rejection.code == "phone-too-long"


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_countrys_example_number_is_read_in_every_way_of_writing(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    for form in (
        phonenumbers.PhoneNumberFormat.E164,
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
        phonenumbers.PhoneNumberFormat.RFC3966,
    ):
        parsed = parse_phone(phonenumbers.format_number(example, form), region)
        assert isinstance(parsed, ParsedPhone), (form, parsed)
        assert parsed.e164 == e164


def _is_sound(parsed: ParsedPhone) -> bool:
    return (
        parsed.e164[0] == "+"
        and parsed.e164[1:].isdigit()
        and len(parsed.e164) <= 16
        and parsed.kind in KINDS.values()
        and len(parsed.region) in (0, 2)
        and parsed.zones == tuple(sorted(set(parsed.zones)))
    )


@given(st.text(), st.sampled_from(["US", "GB", "DE", "JP", "IN", "AU", "", "ZZ"]))
def test_no_text_crashes_it(text: str, country: str) -> None:
    parsed = parse_phone(text, country)
    assert isinstance(parsed, PhoneRejection) or _is_sound(parsed)


@given(
    st.text("0123456789+-(). /x#eE'abc１０\u00a0;=", max_size=40), st.sampled_from(["US", "GB", "DE", "IT"])
)
def test_what_looks_like_a_number_is_sound_or_rejected(text: str, country: str) -> None:
    parsed = parse_phone(text, country)
    assert isinstance(parsed, PhoneRejection) or _is_sound(parsed)


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_reading_the_e164_form_again_gives_the_same(text: str) -> None:
    parsed = parse_phone(text, "US")
    if isinstance(parsed, ParsedPhone):
        assert parse_phone(parsed.e164, "DE") == parsed
