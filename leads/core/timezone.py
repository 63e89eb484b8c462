"""In which time zones the person called may be. An empty answer means that nobody can tell: no call."""

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from phonenumbers import (
    PhoneNumber,
    PhoneNumberType,
    country_code_for_region,
    example_number,
    is_number_type_geographical,
    national_significant_number,
    number_type,
)
from phonenumbers.timezone import UNKNOWN_TIMEZONE
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

NORTH_AMERICA = 1
"""Country calling code of the North American Numbering Plan (NANP)."""

AREA_CODE_DIGITS = 3

TOO_MANY_ZONES = 20
"""A set this large is a whole numbering plan's (NANP has 42), and says nothing of where a person is."""

_NOT_PLACES = ("Etc/", "SystemV/")
"""Zones that keep one offset all year, or that are a computer's and not a person's."""


def zones_of_phone(number: PhoneNumber) -> tuple[str, ...]:
    """Every IANA zone that a number may be in, sorted; () where it cannot be told. See `zones_of_number`."""
    kind = number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return ()
    return zones_of_number(number.country_code or 0, national_significant_number(number), kind)


def zones_of_number(calling_code: int, national: str, kind: int) -> tuple[str, ...]:
    """The zones of a valid number, from its calling code, national significant number and PhoneNumberType.

    The zones are those of phonenumbers' longest matching prefix; of the calling code alone where the kind of
    number is not tied to a place. A North American number gets the union over its area code instead: 25 of
    them span several zones, people take their numbers along, and the prefix data stops short (850 spans two
    zones, but its fictional 555 exchange matches only one).
    Toll-free numbers and those that could be anywhere in a numbering plan have no zone.
    """
    if kind == PhoneNumberType.TOLL_FREE:
        return ()
    if calling_code == NORTH_AMERICA:
        zones = _zones_by_area_code().get(national[:AREA_CODE_DIGITS])
        if zones is not None:
            return zones
    if is_number_type_geographical(kind, calling_code):
        return _zones_of_digits(f"{calling_code}{national}"[:TIMEZONE_LONGEST_PREFIX])
    return _zones_of_digits(str(calling_code))


@lru_cache(maxsize=1 << 14)
def _zones_of_digits(digits: str) -> tuple[str, ...]:
    """The zones of the longest prefix that phonenumbers knows."""
    for length in range(len(digits), 0, -1):
        if zones := TIMEZONE_DATA.get(digits[:length]):
            return _told(zones)
    return ()


def _told(zones: Iterable[str]) -> tuple[str, ...]:
    """Zones in order, once each; () where they tell nothing."""
    found = tuple(sorted(set(zones)))
    return () if UNKNOWN_TIMEZONE in found or len(found) >= TOO_MANY_ZONES else found


@lru_cache(maxsize=1)
def _zones_by_area_code() -> dict[str, tuple[str, ...]]:
    """NANP area code to the union of the zones of every prefix in it, from phonenumbers' prefix table."""
    union: defaultdict[str, set[str]] = defaultdict(set)
    for prefix, zones in TIMEZONE_DATA.items():
        area_code = prefix[1 : 1 + AREA_CODE_DIGITS]
        if prefix[0] == str(NORTH_AMERICA) and len(area_code) == AREA_CODE_DIGITS:
            union[area_code].update(zones)
    return {area_code: _told(zones) for area_code, zones in union.items()}


def zones_of_area_code(area_code: str) -> tuple[str, ...]:
    """Every IANA zone that a North American area code may be in, sorted; () where it tells none."""
    return _zones_by_area_code().get(area_code, ())


def zones_of_country(country: str) -> tuple[str, ...]:
    """Every IANA zone of a country's calling code, sorted; () where nobody knows them.

    `country` is an ISO 3166-1 code. In North America, where many share one calling code, it is the zones of
    the area code that phonenumbers shows as an example: small countries have one, and no more is known of
    the United States and Canada here.
    """
    calling_code = country_code_for_region(country.upper())
    if calling_code == NORTH_AMERICA:
        example = example_number(country.upper())
        return zones_of_phone(example) if example else ()
    zones = TIMEZONE_DATA.get(str(calling_code), ())
    return () if UNKNOWN_TIMEZONE in zones else tuple(sorted(set(zones)))


def known_zone(name: str) -> str | None:
    """The IANA name of a place's zone in its own spelling, however its case was typed; None if there is none.

    EST, UTC, Etc/GMT+5 and the like are offsets and no places: who writes EST means New York, whose clocks
    change.
    """
    return _zones_by_folded_name().get(name.strip().replace(" ", "_").casefold())


@lru_cache(maxsize=1)
def _zones_by_folded_name() -> dict[str, str]:
    names = (name for name in zoneinfo.available_timezones() if "/" in name)
    return {name.casefold(): name for name in names if not name.startswith(_NOT_PLACES)}


def callee_zones(lead_timezone: str, phone_zones: Sequence[str]) -> tuple[str, ...]:
    """The zones in which a call must be allowed: the lead's own if it is a zone, else its phone's.

    The lead's own zone is what the list's owner knows of the person; a number only hints at a place.
    """
    own = known_zone(lead_timezone)
    return (own,) if own else tuple(phone_zones)
