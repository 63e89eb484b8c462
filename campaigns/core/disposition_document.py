"""Reads one disposition of a campaign's set from its document, and writes it again; see `disposition_set`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from campaigns.core.disposition import (
    AMOUNT,
    BY_THE_DIALER,
    CALLBACK_TIME,
    NEEDS,
    PRODUCT,
    STANDARD,
    Disposition,
    Flag,
)
from campaigns.core.outcomes import NO_SHOW, OUTCOMES, SKIPPED
from campaigns.core.retry_rule import RetryRule
from campaigns.core.setting_checks import LONGEST_TEXT
from campaigns.errors import InvalidDispositionsError, InvalidRetryRulesError

LEAVE_OUT = "leave_out"
"""What is no code: the standard ones that nobody is to choose."""
_FIELDS = frozenset({"label", "flags", "key", "needs", "final", "retry", "message", "campaign", "aliases"})
_TEXTS = ("label", "key", "message", "campaign")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
_KEY = re.compile(r"[a-z0-9]")
_STEP = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_IMPLIED: Mapping[Flag, Flag] = MappingProxyType(
    {
        Flag.CONVERSION: Flag.RIGHT_PARTY,
        Flag.NOT_INTERESTED: Flag.RIGHT_PARTY,
        Flag.RIGHT_PARTY: Flag.CUSTOMER_CONTACT,
        Flag.CUSTOMER_CONTACT: Flag.HUMAN_ANSWERED,
    }
)
"""What else holds where a flag does, so that no figure is larger than what it is a part of."""
_EXCLUDE = (
    (Flag.MACHINE, Flag.HUMAN_ANSWERED),
    (Flag.DNC, Flag.CALLBACK),
    (Flag.DNC, Flag.CONVERSION),
    (Flag.NOT_INTERESTED, Flag.CONVERSION),
)
_NEED_FLAG: Mapping[str, Flag] = MappingProxyType(
    {AMOUNT: Flag.CONVERSION, PRODUCT: Flag.CONVERSION, CALLBACK_TIME: Flag.CALLBACK}
)


def left_out_of(given: object) -> tuple[str, ...]:
    """The standard codes that are left out. Raises InvalidDispositionsError, as all of these do."""
    codes = texts_of(LEAVE_OUT, "", given)
    if unknown := [each for each in codes if each not in STANDARD]:
        raise wrong(LEAVE_OUT, f"{unknown[0][:40]!r} is no standard disposition.")
    if needed := [each for each in codes if each in BY_THE_DIALER]:
        raise wrong(LEAVE_OUT, f"{needed[0]} is what the dialer itself says; it stays.")
    return tuple(dict.fromkeys(codes))


def read_disposition(code: str, entry: object, left_out: Sequence[str]) -> Disposition:
    """The disposition of a code, from its entry."""
    if not _CODE.fullmatch(code) or code in (*OUTCOMES, SKIPPED, NO_SHOW):
        raise wrong(code[:40], "a code has 1 to 20 small letters, digits and _, and is no call's outcome.")
    if not isinstance(entry, Mapping):
        raise wrong(code, 'each has what is its own, as in { label = "Ordered", key = "1" }.')
    if unknown := sorted(str(each)[:40] for each in entry.keys() - _FIELDS):
        raise wrong(code, f"{unknown[0]!r} is nothing that it has; use {', '.join(sorted(_FIELDS))}.")
    if code in left_out:
        raise wrong(code, f"it is in {LEAVE_OUT}, too; take it out of one of them.")
    for name in _TEXTS:
        value = entry.get(name, "")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
            raise wrong(code, f"{name} is a text of at most {LONGEST_TEXT} characters on one line.")
    standard = STANDARD.get(code)
    if standard is not None and "flags" in entry:
        raise wrong(code, "the flags of a standard disposition stay; add one of your own for others.")
    if standard is None and not entry.get("label", "").strip():
        raise wrong(code, "label is what people read; it is missing.")
    flags = standard.flags if standard is not None else _flags(code, entry.get("flags", []))
    found = Disposition(
        code,
        entry.get("label", "").strip() or (standard.label if standard is not None else ""),
        flags,
        key=entry.get("key", ""),
        needs=texts_of(code, "needs", entry.get("needs", [])),
        retry=_retry(code, entry),
        message=entry.get("message", ""),
        campaign=entry.get("campaign", "").strip(),
    )
    _check(found)
    return found


def _flags(code: str, given: object) -> frozenset[Flag]:
    try:
        flags = {Flag(each) for each in texts_of(code, "flags", given)}
    except ValueError:
        raise wrong(code, f"flags are of {', '.join(Flag)}.") from None
    while more := {_IMPLIED[each] for each in flags & _IMPLIED.keys()} - flags:
        flags |= more
    for one, other in _EXCLUDE:
        if {one, other} <= flags:
            raise wrong(code, f"what is flagged {one} cannot be {other}.")
    return frozenset(flags)


def _retry(code: str, entry: Mapping[str, Any]) -> RetryRule | None:
    final = entry.get("final", False)
    if not isinstance(final, bool):
        raise wrong(code, "final is true or false.")
    if final and "retry" in entry:
        raise wrong(code, "what is final has no retry; give one of them.")
    if "retry" not in entry:
        return RetryRule(None) if final else None
    try:
        return RetryRule.parse(entry["retry"], f"dispositions.{code}.retry")
    except InvalidRetryRulesError as error:
        raise InvalidDispositionsError(str(error)) from None


def _check(found: Disposition) -> None:
    code = found.code
    if unknown := [each for each in found.needs if each not in NEEDS]:
        raise wrong(code, f"{unknown[0][:40]!r} is nothing to need; it is one of {', '.join(NEEDS)}.")
    for need, flag in _NEED_FLAG.items():
        if need in found.needs and flag not in found.flags:
            raise wrong(code, f"{need} is needed only of one that is flagged {flag}.")
    if code in BY_THE_DIALER and (found.key or found.needs):
        raise wrong(code, "the dialer says it: it has no key, and needs nothing.")
    if found.key and not _KEY.fullmatch(found.key):
        raise wrong(code, "key is one small letter or digit.")
    if found.message and not _STEP.fullmatch(found.message):
        raise wrong(code, "message is a step's name: 1 to 40 small letters, digits, - and _.")
    again = found.retry is not None and found.retry.delay_s is not None
    if again and Flag.DNC in found.flags:
        raise wrong(code, "an opt-out is never called again; take the retry out.")
    if found.campaign and (again or found.flags & {Flag.DNC, Flag.CALLBACK}):
        raise wrong(code, "a lead that goes on in another campaign is final in this one; take the rest out.")


def texts_of(code: object, name: str, given: object) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise wrong(str(code), f"{name or 'it'} is a list of texts.")
    return tuple(given)


def written(each: Disposition, aliases: Iterable[str]) -> dict[str, Any]:
    """The entry that `read_disposition` reads; empty where all is standard."""
    standard = STANDARD.get(each.code)
    entry: dict[str, Any] = {}
    if standard is None:
        entry["flags"] = sorted(each.flags)
    if standard is None or each.label != standard.label:
        entry["label"] = each.label
    if each.retry is not None:
        entry["retry"] = each.retry.to_json()
    lists = {"needs": list(each.needs), "aliases": list(aliases)}
    texts = {"key": each.key, "message": each.message, "campaign": each.campaign}
    return entry | {name: value for name, value in (texts | lists).items() if value}


def wrong(code: str, why: str) -> InvalidDispositionsError:
    """The error that names the place."""
    return InvalidDispositionsError(f"dispositions.{code}: {why}")
