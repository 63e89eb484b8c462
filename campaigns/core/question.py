"""A question of a questionnaire: what may be answered to it, by which keys, and how an answer is read.

An answer is kept as JSON: the value of an option (`single`), a list of them in the options' order
(`several`), a whole number (`scale`, `nps` from 0 to 10, `csat` from 1 to 5, `ces` from 1 to 7), a number, an
amount as a text with the currency's digits ("12.50"), a date (ISO 8601), or a text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.core.money import digits_of
from campaigns.errors import UnfitAnswerError

Answer = str | int | float | list[str]

SINGLE, SEVERAL, SCALE, NPS, CSAT, CES = "single", "several", "scale", "nps", "csat", "ces"
NUMBER, MONEY, DATE, TEXT = "number", "money", "date", "text"
TYPES = (SINGLE, SEVERAL, SCALE, NPS, CSAT, CES, NUMBER, MONEY, DATE, TEXT)
SCALES = (SCALE, NPS, CSAT, CES)
"""Whole numbers from `low` to `high`."""
NUMERIC = (*SCALES, NUMBER, MONEY)
BY_KEY = (SINGLE, *SCALES)
"""What one key of a telephone can answer."""
FREE = (NUMBER, MONEY, DATE, TEXT)
"""What a person may have said in their own words or figures."""

FIELDS: Mapping[str, frozenset[str]] = {
    SINGLE: frozenset({"options"}),
    SEVERAL: frozenset({"options"}),
    **dict.fromkeys(SCALES, frozenset({"low_label", "high_label"})),
    SCALE: frozenset({"low", "high", "low_label", "high_label"}),
    NUMBER: frozenset({"low", "high", "decimals"}),
    MONEY: frozenset({"low", "high", "currency"}),
    DATE: frozenset({"earliest", "latest"}),
    TEXT: frozenset({"longest"}),
}
KEYS = "1234567890*#"
"""In the order in which options get those that nobody has chosen."""
DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?")
MOST_OPTIONS = 50
LARGEST = 10**9
"""Of a number or an amount."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers to choose from; `key` chooses it, empty where there are more than keys."""

    value: str
    label: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question; empty or None where its type has no such thing."""

    name: str
    type: str
    text: str
    required: bool = False
    prompt: str = ""
    """The sound that asks it in a survey by key press."""
    options: tuple[Option, ...] = ()
    low: float | None = None
    high: float | None = None
    low_label: str = ""
    high_label: str = ""
    decimals: int = 0
    currency: str = ""
    earliest: str = ""
    latest: str = ""
    longest: int = 500

    def to_json(self) -> dict[str, Any]:
        """The form that `parse_question` reads."""
        values: dict[str, Any] = {"name": self.name, "type": self.type, "text": self.text}
        values["required"] = self.required
        if self.prompt:
            values["prompt"] = self.prompt
        for each in sorted(FIELDS[self.type] - {"options"}):
            if (value := getattr(self, each)) not in (None, ""):
                values[each] = value
        if self.options:
            values["options"] = [
                {"value": each.value, "label": each.label} | ({"key": each.key} if each.key else {})
                for each in self.options
            ]
        return values

    @property
    def minor_digits(self) -> int:
        """Digits behind the point of an amount in its currency."""
        return digits_of(self.currency)

    def keys(self, without: str = "") -> dict[str, Answer]:
        """Key to the answer that it gives, for types that one key can answer; none of them is `without`.

        An option has its own key. A number has its digit; 10, and a number whose digit is taken, has * and
        then #.
        """
        if self.type in SCALES:
            return self._keys_of_scale(without)
        return {each.key: each.value for each in self.options if each.key and each.key != without}

    def _keys_of_scale(self, without: str) -> dict[str, Answer]:
        numbers = range(int(self.low or 0), int(self.high or 0) + 1)
        own: dict[str, Answer] = {str(each): each for each in numbers if each < 10 and str(each) != without}
        left = [each for each in numbers if str(each) not in own]
        return own | dict(zip("*#", left, strict=False))

    def read(self, given: object) -> Answer | None:
        """An answer as it is kept; None for none. Raises UnfitAnswerError."""
        if given is None or given in ("", []):
            return None
        if self.type == SINGLE:
            return self._option(given)
        if self.type == SEVERAL:
            return self._options(given)
        if self.type == TEXT:
            return self._text(given)
        if self.type == DATE:
            return self._date(given)
        return self._number(given)

    def _option(self, given: object) -> str:
        for each in self.options:
            if each.value == given:
                return each.value
        raise UnfitAnswerError("Choose one of the answers.")

    def _options(self, given: object) -> list[str] | None:
        chosen = [given] if isinstance(given, str) else given
        if not isinstance(chosen, list) or len(chosen) > MOST_OPTIONS:
            raise UnfitAnswerError("Choose among the answers.")
        values = {self._option(each) for each in chosen}
        return [each.value for each in self.options if each.value in values] or None

    def _text(self, given: object) -> str | None:
        if not isinstance(given, str):
            raise UnfitAnswerError("Answer with a text.")
        if len(given) > self.longest:
            raise UnfitAnswerError(f"Answer with {self.longest} characters at most.")
        return "".join(each for each in given if each.isprintable() or each in "\n\t").strip() or None

    def _date(self, given: object) -> str:
        try:
            if not isinstance(given, str) or not DATE_FORM.fullmatch(given):
                raise ValueError
            date.fromisoformat(given)
        except ValueError:
            raise UnfitAnswerError("Answer with a date, as in 2026-12-24.") from None
        if (self.earliest and given < self.earliest) or (self.latest and given > self.latest):
            since, until = self.earliest or "the beginning", self.latest or "the end"
            raise UnfitAnswerError(f"Answer with a date from {since} to {until}.")
        return given

    def _number(self, given: object) -> Answer:
        digits = self.minor_digits if self.type == MONEY else self.decimals
        number = decimal_of(given)
        low, high = self._bounds()
        if number is None or not low <= number <= high or number != round(number, digits):
            raise UnfitAnswerError(f"Answer with {self._what(digits)} from {low:f} to {high:f}.")
        if self.type == MONEY:
            return f"{number:.{digits}f}"
        return int(number) if number == int(number) else float(number)

    def _bounds(self) -> tuple[Decimal, Decimal]:
        lowest = 0 if self.type == MONEY else -LARGEST
        low = lowest if self.low is None else self.low
        return Decimal(str(low)), Decimal(str(LARGEST if self.high is None else self.high))

    def _what(self, digits: int) -> str:
        if self.type == MONEY:
            return f"an amount in {self.currency}"
        return f"a number with {digits} decimals at most" if digits else "a whole number"


def decimal_of(given: object) -> Decimal | None:
    """A number, or a text that is one; None for anything else, and for what is far too large."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    if isinstance(given, int) and abs(given) > LARGEST:
        return None
    try:
        if isinstance(given, str):
            return Decimal(given.strip()) if _NUMBER.fullmatch(given.strip()) else None
        number = Decimal(str(given))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
