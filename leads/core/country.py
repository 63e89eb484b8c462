"""A country as lists spell it."""

import phonenumbers

MAX_CALLING_CODE_DIGITS = 3

_NAMES = {
    "AE": "UAE, ARE, United Arab Emirates",
    "AR": "ARG, Argentina",
    "AT": "AUT, Austria, Österreich",
    "AU": "AUS, Australia",
    "BE": "BEL, Belgium, België, Belgique",
    "BR": "BRA, Brazil, Brasil",
    "CA": "CAN, Canada",
    "CH": "CHE, Switzerland, Schweiz, Suisse, Svizzera",
    "CL": "CHL, Chile",
    "CN": "CHN, China",
    "CO": "COL, Colombia",
    "CZ": "CZE, Czechia, Czech Republic, Česko",
    "DE": "DEU, GER, Germany, Deutschland",
    "DK": "DNK, Denmark, Danmark",
    "EG": "EGY, Egypt",
    "ES": "ESP, Spain, España",
    "FI": "FIN, Finland, Suomi",
    "FR": "FRA, France",
    "GB": "UK, U.K., GBR, United Kingdom, Great Britain, England, Scotland, Wales, Northern Ireland",
    "GR": "GRC, Greece, Ελλάδα",
    "HK": "HKG, Hong Kong",
    "HU": "HUN, Hungary, Magyarország",
    "ID": "IDN, Indonesia",
    "IE": "IRL, Ireland",
    "IL": "ISR, Israel",
    "IN": "IND, India",
    "IT": "ITA, Italy, Italia",
    "JP": "JPN, Japan, 日本",
    "KE": "KEN, Kenya",
    "KR": "KOR, South Korea, Korea",
    "MX": "MEX, Mexico, México",
    "MY": "MYS, Malaysia",
    "NG": "NGA, Nigeria",
    "NL": "NLD, Netherlands, Nederland, Holland",
    "NO": "NOR, Norway, Norge",
    "NZ": "NZL, New Zealand, Aotearoa",
    "PH": "PHL, Philippines, Pilipinas",
    "PK": "PAK, Pakistan",
    "PL": "POL, Poland, Polska",
    "PT": "PRT, Portugal",
    "RO": "ROU, Romania, România",
    "RU": "RUS, Russia, Россия",
    "SE": "SWE, Sweden, Sverige",
    "SG": "SGP, Singapore",
    "TH": "THA, Thailand",
    "TR": "TUR, Turkey, Türkiye",
    "UA": "UKR, Ukraine, Україна",
    "US": "USA, U.S.A., U.S., United States, United States of America, America",
    "VN": "VNM, Vietnam, Viet Nam",
    "ZA": "ZAF, RSA, South Africa",
}
"""ISO 3166 code to the ISO alpha-3 code and the names that lists use, most called countries only."""

_CODES = {name.strip().casefold(): code for code, names in _NAMES.items() for name in names.split(",")}


def country_code(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of a country that has telephone numbers; None if the text names none."""
    code = text.strip().upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else _CODES.get(text.strip().casefold())


def country_of_calling_code(text: str, preferred: str) -> str | None:
    """The country that a calling code such as 44, +44 or 0044 stands for; None if it is no country's.

    Of several countries that share it, `preferred` (ISO 3166) if it is one of them, else the largest.
    """
    digits = "".join(c for c in text if c.isdecimal()).lstrip("0")
    if not digits or len(digits) > MAX_CALLING_CODE_DIGITS:
        return None
    code = int(digits)
    if phonenumbers.country_code_for_region(preferred.strip().upper()) == code:
        return preferred.strip().upper()
    region = phonenumbers.region_code_for_country_code(code)
    return region if region in phonenumbers.SUPPORTED_REGIONS else None
