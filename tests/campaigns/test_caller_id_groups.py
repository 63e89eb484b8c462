"""Campaigns that choose among a client's caller IDs, on both databases."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from campaigns import caller_ids, service
from campaigns.caller_id_figures import campaign_caller_ids
from campaigns.compliance.caller_ids import release_caller_id
from campaigns.core.attempt import Ending, StartedAttempt
from campaigns.errors import (
    CallerIdExistsError,
    CallerIdGroupNotFoundError,
    CallerIdNotFoundError,
    CallerIdNotInUseError,
)
from campaigns.explaining import explain, why
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, CallerId, CallerIdDay, CallerIdGroup, CallerIdMember
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NEW_YORK, BOSTON, CHICAGO = "+12125550100", "+16175550100", "+13125550100"
MIDNIGHT_IN_NEW_YORK = datetime.fromisoformat("2026-11-24T05:00:00Z")
RIGHT = {"owner": "Acme Inc.", "document": "LOA of 2026-11-03", "recorded_by": "Ada"}


async def add(sessions: Sessions, *numbers: str, client: str = "acme", **known: object) -> None:
    groups = known.pop("groups", ["east"])
    for each in numbers:
        await caller_ids.add_caller_id(sessions, client, each, RIGHT | known, groups, NOW)  # type: ignore[arg-type]


async def group_campaign(
    sessions: Sessions, name: str = "Sale", lists: Sequence[str] = ("autumn",), **settings: object
) -> int:
    chosen = {"caller_id": "", "caller_id_group": "east"} | settings
    return await seed_campaign(sessions, name, lists, **chosen)


async def call(sessions: Sessions, campaign_id: int, n: int = 1, now: datetime = NOW) -> list[StartedAttempt]:
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, n, now)
    return await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now)


async def end(sessions: Sessions, started: StartedAttempt, outcome: str, now: datetime = NOW) -> None:
    await service.finish_attempt(sessions, started.attempt_id, Ending(outcome, "network"), now)


async def test_a_groups_numbers_take_turns_and_each_attempt_keeps_what_it_showed(sessions: Sessions) -> None:
    await seed_leads(sessions, people(7))
    await add(sessions, NEW_YORK, BOSTON, CHICAGO, display_name="Acme")
    campaign = await group_campaign(sessions)
    started = await call(sessions, campaign, 3) + await call(sessions, campaign, 4)
    assert sorted(Counter(each.caller_id for each in started).values()) == [2, 2, 3]
    assert {each.display_name for each in started} == {"Acme"}
    async with sessions() as session:
        kept = {each.id: each.caller_id for each in (await session.exec(select(Attempt))).all()}
    assert kept == {each.attempt_id: each.caller_id for each in started}


async def test_local_presence_shows_the_number_of_the_callees_area(sessions: Sessions) -> None:
    callees = {"+12125550001": NEW_YORK, "+16175550001": BOSTON, "+17735550001": CHICAGO}
    await seed_leads(sessions, [Person([each]) for each in callees])
    await add(sessions, NEW_YORK, BOSTON, CHICAGO)
    campaign = await group_campaign(sessions, caller_id_rule="local")
    started = await call(sessions, campaign, 3)
    assert {each.e164: each.caller_id for each in started} == callees


async def test_a_person_who_is_called_again_sees_the_same_number(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await add(sessions, NEW_YORK, BOSTON, CHICAGO)
    campaign = await group_campaign(sessions, retry_rules={"busy": {"delay_s": 60, "max_attempts": 5}})
    seen = set()
    for minute in range(4):
        now = NOW + 2 * minute * MINUTE
        (started,) = await call(sessions, campaign, 1, now)
        await end(sessions, started, "busy", now)
        seen.add(started.caller_id)
    assert len(seen) == 1


async def test_a_day_has_no_more_calls_than_the_caps_and_the_next_day_goes_on(sessions: Sessions) -> None:
    await seed_leads(sessions, people(6))
    await add(sessions, NEW_YORK, BOSTON, daily_cap=2)
    campaign = await group_campaign(sessions)
    assert len(await call(sessions, campaign, 6)) == 4
    assert await call(sessions, campaign, 6, NOW + MINUTE) == []
    waiting = [each for each in (await lead_rows(sessions, campaign)).values() if each.state == "waiting"]
    assert {(each.reason, each.due_at) for each in waiting} == {("caller_id_capped", MIDNIGHT_IN_NEW_YORK)}
    assert len(await call(sessions, campaign, 6, MIDNIGHT_IN_NEW_YORK)) == 2


async def test_why_a_lead_waits_for_a_caller_id_is_explained(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    await add(sessions, NEW_YORK, daily_cap=1)
    campaign = await group_campaign(sessions)
    await call(sessions, campaign, 2)
    lines = {line.kind: line for line in (await why(sessions, campaign, NOW)).waiting_for}
    assert (lines["caller_id"].leads, lines["caller_id"].detail) == (1, "caller_id_capped")
    assert lines["caller_id"].next_at == MIDNIGHT_IN_NEW_YORK
    (left,) = [each for each in (await lead_rows(sessions, campaign)).values() if each.state == "waiting"]
    e164 = people(2)[[*await lead_rows(sessions, campaign)].index(left.lead_id)].phones[0]
    (facts,) = (await explain(sessions, NO_LAW, e164, campaign, NOW)).campaigns
    (rule,) = [each for each in facts.rules if each.rule == "caller-id-cap"]
    assert (rule.passed, rule.code, rule.source) == (False, "caller_id_capped", "the campaign's caller IDs")
    assert "has had its calls of the day" in facts.sentence
    assert (facts.next_callable_at, facts.caller_id) == (MIDNIGHT_IN_NEW_YORK, "")
    (tomorrow,) = (await explain(sessions, NO_LAW, e164, campaign, MIDNIGHT_IN_NEW_YORK)).campaigns
    assert tomorrow.caller_id == NEW_YORK


async def test_nodes_that_start_calls_at_one_moment_never_pass_a_cap(sessions: Sessions) -> None:
    await seed_leads(sessions, people(20))
    await seed_leads(sessions, people(20, first=100), list_name="winter")
    caps = {NEW_YORK: 5, BOSTON: 4, CHICAGO: 4}
    for e164, cap in caps.items():
        await add(sessions, e164, daily_cap=cap)
    campaigns = [await group_campaign(sessions), await group_campaign(sessions, "Other", lists=["winter"])]
    claims = []
    for number in range(8):
        campaign = campaigns[number % 2]
        claims.append((campaign, await service.claim_permitted(sessions, NO_LAW, campaign, 5, NOW)))
    begun = await asyncio.gather(
        *(service.start_attempts(sessions, NO_LAW, campaign, some, NOW) for campaign, some in claims)
    )
    calls = Counter(each.caller_id for some in begun for each in some)
    assert calls
    assert all(calls[e164] <= cap for e164, cap in caps.items())
    async with sessions() as session:
        tallies = {each.caller_id: each.calls for each in (await session.exec(select(CallerIdDay))).all()}
    assert tallies == calls
    for campaign in campaigns:
        assert {row.state for row in (await lead_rows(sessions, campaign)).values()} <= {
            "calling",
            "ready",
            "waiting",
        }
        calls.update(each.caller_id for each in await call(sessions, campaign, 20))
    assert calls == caps


async def test_a_group_goes_on_over_its_other_numbers_while_one_rests(sessions: Sessions) -> None:
    await seed_leads(sessions, people(5))
    await add(sessions, NEW_YORK, BOSTON)
    campaign = await group_campaign(sessions)
    one, two = await call(sessions, campaign, 2)
    await end(sessions, one, "blocked")
    assert {each.caller_id for each in await call(sessions, campaign, 2, NOW + MINUTE)} == {two.caller_id}
    await end(sessions, two, "blocked", NOW + MINUTE)
    assert await call(sessions, campaign, 1, NOW + 2 * MINUTE) == []
    (waiting,) = [
        each for each in (await lead_rows(sessions, campaign)).values() if each.due_at == NOW + HOUR
    ]
    assert waiting.reason == "caller_id_quarantined"
    await release_caller_id(sessions, two.caller_id, "US", NOW + 3 * MINUTE)
    (started,) = await call(sessions, campaign, 1, NOW + 3 * MINUTE)
    assert started.caller_id == two.caller_id


async def test_who_was_blocked_under_one_number_is_called_under_no_other(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await add(sessions, NEW_YORK, BOSTON)
    campaign = await group_campaign(sessions)
    (started,) = await call(sessions, campaign)
    await end(sessions, started, "blocked")
    again = await group_campaign(sessions, "Again")
    assert await call(sessions, again, 1, NOW + MINUTE) == []
    (row,) = (await lead_rows(sessions, again)).values()
    assert (row.state, row.reason, row.due_at) == ("waiting", "caller_id_quarantined", NOW + HOUR)
    (later,) = await call(sessions, again, 1, NOW + HOUR)
    assert later.caller_id == started.caller_id
    (other,) = {NEW_YORK, BOSTON} - {started.caller_id}
    await end(sessions, later, "busy", NOW + HOUR)
    third = await seed_campaign(sessions, "Third", caller_id=other)
    assert await call(sessions, third, 1, NOW + 2 * HOUR) == []
    (row,) = (await lead_rows(sessions, third)).values()
    assert (row.state, row.reason) == ("final", "blocked_under_another_caller_id")


async def test_leads_come_back_at_once_where_a_cap_is_raised_or_a_number_joins_the_group(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(4))
    await add(sessions, NEW_YORK, daily_cap=1)
    campaign = await group_campaign(sessions)
    assert len(await call(sessions, campaign, 4)) == 1
    await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {"daily_cap": 2}, NOW)
    assert len(await call(sessions, campaign, 4)) == 1
    await add(sessions, BOSTON, daily_cap=1)
    assert [each.caller_id for each in await call(sessions, campaign, 4)] == [BOSTON]
    change = service.CallerIdChange(caller_id=CHICAGO)
    await service.change_campaign(sessions, campaign, NOW, shown=change)
    assert [each.caller_id for each in await call(sessions, campaign, 4)] == [CHICAGO]


async def test_a_number_on_record_keeps_its_cap_where_it_is_a_campaigns_only_one(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    await add(sessions, NEW_YORK, daily_cap=1, groups=[])
    campaign = await seed_campaign(sessions, caller_id=NEW_YORK)
    assert len(await call(sessions, campaign, 3)) == 1


async def test_one_client_neither_sees_nor_uses_nor_groups_anothers_numbers(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), "rival", "theirs")
    await add(sessions, NEW_YORK, client="rival")
    assert await caller_ids.list_caller_ids(sessions, "acme", NOW) == []
    assert await caller_ids.list_groups(sessions, "acme") == []
    with pytest.raises(CallerIdExistsError):
        await add(sessions, NEW_YORK)
    with pytest.raises(CallerIdNotFoundError):
        await caller_ids.change_group(sessions, "acme", "east", [NEW_YORK], [], NOW)
    with pytest.raises(CallerIdNotFoundError):
        await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {"active": False}, NOW)
    with pytest.raises(CallerIdNotFoundError):
        await caller_ids.retire_caller_id(sessions, "acme", NEW_YORK, NOW)
    with pytest.raises(CallerIdGroupNotFoundError):
        await group_campaign(sessions)
    with pytest.raises(CallerIdNotInUseError):
        await seed_campaign(sessions, caller_id=NEW_YORK)


async def test_the_database_itself_lets_no_number_into_another_clients_group(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await seed_leads(sessions, people(1), "rival", "theirs")
    await add(sessions, NEW_YORK)
    await add(sessions, BOSTON, client="rival")
    async with sessions() as session:
        theirs = (await session.exec(select(CallerId).where(CallerId.e164 == BOSTON))).one()
        wanted = select(CallerIdGroup).where(CallerIdGroup.client_id != theirs.client_id)
        ours = (await session.exec(wanted)).one()
    for client_id in (ours.client_id, theirs.client_id):
        member = CallerIdMember(group_id=ours.id, number_id=theirs.id, client_id=client_id)
        with pytest.raises(IntegrityError):
            async with sessions() as session, session.begin():
                session.add(member)


async def test_a_number_that_was_given_back_is_shown_no_more_and_may_become_anothers(
    sessions: Sessions,
) -> None:
    await seed_leads(sessions, people(3))
    await seed_leads(sessions, people(1), "rival", "theirs")
    await add(sessions, NEW_YORK)
    campaign = await seed_campaign(sessions, caller_id=NEW_YORK)
    assert len(await call(sessions, campaign)) == 1
    await caller_ids.retire_caller_id(sessions, "acme", NEW_YORK, NOW)
    assert await call(sessions, campaign) == []
    assert "no_caller_id" in {each.reason for each in (await lead_rows(sessions, campaign)).values()}
    await add(sessions, NEW_YORK, client="rival")
    assert await call(sessions, campaign, 3, NOW + HOUR) == []
    (kept,) = await caller_ids.list_caller_ids(sessions, "acme", NOW, retired=True)
    assert (kept.retired_at, kept.owner, kept.figures.in_use) == (NOW, "Acme Inc.", False)


async def test_a_number_is_shown_on_the_days_of_the_right_to_it(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    tomorrow = NOW.date() + timedelta(days=1)
    await add(sessions, NEW_YORK, owned_from=tomorrow, owned_until=tomorrow)
    await add(sessions, BOSTON, owned_until=NOW.date())
    campaign = await group_campaign(sessions)
    for days, seen in ((0, [BOSTON]), (1, [NEW_YORK]), (2, [])):
        started = await call(sessions, campaign, 1, NOW + days * 24 * HOUR)
        assert [each.caller_id for each in started] == seen


async def test_a_campaign_whose_group_has_no_number_in_use_does_not_start(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await add(sessions, NEW_YORK)
    await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {"active": False}, NOW)
    with pytest.raises(CallerIdNotInUseError, match="east"):
        await group_campaign(sessions)
    await caller_ids.change_caller_id(sessions, "acme", NEW_YORK, {"active": True}, NOW)
    (campaign,) = await service.list_campaigns(sessions, 0, 10)
    assert (await service.start_campaign(sessions, campaign.id, NOW)).state == "running"


async def test_a_number_that_people_and_networks_turn_against_shows(sessions: Sessions) -> None:
    await seed_leads(sessions, people(6))
    await add(sessions, NEW_YORK)
    campaign = await group_campaign(sessions)
    lasts = [("human", 6), ("human", 7), ("no_answer", 0), ("lost", 0)]
    for outcome, seconds in lasts:
        (started,) = await call(sessions, campaign)
        if outcome == "human":
            async with sessions() as session, session.begin():
                await AttemptStore(session).update_attempt(started.attempt_id, answered_at=NOW)
        await end(sessions, started, outcome, NOW + timedelta(seconds=seconds))
    (started,) = await call(sessions, campaign)
    await end(sessions, started, "blocked")
    (figures,) = await campaign_caller_ids(sessions, campaign, NOW + MINUTE)
    assert (figures.calls_today, figures.rests_until) == (5, NOW + HOUR)
    parts = [
        (each.numerator, each.denominator) for each in (figures.answered, figures.blocked, figures.short)
    ]
    assert parts == [(2, 4), (1, 4), (1, 2)]
    (status,) = await service.campaign_statuses(sessions, campaign, NOW + MINUTE)
    assert status.caller_ids == [figures]
    (listed,) = await caller_ids.list_caller_ids(sessions, "acme", NOW + MINUTE)
    assert listed.figures == figures
    (old,) = await caller_ids.list_caller_ids(sessions, "acme", NOW + timedelta(days=2), days=1)
    assert (old.figures.calls_today, old.figures.answered.denominator) == (0, 0)
