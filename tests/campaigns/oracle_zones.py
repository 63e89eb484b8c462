"""A slow and obvious reading of where a person may be, written apart from the code that it judges.

It shares with the code the data of phonenumbers alone: which places and which time zones its prefixes name.
"""

from functools import cache

from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

CALLING_CODES = {
    "GB": "44",
    "DE": "49",
    "FR": "33",
    "AU": "61",
    "IN": "91",
    "NP": "977",
    "LK": "94",
    "PH": "63",
}
ISLANDS = {"PR": ["787", "939"], "GU": ["671"], "VI": ["340"], "AS": ["684"], "MP": ["670"]}
"""Parts of the United States with a country's code of their own: their area codes."""
TOLL_FREE = ["800", "833", "844", "855", "866", "877", "888"]
AUSTRALIAN = {
    "VIC": {"Australia/Melbourne"},
    "NSW": {"Australia/Sydney", "Australia/Adelaide"},
    "ACT": {"Australia/Sydney"},
    "NT": {"Australia/Darwin"},
    "QLD": {"Australia/Brisbane"},
    "SA": {"Australia/Adelaide"},
    "TAS": {"Australia/Hobart"},
    "WA": {"Australia/Perth", "Australia/Eucla"},
}
MANY = 20
"""So many zones say nothing."""

Names = dict[str, dict[str, str]]
"""By country, the names of its parts and their codes."""


def of_number(e164: str) -> set[str]:
    """The zones of an area code, or of the longest prefix; none for a number that may be anywhere."""
    digits = e164.removeprefix("+")
    if digits.startswith("1"):
        return set() if digits[1:4] in TOLL_FREE else _of_area_code(digits[1:4])
    prefixes = [prefix for prefix in TIMEZONE_DATA if digits.startswith(prefix)]
    found = set(TIMEZONE_DATA[max(prefixes, key=len)]) if prefixes else set()
    return set() if len(found) >= MANY else found


def of_address(region: str, lead_country: str, lead_region: str, names: Names) -> set[str] | None:
    """None where an address is given of which nobody knows the clock; nothing where none is given."""
    number_home = "US" if region in ISLANDS else region
    home = "US" if lead_country in ISLANDS else lead_country or number_home
    part = _part(home, lead_region, names)
    if not lead_region and not lead_country:
        return set()
    if lead_region and part is None and not lead_country and home in ("US", "CA"):
        other = "CA" if home == "US" else "US"
        if (elsewhere := _part(other, lead_region, names)) is not None:
            home, part = other, elsewhere
    if part is None and lead_country in ISLANDS:
        part = lead_country
    if part is None and not lead_region and home == number_home:
        return set()
    if home in ("US", "CA"):
        return _of_state(home, part) if part else _of_all_states(home)
    if home == "AU":
        return AUSTRALIAN[part] if part else set().union(*AUSTRALIAN.values())
    return set(TIMEZONE_DATA[CALLING_CODES[home]]) if home else None


def _part(country: str, text: str, names: Names) -> str | None:
    known = names.get(country, {})
    return known.get(text) or (text if text in known.values() else None)


@cache
def _of_area_code(area_code: str) -> set[str]:
    found = {
        zone
        for prefix, zones in TIMEZONE_DATA.items()
        if prefix.startswith("1" + area_code)
        for zone in zones
    }
    return set() if len(found) >= MANY else found


@cache
def _of_state(country: str, code: str) -> set[str]:
    area_codes = ISLANDS.get(code) if country == "US" else None
    return {zone for each in area_codes or _area_codes_in(country, code) for zone in _of_area_code(each)}


@cache
def _of_all_states(country: str) -> set[str]:
    codes = [*US_STATES.values(), *ISLANDS] if country == "US" else [*PROVINCES.values()]
    return {zone for code in codes for zone in _of_state(country, code)}


@cache
def _area_codes_in(country: str, code: str) -> list[str]:
    """The area codes of which some prefix names a place in the state or province."""
    names = US_STATES if country == "US" else PROVINCES
    wanted = {code, *(name for name, each in names.items() if each == code)}
    other = {*PROVINCES, *PROVINCES.values()} if country == "US" else {*US_STATES, *US_STATES.values()}
    return sorted(
        {
            prefix[1:4]
            for prefix in GEOCODE_DATA
            if prefix.startswith("1")
            and (place := GEOCODE_DATA[prefix].get("en", "").split(", ")[-1]) in wanted
            and place not in other
        }
    )


US_STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX",
    "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "Washington": "WA",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY", "Washington D.C.": "DC",
}  # fmt: skip
PROVINCES = {
    "Alberta": "AB", "British Columbia": "BC", "Manitoba": "MB", "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL", "Nova Scotia": "NS", "Northwest Territories": "NT", "Nunavut": "NU",
    "Ontario": "ON", "Prince Edward Island": "PE", "Quebec": "QC", "Saskatchewan": "SK", "Yukon": "YT",
}  # fmt: skip
