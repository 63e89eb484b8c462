"""A campaign that has dialed tells what to assume of its next shift."""

from datetime import timedelta

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.errors import CampaignNotFoundError
from campaigns.stores.agents import AgentStore
from campaigns.stores.skips import SkipStore
from campaigns.tables import CampaignLead
from dialer.call_history import prior_of
from dialer.forecast_history import TooLittleHistoryError, plan_of_campaign
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.dialer.call_seeds import seed_calls


async def test_its_latest_calls_become_assumptions(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions, max_lines=77)
    await seed_calls(sessions, campaign_id)
    plan = await plan_of_campaign(sessions, "Autumn sale", 6.0, NOW)
    assert (plan.settings.max_lines, plan.hours) == (77, 6.0)
    assumed = plan.assumptions
    assert assumed.answer_rate == pytest.approx(36 / 200)
    assert assumed.machine_share == pytest.approx(30 / 200)
    assert assumed.failed_share == pytest.approx(24 / 200)
    assert assumed.ring_mean_s == pytest.approx(8.0)
    assert assumed.talk_mean_s == pytest.approx((25 * 100 + 10 * 5) / 35)
    assert assumed.hang_up_share == pytest.approx(10 / 35)
    assert assumed.machine_talk_s == pytest.approx(15.0)
    assert assumed.wrap_mean_s == pytest.approx((5 * 60 + 60 * 12) / 65)
    assert assumed.contact_share == pytest.approx(25 / 35)
    assert assumed.conversion_share == pytest.approx(5 / 25)
    assert assumed.leads == 50


async def test_its_pacer_begins_with_what_the_engine_would_let_it_presume(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions, wrap_up_limit_s=60)
    await seed_calls(sessions, campaign_id)
    async with sessions() as session:
        engines = await prior_of(session, campaign_id, 60.0, NOW)
    assert (await plan_of_campaign(sessions, "Autumn sale", 6.0, NOW)).prior == engines
    later = await plan_of_campaign(sessions, "Autumn sale", 6.0, NOW + timedelta(days=21))
    assert later.prior is None, "calls of three weeks ago are no prior"
    assert later.assumptions.answer_rate == pytest.approx(36 / 200), "and are all that is known of the people"


async def test_how_long_agents_looked_and_what_they_skipped_become_assumptions(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions, dial_mode="preview")
    await seed_calls(sessions, campaign_id)
    agent_id = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    async with sessions() as session, session.begin():
        agents, skips = AgentStore(session), SkipStore(session)
        shift = await agents.open_session(agent_id, [campaign_id], "preview", NOW)
        await agents.change_state(shift, "available", NOW + timedelta(seconds=250 * 12))
        lead = (await session.exec(select(CampaignLead))).first()
        for _ in range(50):
            await skips.add(campaign_id, lead.lead_id, agent_id, "", NOW)
    assumed = (await plan_of_campaign(sessions, "Autumn sale", 6.0, NOW)).assumptions
    assert (assumed.preview_mean_s, assumed.skip_share) == (pytest.approx(12.0), pytest.approx(0.2))


async def test_a_campaign_with_few_calls_says_that_it_cannot_tell(sessions):
    await seed_leads(sessions, people(5))
    campaign_id = await seed_campaign(sessions)
    await seed_calls(sessions, campaign_id, {"sale": 3, "no_answer": 200})
    with pytest.raises(TooLittleHistoryError, match="203 calls and 3 talks"):
        await plan_of_campaign(sessions, str(campaign_id), 8.0, NOW)


async def test_a_campaign_that_is_not_there_is_named(sessions):
    with pytest.raises(CampaignNotFoundError, match="Winter"):
        await plan_of_campaign(sessions, "Winter", 8.0, NOW)
