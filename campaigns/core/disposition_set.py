"""The dispositions of one campaign: the standard ones, without some, relabeled, and with more of its own.

Read from TOML or JSON, by code; `leave_out` is a list of standard codes that nobody is to choose:

    [dispositions]
    leave_out = ["promise_to_pay", "survey_completed"]

    [dispositions.sale]                       # a standard one
    label = "Ordered"
    key = "1"
    needs = ["amount", "product"]

    [dispositions.thinks_it_over]             # one of the campaign's own, which has flags
    label = "Wants to think it over"
    flags = ["right_party"]
    key = "4"
    retry = { delay_s = 172800, other_time = true }
    message = "offer"

A disposition may have: label, flags (its own alone), key, needs (see NEEDS), final (true: not called again),
retry (a rule, see `retry_rule`), message (a step of the campaign's messages), campaign (in which the lead
goes on), and aliases (other codes that say it). VICIdial's codes say what they say there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

from campaigns.core import vicidial
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
from campaigns.core.money import digits_of
from campaigns.core.outcomes import OUTCOMES, SKIPPED
from campaigns.core.retry_rule import RetryRule
from campaigns.core.setting_checks import LONGEST_TEXT, within
from campaigns.errors import (
    InvalidAmountError,
    InvalidDispositionsError,
    InvalidRetryRulesError,
    InvalidSettingsError,
    UnknownDispositionError,
)

_LEAVE_OUT = "leave_out"
_FIELDS = frozenset({"label", "flags", "key", "needs", "final", "retry", "message", "campaign", "aliases"})
_TEXTS = ("label", "key", "message", "campaign")
_LISTS = ("flags", "needs", "aliases")
_MOST = 100
_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
_KEY = re.compile(r"[a-z0-9]")
_STEP = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,20}")
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


@dataclass(frozen=True, slots=True)
class DispositionSet:
    """Dispositions by code, and codes by alias. Raises InvalidDispositionsError, which names the place."""

    dispositions: Mapping[str, Disposition]
    aliases: Mapping[str, str]
    left_out: tuple[str, ...]

    def __post_init__(self) -> None:
        chosen = self.for_agents
        keys = Counter(each.key for each in chosen if each.key)
        if twice := sorted(key for key, count in keys.items() if count > 1):
            those = [each.code for each in chosen if each.key == twice[0]]
            raise _wrong(those[1], f"key {twice[0]} is that of {those[0]}; give each a key of its own.")
        if not any(Flag.DNC in each.flags for each in chosen):
            raise InvalidDispositionsError(
                "dispositions: people may ask not to be called again; keep do_not_call, or add a dnc."
            )
        if len(self.dispositions) > _MOST:
            raise InvalidDispositionsError(f"dispositions: there are at most {_MOST}.")

    @property
    def for_agents(self) -> tuple[Disposition, ...]:
        """What an agent chooses from, in the order in which it is shown."""
        return tuple(each for code, each in self.dispositions.items() if code not in BY_THE_DIALER)

    def get(self, code: str) -> Disposition:
        """The disposition that a code or an alias says. Raises UnknownDispositionError, which lists them."""
        own = self.aliases.get(code, vicidial.DISPOSITIONS.get(code, code))
        found = self.dispositions.get(code) or self.dispositions.get(own)
        if found is None:
            codes = ", ".join(self.dispositions)
            raise UnknownDispositionError(f"{code[:40]!r} is not a disposition; use {codes}.")
        return found

    def of_dialer(self, code: str) -> Disposition:
        """What the dialer says by itself, also where the set lacks it by now."""
        try:
            return self.get(code)
        except UnknownDispositionError:
            return STANDARD.get(code) or Disposition(code, code, frozenset())

    def as_said(self, code: str, flags: frozenset[Flag]) -> Disposition:
        """What was said of a call: with the flags that it had then, also where the set lacks it by now."""
        return replace(self.dispositions.get(code) or Disposition(code, code, flags), flags=flags)

    def codes_with(self, flag: Flag) -> tuple[str, ...]:
        """The codes that carry a flag."""
        return tuple(code for code, each in self.dispositions.items() if flag in each.flags)

    @classmethod
    def parse(cls, document: object) -> Self:
        """From the document at the top of this file; an empty one is the standard set.

        Raises InvalidDispositionsError.
        """
        if not isinstance(document, Mapping):
            raise InvalidDispositionsError("dispositions go by code, each with what is its own.")
        left_out = _left_out(document.get(_LEAVE_OUT, []))
        found = {code: each for code, each in STANDARD.items() if code not in left_out}
        aliases: dict[str, str] = {}
        for code, entry in document.items():
            if code == _LEAVE_OUT:
                continue
            found[code] = _disposition(str(code), entry, left_out)
            for alias in _texts(code, "aliases", entry.get("aliases", [])):
                if not _ALIAS.fullmatch(alias) or alias in {*document, *STANDARD, *aliases}:
                    raise _wrong(code, f"alias {alias[:40]!r} is 1 to 20 letters or digits, and no code.")
                aliases[alias] = code
        dialers = {code: found.pop(code) for code in BY_THE_DIALER}
        return cls(MappingProxyType(found | dialers), MappingProxyType(aliases), left_out)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads; only what is not standard."""
        own = {
            code: _entry(each, [alias for alias, to in self.aliases.items() if to == code])
            for code, each in self.dispositions.items()
        }
        changed = {code: entry for code, entry in own.items() if entry or code not in STANDARD}
        return ({_LEAVE_OUT: list(self.left_out)} if self.left_out else {}) | changed


def disposition_of(each: Disposition) -> dict[str, Any]:
    """A disposition with all that it has, as JSON."""
    return {
        "code": each.code,
        "label": each.label,
        "flags": sorted(each.flags),
        "key": each.key,
        "needs": list(each.needs),
        "retry": each.retry.to_json() if each.retry is not None else None,
        "message": each.message,
        "campaign": each.campaign,
    }


def _left_out(given: object) -> tuple[str, ...]:
    codes = _texts(_LEAVE_OUT, "", given)
    if unknown := [each for each in codes if each not in STANDARD]:
        raise _wrong(_LEAVE_OUT, f"{unknown[0][:40]!r} is no standard disposition.")
    if needed := [each for each in codes if each in BY_THE_DIALER]:
        raise _wrong(_LEAVE_OUT, f"{needed[0]} is what the dialer itself says; it stays.")
    return tuple(dict.fromkeys(codes))


def _disposition(code: str, entry: object, left_out: Sequence[str]) -> Disposition:
    if not _CODE.fullmatch(code) or code in (*OUTCOMES, SKIPPED):
        raise _wrong(code[:40], "a code has 1 to 20 small letters, digits and _, and is no call's outcome.")
    if not isinstance(entry, Mapping):
        raise _wrong(code, 'each has what is its own, as in { label = "Ordered", key = "1" }.')
    if unknown := sorted(str(each)[:40] for each in entry.keys() - _FIELDS):
        raise _wrong(code, f"{unknown[0]!r} is nothing that it has; use {', '.join(sorted(_FIELDS))}.")
    if code in left_out:
        raise _wrong(code, f"it is in {_LEAVE_OUT}, too; take it out of one of them.")
    for name in _TEXTS:
        value = entry.get(name, "")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
            raise _wrong(code, f"{name} is a text of at most {LONGEST_TEXT} characters on one line.")
    standard = STANDARD.get(code)
    if standard is not None and "flags" in entry:
        raise _wrong(code, "the flags of a standard disposition stay; add one of your own for others.")
    if standard is None and not entry.get("label", "").strip():
        raise _wrong(code, "label is what people read; it is missing.")
    flags = standard.flags if standard is not None else _flags(code, entry.get("flags", []))
    found = Disposition(
        code,
        entry.get("label", "").strip() or (standard.label if standard is not None else ""),
        flags,
        key=entry.get("key", ""),
        needs=_texts(code, "needs", entry.get("needs", [])),
        retry=_retry(code, entry),
        message=entry.get("message", ""),
        campaign=entry.get("campaign", "").strip(),
    )
    _check(found)
    return found


def _flags(code: str, given: object) -> frozenset[Flag]:
    try:
        flags = {Flag(each) for each in _texts(code, "flags", given)}
    except ValueError:
        raise _wrong(code, f"flags are of {', '.join(Flag)}.") from None
    while more := {_IMPLIED[each] for each in flags & _IMPLIED.keys()} - flags:
        flags |= more
    for one, other in _EXCLUDE:
        if {one, other} <= flags:
            raise _wrong(code, f"what is flagged {one} cannot be {other}.")
    return frozenset(flags)


def _retry(code: str, entry: Mapping[str, Any]) -> RetryRule | None:
    final = entry.get("final", False)
    if not isinstance(final, bool):
        raise _wrong(code, "final is true or false.")
    if final and "retry" in entry:
        raise _wrong(code, "what is final has no retry; give one of them.")
    if "retry" not in entry:
        return RetryRule(None) if final else None
    try:
        return RetryRule.parse(entry["retry"], f"dispositions.{code}.retry")
    except InvalidRetryRulesError as error:
        raise InvalidDispositionsError(str(error)) from None


def _check(found: Disposition) -> None:
    code = found.code
    if unknown := [each for each in found.needs if each not in NEEDS]:
        raise _wrong(code, f"{unknown[0][:40]!r} is nothing to need; it is one of {', '.join(NEEDS)}.")
    for need, flag in _NEED_FLAG.items():
        if need in found.needs and flag not in found.flags:
            raise _wrong(code, f"{need} is needed only of one that is flagged {flag}.")
    if code in BY_THE_DIALER and (found.key or found.needs):
        raise _wrong(code, "the dialer says it: it has no key, and needs nothing.")
    if found.key and not _KEY.fullmatch(found.key):
        raise _wrong(code, "key is one small letter or digit.")
    if found.message and not _STEP.fullmatch(found.message):
        raise _wrong(code, "message is a step's name: 1 to 40 small letters, digits, - and _.")
    again = found.retry is not None and found.retry.delay_s is not None
    if again and Flag.DNC in found.flags:
        raise _wrong(code, "an opt-out is never called again; take the retry out.")
    if found.campaign and (again or found.flags & {Flag.DNC, Flag.CALLBACK}):
        raise _wrong(code, "a lead that goes on in another campaign is final in this one; take the rest out.")


def _texts(code: object, name: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise _wrong(str(code), f"{name or 'it'} is a list of texts.")
    return tuple(given)


def _entry(each: Disposition, aliases: Iterable[str]) -> dict[str, Any]:
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


def _wrong(code: str, why: str) -> InvalidDispositionsError:
    return InvalidDispositionsError(f"dispositions.{code}: {why}")


STANDARD_SET = DispositionSet.parse({})
"""Of a campaign that says nothing of its dispositions."""

DISPOSITION_SETTINGS = ("dispositions", "correction_limit_s", "currency")
"""What may change of them while a campaign runs, beside how agents work."""
_SAID_BY_SOMEBODY = (Flag.CONVERSION, Flag.DNC, Flag.CALLBACK)
"""What a disposition that nobody gave cannot claim."""
_LONGEST_CORRECTION_S = 366 * 24 * 3600.0


def check_dispositions(settings: Any) -> None:
    """What a campaign's settings say of its dispositions, beside the set. Raises InvalidSettingsError."""
    said: DispositionSet = settings.dispositions
    try:
        default = said.get(str(settings.default_disposition))
        if settings.currency:
            digits_of(str(settings.currency))
    except (UnknownDispositionError, InvalidAmountError) as error:
        raise InvalidSettingsError(str(error)) from None
    if claimed := [each for each in _SAID_BY_SOMEBODY if each in default.flags]:
        raise InvalidSettingsError(
            f"default_disposition is what nobody has said, so it cannot be one flagged {claimed[0]}."
        )
    if default.needs:
        raise InvalidSettingsError(
            f"default_disposition is what nobody has said, so it cannot be one that needs {default.needs[0]}."
        )
    if not settings.currency and (priced := [each for each in said.for_agents if AMOUNT in each.needs]):
        raise InvalidSettingsError(f"{priced[0].code} needs an amount; say in which currency, as in EUR.")
    within("correction_limit_s", settings.correction_limit_s, 0, _LONGEST_CORRECTION_S)
