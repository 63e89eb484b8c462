"""What a rule says, in words, and why a jurisdiction's rules hold for a number."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from types import MappingProxyType

from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.campaign import KINDS
from campaigns.core.jurisdiction import Place
from campaigns.core.rules import (
    DIAL_MODES,
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

KIND_OF: Mapping[type[Rule], str] = MappingProxyType(
    {
        WindowRule: "window",
        FrequencyRule: "frequency",
        CoolingRule: "cooling",
        ConsentRule: "consent",
        AbandonmentRule: "abandonment",
        RingRule: "ring",
        MessageRule: "message",
        RecordsRule: "records",
    }
)
"""Each class of rule to the word for it in the rules' files."""

_OF = {
    "phone": "to the same number",
    "lead": "to the same lead",
    "person": "to the same person (by number or lead)",
}
_ABOUT = {
    "anything": "",
    "subject": " on the same subject",
    "debt": " about the same debt",
    "campaign": " in the same campaign",
}
_AFTER = {
    "abandoned": "an abandoned call",
    "machine": "a detected machine",
    "conversation": "a conversation",
    "refusal": "a refusal",
}
_PERIODS = {
    "30_days": "in each period of 30 days from the campaign's start",
    "day": "on each day",
    "calendar_month": "in each calendar month",
}
_PARTS = {
    "seller_name": "the seller's name",
    "seller_number": "the seller's number",
    "purpose": "the purpose of the call",
    "opt_out": "a way to opt out",
}
_KEPT = {"calls": "calls", "dnc": "do-not-call requests", "consent": "consents", "recordings": "recordings"}


def words(rule: Rule) -> str:
    """What a rule says, and for which campaigns, in sentences."""
    kinds, modes = _ordered(rule.campaigns, KINDS), _ordered(rule.dial_modes, DIAL_MODES)
    limits = [f"for {_listed(kinds, 'and')} campaigns"] if len(kinds) < len(KINDS) else []
    limits += [f"with {_listed(modes, 'or')} dialing"] if len(modes) < len(DIAL_MODES) else []
    return f"{_says(rule)} Only {' '.join(limits)}." if limits else _says(rule)


def why_matching(
    jurisdiction: Jurisdiction,
    jurisdictions: Iterable[Jurisdiction],
    area_code: str,
    by_number: Place,
    by_address: Place | None,
) -> tuple[str, ...]:
    """Why the rules of a jurisdiction that matches hold: by the number's region or area code, by the address.

    `area_code` is empty where the number tells none, `by_address` None where the lead has no address.
    """
    country, part = jurisdiction.country, jurisdiction.subdivision
    here = by_number.countries | (by_address.countries if by_address else frozenset())
    written = {each.country for each in jurisdictions if not each.subdivision}
    if not here or here - written:
        foreign = _listed(sorted(here - written), "and") or "a country that nobody knows"
        return (f"No rules are written for {foreign}, so that the rules of all jurisdictions hold.",)
    if not part:
        return _by_country(country, by_number, by_address)
    found = []
    if (country, part) in by_number.subdivisions:
        which = f"area code {area_code}" if area_code else "the number's region"
        found.append(f"By {which}, the number may be in {country}-{part}.")
    if by_address is not None and (country, part) in by_address.subdivisions:
        found.append(f"The lead's address is in {country}-{part}.")
    return tuple(found) or (f"Nothing tells in which part of {country} the person is; it may be this one.",)


def _by_country(country: str, by_number: Place, by_address: Place | None) -> tuple[str, ...]:
    found = [f"The number is one of {country}."] if country in by_number.countries else []
    if by_address is not None and country in by_address.countries:
        found.append(f"The lead's address is in {country}.")
    return tuple(found)


def _says(rule: Rule) -> str:
    match rule:
        case WindowRule():
            holidays = ", and not on public holidays" if rule.closed_on_holidays else ""
            return f"Calls only {_times(rule.times)}, on the clock of the person called{holidays}."
        case FrequencyRule():
            return _frequency(rule)
        case CoolingRule():
            return _cooling(rule)
        case ConsentRule():
            channels, bases = _names(rule.channels, plural=True), _names(rule.bases)
            return f"No call without a consent to {channels}, on the basis {bases}."
        case AbandonmentRule():
            return _abandonment(rule)
        case RingRule():
            return f"A call rings at least {rule.at_least_s:g} s before it may be given up."
        case MessageRule():
            says = _listed([_PARTS[each] for each in rule.says], "and")
            return f"Whoever gets no agent hears within {rule.within_s:g} s a message with {says}."
        case RecordsRule():
            kept = _listed([_KEPT[each] for each in rule.of], "and")
            return f"Records of {kept} are kept for {rule.keep_months} months at least."
    return f"{rule.source}."


def _frequency(rule: FrequencyRule) -> str:
    attempts = "attempt" if rule.most == 1 else "attempts"
    whom = f"{_OF[rule.of]}{_ABOUT[rule.about]}"
    sentence = f"At most {rule.most} {attempts} {whom} within {_span(rule.within)}."
    if rule.not_counted:
        sentence += f" Not counted: {', '.join(sorted(rule.not_counted)).replace('_', ' ')}."
    return sentence


def _cooling(rule: CoolingRule) -> str:
    first = " (from the next day on)" if rule.from_next_day else ""
    unless = ", unless an agent waits for the call" if rule.unless_agent_guaranteed else ""
    whom = f"{_OF[rule.of]}{_ABOUT[rule.about]}"
    return f"No call {whom} for {_span(rule.rest)}{first} after {_AFTER[rule.after]}{unless}."


def _abandonment(rule: AbandonmentRule) -> str:
    since = "the answer" if rule.from_answer else "the end of their greeting"
    zone = "" if rule.period == "30_days" else f" ({rule.zone})"
    formula = ", by Ofcom's formula" if rule.formula == "ofcom" else ""
    return (
        f"At most {rule.most_rate * 100:g} % of the people who answer may get no agent within "
        f"{rule.after_s:g} s of {since}, {_PERIODS[rule.period]}{zone}{formula}."
    )


def _span(span: Span) -> str:
    if span.days == 1:
        return "one day of the callee's calendar"
    return f"{span.days} days of the callee's calendar" if span.days else f"{span.seconds / 3600:g} hours"


def _times(times: CallableTimes) -> str:
    """Weekdays with the same windows together, as in Mon-Fri 09:00-21:30, Sat-Sun 10:00-18:00."""
    by_day = times.to_json()
    parts = []
    for windows, days in groupby(DAYS, key=lambda day: by_day[day]):
        names = [day.title() for day in days]
        named = names[0] if len(names) == 1 else f"{names[0]}-{names[-1]}"
        if windows:
            hours = _listed(["-".join(window) for window in windows], "and")
            parts.append(f"{'every day' if len(names) == len(DAYS) else named} {hours}")
    return ", ".join(parts)


def _names(codes: Iterable[str], *, plural: bool = False) -> str:
    return _listed([code.replace("_", " ") + "s" * plural for code in sorted(codes)], "or")


def _ordered(chosen: frozenset[str], order: Iterable[str]) -> list[str]:
    return [each for each in order if each in chosen]


def _listed(parts: list[str], last: str) -> str:
    """Parts as in "a, b and c"."""
    return f" {last} ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
