"""Whether a lead is called again after an attempt, and when. Decided here; only the store writes it down.

A result is the call's outcome or, where an agent talked, the disposition; or that the lead was skipped, or
did not come to an appointment. The
default delays are the field's usual ones; 72 hours after an abandoned call are Ofcom's policy on persistent
misuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Self

from campaigns.core.disposition import STANDARD, Flag
from campaigns.errors import InvalidRetryRulesError, UnknownOutcomeError

OUTCOMES = (
    "human",
    "answered",
    "machine",
    "fax",
    "busy",
    "no_answer",
    "invalid_number",
    "disconnected",
    "network_failure",
    "congestion",
    "rejected",
    "blocked",
    "abandoned",
    "canceled",
    "lost",
    "unknown",
)
"""How a call can end, in the dialer's names. `answered`: by a person or a machine, of which nobody can tell;
`lost`: the switch died; `unknown`: the engine did."""

DEAD_PHONE = ("invalid_number", "disconnected")
"""Outcomes that tell of the phone, not of the person: the lead's next phone takes its place."""

RESTS_CALLER_ID = ("blocked",)
"""Outcomes that tell of the number that was shown: nobody is called from it for a while."""

SKIPPED = "skipped"
"""What an agent did with a lead that was shown before the call; there was none, so it is no outcome."""

NO_SHOW = "no_show"
"""What became of an appointment to which nobody came; no outcome either."""

NEXT_PHONE = "next_phone"
"""Why a lead is due again when a phone of it gave way to another."""

TRUNK_BUSY = "trunk_busy"
"""Why a lead waits whose number no trunk has room for at the moment."""

ATTEMPTS_USED_UP = "max_attempts_reached"
"""Why a lead is final that has had all its attempts."""

NO_TRUNK = "no_trunk"
"""Why a lead waits whose number no trunk serves."""

NO_MESSAGE = "no_message"
"""Why a lead waits who would not hear who has called if no agent is free, though a law asks it."""

NO_SPEAKER = "no_speaker"
"""Why a lead waits whose language no agent speaks who is there, though the campaign requires one."""

_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_LONGEST_S = 366 * 24 * _HOUR


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Call again `delay_s` seconds later (None: never), up to `max_attempts` attempts of the lead in all."""

    delay_s: float | None
    max_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The lead is due again at `at`."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Final:
    """The lead is not called again in this campaign."""

    reason: str


NEVER = RetryRule(None)

DEFAULTS: Mapping[str, RetryRule] = MappingProxyType(
    {
        "human": RetryRule(24 * _HOUR),
        "answered": RetryRule(24 * _HOUR),
        "machine": RetryRule(4 * _HOUR),
        "fax": NEVER,
        "busy": RetryRule(10 * _MINUTE),
        "no_answer": RetryRule(2 * _HOUR),
        "invalid_number": NEVER,
        "disconnected": NEVER,
        "network_failure": RetryRule(15 * _MINUTE),
        "congestion": RetryRule(15 * _MINUTE),
        "rejected": RetryRule(24 * _HOUR),
        "blocked": NEVER,
        "abandoned": RetryRule(72 * _HOUR),
        "canceled": RetryRule(_HOUR),
        "lost": RetryRule(_HOUR),
        "unknown": RetryRule(_HOUR),
        SKIPPED: RetryRule(_HOUR),
        NO_SHOW: RetryRule(_HOUR),
    }
)
"""The rule of each outcome, of a lead that was skipped, and of one that did not come to its appointment,
where the campaign gives none."""

_FINAL_FLAGS = frozenset({Flag.COMPLETED, Flag.DNC, Flag.UNWORKABLE})


@dataclass(frozen=True, slots=True)
class RetryRules:
    """A campaign's own rules by outcome or disposition code; the defaults hold for the rest."""

    own: Mapping[str, RetryRule]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read the JSON form {"busy": {"delay_s": 600, "max_attempts": 3}, "rejected": {"delay_s": null}, …}.

        A `delay_s` of null is final. Raises InvalidRetryRulesError that names the rule and what is wrong.
        """
        if not isinstance(value, Mapping):
            raise InvalidRetryRulesError('Retry rules go by result, as in {"busy": {"delay_s": 600}}.')
        return cls(MappingProxyType({str(key): _parse_rule(str(key), rule) for key, rule in value.items()}))

    def to_json(self) -> dict[str, dict[str, float | int | None]]:
        """The form that `parse` reads; only the campaign's own rules."""
        return {
            key: {"delay_s": rule.delay_s, "max_attempts": rule.max_attempts}
            for key, rule in self.own.items()
        }

    def rule(self, result: str) -> RetryRule:
        """The rule for an outcome or a disposition. Raises UnknownOutcomeError for anything else."""
        own = self.own.get(result)
        return own if own is not None else _default(result)


def decide(
    result: str,
    attempts: int,
    max_attempts: int,
    rules: RetryRules,
    now: datetime,
    *,
    another_phone: bool = False,
) -> RetryAt | Final:
    """What becomes of a lead whose attempt number `attempts` of `max_attempts` ended in `result` at `now`.

    With `another_phone` to call, a dead one ends nothing. Raises UnknownOutcomeError if `result` is neither
    an outcome nor a disposition.
    """
    rule = rules.rule(result)
    if rule.delay_s is None:
        if another_phone and result in DEAD_PHONE and attempts < max_attempts:
            return RetryAt(now, NEXT_PHONE)
        return Final(result)
    if attempts >= max_attempts or (rule.max_attempts is not None and attempts >= rule.max_attempts):
        return Final(ATTEMPTS_USED_UP)
    return RetryAt(now + timedelta(seconds=rule.delay_s), f"retry_{result}")


def keeps_phone(result: str) -> bool:
    """Whether the next call goes to the phone of this one: a person was reached there."""
    return result in STANDARD and Flag.HUMAN_ANSWERED in STANDARD[result].flags


def _default(result: str) -> RetryRule:
    if result in DEFAULTS:
        return DEFAULTS[result]
    if result not in STANDARD:
        raise UnknownOutcomeError(f"{result[:40]!r} is neither an outcome nor a disposition.")
    flags = STANDARD[result].flags
    if flags & _FINAL_FLAGS:
        return NEVER
    return DEFAULTS["machine"] if Flag.MACHINE in flags else DEFAULTS["human"]


def _parse_rule(result: str, value: object) -> RetryRule:
    if result not in STANDARD and result not in DEFAULTS:
        raise InvalidRetryRulesError(f"{result[:40]!r} is neither an outcome nor a disposition.")
    if result in STANDARD and Flag.DNC in STANDARD[result].flags:
        raise InvalidRetryRulesError(f"{result}: an opt-out is never called again; take the rule out.")
    if not isinstance(value, Mapping) or "delay_s" not in value or set(value) - {"delay_s", "max_attempts"}:
        raise InvalidRetryRulesError(f'{result}: a rule is {{"delay_s": seconds, "max_attempts": number}}.')
    delay, most = value["delay_s"], value.get("max_attempts")
    if delay is not None and not (_is_number(delay) and 1 <= delay <= _LONGEST_S):
        raise InvalidRetryRulesError(f"{result}: delay_s is from 1 to {_LONGEST_S:.0f} (a year), or null.")
    if most is not None and not (isinstance(most, int) and _is_number(most) and most >= 1):
        raise InvalidRetryRulesError(f"{result}: max_attempts is a whole number from 1 on, or null.")
    return RetryRule(None if delay is None else float(delay), most)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
