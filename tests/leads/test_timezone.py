"""Where a person may be, from a number."""

import zoneinfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number

from leads.core.timezone import callee_zones, known_zone, zones_of_phone

AREA_CODES_OF_SEVERAL_ZONES = [
    *(
        "208",
        "219",
        "250",
        "270",
        "308",
        "418",
        "423",
        "541",
        "574",
        "605",
        "606",
        "620",
        "701",
        "709",
        "775",
    ),
    *("785", "807", "812", "850", "867", "879", "906", "907", "928", "986"),
]


def _zones(e164: str) -> tuple[str, ...]:
    return zones_of_phone(phonenumbers.parse(e164))


@pytest.mark.parametrize("area_code", [code for code in AREA_CODES_OF_SEVERAL_ZONES if code != "879"])
def test_an_area_code_that_spans_zones_gives_all_of_them(area_code: str) -> None:
    assert len(_zones(f"+1{area_code}5550123")) >= 2


@pytest.mark.parametrize("area_code", AREA_CODES_OF_SEVERAL_ZONES)
def test_the_zones_of_an_area_code_hold_those_of_each_of_its_exchanges(area_code: str) -> None:
    for exchange in range(200, 1000, 7):
        number = phonenumbers.parse(f"+1{area_code}{exchange}0123")
        if phonenumbers.is_valid_number(number):
            assert set(time_zones_for_number(number)) <= set(zones_of_phone(number))


def test_florida_850_is_in_two_zones_though_its_prefix_names_one() -> None:
    number = phonenumbers.parse("+18505550123")
    assert time_zones_for_number(number) == ("America/New_York",)
    assert zones_of_phone(number) == ("America/Chicago", "America/New_York")


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+12125550123", ("America/New_York",)),
        ("+18085550123", ("Pacific/Honolulu",)),
        ("+442079460123", ("Europe/London",)),
        ("+493023125012", ("Europe/Berlin",)),
        ("+819012340123", ("Asia/Tokyo",)),
        ("+34600000123", ("Atlantic/Canary", "Europe/Madrid")),
        ("+6421555012", ("Pacific/Auckland", "Pacific/Chatham")),
    ],
)
def test_a_number_gives_its_zones(e164: str, zones: tuple[str, ...]) -> None:
    assert _zones(e164) == zones


@pytest.mark.parametrize("e164", ["+61491570156", "+79123456789"])
def test_a_mobile_of_a_wide_country_may_be_in_any_of_its_zones(e164: str) -> None:
    assert len(_zones(e164)) >= 5


@pytest.mark.parametrize(
    "e164",
    [
        "+18885550123",
        "+448081570123",
        "+611800160401",
        "+80012345678",
        "+15005550123",
        "+19995550123",
        "+44123",
    ],
)
def test_toll_free_placeless_and_invalid_numbers_have_no_zone(e164: str) -> None:
    assert _zones(e164) == ()


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("America/New_York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        (" Europe/London ", "Europe/London"),
        ("america/new york", "America/New_York"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("", None),
        ("PST", None),
        ("Pacific Time", None),
        ("Europe/Munich", None),
        ("../../etc/passwd", None),
        ("Factory", None),
        ("Etc/Unknown", None),
        ("x" * 10_000, None),
        ("America/New_York\x00", None),
    ],
)
def test_only_iana_names_are_zones(text: str, zone: str | None) -> None:
    assert known_zone(text) == zone


def test_the_leads_own_zone_goes_before_its_phones() -> None:
    assert callee_zones("Pacific/Honolulu", ["America/New_York"]) == ("Pacific/Honolulu",)


@pytest.mark.parametrize("own", ["", "Mars/Olympus"])
def test_without_a_zone_of_its_own_a_lead_has_its_phones(own: str) -> None:
    zones = ("America/Chicago", "America/New_York")
    assert callee_zones(own, zones) == zones
    assert callee_zones(own, ()) == ()


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_every_zone_can_be_loaded(e164: str) -> None:
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return
    for zone in zones_of_phone(number):
        zoneinfo.ZoneInfo(zone)


@pytest.mark.parametrize(
    "offset", ["EST", "MST", "HST", "UTC", "GMT", "Zulu", "EST5EDT", "Etc/GMT+5", "etc/utc", "Factory"]
)
def test_an_offset_is_no_place(offset: str) -> None:
    """Who writes EST means New York, where it is an hour later in summer."""
    assert known_zone(offset) is None
    assert callee_zones(offset, ["America/New_York"]) == ("America/New_York",)
