"""Money: an exact amount in the smallest unit of its currency. No float comes near it."""

import re
from dataclasses import dataclass
from typing import Self

from campaigns.errors import InvalidAmountError

_CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR "
    "LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
    "PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW "
    "ZWG"
)
"""ISO 4217, of 2025, without funds, metals and test codes."""
_WITHOUT_PARTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_OF_THOUSAND = "BHD IQD JOD KWD LYD OMR TND"
_CODE = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`minor` of the currency's smallest unit: 1990 of EUR are 19.90."""

    currency: str
    minor: int

    @classmethod
    def parse(cls, amount: object, currency: str) -> Self:
        """From "19.90", or a whole number, of a currency. Raises InvalidAmountError.

        A part that the currency does not have is refused, never rounded.
        """
        digits = digits_of(currency)
        text = str(amount) if type(amount) is int else amount
        found = _AMOUNT.fullmatch(text) if isinstance(text, str) and text.isascii() else None
        if found is None:
            raise InvalidAmountError('An amount is a text such as "19.90": digits, a point, no sign.')
        part = found[2] or ""
        if len(part) > digits:
            raise InvalidAmountError(f"An amount in {currency} has {digits} digits after the point at most.")
        return cls(currency, int(found[1] + part.ljust(digits, "0")))

    @property
    def amount(self) -> str:
        """As people write it, with every digit that the currency has: 19.90."""
        digits = digits_of(self.currency)
        sign, figures = "-" if self.minor < 0 else "", f"{abs(self.minor):0{digits + 1}}"
        return sign + (f"{figures[:-digits]}.{figures[-digits:]}" if digits else figures)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def digits_of(currency: str) -> int:
    """How many digits an amount has after the point. Raises InvalidAmountError for what is no currency."""
    if not _CODE.fullmatch(currency) or currency not in _CURRENCIES:
        raise InvalidAmountError(f"{currency[:10]!r} is no currency; use ISO 4217's code, as in EUR.")
    return 0 if currency in _WITHOUT_PARTS else 3 if currency in _OF_THOUSAND else 2
