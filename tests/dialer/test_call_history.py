"""What a campaign's latest calls let its pacer presume."""

from datetime import timedelta

import pytest

from campaigns.stores.recent_calls import RecentCall
from dialer.call_history import CallHistory, prior_of
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.dialer.call_seeds import seed_calls


async def presumed(sessions, campaign_id, now=NOW):
    async with sessions() as session:
        return await prior_of(session, campaign_id, 60.0, now)


async def test_a_machine_counts_as_an_answer_since_the_pacer_takes_it_for_one(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions)
    await seed_calls(sessions, campaign_id)
    prior = await presumed(sessions, campaign_id)
    assert (prior.answer_rate, prior.dialed) == (pytest.approx(66 / 200), 200)
    assert prior.mean_talk_s == pytest.approx((25 * 100 + 10 * 5 + 30 * 15) / 65)
    assert prior.mean_wrap_s == pytest.approx((5 * 60 + 60 * 12) / 65)


async def test_what_was_three_weeks_ago_counts_no_more_nor_what_was_given_up(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions)
    await seed_calls(sessions, campaign_id, {"canceled": 30, "no_answer": 20})
    assert (await presumed(sessions, campaign_id)).dialed == 20
    assert await presumed(sessions, campaign_id, NOW + timedelta(days=21)) is None


async def test_few_talks_tell_nothing_of_the_next(sessions):
    await seed_leads(sessions, people(50))
    campaign_id = await seed_campaign(sessions)
    assert await presumed(sessions, campaign_id) is None
    await seed_calls(sessions, campaign_id, {"hung_up": 3, "no_answer": 20})
    prior = await presumed(sessions, campaign_id)
    assert (prior.mean_talk_s, prior.mean_wrap_s) == (None, None)
    assert prior.answer_rate == pytest.approx(3 / 23)


def test_a_call_without_a_disposition_has_no_known_wrap_up():
    calls = [RecentCall("human", frozenset(), 5.0, 50.0)] * 30
    assert CallHistory(calls, 60.0).prior.mean_wrap_s is None
