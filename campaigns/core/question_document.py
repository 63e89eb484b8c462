"""Reads the questions of a questionnaire's document, and what all parts of the document share.

What is read may be anything that JSON or TOML can hold: every check raises InvalidQuestionnaireError, which
names the place and says what is right, and none of them takes long.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from campaigns.core.money import digits_of
from campaigns.core.prompt import is_prompt_name
from campaigns.core.question import (
    CES,
    CSAT,
    DATE,
    DATE_FORM,
    FIELDS,
    KEYS,
    LARGEST,
    MONEY,
    MOST_OPTIONS,
    NPS,
    NUMBER,
    SCALES,
    SEVERAL,
    SINGLE,
    TEXT,
    TYPES,
    Option,
    Question,
    decimal_of,
)
from campaigns.errors import InvalidAmountError, InvalidQuestionnaireError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

_COMMON = frozenset({"name", "type", "text", "required", "prompt"})
_BOUNDS: Mapping[str, tuple[int, int]] = {NPS: (0, 10), CSAT: (1, 5), CES: (1, 7)}
_LONGEST_LABEL = 200
_LONGEST_TEXT = 1000
_LONGEST_ANSWER = 4000
_MOST_DECIMALS = 6


def parse_question(given: object, where: str) -> Question:
    """A question from its document; `where` names the place. Raises InvalidQuestionnaireError."""
    if not isinstance(given, Mapping):
        raise InvalidQuestionnaireError(f"{where}: a question is a table with name, type and text.")
    kind, name = given.get("type"), given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidQuestionnaireError(
            f"{where}: a question's name is 1 to 40 small letters, digits, - and _, not {shown(name)}."
        )
    where = f"Question {name}"
    if not isinstance(kind, str) or kind not in TYPES:
        raise InvalidQuestionnaireError(f"{where}: type is one of {', '.join(TYPES)}.")
    check_known(where, given, _COMMON | FIELDS[kind])
    values: dict[str, Any] = {
        "name": name,
        "type": kind,
        "text": text_of(where, "text", given.get("text"), _LONGEST_TEXT, needed=True),
        "required": flag_of(where, "required", given.get("required", False)),
        "prompt": prompt_of(where, given.get("prompt", "")),
    }
    return Question(**values | _READERS[kind](where, kind, given))


def _read_options(where: str, _kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    options = given.get("options")
    if not isinstance(options, list | tuple) or not 0 < len(options) <= MOST_OPTIONS:
        raise InvalidQuestionnaireError(f"{where}: options is a list of 1 to {MOST_OPTIONS}.")
    read = [_option(where, each) for each in options]
    if len({each.value for each in read}) < len(read):
        raise InvalidQuestionnaireError(f"{where}: each option has a value of its own.")
    chosen = [each.key for each in read if each.key]
    if len(set(chosen)) < len(chosen):
        raise InvalidQuestionnaireError(f"{where}: each option has a key of its own.")
    free = iter([key for key in KEYS if key not in chosen])
    return {"options": tuple(each if each.key else _with_key(each, next(free, "")) for each in read)}


def _with_key(option: Option, key: str) -> Option:
    return Option(option.value, option.label, key)


def _option(where: str, given: object) -> Option:
    if isinstance(given, str):
        given = {"value": given, "label": given}
    if not isinstance(given, Mapping):
        raise InvalidQuestionnaireError(f"{where}: an option is a text, or a table with value and label.")
    check_known(where, given, frozenset({"value", "label", "key"}))
    value = text_of(where, "an option's value", given.get("value"), _LONGEST_LABEL, needed=True)
    label = text_of(where, "an option's label", given.get("label", value), _LONGEST_LABEL, needed=True)
    key = given.get("key", "")
    if not isinstance(key, str) or (key and (len(key) > 1 or key not in KEYS)):
        raise InvalidQuestionnaireError(f"{where}: a key is one of 0-9, * and #, in quotes.")
    return Option(value, label, key)


def _read_scale(where: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    low, high = _BOUNDS.get(kind, (given.get("low", 1), given.get("high", 5)))
    if not _is_whole(low) or not _is_whole(high) or not 0 <= low < high <= 10:
        raise InvalidQuestionnaireError(
            f"{where}: a scale goes from low to high, whole numbers from 0 to 10."
        )
    labels = {
        name: text_of(where, name, given.get(name, ""), _LONGEST_LABEL)
        for name in ("low_label", "high_label")
    }
    return {"low": low, "high": high} | labels


def _read_number(where: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("low", "high"):
        value = given.get(name)
        if value is not None and (not _is_number(value)):
            raise InvalidQuestionnaireError(f"{where}: {name} is a number from -{LARGEST} to {LARGEST}.")
        values[name] = value
    if None not in values.values() and values["low"] > values["high"]:
        raise InvalidQuestionnaireError(f"{where}: low is not above high.")
    if kind == NUMBER:
        decimals = given.get("decimals", 0)
        if not _is_whole(decimals) or not 0 <= decimals <= _MOST_DECIMALS:
            raise InvalidQuestionnaireError(f"{where}: decimals is from 0 to {_MOST_DECIMALS}.")
        return values | {"decimals": decimals}
    currency = given.get("currency")
    try:
        digits_of(currency if isinstance(currency, str) else "")
    except InvalidAmountError as error:
        raise InvalidQuestionnaireError(f"{where}: {error}") from None
    return values | {"currency": currency}


def _read_date(where: str, _kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for name in ("earliest", "latest"):
        value = given.get(name, "")
        # TOML has dates of its own.
        value = value.isoformat() if type(value) is date else value
        try:
            if not isinstance(value, str) or (value and not DATE_FORM.fullmatch(value)):
                raise ValueError
            if value:
                date.fromisoformat(value)
        except ValueError:
            raise InvalidQuestionnaireError(f"{where}: {name} is a date, as in 2026-12-24.") from None
        values[name] = value
    return values


def _read_text(where: str, _kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    longest = given.get("longest", 500)
    if not _is_whole(longest) or not 1 <= longest <= _LONGEST_ANSWER:
        raise InvalidQuestionnaireError(f"{where}: longest is from 1 to {_LONGEST_ANSWER} characters.")
    return {"longest": longest}


_READERS: Mapping[str, Callable[[str, str, Mapping[str, Any]], dict[str, Any]]] = {
    SINGLE: _read_options,
    SEVERAL: _read_options,
    **dict.fromkeys(SCALES, _read_scale),
    NUMBER: _read_number,
    MONEY: _read_number,
    DATE: _read_date,
    TEXT: _read_text,
}


def _is_number(value: object) -> bool:
    number = decimal_of(value) if isinstance(value, int | float) else None
    return number is not None and abs(number) <= LARGEST


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> str:
    """What was given, for a message: hostile values may be of any length."""
    return repr(value[:40]) if isinstance(value, str) else type(value).__name__


def check_known(where: str, given: Mapping[Any, Any], known: frozenset[str]) -> None:
    """Raises InvalidQuestionnaireError where a table has something that is not known."""
    if unknown := [each for each in given if each not in known]:
        raise InvalidQuestionnaireError(
            f"{where}: {shown(unknown[0])} is nothing that it has; it has {', '.join(sorted(known))}."
        )


def text_of(where: str, name: str, value: object, longest: int, *, needed: bool = False) -> str:
    """A text of the document, checked. Raises InvalidQuestionnaireError."""
    if not isinstance(value, str) or len(value) > longest or (needed and not value.strip()):
        least = 1 if needed else 0
        raise InvalidQuestionnaireError(f"{where}: {name} is a text of {least} to {longest} characters.")
    if not all(each.isprintable() or each in "\n\t" for each in value):
        raise InvalidQuestionnaireError(f"{where}: {name} has a character that nobody can read.")
    return value


def flag_of(where: str, name: str, value: object) -> bool:
    """A yes or no of the document. Raises InvalidQuestionnaireError."""
    if not isinstance(value, bool):
        raise InvalidQuestionnaireError(f"{where}: {name} is true or false.")
    return value


def prompt_of(where: str, value: object) -> str:
    """The name of a prompt, or none. Raises InvalidQuestionnaireError."""
    if not isinstance(value, str) or (value and not is_prompt_name(value)):
        raise InvalidQuestionnaireError(
            f"{where}: prompt is a prompt's name, as `dialer prompts list` shows it."
        )
    return value
