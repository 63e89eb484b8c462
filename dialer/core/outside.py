"""Whom agents may call into a conversation from outside, by number."""

from collections.abc import Collection
from dataclasses import dataclass

from leads.core.phone import ParsedPhone, parse_phone

COUNTRIES = "countries"
"""In the list of what is allowed: every ordinary number in a country that the client's campaigns call."""
_ORDINARY = frozenset(
    {"fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "voip", "uan"},
)
"""Kinds of numbers that cost what a call costs; see leads.core.phone.KINDS."""
_ANY_COUNTRY = "US"
"""Numbers come with their country's code, so that no default is used."""


@dataclass(frozen=True, slots=True)
class OutsideRule:
    """Numbers and their beginnings, as in +4930, or COUNTRIES; a dear number has to be named whole."""

    allowed: tuple[str, ...] = (COUNTRIES,)

    def why_not(self, e164: str, countries: Collection[str]) -> str:
        """Why a number may not be called, as a sentence; empty where it may.

        `countries` (ISO 3166-1) are those that the client's campaigns call.
        """
        if e164 in self.allowed:
            return ""
        parsed = parse_phone(e164, _ANY_COUNTRY)
        if not isinstance(parsed, ParsedPhone):
            return parsed.sentence
        if parsed.kind not in _ORDINARY:
            kind = parsed.kind.replace("_", " ")
            return f"It is a {kind} number, which may cost extra; have it named in DIALER_CALLS__OUTSIDE."
        named = any(e164.startswith(each) for each in self.allowed)
        if named or (COUNTRIES in self.allowed and parsed.region in countries):
            return ""
        return "Agents may not call there; have the number or its beginning named in DIALER_CALLS__OUTSIDE."
