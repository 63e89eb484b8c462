"""Which jurisdictions a call falls under."""

import pytest

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.calendar import Holidays
from campaigns.core.jurisdiction import (
    Place,
    holidays_at,
    matching,
    place_of,
    subdivisions_of_area_code,
)

ALL = load_rulebook().jurisdictions


def ids(place: Place) -> set[str]:
    return {each.id for each in matching(ALL, place)}


@pytest.mark.parametrize(
    ("e164", "region", "country", "lead_region", "expected"),
    [
        ("+12125550100", "US", "", "", {"us", "us-reg-f"}),
        ("+13055550100", "US", "", "", {"us", "us-reg-f", "us-fl"}),
        ("+12125550100", "US", "US", "Florida", {"us", "us-reg-f", "us-fl"}),
        ("+12125550100", "US", "", "fl", {"us", "us-reg-f", "us-fl"}),
        ("+13055550100", "US", "US", "New York", {"us", "us-reg-f", "us-fl"}),
        ("+15045550100", "US", "US", "oklahoma", {"us", "us-reg-f", "us-la", "us-ok"}),
        ("+17875550100", "PR", "", "", {"us", "us-reg-f"}),
        ("+14165550100", "CA", "", "", {"ca"}),
        ("+14165550100", "CA", "US", "WA", {"ca", "us", "us-reg-f", "us-wa"}),
        ("+442079460100", "GB", "", "", {"gb"}),
        ("+442079460100", "GB", "DE", "", {"gb", "de"}),
        ("+262262123456", "RE", "", "", {"fr"}),
    ],
)
def test_the_numbers_place_and_the_address_count_both(
    e164: str, region: str, country: str, lead_region: str, expected: set[str]
) -> None:
    assert ids(place_of(e164, region, country, lead_region)) == expected


@pytest.mark.parametrize("lead_region", ["", "NY", "Narnia"])
def test_an_area_code_that_says_nothing_may_be_any_states(lead_region: str) -> None:
    states = {each.id for each in ALL if each.country == "US"}
    assert ids(place_of("+18005550100", "US", "US", lead_region)) == states


@pytest.mark.parametrize(
    ("e164", "region", "country"),
    [
        ("+94112345678", "LK", ""),
        ("+80012345678", "", ""),
        ("+12125550100", "US", "LK"),
        ("+18765550100", "JM", ""),
    ],
)
def test_where_nobody_wrote_rules_all_rules_hold(e164: str, region: str, country: str) -> None:
    assert ids(place_of(e164, region, country)) == {each.id for each in ALL}


def test_a_canadian_province_beside_an_american_number_is_in_canada() -> None:
    place = place_of("+12125550100", "US", "", "Ontario")
    assert place.countries == {"US", "CA"}
    assert place.subdivisions == {("US", "NY"), ("CA", "ON")}


def test_an_american_or_canadian_region_that_is_not_understood_may_be_any() -> None:
    anywhere = place_of("+18005550100", "US")
    assert place_of("+12125550100", "US", "US", "Narnia") == anywhere
    assert ids(place_of("+12125550100", "US", "US", "Narnia")) >= {"us-fl", "us-wa", "us-ok"}
    assert place_of("+12125550100", "US", "US", " ") == place_of("+12125550100", "US")
    assert place_of("+493012345678", "DE", "DE", "Narnia") == place_of("+493012345678", "DE")


@pytest.mark.parametrize(
    ("area_code", "places"),
    [
        ("850", {("US", "FL")}),
        ("202", {("US", "DC")}),
        ("206", {("US", "WA")}),
        ("604", {("CA", "BC")}),
        ("902", {("CA", "NS"), ("CA", "PE")}),
        ("800", set()),
        ("242", set()),
        ("", set()),
    ],
)
def test_an_area_code_tells_its_states(area_code: str, places: set[tuple[str, str]]) -> None:
    assert subdivisions_of_area_code(area_code) == places


def test_holidays_are_the_jurisdictions_and_those_of_the_persons_part_of_it() -> None:
    by_id = {each.id: each for each in ALL}
    assert holidays_at(by_id["de"], place_of("+49301234567", "DE")) >= {
        *(Holidays("DE"), Holidays("DE", "BY"), Holidays("DE", "SN"))
    }
    in_bavaria = place_of("+49301234567", "DE", "DE", "Bayern")
    assert holidays_at(by_id["de"], in_bavaria) == {Holidays("DE"), Holidays("DE", "BY")}
    assert holidays_at(by_id["us-la"], place_of("+15045550100", "US")) == {Holidays("US", "LA")}
    in_sri_lanka = place_of("+94112345678", "LK")
    assert holidays_at(by_id["de"], in_sri_lanka) == {Holidays("DE"), Holidays("LK")}
