"""Numbering plans: phonenumbers' metadata, compiled once, for the numbers that are written plainly.

phonenumbers looks up and matches the same patterns several times for each number; here each is matched once.
What these functions answer is what phonenumbers answers (the tests hold them to it, for every country); where
a number needs more than they know, they answer None, and phonenumbers has to be asked.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc, PhoneNumberType

_PLAIN = re.compile(r"\(?\+?[0-9][0-9 ().\-/]*")
_NO_DIGITS = {ord(c): None for c in " ().-/"}
_FEWEST_DIGITS, _MOST_DIGITS = 6, 16
_LONGEST_CALLING_CODE = 3


def split_plainly(text: str, region: str) -> tuple[int, str] | None:
    """Calling code and national significant number of digits with a plus and the usual punctuation at most.

    `region` (ISO 3166, in capitals) is the country of a number without a calling code. None for anything
    else, and for what may be no number; nothing is said about validity.
    """
    if not _PLAIN.fullmatch(text):
        return None
    digits = text.translate(_NO_DIGITS)
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return None
    if digits[0] == "+":
        return _international(digits[1:])
    home = _dialing(region)
    if home is None:
        return None
    if abroad := home.international_prefix.match(digits):
        return _international(digits[abroad.end() :])
    if digits.startswith(home.calling_code_text):
        national = home.without_prefix(digits[len(home.calling_code_text) :])
        if national is None:
            return None
        if len(digits) > home.longest or (not home.is_general(digits) and home.is_general(national)):
            return _with_prefix_stripped(home, national)
    return _with_prefix_stripped(home, digits)


def _international(digits: str) -> tuple[int, str] | None:
    if not digits or digits[0] == "0":
        return None
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        calling_code = int(digits[:length])
        if regions := COUNTRY_CODE_TO_REGION_CODE.get(calling_code):
            home = _dialing(regions[0], calling_code)
            return _with_prefix_stripped(home, digits[length:]) if home else None
    return None


def _with_prefix_stripped(home: "_Dialing", digits: str) -> tuple[int, str] | None:
    """A national prefix is taken off only where what stays is long enough for a number."""
    national = home.without_prefix(digits)
    if national is None:
        return None
    kept = national if home.may_be_number(len(national)) else digits
    return home.calling_code, kept


class _Dialing:
    """How numbers are written in one country: its prefixes and the lengths of its numbers."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        self.calling_code = int(metadata.country_code or 0)
        self.calling_code_text = str(self.calling_code)
        self.international_prefix = re.compile(metadata.international_prefix or "NonMatch")
        self._prefix = re.compile(metadata.national_prefix_for_parsing or "NonMatch")
        self._transforms = bool(metadata.national_prefix_transform_rule)
        general = metadata.general_desc or PhoneNumberDesc()
        self._general = re.compile(general.national_number_pattern or "NonMatch")
        self._lengths = frozenset(general.possible_length or ())
        self._local_lengths = frozenset(general.possible_length_local_only or ())
        self.longest = max(self._lengths, default=0)

    def is_general(self, national: str) -> bool:
        """Whether the country's pattern for all of its numbers matches."""
        return self._general.fullmatch(national) is not None

    def without_prefix(self, digits: str) -> str | None:
        """Digits without the national prefix; None where a rule of the country rewrites them."""
        match = self._prefix.match(digits)
        if not match:
            return digits
        if self._transforms and match.groups()[-1] is not None:
            return None
        rest = digits[match.end() :]
        return digits if self.is_general(digits) and not self.is_general(rest) else rest

    def may_be_number(self, length: int) -> bool:
        """Whether so many digits are a number's, or too many; not whether they are valid."""
        return length not in self._local_lengths and (length in self._lengths or length > self.longest)


@lru_cache(maxsize=512)
def _dialing(region: str, calling_code: int = 0) -> _Dialing | None:
    metadata = _metadata(calling_code, region)
    return _Dialing(metadata) if metadata else None


def _metadata(calling_code: int, region: str) -> PhoneMetadata | None:
    """Of a country; with a calling code, also of services of no country (region 001)."""
    if calling_code:
        return PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
    return PhoneMetadata.metadata_for_region(region)


def classify(calling_code: int, national: str) -> tuple[str, int] | None:
    """Region (001 for none) and PhoneNumberType of a number; None where it is not valid.

    The first region that owns the leading digits, or else accepts the number, has it.
    """
    plans = _plans(calling_code)
    for plan in plans:
        if plan.leading is None:
            kind = plan.kind(national)
            if kind is not None:
                return plan.region, kind
        elif len(plans) == 1 or plan.leading.match(national):
            kind = plan.kind(national)
            return None if kind is None else (plan.region, kind)
    return None


class _Plan:
    """Which numbers a region has, and of which kinds."""

    def __init__(self, region: str, metadata: PhoneMetadata) -> None:
        self.region = region
        self.leading = re.compile(metadata.leading_digits) if metadata.leading_digits is not None else None
        self._metadata = metadata
        self._one_pattern = bool(metadata.same_mobile_and_fixed_line_pattern)
        self._of_length: dict[int, tuple[re.Pattern[str], dict[int, int], re.Pattern[str]] | None] = {}

    def kind(self, national: str) -> int | None:
        """The number's PhoneNumberType; None where it is not valid."""
        length = len(national)
        if length not in self._of_length:
            self._of_length[length] = self._compiled(length)
        compiled = self._of_length[length]
        if compiled is None:
            return None
        any_kind, kinds, mobile = compiled
        match = any_kind.fullmatch(national)
        if not match or match.lastindex is None:
            return None
        kind = kinds[match.lastindex]
        if kind == PhoneNumberType.FIXED_LINE and (self._one_pattern or mobile.fullmatch(national)):
            return PhoneNumberType.FIXED_LINE_OR_MOBILE
        return kind

    def _compiled(self, length: int) -> tuple[re.Pattern[str], dict[int, int], re.Pattern[str]] | None:
        """One pattern for numbers of one length, a group for each kind in phonenumbers' order; which group
        is which kind; and the pattern of mobiles alone.
        """
        data = self._metadata
        general = _pattern(data.general_desc, length)
        if general is None:
            return None
        mobile = None if self._one_pattern else _pattern(data.mobile, length)
        candidates: Iterable[tuple[str | None, int]] = (
            (_pattern(data.premium_rate, length), PhoneNumberType.PREMIUM_RATE),
            (_pattern(data.toll_free, length), PhoneNumberType.TOLL_FREE),
            (_pattern(data.shared_cost, length), PhoneNumberType.SHARED_COST),
            (_pattern(data.voip, length), PhoneNumberType.VOIP),
            (_pattern(data.personal_number, length), PhoneNumberType.PERSONAL_NUMBER),
            (_pattern(data.pager, length), PhoneNumberType.PAGER),
            (_pattern(data.uan, length), PhoneNumberType.UAN),
            (_pattern(data.voicemail, length), PhoneNumberType.VOICEMAIL),
            (_pattern(data.fixed_line, length), PhoneNumberType.FIXED_LINE),
            (mobile, PhoneNumberType.MOBILE),
        )
        group = 1
        kinds: dict[int, int] = {}
        parts: list[str] = []
        for pattern, kind in candidates:
            if pattern is not None:
                kinds[group] = kind
                parts.append(f"({pattern})")
                group += 1 + re.compile(pattern).groups
        if not parts:
            return None
        combined = re.compile(rf"(?=(?:{general})\Z)(?:{'|'.join(parts)})")
        return combined, kinds, re.compile(mobile or "NonMatch")


def _pattern(desc: PhoneNumberDesc | None, length: int) -> str | None:
    """The pattern of a kind's numbers, if it has any of this length."""
    if desc is None or not desc.national_number_pattern:
        return None
    lengths = desc.possible_length or ()
    if lengths and length not in lengths:
        return None
    return str(desc.national_number_pattern)


@lru_cache(maxsize=512)
def _plans(calling_code: int) -> tuple[_Plan, ...]:
    """The plans that share a calling code, in the order in which they are asked."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    found = ((region, _metadata(calling_code, region)) for region in regions)
    return tuple(_Plan(region, metadata) for region, metadata in found if metadata)
