"""Caller IDs that rest, and how a manager lets them go."""

from datetime import timedelta

import pytest

from campaigns import service
from campaigns.compliance.caller_ids import release_caller_id, resting_caller_ids
from campaigns.core.attempt import Ending
from campaigns.errors import NotFoundError
from campaigns.stores.shared import Sessions
from leads.errors import PhoneRejectedError
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_campaign, seed_leads

CALLER_ID = "+12025550199"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def blocked(sessions: Sessions, campaign_id: int) -> int:
    """A call that a network blocked, at NOW; the attempt."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    ending = Ending("blocked", "network", 603, "Network Blocked")
    await service.finish_attempt(sessions, started.attempt_id, ending, NOW)
    return started.attempt_id


async def test_a_caller_id_that_rests_is_listed_with_when_and_why(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    assert await resting_caller_ids(sessions, NOW) == []
    attempt_id = await blocked(sessions, await seed_campaign(sessions))
    (resting,) = await resting_caller_ids(sessions, NOW + MINUTE)
    assert (resting.caller_id, resting.until) == (CALLER_ID, NOW + HOUR)
    assert (resting.attempt_id, resting.blocked_at) == (attempt_id, NOW)
    assert resting.sentence == f"A network blocked attempt {attempt_id} (SIP 603, Network Blocked)."
    assert await resting_caller_ids(sessions, NOW + HOUR) == []


async def test_a_caller_id_that_is_released_calls_again_at_once(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    await blocked(sessions, campaign_id)
    assert await service.claim_permitted(sessions, NO_LAW, campaign_id, 3, NOW + MINUTE) == []
    assert await release_caller_id(sessions, "(202) 555-0199", "US", NOW + 2 * MINUTE) == CALLER_ID
    assert await resting_caller_ids(sessions, NOW + 2 * MINUTE) == []
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign_id, 3, NOW + 2 * MINUTE)) == 2


async def test_a_release_wakes_nobody_who_waits_for_something_else(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    await blocked(sessions, campaign_id)
    (called,) = (each for each in (await lead_rows(sessions, campaign_id)).values() if each.attempts)
    await release_caller_id(sessions, CALLER_ID, "US", NOW + MINUTE)
    after = (await lead_rows(sessions, campaign_id))[called.lead_id]
    assert (after.state, after.due_at) == (called.state, called.due_at)


async def test_one_that_was_released_and_is_blocked_again_rests_for_a_day(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    await blocked(sessions, campaign_id)
    await release_caller_id(sessions, CALLER_ID, "US", NOW)
    await blocked(sessions, campaign_id)
    (resting,) = await resting_caller_ids(sessions, NOW)
    assert resting.until == NOW + 24 * HOUR


async def test_one_that_does_not_rest_cannot_be_released(sessions: Sessions) -> None:
    with pytest.raises(NotFoundError, match="does not rest"):
        await release_caller_id(sessions, CALLER_ID, "US", NOW)
    with pytest.raises(PhoneRejectedError):
        await release_caller_id(sessions, "911", "US", NOW)
