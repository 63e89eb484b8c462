"""The share of people who answered and got nobody, by each rule that matches, in its present legal period."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandonment_rules import Budget, LegalPeriod, Tally, budget, legal_period, tightest
from campaigns.core.address import country_of
from campaigns.core.detection import false_positive_rate
from campaigns.core.jurisdiction import Place
from campaigns.core.policy import Exemption, OwnRules
from campaigns.core.rules import AbandonmentRule
from campaigns.core.tally import Counts, detection_of
from campaigns.stores.answers import AnswerStore, quarter_of
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.shared import Session
from campaigns.stores.tally_reading import TallyReader
from campaigns.tables import Campaign


@dataclass(frozen=True, slots=True)
class CountryBudget:
    """What a rule leaves of its period for calls to one country."""

    country: str
    budget: Budget


class Tallies:
    """What became of a campaign's answered calls, as each rule's formula asks for it."""

    def __init__(self, session: Session, campaign: Campaign) -> None:
        self._session = session
        self._campaign = campaign
        self._answers = AnswerStore(session)
        self._detection: tuple[float | None] | None = None

    async def countries(self) -> list[str]:
        """The countries of the campaign's answered calls, in order."""
        return await self._answers.countries(self._campaign.id)

    async def of(self, country: str, rule: AbandonmentRule, period: LegalPeriod) -> Tally:
        """Of the calls to one country that were answered in a period."""
        tally = await self._answers.tally(self._campaign.id, country, period)
        if rule.formula != "ofcom":
            return tally
        if self._detection is None:
            self._detection = (await self._false_positive_rate(),)
        return replace(tally, false_positive_rate=self._detection[0])

    async def _false_positive_rate(self) -> float | None:
        """None where detection has never listened: turning it off undoes none of its mistakes."""
        calls = await TallyReader(self._session).totals(self._campaign.id, ())
        found = detection_of(calls.get((), Counts()))
        if self._campaign.amd_mode == "off" and not found.said_machine:
            return None
        return false_positive_rate(found.people_among_machines)


async def budgets(
    session: Session, rules: Rulebook, campaign: Campaign, now: datetime
) -> list[CountryBudget]:
    """By every rule for the countries of the campaign's answered calls; none before anybody answered."""
    tallies = Tallies(session, campaign)
    exempt = rules.known(await ClientRulesStore(session).exempt_from(campaign.client_id))
    found = []
    for country in await tallies.countries():
        for rule in abandonment_rules(rules, campaign, country, exempt):
            period = period_of(campaign, rule, now)
            tally = await tallies.of(country, rule, period)
            found.append(CountryBudget(country, budget(rule, period, tally)))
    return found


async def tightest_budget(
    session: Session, rules: Rulebook, campaign_id: int, now: datetime
) -> Budget | None:
    """The budget that leaves the least. Raises CampaignNotFoundError."""
    campaign = await CampaignStore(session).get(campaign_id)
    return tightest(each.budget for each in await budgets(session, rules, campaign, now))


def abandonment_rules(
    rules: Rulebook, campaign: Campaign, country: str, exemptions: tuple[Exemption, ...] = ()
) -> Sequence[AbandonmentRule]:
    """The rules on abandoned calls to a country that hold for the campaign, but for the exemptions."""
    home, _ = country_of(country)
    place = Place(frozenset({home} - {""}))
    policy = rules.policy(place, campaign.kind, campaign.dial_mode, OwnRules(exemptions=exemptions))
    return policy.abandonments


def period_of(campaign: Campaign, rule: AbandonmentRule, now: datetime) -> LegalPeriod:
    """The legal period that `now` is in. Those from the campaign's start begin with its quarter of an hour,
    by which calls are counted: 15 minutes at most before its first call."""
    started_at = quarter_of(campaign.first_started_at or now)
    return legal_period(rule, started_at, max(now, started_at))
