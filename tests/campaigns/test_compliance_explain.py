"""Every rule and its answer for a number, before and after a lead has it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from campaigns import explaining, service
from campaigns.compliance import client_rules
from campaigns.compliance.explain import AS_A_NEW_LEAD, LeadAnswer, NumberExplained, explain_number, phone_of
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import Ending
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import CampaignNotFoundError, InvalidInputError
from campaigns.stores.shared import Sessions
from leads.errors import PhoneRejectedError, UnknownCountryError
from leads.tables import Lead
from tests.campaigns.seeds import ALL_DAY, NOW, Person, people, seed_campaign, seed_leads, suppress

RULES = load_rulebook()
TAMPA, BUENOS_AIRES = "+18135550101", "+541143211234"
HOUR = timedelta(hours=1)
THANKSGIVING = datetime.fromisoformat("2026-11-26T20:30:00-05:00")


async def explained(
    sessions: Sessions, phone: str, campaign_id: int, at: datetime = NOW, country: str = "US"
) -> NumberExplained:
    return await explain_number(sessions, RULES, phone_of(phone, country), campaign_id, at)


async def only_answer(sessions: Sessions, phone: str, campaign_id: int, at: datetime = NOW) -> LeadAnswer:
    (answer,) = (await explained(sessions, phone, campaign_id, at)).answers
    return answer


def refusing(answer: LeadAnswer) -> dict[str, str]:
    return {each.rule: each.code for each in answer.rules if not each.passed}


async def test_a_number_that_no_lead_has_is_asked_as_a_new_lead(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, kind="survey")
    found = await explained(sessions, TAMPA, campaign_id, THANKSGIVING)
    (answer,) = found.answers
    assert (answer.lead_id, answer.about) == (None, AS_A_NEW_LEAD)
    assert (found.at, found.kind, found.rules_version) == (THANKSGIVING, "survey", RULES.version)
    # 20:30 in Florida is after its 20:00, and before the 21:00 of the federal rules.
    assert refusing(answer) == {"us-fl-window": "outside_callable_times"}
    assert not answer.allowed
    assert answer.next_allowed_at == datetime(2026, 11, 27, 13, tzinfo=UTC)
    assert {each.id: each.why for each in answer.jurisdictions} == {
        "us": ["The number is one of US."],
        "us-fl": ["By area code 813, the number may be in US-FL."],
        "us-reg-f": ["The number is one of US."],
    }
    assert (answer.countries, answer.subdivisions) == (["US"], ["US-FL"])
    (zone,) = answer.zones
    assert (zone.zone, zone.open, zone.local_time) == ("America/New_York", False, THANKSGIVING)


async def test_every_rule_that_matches_is_named_with_its_words_and_source(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    answer = await only_answer(sessions, TAMPA, await seed_campaign(sessions))
    lawful = {each.rule: each for each in answer.rules if each.says}
    assert set(lawful) == {
        "us-tsr-window",
        "us-fcc-window",
        "us-fl-window",
        "us-fl-frequency",
        "us-fl-consent",
    }
    assert refusing(answer) == {"us-fl-consent": "consent_missing"}
    assert lawful["us-fl-window"].says.startswith("Calls only every day 08:00-20:00")
    assert "501.616" in lawful["us-fl-window"].source
    assert {each.id for each in answer.also_hold} == {
        "us-tsr-abandonment",
        "us-fcc-abandonment",
        "us-tsr-ring",
        "us-fcc-ring",
        "us-tsr-message",
        "us-fcc-message",
        "us-tsr-records",
        "us-fcc-records",
    }
    assert answer.next_allowed_at is None


async def test_a_draft_says_when_the_rules_allow_the_call_once_it_runs(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    settings = CampaignSettings.parse({"caller_id": "+12025550199", "callable_times": ALL_DAY})
    draft = await service.create_campaign(sessions, "acme", "Draft", settings, ["autumn"], NOW)
    answer = await only_answer(sessions, "+12025550123", draft, NOW + 12 * HOUR)
    assert refusing(answer) == {
        "campaign_running": "campaign_not_running",
        "us-tsr-window": "outside_callable_times",
        "us-fcc-window": "outside_callable_times",
    }
    assert answer.next_allowed_at == datetime(2026, 11, 24, 13, tzinfo=UTC)


async def test_a_leads_address_counts_beside_its_number(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([TAMPA])])
    campaign_id = await seed_campaign(sessions, kind="survey")
    async with sessions() as session, session.begin():
        lead = (await session.exec(select(Lead))).one()
        lead.country, lead.region = "US", "LA"
        session.add(lead)
    sunday = datetime(2026, 11, 29, 17, tzinfo=UTC)
    answer = await only_answer(sessions, TAMPA, campaign_id, sunday)
    assert (answer.lead_id, answer.lead_list) == (lead_id, "autumn")
    assert refusing(answer) == {"us-la-window": "outside_callable_times"}
    why = {each.id: each.why for each in answer.jurisdictions}
    assert why["us-la"] == ["The lead's address is in US-LA."]


async def test_each_lead_with_the_number_has_its_answer(sessions: Sessions) -> None:
    first, second = await seed_leads(
        sessions, [Person([TAMPA]), Person([TAMPA], not_before=NOW + 100 * HOUR)]
    )
    campaign_id = await seed_campaign(sessions, kind="survey")
    found = await explained(sessions, TAMPA, campaign_id)
    assert [(each.lead_id, each.allowed) for each in found.answers] == [(first, True), (second, False)]
    assert refusing(found.answers[1]) == {"not_before": "not_before"}


async def test_an_exemption_is_shown_where_it_is_applied_and_nowhere_else(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    await client_rules.grant_exemption(sessions, RULES, "acme", "us-fl-consent", "Counsel", "memo 3", NOW)
    answer = await only_answer(sessions, TAMPA, campaign_id)
    assert answer.allowed
    assert answer.next_allowed_at == NOW
    assert [(each.rule_id, each.granted_by, each.reference) for each in answer.exemptions] == [
        ("us-fl-consent", "Counsel", "memo 3")
    ]
    assert "us-fl-consent" not in {each.rule for each in answer.rules}
    assert (await only_answer(sessions, "+12025550123", campaign_id)).exemptions == []


async def test_a_past_instant_is_judged_by_what_had_happened_then(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(["+12025550123"])])
    campaign_id = await seed_campaign(sessions, least_gap_s=3600)
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, 1, NOW)
    (attempt,) = await service.start_attempts(sessions, RULES, campaign_id, permitted, NOW)
    await service.finish_attempt(sessions, attempt.attempt_id, Ending("busy"), NOW)
    for minutes, too_soon in ((-30, False), (30, True), (90, False)):
        at = NOW + timedelta(minutes=minutes)
        answer = await only_answer(sessions, "+12025550123", campaign_id, at)
        assert ("own-least-gap" in refusing(answer)) == too_soon


async def test_what_happened_to_the_number_counts_also_where_no_lead_has_it_any_more(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, [Person(["+12025550123"])])
    campaign_id = await seed_campaign(sessions, least_gap_s=3600)
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, 1, NOW)
    await service.start_attempts(sessions, RULES, campaign_id, permitted, NOW)
    await seed_leads(sessions, people(1), list_name="winter")
    elsewhere = await seed_campaign(sessions, "Winter", ["winter"], least_gap_s=3600)
    answer = await only_answer(sessions, "+12025550123", elsewhere, NOW + timedelta(minutes=10))
    assert answer.lead_id is None
    under_way = {"one_call_at_a_time": "call_under_way"}
    assert refusing(answer) == under_way | {"own-least-gap": "too_many_attempts"}
    assert answer.next_allowed_at == NOW + HOUR
    await suppress(sessions, "+12025550123")
    assert "not_suppressed" in refusing(await only_answer(sessions, "+12025550123", elsewhere))


async def test_a_country_without_rules_falls_under_all_of_them(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    answer = await only_answer(sessions, BUENOS_AIRES, await seed_campaign(sessions))
    assert {each.id for each in answer.jurisdictions} == {each.id for each in RULES.jurisdictions}
    assert not answer.allowed


@pytest.mark.parametrize("phone", [TAMPA, "+18005550101", "+12025550101", "+12085550101"])
@pytest.mark.parametrize("hours", [0, 13, 96])
async def test_it_says_what_the_dialer_then_decides(sessions: Sessions, phone: str, hours: int) -> None:
    """Before it is loaded and after: as `leads explain` says, and as a claim is answered."""
    at = NOW + hours * HOUR
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions, kind="survey")
    before = await only_answer(sessions, phone, campaign_id, at)
    await seed_leads(sessions, [Person([phone], zones=phone_of(phone, "US").zones)], list_name="more")
    await service.change_campaign(sessions, campaign_id, NOW, weights={"more": 0})
    after = await only_answer(sessions, phone, campaign_id, at)
    assert (before.lead_id, after.lead_list) == (None, "more")
    assert (after.allowed, after.rules, after.zones) == (before.allowed, before.rules, before.zones)
    (facts,) = (await explaining.explain(sessions, RULES, phone, campaign_id, at)).campaigns
    assert {each.rule: each.code for each in facts.rules if not each.passed} == refusing(after)
    claimed = await service.claim_permitted(sessions, RULES, campaign_id, 10, at)
    assert before.allowed == (phone in {each.lead.e164 for each in claimed})
    assert (before.next_allowed_at == at) == before.allowed


async def test_what_cannot_be_explained_is_refused_in_a_sentence(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    with pytest.raises(CampaignNotFoundError):
        await explained(sessions, TAMPA, campaign_id + 1)
    with pytest.raises(PhoneRejectedError):
        await explained(sessions, "911", campaign_id)
    with pytest.raises(UnknownCountryError):
        await explained(sessions, "030 901820", campaign_id, country="Atlantis")
    for at in (datetime.fromisoformat("0001-01-01T00:00+14:00"), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(InvalidInputError, match="from 2000 to 2200"):
            await explained(sessions, TAMPA, campaign_id, at)
