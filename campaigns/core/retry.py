"""Whether a lead is called again after an attempt, and when. Decided here; only the store writes it down.

A result is the call's outcome or, where an agent talked, the disposition; or that the lead was skipped, or
did not come to an appointment. The default delays are the field's usual ones; 72 hours after an abandoned
call are Ofcom's policy on persistent misuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from campaigns.core import vicidial
from campaigns.core.disposition import STANDARD, Disposition, Flag
from campaigns.core.disposition_set import STANDARD_SET, DispositionSet
from campaigns.core.outcomes import NO_SHOW
from campaigns.core.outcomes import OUTCOMES as OUTCOMES
from campaigns.core.outcomes import SKIPPED as SKIPPED
from campaigns.core.retry_rule import RetryRule as RetryRule
from campaigns.core.retry_rule import at_another_time
from campaigns.errors import InvalidRetryRulesError, UnknownDispositionError, UnknownOutcomeError

DEAD_PHONE = ("invalid_number", "disconnected")
"""Outcomes that tell of the phone, not of the person: the lead's next phone takes its place."""

RESTS_CALLER_ID = ("blocked",)
"""Outcomes that tell of the number that was shown: nobody is called from it for a while."""

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

WAITING_FOR_MESSAGE = "waiting_for_message"
"""Why a lead waits for whom a message is on its way that the first call comes after."""

_MINUTE = 60.0
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The lead is due again at `at`."""

    at: datetime
    reason: str
    next_phone: bool = False
    """Whether at another of its numbers, where it has one."""


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
class LastCall:
    """When a lead was called last on its own clock: the hour, 0 to 23, and the zone."""

    local_hour: int
    zone: str


@dataclass(frozen=True, slots=True)
class RetryRules:
    """A campaign's own rules by outcome or disposition code; the defaults hold for the rest."""

    own: Mapping[str, RetryRule]

    @classmethod
    def parse(cls, value: object, dispositions: DispositionSet = STANDARD_SET) -> Self:
        """Read the JSON form {"busy": {"delay_s": 600, "max_attempts": 3}, "rejected": {"delay_s": null}, …}.

        Results are outcomes, dispositions of the campaign, or VICIdial's codes for them; for the rules see
        `RetryRule.parse`. Raises InvalidRetryRulesError that names the rule and what is wrong.
        """
        if not isinstance(value, Mapping):
            raise InvalidRetryRulesError('Retry rules go by result, as in {"busy": {"delay_s": 600}}.')
        own: dict[str, RetryRule] = {}
        for given, rule in value.items():
            result = _result(str(given), dispositions)
            if result in own:
                raise InvalidRetryRulesError(f"{result} has two rules; keep one.")
            own[result] = RetryRule.parse(rule, str(given))
        return cls(MappingProxyType(own))

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The form that `parse` reads; only the campaign's own rules."""
        return {key: rule.to_json() for key, rule in self.own.items()}

    def rule(self, result: str | Disposition) -> RetryRule:
        """The rule for an outcome or a disposition. Raises UnknownOutcomeError for anything else."""
        own = self.own.get(result.code if isinstance(result, Disposition) else result)
        return own if own is not None else _default(result)


def decide(
    result: str | Disposition,
    attempts: int,
    max_attempts: int,
    rules: RetryRules,
    now: datetime,
    *,
    another_phone: bool = False,
    last: LastCall | None = None,
) -> RetryAt | Final:
    """What becomes of a lead whose attempt number `attempts` of `max_attempts` ended in `result` at `now`.

    With `another_phone` to call, a dead one ends nothing. `last` is what "another time of day" is told from;
    without it that asks for nothing. Raises UnknownOutcomeError if `result` is neither an outcome nor a
    disposition.
    """
    said = STANDARD.get(result) if isinstance(result, str) else result
    name = said.code if said is not None else str(result)
    rule = rules.rule(said or result)
    if rule.delay_s is None:
        if another_phone and name in DEAD_PHONE and attempts < max_attempts:
            return RetryAt(now, NEXT_PHONE)
        return Final(name)
    if rule.next_phone and not another_phone and said is not None and Flag.UNWORKABLE in said.flags:
        return Final(name)
    if attempts >= max_attempts or (rule.max_attempts is not None and attempts >= rule.max_attempts):
        return Final(ATTEMPTS_USED_UP)
    at = now + timedelta(seconds=rule.delay_s)
    if rule.other_time and last is not None:
        at = at_another_time(at, last.local_hour, last.zone)
    return RetryAt(at, f"retry_{name}", rule.next_phone and another_phone)


def keeps_phone(result: str | Disposition) -> bool:
    """Whether the next call goes to the phone of this one: a person was reached there."""
    said = STANDARD.get(result) if isinstance(result, str) else result
    return said is not None and Flag.HUMAN_ANSWERED in said.flags


def _default(result: str | Disposition) -> RetryRule:
    if isinstance(result, str):
        if result not in DEFAULTS:
            raise UnknownOutcomeError(f"{result[:40]!r} is neither an outcome nor a disposition.")
        return DEFAULTS[result]
    if result.retry is not None:
        return result.retry
    if result.campaign or result.flags & _FINAL_FLAGS:
        return NEVER
    return DEFAULTS["machine"] if Flag.MACHINE in result.flags else DEFAULTS["human"]


def _result(given: str, dispositions: DispositionSet) -> str:
    """The outcome or disposition that a rule is for."""
    outcome = vicidial.OUTCOMES.get(given, given)
    if outcome in DEFAULTS:
        return outcome
    try:
        said = dispositions.get(given)
    except UnknownDispositionError:
        raise InvalidRetryRulesError(f"{given[:40]!r} is neither an outcome nor a disposition.") from None
    if Flag.DNC in said.flags:
        raise InvalidRetryRulesError(f"{given}: an opt-out is never called again; take the rule out.")
    if said.retry is not None or said.campaign:
        raise InvalidRetryRulesError(
            f"{given}: dispositions.{said.code} says what becomes of the lead; say it in one place."
        )
    return said.code
