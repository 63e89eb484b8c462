"""A campaign's line of leads, on both databases: order, mix, zones, phones, and that nothing is scanned."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import col, select, update

from campaigns import service
from campaigns.core.attempt import ClaimedLead, Ending
from campaigns.core.calling_window import DAYS
from campaigns.core.selection import LEAD_ORDERS, Standing, sort_key
from campaigns.joining import JoiningLeads
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.pacing import PacingStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.refreshing import RefreshStore
from campaigns.stores.shared import Sessions
from campaigns.tables import CampaignLead
from dialer.database import Database
from leads.tables import Lead
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import (
    NOW,
    Person,
    lead_rows,
    people,
    seed_campaign,
    seed_leads,
    suppress,
    suppressed,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NINE_TO_EIGHT = {day: [["09:00", "20:00"]] for day in DAYS}
PLACES = ("America/New_York", "America/Chicago", "Europe/London", "Asia/Tokyo", "Europe/Berlin")


async def claim(sessions: Sessions, campaign_id: int, n: int, now: datetime = NOW) -> list[ClaimedLead]:
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        return await QueueStore(session).claim(campaign, n, now, 60)


async def claimed_ids(sessions: Sessions, campaign_id: int, n: int, now: datetime = NOW) -> list[int]:
    return [each.lead_id for each in await claim(sessions, campaign_id, n, now)]


async def call(sessions: Sessions, campaign_id: int, outcome: str, now: datetime = NOW) -> str:
    """One lead is called and the call ends in `outcome`; the number that was called."""
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, now)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, now)
    await service.finish_attempt(sessions, started.attempt_id, Ending(outcome), now)
    return started.e164


def crowd(count: int, seed: int = 1) -> list[Person]:
    """Leads of all kinds of priority, rank and place."""
    chance = random.Random(seed)
    return [
        Person(
            [f"+1202{5_550_000 + seed * 1000 + number}"],
            priority=chance.randrange(-3, 4),
            rank=chance.randrange(100),
            zones=[chance.choice(PLACES)],
        )
        for number in range(count)
    ]


# --- order ------------------------------------------------------------------------------------------


async def expected_keys(sessions: Sessions, campaign_id: int, order: str) -> dict[int, int]:
    async with sessions() as session:
        leads = {lead.id: lead for lead in (await session.exec(select(Lead))).all()}
    rows = await lead_rows(sessions, campaign_id)
    return {
        lead_id: sort_key(
            order,
            Standing(
                lead_id, leads[lead_id].priority, leads[lead_id].rank, row.attempts, row.last_attempt_at
            ),
            campaign_id,
        )
        for lead_id, row in rows.items()
    }


@pytest.mark.parametrize("order", LEAD_ORDERS)
async def test_the_databases_keys_are_those_of_the_rule(sessions: Sessions, order: str) -> None:
    await seed_leads(sessions, crowd(12))
    campaign_id = await seed_campaign(sessions, lead_order=order)
    rows = await lead_rows(sessions, campaign_id)
    assert {each: row.sort_key for each, row in rows.items()} == await expected_keys(
        sessions, campaign_id, order
    )
    late = NOW + timedelta(seconds=7, milliseconds=999)
    for outcome in ("busy", "no_answer"):
        await call(sessions, campaign_id, outcome, late)
    released = await claim(sessions, campaign_id, 2, late)
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        await QueueStore(session).release(campaign, released)
    rows = await lead_rows(sessions, campaign_id)
    assert {each: row.sort_key for each, row in rows.items()} == await expected_keys(
        sessions, campaign_id, order
    )


async def test_leads_come_as_a_simple_model_says(sessions: Sessions) -> None:
    chance = random.Random(3)
    persons = crowd(120)
    ids = await seed_leads(sessions, persons)
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    closed = {"Asia/Tokyo"}
    line = sorted(
        (-person.priority, lead_id)
        for lead_id, person in zip(ids, persons, strict=True)
        if person.zones[0] not in closed
    )
    while line:
        n = chance.randrange(1, 25)
        assert await claimed_ids(sessions, campaign_id, n) == [lead_id for _, lead_id in line[:n]]
        del line[:n]
    assert await claim(sessions, campaign_id, 5) == []


async def test_a_new_order_holds_for_the_leads_that_are_there(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(6))
    campaign_id = await seed_campaign(sessions)
    changed = await service.change_campaign(sessions, campaign_id, NOW, lead_order="newest")
    assert changed.lead_order == "newest"
    assert await claimed_ids(sessions, campaign_id, 6) == ids[::-1]


async def test_best_hour_calls_first_where_people_are_at_home(sessions: Sessions) -> None:
    new_york, moscow = await seed_leads(
        sessions,
        [Person(["+12025550001"], priority=9), Person(["+12025550002"], zones=["Europe/Moscow"])],
    )
    campaign_id = await seed_campaign(sessions, lead_order="best_hour")
    assert await claimed_ids(sessions, campaign_id, 2) == [moscow, new_york]


async def test_a_changed_lead_moves_to_its_new_place(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, [*people(3), Person(["+12025559999"], not_before=NOW + DAY)])
    campaign_id = await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        await session.exec(update(Lead).where(col(Lead.id) == ids[2]).values(priority=7))
        await session.exec(update(Lead).where(col(Lead.id) == ids[3]).values(priority=8, not_before=None))
        await RefreshStore(session).refresh([ids[2], ids[3]], NOW)
    assert await claimed_ids(sessions, campaign_id, 4) == [ids[3], ids[2], ids[0], ids[1]]


# --- mixes of lists ---------------------------------------------------------------------------------


async def test_lists_are_mixed_by_weight_and_spill_over_when_one_runs_dry(sessions: Sessions) -> None:
    a = set(await seed_leads(sessions, people(70, first=0), list_name="A"))
    b = set(await seed_leads(sessions, people(200, first=1000), list_name="B"))
    c = set(await seed_leads(sessions, people(50, first=2000), list_name="C"))
    campaign_id = await seed_campaign(sessions, lists={"A": 70, "B": 30, "C": 0})
    first = await claimed_ids(sessions, campaign_id, 50)
    assert (len(a & set(first)), len(b & set(first))) == (35, 15)
    assert 5 <= len(a & set(first[:10])) <= 9
    second = await claimed_ids(sessions, campaign_id, 100)
    assert (len(a & set(second)), len(b & set(second)), len(c & set(second))) == (35, 65, 0)
    third = await claimed_ids(sessions, campaign_id, 200)
    assert (len(b & set(third)), len(c & set(third))) == (120, 50)
    assert len(set(first + second + third)) == 320


async def test_a_mix_is_right_one_lead_at_a_time_and_can_change_on_the_way(sessions: Sessions) -> None:
    a = set(await seed_leads(sessions, people(100), list_name="A"))
    await seed_leads(sessions, people(100, first=1000), list_name="B")
    campaign_id = await seed_campaign(sessions, lists={"A": 70, "B": 30})
    ids = [lead for _ in range(50) for lead in await claimed_ids(sessions, campaign_id, 1)]
    assert len(ids) == 50
    assert abs(len(a & set(ids)) - 35) <= 2
    await service.change_campaign(sessions, campaign_id, NOW, weights={"A": 0, "B": 1})
    ids = [lead for _ in range(10) for lead in await claimed_ids(sessions, campaign_id, 2)]
    assert not a & set(ids)
    dialed = await service.dialed_lists(sessions, campaign_id)
    assert [(each.name, each.weight) for each in dialed] == [("A", 0), ("B", 1)]


async def test_a_list_can_be_added_to_a_campaign_that_runs(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    more = await seed_leads(sessions, people(3, first=10), list_name="more")
    campaign_id = await seed_campaign(sessions)
    await service.change_campaign(sessions, campaign_id, NOW, weights={"more": 5})
    assert set(more) <= set(await lead_rows(sessions, campaign_id))


# --- waiting and zones ------------------------------------------------------------------------------


async def test_a_lead_waits_until_it_is_due_and_its_zone_is_open(sessions: Sessions) -> None:
    tokyo, later = await seed_leads(
        sessions,
        [Person(["+12025550001"], zones=["Asia/Tokyo"]), Person(["+12025550002"], not_before=NOW + HOUR)],
    )
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    (status,) = await service.campaign_statuses(sessions, campaign_id, NOW)
    assert (status.leads.due, status.leads.waiting, status.leads.next_due_at) == (0, 2, NOW + HOUR)
    assert await claim(sessions, campaign_id, 5) == []
    assert await claimed_ids(sessions, campaign_id, 5, NOW + HOUR) == [later]
    (status,) = await service.campaign_statuses(sessions, campaign_id, NOW + HOUR)
    assert (status.leads.claimed, status.leads.waiting, status.leads.next_due_at) == (1, 1, NOW + 9 * HOUR)
    assert tokyo in await claimed_ids(sessions, campaign_id, 5, NOW + 9 * HOUR)


async def test_the_status_says_what_each_nodes_pacer_last_decided(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    for node, at, calls in (("a", NOW, 1), ("b", NOW, 2), ("a", NOW + HOUR, 3)):
        async with sessions() as session, session.begin():
            await PacingStore(session).save(campaign_id, node, at, {"last_decision": calls})
    (status,) = await service.campaign_statuses(sessions, campaign_id, NOW)
    told = [(each.node, each.at, each.state["last_decision"]) for each in status.pacing]
    assert told == [("a", NOW + HOUR, 3), ("b", NOW, 2)]


async def test_a_claim_puts_no_more_than_a_bounded_number_back_in_line(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(each.phones, not_before=NOW + HOUR) for each in people(300)])
    campaign_id = await seed_campaign(sessions)
    assert len(await claim(sessions, campaign_id, 10, NOW + HOUR)) == 10
    states = Counter(row.state for row in (await lead_rows(sessions, campaign_id)).values())
    assert states == {"claimed": 10, "ready": 100, "waiting": 190}


async def test_a_person_is_called_at_the_best_time(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person(["+12025550001"], best_time="17:00-20:00")])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    assert await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW) == []
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.due_at) == ("waiting", "outside_best_time", NOW + 7 * HOUR)
    assert len(await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW + 7 * HOUR)) == 1


# --- one number, one person -------------------------------------------------------------------------


async def test_a_number_in_two_lists_of_a_campaign_is_one_person(sessions: Sessions) -> None:
    first = await seed_leads(sessions, people(3))
    second = await seed_leads(sessions, people(4), list_name="more")
    campaign_id = await seed_campaign(sessions, lists=["autumn", "more"])
    rows = await lead_rows(sessions, campaign_id)
    final = {each for each, row in rows.items() if row.state == "final"}
    assert final == set(second[:3])
    assert {rows[each].reason for each in final} == {"duplicate_in_campaign"}
    assert set(await claimed_ids(sessions, campaign_id, 9)) == {*first, second[3]}


async def test_of_doubles_the_one_that_is_dialed_already_stays(sessions: Sessions) -> None:
    old = await seed_leads(sessions, people(2), list_name="old")
    new = await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    await service.change_campaign(sessions, campaign_id, NOW, weights={"old": 0})
    rows = await lead_rows(sessions, campaign_id)
    assert [rows[each].state for each in (*old, *new)] == ["final", "final", "ready", "ready"]


async def test_a_second_phone_that_is_another_leads_is_not_called(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(["+12025550001", "+12025550002"]), Person(["+12025550002"])])
    campaign_id = await seed_campaign(sessions)
    called = []
    for day in range(3):
        called += [await call(sessions, campaign_id, "no_answer", NOW + day * DAY) for _ in range(2)]
    assert called == ["+12025550001", "+12025550002"] * 3


# --- which phone ------------------------------------------------------------------------------------

PHONES = ["+12025550001", "+12025550002", "+12025550003"]


async def test_phones_are_called_in_turn(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(PHONES)])
    campaign_id = await seed_campaign(sessions, max_attempts_per_lead=10)
    called = [await call(sessions, campaign_id, "no_answer", NOW + day * DAY) for day in range(5)]
    assert called == [*PHONES, *PHONES[:2]]


async def test_a_dead_phone_gives_way_until_none_is_left(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person(PHONES)])
    campaign_id = await seed_campaign(sessions)
    assert await call(sessions, campaign_id, "invalid_number") == PHONES[0]
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("ready", "next_phone")
    assert await call(sessions, campaign_id, "no_answer") == PHONES[1]
    assert await call(sessions, campaign_id, "disconnected", NOW + DAY) == PHONES[2]
    assert await call(sessions, campaign_id, "disconnected", NOW + 2 * DAY) == PHONES[1]
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.attempts) == ("final", "disconnected", 4)


async def test_a_suppressed_phone_gives_way_and_the_queue_follows_the_phone(sessions: Sessions) -> None:
    zones_of = {PHONES[1]: [], PHONES[2]: ["Asia/Tokyo"]}
    (lead_id,) = await seed_leads(sessions, [Person(PHONES, zones_of=zones_of)])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    await suppress(sessions, PHONES[0])
    assert await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW) == []
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("ready", "next_phone")
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW + 9 * HOUR)
    assert permitted.lead.e164 == PHONES[2]


async def test_a_lead_whose_phones_are_all_suppressed_is_final(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person(PHONES)])
    campaign_id = await seed_campaign(sessions)
    for e164 in PHONES:
        await suppress(sessions, e164)
    assert await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW) == []
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason) == ("final", "on_dnc_list")


async def test_an_opt_out_covers_every_phone_of_the_lead_for_good(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person(PHONES)])
    campaign_id, other = await seed_campaign(sessions), await seed_campaign(sessions, "Other")
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    queued = await service.claim_permitted(sessions, NO_LAW, other, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    async with sessions() as session, session.begin():
        await session.exec(text("UPDATE attempt SET connected_at = placed_at"))  # type: ignore[call-overload]
    for code in ("do_not_call", "callback"):
        await service.set_disposition(sessions, started.attempt_id, code, "", NOW)
    await service.finish_attempt(sessions, started.attempt_id, Ending("human"), NOW)
    for code in ("not_available", "hung_up"):
        await service.set_disposition(sessions, started.attempt_id, code, "", NOW)
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"
    assert all([await suppressed(sessions, e164) for e164 in PHONES])
    assert await service.start_attempts(sessions, NO_LAW, other, queued, NOW) == []
    assert (await lead_rows(sessions, other))[lead_id].state == "final"


async def test_a_person_who_was_reached_is_called_back_there(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person(PHONES)])
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    async with sessions() as session, session.begin():
        await session.exec(text("UPDATE attempt SET connected_at = placed_at"))  # type: ignore[call-overload]
    await service.finish_attempt(sessions, started.attempt_id, Ending("human"), NOW)
    await service.set_disposition(sessions, started.attempt_id, "callback", "", NOW)
    assert await call(sessions, campaign_id, "no_answer", NOW + DAY) == PHONES[0]
    assert await call(sessions, campaign_id, "no_answer", NOW + 2 * DAY) == PHONES[1]


# --- nothing is scanned -----------------------------------------------------------------------------


@asynccontextmanager
async def statements(database: Database) -> AsyncIterator[list[tuple[str, Any]]]:
    """What is carried out meanwhile, as the driver gets it."""
    engine = (database.sessions.kw["bind"]).sync_engine
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        seen.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plan(database: Database, statement: str, parameters: Any) -> str:
    async with database.sessions() as session:
        connection = await session.connection()
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explain = f"EXPLAIN {statement}"
        else:
            explain = f"EXPLAIN QUERY PLAN {statement}"
        rows = (await connection.exec_driver_sql(explain, parameters)).all()
        return "\n".join(str(row[-1]) for row in rows)


async def test_no_statement_around_a_call_scans_the_leads(sessions: Sessions, database: Database) -> None:
    await seed_leads(sessions, [Person([*each.phones, f"{each.phones[0]}9"]) for each in people(60)])
    campaign_id = await seed_campaign(sessions)
    await seed_leads(sessions, people(5, first=600))
    async with sessions() as session, session.begin():
        await session.exec(text("ANALYZE"))  # type: ignore[call-overload]
    await suppress(sessions, "+12025550003")
    async with statements(database) as seen:
        permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 10, NOW)
        started = await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
        for each, outcome in zip(started, ("busy", "disconnected", "fax"), strict=False):
            await service.finish_attempt(sessions, each.attempt_id, Ending(outcome), NOW)
        more = await claim(sessions, campaign_id, 3, NOW + HOUR)
        async with sessions() as session, session.begin():
            campaign = await CampaignStore(session).get(campaign_id)
            await QueueStore(session).release(campaign, more)
        assert await JoiningLeads(sessions).look([campaign_id], NOW) == 5
        async with sessions() as session, session.begin():
            await RefreshStore(session).refresh([each.lead_id for each in more], NOW)
    assert len(seen) > 20
    big = ("campaign_lead", "lead", "phone", "attempt", "callback")
    for statement, parameters in seen:
        if not statement.lstrip().startswith(("SELECT", "UPDATE", "WITH")):
            continue
        found = await plan(database, statement, parameters)
        for table in big:
            assert f"Seq Scan on {table} " not in found, f"{statement}\n{found}"
        scans = [line for line in found.splitlines() if line.startswith("SCAN ") and "USING" not in line]
        assert not any(line.split()[1] in big for line in scans), f"{statement}\n{found}"


async def test_each_way_back_to_the_line_uses_its_own_index(sessions: Sessions, database: Database) -> None:
    await seed_leads(sessions, people(60))
    campaign_id = await seed_campaign(sessions)
    async with statements(database) as seen:
        await claim(sessions, campaign_id, 5)
    plans = "\n".join(
        [
            await plan(database, *each)
            for each in seen
            if each[0].lstrip().startswith(("SELECT", "UPDATE", "WITH"))
        ]
    )
    for index in ("ready", "waiting", "claimed", "callback"):
        assert f"ix_campaign_lead_{index}" in plans
    rows = await lead_rows(sessions, campaign_id)
    assert sum(row.state == "claimed" for row in rows.values()) == 5
    assert isinstance(next(iter(rows.values())), CampaignLead)
