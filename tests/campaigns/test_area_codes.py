"""The table of area codes is what phonenumbers has, and no area code escapes every state's rules."""

import re
import subprocess
import sys
from pathlib import Path

import holidays
import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers.geocoder import description_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from campaigns.compliance.make_area_codes import area_codes_module
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core import area_codes
from campaigns.core.address import subdivision_code
from campaigns.core.area_codes import AREA_CODES
from campaigns.core.jurisdiction import matching, place_of, subdivisions_of_area_code

ALL = load_rulebook().jurisdictions
COUNTRIES = ("US", "CA")
EVERY_AREA_CODE = [str(number) for number in range(200, 1000)]
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
PROBES = ("2002345", "2345678", "5672345", "9872345")
"""Numbers of an area code; one at least is valid in each area code that is in use."""


def regions_of(area_code: str) -> set[str | None]:
    """Where phonenumbers' metadata has valid numbers of an area code."""
    numbers = [phonenumbers.parse(f"+1{area_code}{probe}") for probe in PROBES]
    valid = [number for number in numbers if phonenumbers.is_valid_number(number)]
    return {phonenumbers.region_code_for_number(number) for number in valid}


def test_the_kept_table_is_current() -> None:
    kept = Path(area_codes.__file__).read_text("utf-8")
    assert kept == area_codes_module(), "run: python -m campaigns.compliance.make_area_codes"


def test_the_table_is_made_with_the_phonenumbers_that_we_install() -> None:
    installed = re.search(r"^phonenumbers==(\S+)$", CONSTRAINTS.read_text("utf-8"), re.MULTILINE)
    assert installed is not None
    assert f"phonenumbers {installed[1]};" in str(area_codes.__doc__)


@given(area_code=st.sampled_from(sorted(AREA_CODES)), local=st.integers(2_000_000, 9_999_999))
def test_a_numbers_own_state_is_among_its_area_codes(area_code: str, local: int) -> None:
    number = phonenumbers.parse(f"+1{area_code}{local}")
    names = description_for_number(number, "en").rsplit(", ", 1)[-1].split("/")
    own = {(country, subdivision_code(country, name)) for country in COUNTRIES for name in names}
    own = {each for each in own if each[1]}
    assume(own)
    assert own <= subdivisions_of_area_code(area_code)


def test_each_state_has_an_area_code() -> None:
    told = {code for codes in AREA_CODES.values() for code in codes.split()}
    assert len([code for code in told if code.startswith("US-") and code != "US-VI"]) == 51
    assert len([code for code in told if code.startswith("CA-")]) == 13


@pytest.mark.parametrize("region", COUNTRIES)
def test_any_area_code_may_be_in_the_states_it_tells_or_else_in_every_state(region: str) -> None:
    everywhere = set(holidays.list_supported_countries()[region])
    for area_code in EVERY_AREA_CODE:
        told = {code for country, code in subdivisions_of_area_code(area_code) if country == region}
        place = place_of(f"+1{area_code}5550100", region)
        assert place.subdivisions_of(region) == (told or everywhere)
        rules = {each for each in ALL if each.country == region}
        assert set(matching(ALL, place)) == {
            each for each in rules if not told or each.subdivision in told | {""}
        }


@pytest.mark.parametrize(("region", "silent"), [("US", {"500", "800", "888", "900"}), ("CA", {"600", "622"})])
def test_an_area_code_that_is_in_use_but_not_in_the_table_falls_under_every_states_rules(
    region: str, silent: set[str]
) -> None:
    with_zones = {prefix[1:4] for prefix in TIMEZONE_DATA if prefix[0] == "1" and len(prefix) >= 4}
    valid = {area_code for area_code in EVERY_AREA_CODE if region in regions_of(area_code)}
    untold = (valid | with_zones) - AREA_CODES.keys()
    assert silent <= untold
    for area_code in untold:
        holding = matching(ALL, place_of(f"+1{area_code}5550100", region))
        assert set(holding) == {each for each in ALL if each.country == region}


def test_neither_the_rules_nor_the_place_of_a_number_load_the_geocoding_data() -> None:
    asked = """
import sys
from campaigns.core.jurisdiction import place_of
from campaigns.compliance.rulebook import load_rulebook
load_rulebook()
place_of("+13055550100", "US")
sys.exit("phonenumbers.geodata" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
