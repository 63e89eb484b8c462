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
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

from campaigns.core import vicidial
from campaigns.core.disposition import (
    AMOUNT,
    BY_THE_DIALER,
    STANDARD,
    Disposition,
    Flag,
)
from campaigns.core.disposition_document import (
    LEAVE_OUT,
    left_out_of,
    read_disposition,
    texts_of,
    written,
    wrong,
)
from campaigns.core.money import digits_of
from campaigns.core.setting_checks import within
from campaigns.errors import (
    InvalidAmountError,
    InvalidDispositionsError,
    InvalidSettingsError,
    UnknownDispositionError,
)

_MOST = 100
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,20}")


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
            raise wrong(those[1], f"key {twice[0]} is that of {those[0]}; give each a key of its own.")
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
        left_out = left_out_of(document.get(LEAVE_OUT, []))
        found = {code: each for code, each in STANDARD.items() if code not in left_out}
        aliases: dict[str, str] = {}
        for code, entry in document.items():
            if code == LEAVE_OUT:
                continue
            found[code] = read_disposition(str(code), entry, left_out)
            for alias in texts_of(code, "aliases", entry.get("aliases", [])):
                if not _ALIAS.fullmatch(alias) or alias in {*document, *STANDARD, *aliases}:
                    raise wrong(code, f"alias {alias[:40]!r} is 1 to 20 letters or digits, and no code.")
                aliases[alias] = code
        dialers = {code: found.pop(code) for code in BY_THE_DIALER}
        return cls(MappingProxyType(found | dialers), MappingProxyType(aliases), left_out)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads; only what is not standard."""
        own = {
            code: written(each, [alias for alias, to in self.aliases.items() if to == code])
            for code, each in self.dispositions.items()
        }
        changed = {code: entry for code, entry in own.items() if entry or code not in STANDARD}
        return ({LEAVE_OUT: list(self.left_out)} if self.left_out else {}) | changed


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
