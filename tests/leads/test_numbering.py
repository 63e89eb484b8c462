"""The short way through phonenumbers' metadata gives what phonenumbers gives, for every country."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from leads.core.numbering import classify, split_plainly
from leads.core.timezone import NORTH_AMERICA, TOO_MANY_ZONES, zones_of_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CALLING_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]


def _check(text: str, region: str) -> bool:
    """Compares both ways; whether there was something to compare."""
    parts = split_plainly(text, region)
    if parts is None:
        return False
    classified = classify(*parts)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        assert classified is None
        return False
    assert parts == (number.country_code, phonenumbers.national_significant_number(number))
    assert not number.extension
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        assert classified is None
        assert not phonenumbers.is_valid_number(number)
        return False
    assert classified == (phonenumbers.region_code_for_number(number), kind)
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.format_number(number, PhoneNumberFormat.E164) == f"+{parts[0]}{parts[1]}"
    _check_zones(number, parts[1], kind)
    return True


def _check_zones(number: PhoneNumber, national: str, kind: int) -> None:
    """The same zones, but where ours say more (North American area codes) or nothing on purpose."""
    code = number.country_code or 0
    theirs, ours = set(time_zones_for_number(number)), set(zones_of_number(code, national, kind))
    if kind == PhoneNumberType.TOLL_FREE or "Etc/Unknown" in theirs or len(theirs) >= TOO_MANY_ZONES:
        assert not ours or code == NORTH_AMERICA
    elif code == NORTH_AMERICA:
        assert theirs <= ours
    else:
        assert theirs == ours


def _examples(region: str) -> list[PhoneNumber]:
    found = (phonenumbers.example_number_for_type(region, kind) for kind in KINDS)
    return [number for number in found if number]


@pytest.mark.parametrize("region", REGIONS)
def test_every_kind_of_number_of_every_country_in_every_way_of_writing(region: str) -> None:
    compared = 0
    for number in _examples(region):
        for form in (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL):
            text = phonenumbers.format_number(number, form)
            compared += _check(text, region)
            compared += _check(text, "US")
            compared += _check(text.replace("+", "00"), region)
            compared += _check(text.replace("+", ""), region)
    assert compared


@pytest.mark.parametrize("calling_code", sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS))
def test_the_numbers_of_no_country(calling_code: int) -> None:
    number = phonenumbers.example_number_for_non_geo_entity(calling_code)
    assert number
    assert _check(phonenumbers.format_number(number, PhoneNumberFormat.E164), "US")


DIGITS = st.text("0123456789", min_size=3, max_size=14)


@given(DIGITS, st.sampled_from(REGIONS))
@example("4155550101", "CA")
@example("14155550101", "US")
@example("0111115551234", "AR")
def test_random_digits_without_a_country(digits: str, region: str) -> None:
    _check(digits, region)


@given(st.sampled_from(CALLING_CODES), DIGITS, st.sampled_from(REGIONS))
def test_random_digits_behind_a_calling_code(code: int, digits: str, region: str) -> None:
    _check(f"+{code}{digits}", region)


@given(st.text("0123456789+-(). /", max_size=22), st.sampled_from(REGIONS))
@example("+049 911 2312234", "SD")
@example("+0193123456", "SG")
@example("00 0 4155550101", "DE")
def test_random_digits_and_marks(text: str, region: str) -> None:
    _check(text, region)


@settings(max_examples=300)
@given(st.data(), st.sampled_from(REGIONS))
def test_numbers_that_are_nearly_right(data: st.DataObject, region: str) -> None:
    number = data.draw(st.sampled_from(_examples(region)))
    text = list(phonenumbers.format_number(number, data.draw(st.sampled_from([0, 1, 2]))))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from("0123456789 -"))
    _check("".join(text), data.draw(st.sampled_from([region, "US", "GB"])))


@pytest.mark.parametrize(
    "text", ["415-555-0101 x12", "1-800-FLOWERS", "４１５５５５０１０１", "tel:+14155550101", "", "+", "123"]
)
def test_what_is_not_plain_is_left_to_phonenumbers(text: str) -> None:
    assert split_plainly(text, "US") is None


def test_a_country_that_is_none_has_no_numbers() -> None:
    assert split_plainly("4155550101", "ZZ") is None
    assert classify(999, "4155550101") is None
