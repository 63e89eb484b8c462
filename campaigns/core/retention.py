"""How long the personal data of calls is kept, by the rules on records."""

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.jurisdiction import Place, matching, place_of
from campaigns.core.rules import Jurisdiction, RecordsRule

SHORTEST_MONTHS = 3
"""No rules on calls look back less than 62 days, and they need the numbers for that."""
_SHORTEST_MONTH = timedelta(days=28)
_CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many months calls are kept; None where no rule says, and nobody else did."""

    months: int | None
    rule_id: str = ""
    """The rule that asks for it; empty where none does, or a longer time was chosen."""


def retention(
    jurisdictions: Iterable[Jurisdiction], countries: Collection[str], kind: str, chosen_months: int | None
) -> Retention:
    """For how long calls of a kind of campaign to a person who may be in these countries are kept.

    The longest of the rules on records of calls holds, those of a country's subdivisions and of any dial mode
    included; where a country has no rules at all (or none is known), the longest there is. `chosen_months`
    may be longer. `countries` are ISO 3166-1 codes; those of places under another country's law count as it.
    """
    lawful = frozenset(each for code in countries for each in place_of("", code).countries)
    rules = [
        rule
        for each in matching(jurisdictions, Place(lawful))
        for rule in each.rules
        if isinstance(rule, RecordsRule) and _CALLS in rule.of and kind in rule.campaigns
    ]
    longest = max(rules, key=lambda rule: rule.keep_months, default=None)
    if longest is None or (chosen_months or 0) > longest.keep_months:
        return Retention(chosen_months)
    return Retention(longest.keep_months, longest.id)


def shortest_months(jurisdictions: Iterable[Jurisdiction], chosen_months: int | None) -> int:
    """Nobody needs to look at a call that is younger than this: it is kept."""
    lengths = [
        rule.keep_months
        for each in jurisdictions
        for rule in each.rules
        if isinstance(rule, RecordsRule) and _CALLS in rule.of
    ]
    return chosen_months or min(lengths, default=SHORTEST_MONTHS)


def months_looked_back(look_back: timedelta) -> int:
    """For how many months calls are kept at least where the rules on calls look back so far."""
    return max(SHORTEST_MONTHS, -(-look_back // _SHORTEST_MONTH))


def months_before(at: datetime, months: int) -> datetime:
    """The same time of day so many months earlier, on the last day of a month that is too short."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    if year < 1:
        return datetime.min.replace(tzinfo=at.tzinfo)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
