"""All rules that hold for one kind of call at one place, made into one thing that can be asked quickly.

Nothing is chosen among the rules: each that matches has to allow a call, which makes the strictest decide.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from campaigns.core.calendar import ALWAYS, OPEN, Calendar, Holidays
from campaigns.core.caller_ids import HELD_BY
from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import LEAST_RING_S
from campaigns.core.client_limits import ClientLimits
from campaigns.core.jurisdiction import Place, holidays_at, holidays_of, matching
from campaigns.core.rules import (
    AbandonmentRule,
    ConsentRule,
    CoolingRule,
    FrequencyRule,
    Jurisdiction,
    MessageRule,
    RecordsRule,
    RingRule,
    Rule,
    Span,
    WindowRule,
)
from campaigns.errors import InvalidExemptionError

_Kind = TypeVar("_Kind", bound=Rule)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A law's rule that does not hold for a client: which, who granted it, and where that is written."""

    rule_id: str
    granted_by: str
    reference: str = ""

    def __post_init__(self) -> None:
        if not self.rule_id.strip() or not self.granted_by.strip():
            raise InvalidExemptionError("An exemption names the rule it is from and who granted it.")


@dataclass(frozen=True, slots=True)
class OwnRules:
    """What a client and a campaign ask for themselves. All but the exemptions can only forbid more."""

    calendar: Calendar = OPEN
    rules: tuple[Rule, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


NO_OWN_RULES = OwnRules()


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for one kind of campaign, in one dial mode, at one place. Made by `make_policy`."""

    version: str
    """Of the tables that it was made from."""
    place: Place
    kind: str
    dial_mode: str
    jurisdictions: tuple[str, ...]
    windows: tuple[tuple[Rule, Calendar], ...]
    """Every rule on hours and days with its calendar; the last is the client's and campaign's own."""
    calendar: Calendar
    """All of them in one."""
    frequencies: tuple[FrequencyRule, ...]
    coolings: tuple[CoolingRule, ...]
    consents: tuple[ConsentRule, ...]
    abandonments: tuple[AbandonmentRule, ...]
    messages: tuple[MessageRule, ...]
    records: tuple[RecordsRule, ...]
    ring_at_least_s: float
    """The longest that any rule asks for."""
    claim_within_s: float
    """The least time that any rule leaves a person who answered without an agent or a message."""
    rule_ids: tuple[str, ...]
    """Every rule that was asked, sorted."""
    exemptions: tuple[Exemption, ...]
    fingerprint: str = ""
    """The beginning of a SHA-256 over `to_json`: what is kept with each decision."""

    def to_json(self) -> dict[str, Any]:
        """Which rules it is made of, and from what. Two policies with the same text decide alike."""
        own = self.windows[-1][1]
        return {
            "version": self.version,
            "countries": sorted(self.place.countries),
            "subdivisions": sorted("-".join(each) for each in self.place.subdivisions),
            "kind": self.kind,
            "dial_mode": self.dial_mode,
            "own_times": own.times.to_json(),
            "own_closed_on": sorted(day.isoformat() for day in own.closed_on),
            "own_limits": [
                {"rule": each.id, "most": each.most, "seconds": each.within.seconds, "days": each.within.days}
                for each in self.frequencies
                if each.id in _OWN_LIMITS
            ],
            "jurisdictions": list(self.jurisdictions),
            "rules": list(self.rule_ids),
            "exemptions": [
                {"rule": each.rule_id, "granted_by": each.granted_by, "reference": each.reference}
                for each in self.exemptions
            ],
        }


_OWN = "The campaign's own limit"
_CLIENTS = "The client's own limit"
_OWN_LIMITS = ("own-daily-cap", "own-least-gap", "client-daily-cap", "client-least-gap")
OWN_RULES = frozenset({*_OWN_LIMITS, "own-calendar", *HELD_BY.values(), "zone"})
"""Ids that no law's rule may take."""
_FINGERPRINT_CHARS = 16
MOST_SILENCE_S = 2.0
"""A person who answered waits no longer for an agent or a message, whatever the rules: 16 CFR 310.4(b)(4)."""
OWN_CALENDAR = Rule(id="own-calendar", source="The client's and the campaign's own times", read="")


def own_calendar(
    times: Sequence[CallableTimes], closed_on: Iterable[date] = (), holidays: Iterable[Holidays] = ()
) -> Calendar:
    """The campaign's and the client's own hours, blackout dates and holidays in one calendar."""
    together = ALWAYS
    for each in times:
        together &= each
    return Calendar(together, frozenset(closed_on), frozenset(holidays))


def own_limits(*, most_a_day: int | None = None, least_gap_s: float | None = None) -> tuple[Rule, ...]:
    """A campaign's cap on attempts of a lead a day, and the least time between attempts to one person."""
    return _caps("own", _OWN, most_a_day, least_gap_s, of="lead", about="campaign")


def client_limits(limits: ClientLimits) -> tuple[Rule, ...]:
    """A client's caps on attempts to one person, by whichever of its campaigns."""
    return _caps("client", _CLIENTS, limits.most_attempts_a_day, limits.least_gap_s)


def _caps(
    whose: str,
    source: str,
    most_a_day: int | None,
    least_gap_s: float | None,
    *,
    of: str = "person",
    about: str = "anything",
) -> tuple[Rule, ...]:
    """`of` and `about` say which attempts of a day count; the gap is between any two to one person."""
    caps: list[Rule] = []
    if most_a_day is not None:
        a_day, name = Span(days=1), f"{whose}-daily-cap"
        caps.append(
            FrequencyRule(id=name, source=source, read="", most=most_a_day, within=a_day, of=of, about=about)
        )
    if least_gap_s:
        gap = Span(seconds=least_gap_s)
        caps.append(FrequencyRule(id=f"{whose}-least-gap", source=source, read="", most=1, within=gap))
    return tuple(caps)


def make_policy(
    version: str,
    jurisdictions: Sequence[Jurisdiction],
    place: Place,
    kind: str,
    dial_mode: str,
    own: OwnRules = NO_OWN_RULES,
) -> Policy:
    """The rules that hold at a place for a kind of campaign in a dial mode.

    Raises InvalidExemptionError where an exemption is from a rule that nobody knows.
    """
    here = matching(jurisdictions, place)
    exempt = _exempt(own, jurisdictions)
    closed = {rule.id: holidays_at(each, place) for each in here for rule in each.rules}
    rules = [rule for each in here for rule in each.rules if rule.id not in exempt]
    rules = [rule for rule in (*rules, *own.rules) if rule.holds_for(kind, dial_mode)]
    windows: list[tuple[Rule, Calendar]] = [
        (rule, _calendar(rule, closed.get(rule.id, holidays_of(place)))) for rule in _of(WindowRule, rules)
    ]
    windows.append((OWN_CALENDAR, own.calendar))
    together = OPEN
    for _, calendar in windows:
        together &= calendar
    policy = Policy(
        version=version,
        place=place,
        kind=kind,
        dial_mode=dial_mode,
        jurisdictions=tuple(each.id for each in here),
        windows=tuple(windows),
        calendar=together,
        frequencies=_of(FrequencyRule, rules),
        coolings=_of(CoolingRule, rules),
        consents=_of(ConsentRule, rules),
        abandonments=_of(AbandonmentRule, rules),
        messages=_of(MessageRule, rules),
        records=_of(RecordsRule, rules),
        ring_at_least_s=max([LEAST_RING_S, *(rule.at_least_s for rule in _of(RingRule, rules))]),
        claim_within_s=_claim_within_s(rules),
        rule_ids=tuple(sorted({rule.id for rule in [*rules, OWN_CALENDAR]})),
        exemptions=own.exemptions,
    )
    text = json.dumps(policy.to_json(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(policy, fingerprint=digest[:_FINGERPRINT_CHARS])


def _exempt(own: OwnRules, jurisdictions: Iterable[Jurisdiction]) -> set[str]:
    known = {rule.id for each in jurisdictions for rule in each.rules}
    exempt = {each.rule_id for each in own.exemptions}
    if unknown := sorted(exempt - known):
        raise InvalidExemptionError(f"{unknown[0][:60]!r} is not a rule; name it by its id.")
    return exempt


def _claim_within_s(rules: Sequence[Rule]) -> float:
    agents = [rule.after_s for rule in _of(AbandonmentRule, rules)]
    return min([MOST_SILENCE_S, *agents, *(rule.within_s for rule in _of(MessageRule, rules))])


def _calendar(rule: WindowRule, closed: frozenset[Holidays]) -> Calendar:
    return Calendar(rule.times, holidays=closed if rule.closed_on_holidays else frozenset())


def _of(kind: type[_Kind], rules: Iterable[Rule]) -> tuple[_Kind, ...]:
    return tuple(rule for rule in rules if isinstance(rule, kind))
