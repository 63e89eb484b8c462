"""What a postal address tells of a person: the part of a country, and the time zones it may be in."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

import holidays

from campaigns.core.area_codes import AREA_CODES
from campaigns.core.calendar import supports_holidays
from leads.core.timezone import zones_of_area_code, zones_of_country

_PART_OF = {
    "AS": ("US", "AS"),
    "GU": ("US", "GU"),
    "MP": ("US", "MP"),
    "PR": ("US", "PR"),
    "VI": ("US", "VI"),
    "GP": ("FR", "971"),
    "MQ": ("FR", "972"),
    "GF": ("FR", "973"),
    "RE": ("FR", "974"),
    "YT": ("FR", "976"),
    "BL": ("FR", "BL"),
    "MF": ("FR", "MF"),
    "PM": ("FR", "PM"),
}
"""ISO 3166-1 codes of places where another country's law holds: that country and the ISO 3166-2 code."""

_COUNTRY_OF_PART = {part: country for country, part in _PART_OF.items()} | {
    ("FR", "NC"): "NC",
    ("FR", "PF"): "PF",
    ("FR", "WF"): "WF",
}
"""Parts of countries that have a country's code of their own, which tells their clock."""

LAWS_BY_PART = frozenset({"US", "CA"})
"""Countries whose states or provinces have laws and clocks of their own, and area codes that tell them."""

_ABBREVIATIONS = {
    "US": {
        "AL": "ala",
        "AZ": "ariz",
        "AR": "ark",
        "CA": "cal calif",
        "CO": "colo",
        "CT": "conn",
        "DE": "del",
        "DC": "washingtondc distofcolumbia",
        "FL": "fla",
        "IL": "ill",
        "IN": "ind",
        "KS": "kan kans",
        "MA": "mass",
        "MI": "mich",
        "MN": "minn",
        "MS": "miss",
        "MT": "mont",
        "NE": "neb nebr",
        "NV": "nev",
        "NM": "nmex",
        "NC": "ncar",
        "ND": "ndak",
        "OK": "okla",
        "OR": "ore oreg",
        "PA": "penn penna",
        "SC": "scar",
        "SD": "sdak",
        "TN": "tenn",
        "TX": "tex",
        "WA": "wash washingtonstate",
        "WV": "wva",
        "WI": "wis wisc",
        "WY": "wyo",
    },
    "CA": {
        "AB": "alta",
        "BC": "britishcolombia",
        "MB": "man",
        "NL": "newfoundland labrador nfld nf",
        "NT": "nwt",
        "ON": "ont",
        "PE": "pei",
        "QC": "que pq",
        "SK": "sask",
        "YT": "yukonterritory",
    },
    "FR": {
        "971": "guadaloupe",
        "973": "guyanefrancaise frenchguiana",
        "974": "reunion iledelareunion",
        "BL": "stbarthelemy saintbarth stbarth",
        "MF": "stmartin",
        "NC": "newcaledonia",
        "PF": "polynesie frenchpolynesia tahiti",
        "PM": "stpierreetmiquelon",
        "WF": "wallisandfutuna",
    },
}
"""What else people write than a code or a name, in plain letters: abbreviations of the Associated Press and
the post, common misspellings, and names that phonenumbers uses and the holidays library does not."""

_ZONES_OF_PART = {
    ("AU", "ACT"): ("Australia/Sydney",),
    ("AU", "NSW"): ("Australia/Adelaide", "Australia/Sydney"),
    ("AU", "NT"): ("Australia/Darwin",),
    ("AU", "QLD"): ("Australia/Brisbane",),
    ("AU", "SA"): ("Australia/Adelaide",),
    ("AU", "TAS"): ("Australia/Hobart",),
    ("AU", "VIC"): ("Australia/Melbourne",),
    ("AU", "WA"): ("Australia/Eucla", "Australia/Perth"),
}
"""Source: tzdata's zone.tab. New South Wales has Broken Hill, which keeps South Australia's time."""

_CLOCKS_BY_PART = LAWS_BY_PART | {country for country, _ in _ZONES_OF_PART}

_NOISE = re.compile(r"[.,'’\s\-]+")


def country_of(code: str) -> tuple[str, str]:
    """The country whose law holds at an ISO 3166-1 code, and the code of that part of it, often empty."""
    return _PART_OF.get(code.upper(), (code.upper(), ""))


def subdivision_code(country: str, text: str) -> str | None:
    """The ISO 3166-2 code (less its country) of a part of a country, by code, name or abbreviation.

    "FL", "us-fl", "Florida" and "Fla." are one; case, dots and spaces do not matter. None where the text is
    not understood.
    """
    told = text.strip().casefold().removeprefix(f"{country.casefold()}-")
    return _parts(country).get(_plain(told))


def every_part(country: str) -> frozenset[str]:
    """The codes of all parts of a country; empty where nobody knows them."""
    return frozenset(_parts(country).values())


@lru_cache(maxsize=16384)
def zones_of_person(zones: tuple[str, ...], number_region: str, country: str, region: str) -> tuple[str, ...]:
    """The zones that a number may be in, and those of the address, sorted; () if either is unknown.

    `country` is an ISO 3166-1 code and `region` a text, each empty where it is not known. An address that
    names the number's own country alone adds none. A region of which nobody here knows the clock, understood
    or not, may be in any zone of its country.
    """
    at_address = _zones_of_address(number_region, country, region)
    if not zones or at_address is None:
        return ()
    return tuple(sorted({*zones, *at_address}))


def address_of(number_region: str, country: str, region: str) -> tuple[str, str | None]:
    """The country of an address and the code of its part, "" where no part is given; None if not understood.

    Without a country it is the number's, unless the region is one of its neighbour's: of the United States
    and Canada, that have one numbering plan.
    """
    home, part = country_of(country or number_region)
    if not region.strip():
        return home, part if country else ""
    told = subdivision_code(home, region)
    if told is None and not country and home in LAWS_BY_PART:
        for neighbour in sorted(LAWS_BY_PART - {home}):
            if code := subdivision_code(neighbour, region):
                return neighbour, code
    return home, told or (part if country else "") or None


def _zones_of_address(number_region: str, country: str, region: str) -> Iterable[str] | None:
    home, part = address_of(number_region, country, region)
    number_home, _ = country_of(number_region)
    if part == "" and home == number_home:
        return ()
    if part and (zones := _zones_of_part(home, part)):
        return zones
    return _zones_of_parts(home) if home in _CLOCKS_BY_PART else zones_of_country(country or home) or None


@lru_cache(maxsize=1024)
def _zones_of_part(country: str, code: str) -> frozenset[str]:
    """The zones of an island with a code of its own, or the union over the area codes that may be there.

    None are in it where nobody here knows.
    """
    if island := _COUNTRY_OF_PART.get((country, code)):
        return frozenset(zones_of_country(island))
    if (country, code) in _ZONES_OF_PART:
        return frozenset(_ZONES_OF_PART[country, code])
    name = f"{country}-{code}"
    area_codes = (area_code for area_code, parts in AREA_CODES.items() if name in parts.split())
    return frozenset(zone for area_code in area_codes for zone in zones_of_area_code(area_code))


@lru_cache(maxsize=8)
def _zones_of_parts(country: str) -> frozenset[str]:
    """The zones of every part of a country whose parts' clocks we know."""
    return frozenset(zone for code in every_part(country) for zone in _zones_of_part(country, code))


def _plain(text: str) -> str:
    """Without spaces, dots, hyphens and accents, in small letters."""
    letters = unicodedata.normalize("NFKD", _NOISE.sub("", text))
    return "".join(each for each in letters if not unicodedata.combining(each)).casefold()


@lru_cache(maxsize=256)
def _parts(country: str) -> Mapping[str, str]:
    """Codes by their code, name and abbreviations, each in plain letters."""
    if not supports_holidays(country):
        return MappingProxyType({})
    known = type(holidays.country_holidays(country))
    codes = {_plain(code): code for code in known.subdivisions}
    names = {_plain(name): code for name, code in known.subdivisions_aliases.items()}
    shortened = _ABBREVIATIONS.get(country, {}).items()
    others = {word: code for code, words in shortened for word in words.split()}
    return MappingProxyType(names | others | codes)
