"""The share of people who answered and got nobody, by each rule that matches, in its present legal period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.abandonment_rules import Budget, LegalPeriod, budget, legal_period, tightest
from campaigns.core.address import country_of
from campaigns.core.jurisdiction import Place
from campaigns.core.policy import Exemption, OwnRules
from campaigns.core.rules import AbandonmentRule
from campaigns.stores.answers import AnswerStore, quarter_of
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.client_rules import ClientRulesStore
from campaigns.stores.shared import Session
from campaigns.tables import Campaign


@dataclass(frozen=True, slots=True)
class CountryBudget:
    """What a rule leaves of its period for calls to one country."""

    country: str
    budget: Budget


async def budgets(
    session: Session, rules: Rulebook, campaign: Campaign, now: datetime
) -> list[CountryBudget]:
    """By every rule for the countries of the campaign's answered calls; none before anybody answered."""
    store = AnswerStore(session)
    exempt = rules.known(await ClientRulesStore(session).exempt_from(campaign.client_id))
    found = []
    for country in await store.countries(campaign.id):
        for rule in abandonment_rules(rules, campaign, country, exempt):
            period = period_of(campaign, rule, now)
            tally = await store.tally(campaign.id, country, period)
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
