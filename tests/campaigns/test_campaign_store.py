"""What the store promises, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from campaigns import service
from campaigns.core.attempt import ClaimedLead, Ending, NewAttempt
from campaigns.errors import (
    AgentExistsError,
    AgentNotFoundError,
    AgentSessionError,
    AttemptNotFoundError,
    CampaignNotFoundError,
)
from campaigns.reports.store import ReportStore
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Sessions
from leads.stores.leads import LeadStore
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads

LATER = NOW + timedelta(minutes=5)


async def claim(
    sessions: Sessions, campaign_id: int, n: int, now: datetime = NOW, claim_s: float = 60.0
) -> list[ClaimedLead]:
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        return await QueueStore(session).claim(campaign, n, now, claim_s)


async def record(sessions: Sessions, campaign_id: int, leads: Sequence[ClaimedLead]) -> list[int]:
    attempts = [
        NewAttempt(each.lead_id, each.phone_id, each.e164, each.attempts + 1, {}, each.list_id)
        for each in leads
    ]
    async with sessions() as session, session.begin():
        return await AttemptStore(session).record_attempts(campaign_id, attempts, NOW)


async def test_leads_are_claimed_by_priority_then_as_they_were_loaded(sessions: Sessions) -> None:
    ids = await seed_leads(
        sessions,
        [
            Person(["+12025550101"]),
            Person(["+12025550102"], priority=5),
            Person(["+12025550103"], not_before=NOW - timedelta(days=1)),
            Person(["+12025550104"], priority=5),
            Person(["+12025550105"], not_before=LATER),
        ],
    )
    campaign_id = await seed_campaign(sessions)
    claimed = await claim(sessions, campaign_id, 3)
    assert [each.lead_id for each in claimed] == [ids[1], ids[3], ids[0]]
    assert [each.lead_id for each in await claim(sessions, campaign_id, 3)] == [ids[2]]
    assert await claim(sessions, campaign_id, 3) == []
    assert [each.lead_id for each in await claim(sessions, campaign_id, 9, LATER)][-1] == ids[4]


async def test_a_claim_brings_the_first_phone_and_the_zones_that_count(sessions: Sessions) -> None:
    await seed_leads(
        sessions,
        [
            Person(["+12025550101", "+12025550102"], priority=1, zones=["America/Chicago", "America/Denver"]),
            Person(["+12025550103"], timezone="Europe/Berlin", not_before=NOW),
        ],
    )
    first, second = await claim(sessions, await seed_campaign(sessions), 2)
    assert (first.e164, first.zones, first.attempts) == (
        "+12025550101",
        ("America/Chicago", "America/Denver"),
        0,
    )
    assert (second.zones, second.not_before, second.first_name) == (("Europe/Berlin",), NOW, "Ada")
    assert second.claimed_until == NOW + timedelta(seconds=60)


async def test_a_claim_that_expires_is_free_again_and_the_old_one_holds_no_more(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    (old,) = await claim(sessions, campaign_id, 1, NOW, 60)
    assert await claim(sessions, campaign_id, 1, NOW + timedelta(seconds=59)) == []
    (new,) = await claim(sessions, campaign_id, 1, NOW + timedelta(seconds=60))
    assert new.lead_id == old.lead_id
    async with sessions() as session, session.begin():
        store = QueueStore(session)
        assert await store.hold(campaign_id, [old]) == []
        await store.release(await CampaignStore(session).get(campaign_id), [old])
        assert await store.hold(campaign_id, [new]) == [new]


async def test_a_released_lead_is_as_before(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    before = await lead_rows(sessions, campaign_id)
    claimed = await claim(sessions, campaign_id, 1)
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        await QueueStore(session).release(campaign, claimed)
    assert await lead_rows(sessions, campaign_id) == before


async def test_many_at_once_claim_each_lead_exactly_once(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(150))
    campaign_id = await seed_campaign(sessions)

    async def work() -> list[int]:
        mine: list[int] = []
        while got := await claim(sessions, campaign_id, 7):
            mine += [each.lead_id for each in got]
            await record(sessions, campaign_id, got)
        return mine

    taken = await asyncio.gather(*(work() for _ in range(8)))
    assert sorted(lead for each in taken for lead in each) == sorted(ids)
    rows = await lead_rows(sessions, campaign_id)
    assert {(row.state, row.attempts) for row in rows.values()} == {("calling", 1)}


async def test_of_many_who_take_an_expired_claim_one_gets_it(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(20))
    campaign_id = await seed_campaign(sessions)
    await claim(sessions, campaign_id, 20, NOW, 1)
    taken: list[int] = []
    while len(taken) < len(ids):
        got = await asyncio.gather(*(claim(sessions, campaign_id, 5, LATER) for _ in range(8)))
        taken += [lead.lead_id for each in got for lead in each]
    assert sorted(taken) == sorted(ids)


async def test_a_rolled_back_claim_is_none(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    async with sessions() as session:
        campaign = await CampaignStore(session).get(campaign_id)
        assert len(await QueueStore(session).claim(campaign, 2, NOW, 60)) == 2
        await session.rollback()
    assert len(await claim(sessions, campaign_id, 2)) == 2


async def test_filling_again_adds_only_new_leads(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    await seed_leads(sessions, [Person(["+12025550900"], priority=9)])
    await seed_leads(sessions, people(4), list_name="another")
    assert await service.take_up(sessions, campaign_id, LATER) == 1
    assert await service.take_up(sessions, campaign_id, LATER) == 0
    rows = await lead_rows(sessions, campaign_id)
    assert [(row.sort_key, row.reason) for row in rows.values()] == [(0, "new")] * 3 + [(-9, "new")]


async def test_filling_at_the_same_time_adds_each_lead_once(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    await seed_leads(sessions, people(30, first=3))
    new = await asyncio.gather(*(service.take_up(sessions, campaign_id, NOW) for _ in range(4)))
    assert sum(new) == 30


async def test_an_attempt_ends_once(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    (attempt_id,) = await record(sessions, campaign_id, await claim(sessions, campaign_id, 1))
    async with sessions() as session, session.begin():
        store = AttemptStore(session)
        await store.update_attempt(attempt_id, ringing_at=NOW, answered_at=LATER)
        ended = await store.finish_attempt(attempt_id, Ending("busy", "network", 486, "Busy"), LATER)
        assert ended is not None
        assert (ended.campaign_id, ended.number, ended.disposition) == (campaign_id, 1, "")
        assert await store.finish_attempt(attempt_id, Ending("human"), LATER) is None
        assert await store.finish_attempt(attempt_id + 1, Ending("human"), LATER) is None
    async with sessions() as session:
        kept = await AttemptStore(session).get_attempt(attempt_id)
        assert (kept.outcome, kept.ended_by, kept.sip_status) == ("busy", "network", 486)
        assert (kept.ringing_at, kept.answered_at, kept.ended_at) == (NOW, LATER, LATER)


async def test_a_lead_has_no_two_attempts_of_one_number(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    claimed = await claim(sessions, campaign_id, 1)
    await record(sessions, campaign_id, claimed)
    with pytest.raises(IntegrityError):
        await record(sessions, campaign_id, claimed)


async def test_pages_follow_each_other_without_gap_or_overlap(sessions: Sessions) -> None:
    await seed_leads(sessions, people(7))
    campaign_id = await seed_campaign(sessions)
    ids = await record(sessions, campaign_id, await claim(sessions, campaign_id, 7))
    other = await seed_campaign(sessions, "Other")
    await record(sessions, other, await claim(sessions, other, 2))
    seen: list[int] = []
    async with sessions() as session:
        store = AttemptStore(session)
        while page := await store.attempts_page(campaign_id, seen[-1] if seen else 0, 3):
            seen += [attempt.id for attempt in page]
        assert len(await store.attempts_page(None, 0, 100)) == 9
    assert seen == ids


async def test_what_is_not_there_is_said(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(CampaignNotFoundError):
            await CampaignStore(session).get(1)
        with pytest.raises(AttemptNotFoundError):
            await AttemptStore(session).get_attempt(1)
        with pytest.raises(AgentNotFoundError):
            await AgentStore(session).get(1)


async def agent(sessions: Sessions, name: str = "Anna") -> tuple[int, int]:
    """A client and an agent of it."""
    async with sessions() as session, session.begin():
        client = await LeadStore(session).ensure_client("acme", "Acme")
        return client.id, (await AgentStore(session).add(client.id, name, "sip:anna@pbx.example", NOW)).id


async def test_the_stretches_of_a_shift_meet_without_a_gap(sessions: Sessions) -> None:
    client_id, agent_id = await agent(sessions)
    at = [datetime(2026, 11, 23, 16, 0, second, 123_456, tzinfo=UTC) for second in range(5)]
    async with sessions() as session, session.begin():
        agents = AgentStore(session)
        shift = await agents.open_session(agent_id, [7], "unavailable", at[0])
        await agents.change_state(shift, "available", at[1])
        await agents.change_state(shift, "paused", at[2], reason="lunch")
        await agents.close_session(shift, at[4])
    async with sessions() as session:
        stretches = (await ReportStore(session).stretches(client_id, 7))[agent_id]
        assert await ReportStore(session).stretches(client_id, 8) == {}
    assert [each.state for each in stretches] == ["unavailable", "available", "paused"]
    assert [each.ended_at for each in stretches[:-1]] == [each.started_at for each in stretches[1:]]
    assert stretches[-1].ended_at == at[4].replace(microsecond=123_000)


async def test_a_clock_that_goes_back_makes_no_negative_time(sessions: Sessions) -> None:
    client_id, agent_id = await agent(sessions)
    earlier = NOW - timedelta(seconds=30)
    async with sessions() as session, session.begin():
        agents = AgentStore(session)
        shift = await agents.open_session(agent_id, [7], "available", NOW)
        assert await agents.change_state(shift, "paused", earlier) == NOW
        await agents.close_session(shift, earlier)
    async with sessions() as session:
        stretches = (await ReportStore(session).stretches(client_id, 7))[agent_id]
    assert [(each.started_at, each.ended_at) for each in stretches] == [(NOW, NOW)] * 2


async def test_an_agent_has_one_shift_at_a_time(sessions: Sessions) -> None:
    _, agent_id = await agent(sessions)
    async with sessions() as session, session.begin():
        shift = await AgentStore(session).open_session(agent_id, [1], "available", NOW)
    with pytest.raises(AgentSessionError):
        async with sessions() as session, session.begin():
            await AgentStore(session).open_session(agent_id, [1], "available", NOW)
    async with sessions() as session, session.begin():
        await AgentStore(session).close_session(shift, LATER)
    with pytest.raises(AgentSessionError):
        async with sessions() as session, session.begin():
            await AgentStore(session).change_state(shift, "available", LATER)
    async with sessions() as session, session.begin():
        assert await AgentStore(session).open_session(agent_id, [1], "available", LATER) != shift


async def test_an_agents_name_is_unique_within_the_client(sessions: Sessions) -> None:
    await agent(sessions)
    with pytest.raises(AgentExistsError):
        await agent(sessions)
