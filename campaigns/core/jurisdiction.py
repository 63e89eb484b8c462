"""Which jurisdictions a call falls under: by the number's region and area code, and by the lead's address."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from campaigns.core.address import LAWS_BY_PART, address_of, country_of, every_part
from campaigns.core.area_codes import AREA_CODES
from campaigns.core.calendar import Holidays, subdivisions_with_holidays, supports_holidays
from campaigns.core.rules import Jurisdiction

_AREA_CODE = slice(2, 5)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person may be. Nothing is left out: they may be in any of these."""

    countries: frozenset[str]
    """ISO 3166-1 codes; empty if nobody knows."""
    subdivisions: frozenset[tuple[str, str]] = frozenset()
    """(country, ISO 3166-2 code less its country); a country that has none here may mean any of its own."""

    def subdivisions_of(self, country: str) -> frozenset[str]:
        """The codes of one country's subdivisions; empty means any."""
        return frozenset(code for of, code in self.subdivisions if of == country)


def place_of(e164: str, region: str, lead_country: str = "", lead_region: str = "") -> Place:
    """Where a person may be, by a number (`region` as phonenumbers says, empty if none) and by an address.

    The address counts beside the number and not in its stead. An American or Canadian area code that says
    nothing, as of a toll-free number, may be any state's or province's. `lead_country` is an ISO 3166-1
    code, and `lead_region` a code or a name there (see `address_of`).
    An American or Canadian one that is not understood may be any state or province; elsewhere it counts as
    not given.
    """
    area_code = e164[_AREA_CODE] if e164.startswith("+1") else ""
    return _place(area_code, region, lead_country, lead_region)


@lru_cache(maxsize=16384)
def _place(area_code: str, region: str, lead_country: str, lead_region: str) -> Place:
    number_country, number_part = country_of(region)
    lead_home, lead_part = country_of(lead_country)
    countries = {number_country, lead_home}
    subdivisions = {(number_country, number_part), (lead_home, lead_part)}
    if area_code and region in LAWS_BY_PART:
        found = subdivisions_of_area_code(area_code)
        subdivisions |= {each for each in found if each[0] == region} or _everywhere_in(region)
    address, told = address_of(region, lead_country, lead_region)
    countries.add(address)
    subdivisions.add((address, told or ""))
    if address in LAWS_BY_PART and told is None:
        subdivisions |= _everywhere_in(address)
    return Place(frozenset(countries - {""}), frozenset(each for each in subdivisions if each[1]))


def matching(jurisdictions: Iterable[Jurisdiction], place: Place) -> tuple[Jurisdiction, ...]:
    """Those whose rules hold at a place, in their order. Where one country has no rules of its own: all.

    All rules together are the strictest there is, so that a place that nobody wrote rules for falls under it.
    """
    known = tuple(jurisdictions)
    if not place.countries or place.countries - {each.country for each in known if not each.subdivision}:
        return known
    return tuple(each for each in known if _holds_at(each, place))


def holidays_at(jurisdiction: Jurisdiction, place: Place) -> frozenset[Holidays]:
    """Whose holidays a jurisdiction's rules mean: its own, those of the person's part of the country
    (of every part where nobody knows which), and those of the person's country where it has no rules."""
    country = jurisdiction.country
    abroad = bool(place.countries) and country not in place.countries
    if jurisdiction.subdivision:
        own = frozenset({Holidays(country, jurisdiction.subdivision)})
    else:
        own = frozenset({Holidays(country)}) if abroad else _holidays_in(country, place)
    return own | holidays_of(place) if abroad else own


def holidays_of(place: Place) -> frozenset[Holidays]:
    """The public holidays of wherever the person may be."""
    known = filter(supports_holidays, place.countries)
    return frozenset(each for country in known for each in _holidays_in(country, place))


def subdivisions_of_area_code(area_code: str) -> frozenset[tuple[str, str]]:
    """The states and provinces that a NANP area code may be in, as (country, code); none if it tells none."""
    parts = (each.partition("-") for each in AREA_CODES.get(area_code, "").split())
    return frozenset((country, code) for country, _, code in parts)


def _holidays_in(country: str, place: Place) -> frozenset[Holidays]:
    """A country's holidays and those of the parts of it where the person may be: any, if none is known."""
    parts = place.subdivisions_of(country) or subdivisions_with_holidays(country)
    return frozenset(Holidays(country, part) for part in {"", *parts})


def _everywhere_in(country: str) -> set[tuple[str, str]]:
    return {(country, code) for code in every_part(country)}


def _holds_at(jurisdiction: Jurisdiction, place: Place) -> bool:
    if jurisdiction.country not in place.countries:
        return False
    parts = place.subdivisions_of(jurisdiction.country)
    return not jurisdiction.subdivision or not parts or jurisdiction.subdivision in parts
