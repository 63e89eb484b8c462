"""What a postal address tells: the part of a country, and the zones that have to be open."""

import zoneinfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.address import LAWS_BY_PART, every_part, subdivision_code, zones_of_person

NEW_YORK = ("America/New_York",)
HONOLULU = "Pacific/Honolulu"
COUNTRIES = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "florida", "FL"),
        ("US", " new  york ", "NY"),
        ("US", "Washington", "WA"),
        ("US", "Washington D.C.", "DC"),
        ("CA", "Québec", "QC"),
        ("DE", "bayern", "BY"),
        ("AU", "vic", "VIC"),
        ("GB", "Scotland", "SCT"),
        ("US", "US-FL", "FL"),
        ("US", "us-ca", "CA"),
        ("CA", "CA-ON", "ON"),
        ("US", "Fla.", "FL"),
        ("US", "N.Y.", "NY"),
        ("US", "N. Y.", "NY"),
        ("US", "Calif", "CA"),
        ("US", "D.C.", "DC"),
        ("US", "W. Va.", "WV"),
        ("US", "S. Dak.", "SD"),
        ("CA", "P.E.I.", "PE"),
        ("CA", "British Colombia", "BC"),
        ("US", "Bavaria", None),
        ("US", "CA-FL", None),
        ("US", "", None),
        ("XX", "FL", None),
        ("", "FL", None),
    ],
)
def test_a_subdivision_is_known_by_code_and_name(country: str, text: str, code: str | None) -> None:
    assert subdivision_code(country, text) == code


@given(st.text(max_size=20), COUNTRIES)
def test_any_text_is_a_part_of_the_country_or_none(text: str, country: str) -> None:
    assert subdivision_code(country, text) in {None, *every_part(country)}


@pytest.mark.parametrize(
    ("number_region", "country", "region", "also"),
    [
        ("US", "US", "HI", {HONOLULU}),
        ("US", "", "Hawaii", {HONOLULU}),
        ("US", "US", "FL", {"America/Chicago"}),
        ("US", "US", "NY", set()),
        ("US", "US", "", set()),
        ("US", "", "", set()),
        ("US", "PR", "", {"America/Puerto_Rico"}),
        ("US", "US", "Puerto Rico", {"America/Puerto_Rico"}),
        ("US", "CA", "BC", {"America/Vancouver", "America/Edmonton"}),
        ("US", "DE", "", {"Europe/Berlin"}),
        ("US", "RE", "", {"Indian/Reunion", "Indian/Mayotte"}),
        ("US", "JM", "Kingston", {"America/Jamaica"}),
        ("US", "", "Ontario", {"America/Toronto", "America/Winnipeg"}),
        ("US", "FR", "", {"Europe/Paris"}),
        ("FR", "", "Provence", {"Europe/Paris"}),
        ("FR", "FR", "Martinique", {"America/Martinique"}),
        ("FR", "", "974", {"Indian/Reunion", "Indian/Mayotte"}),
        ("ES", "ES", "Narnia", {"Europe/Madrid", "Atlantic/Canary"}),
        ("AU", "AU", "TAS", {"Australia/Hobart"}),
    ],
)
def test_the_zones_of_the_address_count_beside_the_numbers(
    number_region: str, country: str, region: str, also: set[str]
) -> None:
    assert set(zones_of_person(NEW_YORK, number_region, country, region)) == {*NEW_YORK, *also}


def test_an_australian_state_that_is_not_understood_may_be_any() -> None:
    zones = zones_of_person(("Australia/Sydney",), "AU", "AU", "West Narnia")
    assert {"Australia/Perth", "Australia/Darwin", "Australia/Sydney"} <= set(zones)


def test_an_australian_state_has_its_own_clock() -> None:
    assert zones_of_person(("Australia/Sydney",), "AU", "AU", "WA") == (
        *("Australia/Eucla", "Australia/Perth", "Australia/Sydney"),
    )


def test_a_region_that_is_not_understood_may_be_in_any_zone_of_the_country() -> None:
    zones = zones_of_person(NEW_YORK, "US", "US", "Narnia")
    assert {HONOLULU, "America/Anchorage", "America/Los_Angeles", "America/Chicago", *NEW_YORK} <= set(zones)
    assert zones == zones_of_person(NEW_YORK, "US", "", "Narnia")
    assert set(zones_of_person(NEW_YORK, "US", "CA", "")) > {"America/Vancouver", "America/St_Johns"}


def test_where_either_is_unknown_all_is() -> None:
    assert zones_of_person((), "US", "US", "HI") == ()
    # Antarctica has no calling code that phonenumbers knows.
    assert zones_of_person(NEW_YORK, "US", "AQ", "") == ()


@given(COUNTRIES, COUNTRIES, st.sampled_from(["", "FL", "Narnia", "BC", "NSW"]))
def test_an_address_only_adds_zones_and_all_are_real(number_region: str, country: str, region: str) -> None:
    zones = zones_of_person(NEW_YORK, number_region, country, region)
    assert not zones or set(NEW_YORK) <= set(zones)
    assert set(zones) <= zoneinfo.available_timezones()


@pytest.mark.parametrize("country", sorted(LAWS_BY_PART))
def test_every_state_and_province_has_zones(country: str) -> None:
    for part in every_part(country):
        assert len(zones_of_person(NEW_YORK, "US", country, part)) >= 1
