"""Empties the personal data of old calls, by how long each law asks for records; the figures stay."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from campaigns import questionnaires
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.retention import (
    SHORTEST_MONTHS,
    Retention,
    months_before,
    months_looked_back,
    retention,
    shortest_months,
)
from campaigns.errors import InvalidInputError
from campaigns.stores.questionnaires import QuestionnaireStore
from campaigns.stores.retention import OldCall, RetentionStore
from campaigns.stores.shared import Sessions
from leads.checks import client_id_of

IDS_AT_A_TIME = 1000
LONGEST_MONTHS = 1200
_REMAINS = (
    "What stays of each call: when it was, how it went, its disposition, agent, country, zones and rule set.",
    "Leads, their phones, consents and do-not-call entries are not calls: `leads person erase` is for them.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeChoice:
    """What is to be emptied. Raises InvalidInputError."""

    client: str | None = None
    """Only this client's calls, by its slug."""
    keep_months: int | None = None
    """Calls are kept at least so long, and where a law asks for longer, for that."""
    dry_run: bool = False
    """Only count."""

    def __post_init__(self) -> None:
        months = self.keep_months
        if months is not None:
            _check_months(months, SHORTEST_MONTHS)


def _check_months(months: int, shortest: int) -> None:
    if not shortest <= months <= LONGEST_MONTHS:
        raise InvalidInputError(
            f"Calls are kept for {shortest} to {LONGEST_MONTHS} months: give a number between those."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryPurge:
    """The calls to numbers of one country (empty if nobody knows), of one kind of campaign."""

    country: str
    kind: str
    keep_months: int
    rule: str
    """That asks for so long; empty where it was chosen."""
    emptied: int
    """How many were emptied; in a dry run, how many would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndecidedCalls:
    """Old calls that are kept because no rule of their country says how long, and nobody else did."""

    country: str
    kind: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What a purge did, of the attempts up to `next`."""

    at: datetime
    dry_run: bool
    emptied: int
    by_country: list[CountryPurge]
    undecided: list[UndecidedCalls]
    next: int | None
    """The id to go on after; None where all attempts were looked at."""
    remains: tuple[str, ...] = _REMAINS


async def purge(
    sessions: Sessions,
    rules: Rulebook,
    choice: PurgeChoice,
    now: datetime,
    *,
    after: int = 0,
    most: int | None = None,
) -> Purge:
    """Empty what may no longer be kept, of the `most` ids that follow `after` (None: of all).

    A transaction for each IDS_AT_A_TIME of them: cut off, it has done what it has done, and the same again
    does the rest. Calls that a rule may still count are kept. Raises UnknownClientError, and
    InvalidInputError where the choice is shorter than the rules look back.
    """
    if choice.keep_months is not None:
        _check_months(choice.keep_months, months_looked_back(rules.look_back))
    async with sessions() as session:
        client_id = await client_id_of(session, choice.client) if choice.client is not None else None
        newest = await RetentionStore(session).newest_id()
    purger = _Purger(sessions, rules, choice, client_id, now.astimezone(UTC))
    last = newest if most is None else min(newest, after + most)
    while after < last:
        upto = min(after + IDS_AT_A_TIME, last)
        await purger.step(after, upto)
        after = upto
    return Purge(
        at=now,
        dry_run=choice.dry_run,
        emptied=purger.emptied.total(),
        by_country=purger.by_country(),
        undecided=purger.undecided(),
        next=last if last < newest else None,
    )


class _Purger:
    """Counts what it empties by country and kind of campaign."""

    def __init__(
        self, sessions: Sessions, rules: Rulebook, choice: PurgeChoice, client_id: int | None, now: datetime
    ) -> None:
        self._sessions = sessions
        self._rules = rules
        self._choice = choice
        self._client_id = client_id
        self._now = now
        self._least_months = months_looked_back(rules.look_back)
        self._before = months_before(now, shortest_months(rules.jurisdictions, choice.keep_months))
        self._countries: dict[str, frozenset[str]] = {}
        self._lengths: dict[tuple[frozenset[str], str], Retention] = {}
        self._undecided: Counter[tuple[str, str]] = Counter()
        self.emptied: Counter[tuple[str, str, int, str]] = Counter()
        """By country, kind of campaign, months and rule."""

    async def step(self, after: int, last: int) -> None:
        """Empties what is old enough from after one id to another, in one transaction."""
        async with self._sessions() as session, session.begin():
            store = RetentionStore(session)
            calls = await store.old_calls(self._client_id, self._before, (after, last))
            unknown = {_rule_set(call) for call in calls} - {"", *self._countries}
            self._countries |= await store.countries(unknown)
            due = [call for call in calls if self._is_due(call)]
            if not self._choice.dry_run:
                await store.empty([call.id for call in due])
                runs = await QuestionnaireStore(session).of_attempts([call.id for call in due])
                await questionnaires.erase(session, runs)
        for call in calls:
            self._undecided[call.country, call.kind] += self._length(call).months is None
        for call in due:
            kept = self._length(call)
            self.emptied[call.country, call.kind, kept.months or 0, kept.rule_id] += 1

    def by_country(self) -> list[CountryPurge]:
        """What was emptied, by country and kind of campaign."""
        return [
            CountryPurge(country=country, kind=kind, keep_months=months, rule=rule, emptied=count)
            for (country, kind, months, rule), count in sorted(self.emptied.items())
        ]

    def undecided(self) -> list[UndecidedCalls]:
        """What is kept because nobody has said for how long."""
        return [
            UndecidedCalls(country=country, kind=kind, calls=count)
            for (country, kind), count in sorted(self._undecided.items())
            if count
        ]

    def _is_due(self, call: OldCall) -> bool:
        months = self._length(call).months
        return months is not None and call.ended_at < months_before(self._now, months)

    def _length(self, call: OldCall) -> Retention:
        """For how long a call is kept: by its number's country, and by those that its rule set knows."""
        countries = self._countries.get(_rule_set(call), frozenset()) | ({call.country} - {""})
        key = (countries, call.kind)
        if key not in self._lengths:
            length = retention(self._rules.jurisdictions, countries, call.kind, self._choice.keep_months)
            if length.months is not None and length.months < self._least_months:
                length = replace(length, months=self._least_months)
            self._lengths[key] = length
        return self._lengths[key]


def _rule_set(call: OldCall) -> str:
    return str(call.permit.get("rule_set", ""))
