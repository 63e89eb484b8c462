"""A phone number as people write it: to E.164 with what is known of it, or the reason why not."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult, shortnumberinfo

from leads.core.numbering import classify, split_plainly
from leads.core.timezone import zones_of_number

MAX_INPUT_CHARS = 250
"""What phonenumbers is willing to look at."""

MAX_E164_CHARS = 16
"""A plus and at most 15 digits: ITU-T E.164, section 6."""

PhoneRejectionCode = Literal[
    "phone-empty",
    "phone-not-a-number",
    "phone-scientific-notation",
    "phone-too-short",
    "phone-too-long",
    "phone-invalid",
    "phone-no-such-country",
    "phone-not-dialable",
]


@dataclass(frozen=True, slots=True)
class ParsedPhone:
    """A number that can be dialed.

    `e164` as in +14155550101; `kind` is one of KINDS; `region` is an ISO 3166 code, or empty for a number
    of no country (such as +800); `zones` are the IANA zones it may be in, sorted, () where none is known.
    `extension` is what is dialed after the answer, digits only; `label` is whose phone the list's owner says
    it is (mobile, home, work, …). Both are empty where nothing was said.
    """

    e164: str
    kind: str
    region: str
    zones: tuple[str, ...]
    extension: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class PhoneRejection:
    """Why a text is not a number that can be dialed; the sentence never repeats the text."""

    code: PhoneRejectionCode
    sentence: str


KINDS = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}

_NOBODY_THERE = {
    PhoneNumberType.PREMIUM_RATE: "It is a premium-rate number; calling it costs extra and reaches no lead.",
    PhoneNumberType.PAGER: "It is a pager; nobody can talk there.",
    PhoneNumberType.VOICEMAIL: "It is a voicemail access number; nobody can talk there.",
}

_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d{1,3}")
_FLOAT_OF_A_SPREADSHEET = re.compile(r"(\+?\d{6,})\.0+")
_WORDS_BEHIND = re.compile(r"(?<=\d)[^\w+]+[^\W\d][^\d]*$")
_LEADING_MARKS = "'\u2018\u2019`\u00b4"
_LETTER = re.compile(r"[^\W\d_]")
_DIGITS_THAT_MAKE_A_NUMBER = 7
_DIGITS_BEFORE_VANITY_LETTERS = 3


def parse_phone(text: str, default_country: str) -> ParsedPhone | PhoneRejection:
    """Reads one number. A number without a country is taken for one of `default_country` (ISO 3166 alpha-2).

    Full-width and other scripts' digits, vanity letters, Excel's leading apostrophe and trailing ".0", words
    around the number, `tel:` links and extensions are understood. Where a number is not valid as it stands,
    a leading 00 or 011 is taken for an international prefix, whatever the country.
    """
    region = default_country.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        return PhoneRejection(
            "phone-no-such-country",
            "The default country is not one that has telephone numbers; give a two-letter code such as US.",
        )
    if plain := _read_plainly(text, region):
        return plain
    cleaned = _clean(text)
    if not cleaned:
        return PhoneRejection("phone-empty", "There is no phone number.")
    if len(cleaned) > MAX_INPUT_CHARS:
        return PhoneRejection("phone-too-long", "The text is far too long to be a phone number.")
    if _SCIENTIFIC.fullmatch(cleaned):
        return PhoneRejection(
            "phone-scientific-notation",
            "A spreadsheet has rounded the number (as in 6.39171E+11) and its last digits are lost; "
            "format the column as text and export it again.",
        )
    if _is_prose(cleaned):
        return _not_a_number()
    first = _read(cleaned, region)
    if isinstance(first, PhoneRejection) and cleaned.startswith(("00", "011")):
        second = _read("+" + cleaned.removeprefix("011").lstrip("0"), region)
        return second if isinstance(second, ParsedPhone) else first
    return first


def _read_plainly(text: str, region: str) -> ParsedPhone | None:
    """A valid number that is written plainly, as most are; None for what has to be looked at more closely."""
    if len(text) > MAX_INPUT_CHARS or _FLOAT_OF_A_SPREADSHEET.fullmatch(text):
        return None
    parts = split_plainly(text, region)
    classified = classify(*parts) if parts else None
    if not parts or not classified or classified[1] in _NOBODY_THERE:
        return None
    return _parsed(*parts, *classified)


def _clean(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    text = text.strip().lstrip(_LEADING_MARKS).strip()
    if float_match := _FLOAT_OF_A_SPREADSHEET.fullmatch(text):
        text = float_match[1]
    if len(text) <= MAX_INPUT_CHARS and (words := _WORDS_BEHIND.search(text)):
        before = text[: words.start()]
        if _digits(before) >= _DIGITS_THAT_MAKE_A_NUMBER:
            text = before
    return text


def _is_prose(text: str) -> bool:
    """Whether letters stand where no vanity number (1-800-FLOWERS) has them; a keypad makes digits of any."""
    letter = _LETTER.search(text)
    if letter is None or _digits(text) >= _DIGITS_THAT_MAKE_A_NUMBER:
        return False
    return not text.isupper() or _digits(text[: letter.start()]) < _DIGITS_BEFORE_VANITY_LETTERS


def _digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _read(text: str, region: str) -> ParsedPhone | PhoneRejection:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        return _unreadable(error)
    calling_code, national = number.country_code or 0, phonenumbers.national_significant_number(number)
    classified = classify(calling_code, national)
    if not classified:
        return _invalid(number, region)
    found, kind = classified
    if kind in _NOBODY_THERE:
        return PhoneRejection("phone-not-dialable", _NOBODY_THERE[kind])
    return _parsed(calling_code, national, found, kind, number.extension or "") or _too_long()


def _parsed(
    calling_code: int, national: str, region: str, kind: int, extension: str = ""
) -> ParsedPhone | None:
    """The number, unless E.164 does not allow its length."""
    e164 = f"+{calling_code}{national}"
    if len(e164) > MAX_E164_CHARS:
        return None
    return ParsedPhone(
        e164=e164,
        kind=KINDS[kind],
        region="" if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region,
        zones=zones_of_number(calling_code, national, kind),
        extension=extension,
    )


def _unreadable(error: NumberParseException) -> PhoneRejection:
    match error.error_type:
        case NumberParseException.INVALID_COUNTRY_CODE:
            return PhoneRejection(
                "phone-no-such-country", "No country has the calling code that the number begins with."
            )
        case NumberParseException.TOO_SHORT_AFTER_IDD | NumberParseException.TOO_SHORT_NSN:
            return _too_short()
        case NumberParseException.TOO_LONG:
            return _too_long()
        case _:
            return _not_a_number()


def _invalid(number: PhoneNumber, default_region: str) -> PhoneRejection:
    calling_code = number.country_code or 0
    at_home = phonenumbers.country_code_for_region(default_region) == calling_code
    region = default_region if at_home else phonenumbers.region_code_for_country_code(calling_code)
    if at_home and _is_short_code(number, region):
        return PhoneRejection(
            "phone-not-dialable", f"It is an emergency or short number of {region}; no lead answers there."
        )
    place = f" for {region}" if region in phonenumbers.SUPPORTED_REGIONS else ""
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return _too_short(place)
        case ValidationResult.TOO_LONG:
            return _too_long(place)
        case _:
            return PhoneRejection(
                "phone-invalid", f"The number is not valid{place}; check its first digits and its length."
            )


def _is_short_code(number: PhoneNumber, region: str) -> bool:
    digits = phonenumbers.national_significant_number(number)
    return bool(
        shortnumberinfo.is_emergency_number(digits, region)
        or shortnumberinfo.is_valid_short_number_for_region(number, region)
    )


def _not_a_number() -> PhoneRejection:
    return PhoneRejection("phone-not-a-number", "The text is not a phone number.")


def _too_short(place: str = "") -> PhoneRejection:
    return PhoneRejection("phone-too-short", f"The number has too few digits{place}; add its area code.")


def _too_long(place: str = "") -> PhoneRejection:
    return PhoneRejection("phone-too-long", f"The number has too many digits{place}.")
