"""Campaigns take up whole loads, once they are over, in whatever order they end."""

import asyncio
import io
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import col, delete, select, update

from campaigns import service
from campaigns.explaining import explain, why
from campaigns.joining import JoiningLeads
from campaigns.stores.shared import Sessions
from campaigns.tables import CampaignLoad
from dialer.database import Database
from leads.errors import NotALeadFileError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.load import Import
from leads.stores.imports import ImportStore
from leads.tables import Lead, LeadImport, LeadList, Phone
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, lead_rows, people, seed_campaign, seed_leads

TARGET = ListTarget("acme", "autumn", "US")
SECOND = timedelta(seconds=1)


async def load_of(sessions: Sessions, lead_id: int) -> int:
    async with sessions() as session:
        return (await session.exec(select(Lead.import_id).where(Lead.id == lead_id))).one()


async def end(sessions: Sessions, load_id: int, state: str = "done") -> None:
    async with sessions() as session, session.begin():
        await session.exec(update(LeadImport).where(col(LeadImport.id) == load_id).values(state=state))


async def take_back(sessions: Sessions, load_id: int) -> None:
    """As a refused file is: its leads go, then it is over."""
    async with sessions() as session, session.begin():
        store = ImportStore(session)
        await store.remove_leads(await store.leads_of(load_id, 0))
    await end(sessions, load_id, "failed")


async def kinds(sessions: Sessions, campaign_id: int) -> dict[str, int]:
    """What `why` counts; its lines sum to the lists."""
    found = await why(sessions, campaign_id, NOW)
    counted: Counter[str] = Counter()
    for line in found.waiting_for:
        counted[line.kind] += line.leads
    async with sessions() as session:
        lists = [each.list_id for each in await service.dialed_lists(sessions, campaign_id)]
        leads = (await session.exec(select(Lead.id).where(col(Lead.list_id).in_(lists)))).all()
    assert found.leads == sum(counted.values()) == len(leads)
    return dict(counted)


async def test_leads_that_are_loaded_while_a_campaign_runs_join_it(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    assert await joining.look([campaign_id], NOW) == 0
    await seed_leads(sessions, people(4, first=10))
    await seed_leads(sessions, people(4, first=20), list_name="another")
    assert await joining.look([campaign_id], NOW) == 4
    for first in range(100, 103):
        await seed_leads(sessions, people(1, first=first))
        assert await joining.look([campaign_id], NOW) == 1
    assert len(await lead_rows(sessions, campaign_id)) == 3 + 4 + 3


async def test_leads_join_that_have_the_numbers_of_a_load_that_was_taken_back(sessions: Sessions) -> None:
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    taken_back = await seed_leads(sessions, people(30, first=500), state="running")
    assert await joining.look([campaign_id], NOW) == 0
    await take_back(sessions, await load_of(sessions, taken_back[0]))
    assert await joining.look([campaign_id], NOW) == 0
    await seed_leads(sessions, people(4, first=10))
    assert await joining.look([campaign_id], NOW) == 4


async def test_a_load_under_way_gives_no_lead_until_it_is_over(sessions: Sessions) -> None:
    await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    coming = await seed_leads(sessions, people(3, first=10), state="running")
    assert await joining.look([campaign_id], NOW) == 0
    await service.pause_campaign(sessions, campaign_id, NOW)
    await service.start_campaign(sessions, campaign_id, NOW)
    assert not set(coming) & set(await lead_rows(sessions, campaign_id))
    assert await kinds(sessions, campaign_id) == {"ready": 2, "not_taken_up": 3}
    (facts,) = (await explain(sessions, NO_LAW, "+12025550010", campaign_id, NOW)).campaigns
    assert (facts.state, facts.callable_now) == ("", False)
    await end(sessions, await load_of(sessions, coming[0]))
    assert await joining.look([campaign_id], NOW) == 3
    assert await joining.look([campaign_id], NOW) == 0
    assert await kinds(sessions, campaign_id) == {"ready": 5}


@pytest.mark.parametrize("state", ["done", "failed"])
async def test_leads_of_a_load_that_failed_stay_and_are_called(sessions: Sessions, state: str) -> None:
    ids = await seed_leads(sessions, people(3), state="running")
    campaign_id = await seed_campaign(sessions)
    assert await lead_rows(sessions, campaign_id) == {}
    await end(sessions, await load_of(sessions, ids[0]), state)
    assert await JoiningLeads(sessions).look([campaign_id], NOW) == 3


async def test_a_refused_file_leaves_no_lead_in_a_campaign_that_runs(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 500)
    before = await seed_leads(sessions, people(2))
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sink:
        load = asyncio.create_task(Import(sessions, TARGET, ImportChoices(), source).run(lambda: NOW))
        rows = "".join(f"212{200 + i // 10_000}{i % 10_000:04}\n" for i in range(30_000))
        await asyncio.to_thread(sink.write, f"phone\n{rows}".encode())
        while not await _rows_of_loads(sessions):
            await asyncio.sleep(0.01)
        assert await joining.look([campaign_id], NOW) == 0
        assert (await why(sessions, campaign_id, NOW)).waiting_for[0].leads == 2
        await asyncio.to_thread(sink.write, b'1,"' + b"x" * 50_000)
        await asyncio.to_thread(sink.close)
        with pytest.raises(NotALeadFileError) as refused:
            await load
    assert "in use" not in str(refused.value)
    assert await joining.look([campaign_id], NOW) == 0
    assert set(await lead_rows(sessions, campaign_id)) == set(before)
    assert await kinds(sessions, campaign_id) == {"ready": 2}


async def _rows_of_loads(sessions: Sessions) -> int:
    async with sessions() as session:
        return sum((await session.exec(select(LeadImport.rows))).all())


async def test_a_load_that_is_cut_off_waits_until_it_is_gone_on_with_or_given_up(sessions: Sessions) -> None:
    cut_off = await seed_leads(sessions, people(2), state="running")
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    assert await joining.look([campaign_id], NOW) == 0
    file = "phone\n" + "".join(f"202555{number:04}\n" for number in range(1, 4))
    choices = ImportChoices(from_start=True)
    await Import(sessions, TARGET, choices, io.BytesIO(file.encode())).run(lambda: NOW)
    assert await joining.look([campaign_id], NOW) == 4
    rows = await lead_rows(sessions, campaign_id)
    assert set(cut_off) < set(rows)
    assert {row.state for row in rows.values()} == {"ready"}


# --- the order in which loads end -------------------------------------------------------------------


@pytest.mark.parametrize("first_to_end", [0, 1])
async def test_a_load_that_ends_after_a_later_one_joins_however_much_later(
    sessions: Sessions, first_to_end: int
) -> None:
    await seed_leads(sessions, [])
    campaign_id = await seed_campaign(sessions)
    joining = JoiningLeads(sessions)
    batches = [
        await seed_leads(sessions, people(4, first=10 * number), state="running") for number in range(3)
    ]
    # The first load goes on behind the second: their leads' numbers alternate.
    loads = [await load_of(sessions, batch[0]) for batch in batches[:2]]
    async with sessions() as session, session.begin():
        later = col(Lead.id).in_(batches[2])
        await session.exec(update(Lead).where(later).values(import_id=loads[0]))
    mine = [{*batches[0], *batches[2]}, set(batches[1])]
    await end(sessions, loads[first_to_end])
    assert await joining.look([campaign_id], NOW) == len(mine[first_to_end])
    assert set(await lead_rows(sessions, campaign_id)) == mine[first_to_end]
    for minutes in range(3):
        assert await joining.look([campaign_id], NOW + minutes * 60 * SECOND) == 0
    await end(sessions, loads[1 - first_to_end])
    assert await joining.look([campaign_id], NOW + 3600 * SECOND) == len(mine[1 - first_to_end])
    assert set(await lead_rows(sessions, campaign_id)) == mine[0] | mine[1]


async def test_a_number_in_two_loads_is_called_as_the_lead_of_the_one_that_ended_first(
    sessions: Sessions,
) -> None:
    slow = await seed_leads(sessions, people(3), list_name="slow", state="running")
    quick = await seed_leads(sessions, people(4), state="running")
    campaign_id = await seed_campaign(sessions, lists=["autumn", "slow"])
    joining = JoiningLeads(sessions)
    await end(sessions, await load_of(sessions, quick[0]))
    assert await joining.look([campaign_id], NOW) == 4
    await end(sessions, await load_of(sessions, slow[0]))
    assert await joining.look([campaign_id], NOW) == 3
    rows = await lead_rows(sessions, campaign_id)
    assert {rows[each].state for each in quick} == {"ready"}
    assert {rows[each].reason for each in slow} == {"duplicate_in_campaign"}


async def test_a_load_that_is_taken_back_makes_no_lead_final(sessions: Sessions) -> None:
    refused = await seed_leads(sessions, people(3), list_name="refused", state="running")
    kept = await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions, lists=["autumn", "refused"])
    assert {row.state for row in (await lead_rows(sessions, campaign_id)).values()} == {"ready"}
    await take_back(sessions, await load_of(sessions, refused[0]))
    assert await JoiningLeads(sessions).look([campaign_id], NOW) == 0
    assert set(await lead_rows(sessions, campaign_id)) == set(kept)


async def test_doubles_within_a_load_are_one_person_in_whatever_steps_they_come(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.stores.filling.STEP", 3)
    ids = await seed_leads(sessions, [*people(4), *people(4), *people(2)])
    campaign_id = await seed_campaign(sessions)
    rows = await lead_rows(sessions, campaign_id)
    assert [rows[each].state for each in ids] == ["ready"] * 4 + ["final"] * 6


ENDS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["done", "failed", "taken back", "look", "take up"])),
    max_size=10,
)
_names = count()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    loads=st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=5), min_size=4, max_size=4),
    ends=ENDS,
    step=st.integers(1, 3),
)
async def test_each_number_of_what_is_over_is_called_as_one_lead_whatever_ends_when(
    sessions: Sessions, loads: Sequence[Sequence[int]], ends: Sequence[tuple[int, str]], step: int
) -> None:
    name = f"list {next(_names)}"
    batches = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("campaigns.stores.filling.STEP", step)
        for numbers in loads:
            persons = [Person([f"+1202555{number:04}"]) for number in numbers]
            batches.append(await seed_leads(sessions, persons, list_name=name, state="running"))
        numbers_of = {
            lead: number
            for batch, numbers in zip(batches, loads, strict=True)
            for lead, number in zip(batch, numbers, strict=True)
        }
        campaign_id = await seed_campaign(sessions, name, lists=[name])
        joining, over = JoiningLeads(sessions), dict.fromkeys(range(4), False)
        for number, what in [*ends, *((number, "done") for number in range(4))]:
            if what == "look":
                await joining.look([campaign_id], NOW)
            elif what == "take up":
                await service.take_up(sessions, campaign_id, NOW)
            elif not over[number]:
                over[number] = True
                load_id = await load_of(sessions, batches[number][0])
                if what == "taken back":
                    await take_back(sessions, load_id)
                    batches[number] = []
                else:
                    await end(sessions, load_id, what)
            taken = await lead_rows(sessions, campaign_id)
            assert set(taken) <= {lead for each in over if over[each] for lead in batches[each]}
        while await joining.look([campaign_id], NOW):
            pass
    rows = await lead_rows(sessions, campaign_id)
    there = {lead for batch in batches for lead in batch}
    assert set(rows) == there
    called = Counter(numbers_of[lead] for lead, row in rows.items() if row.state == "ready")
    assert called == dict.fromkeys({numbers_of[lead] for lead in there}, 1)


# --- some at a time ---------------------------------------------------------------------------------


async def taken_up(sessions: Sessions, campaign_id: int) -> list[int]:
    async with sessions() as session:
        mine = select(CampaignLoad.import_id).where(CampaignLoad.campaign_id == campaign_id)
        return list((await session.exec(mine.order_by(col(CampaignLoad.import_id)))).all())


async def test_a_big_load_joins_little_by_little_also_over_a_restart(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.stores.filling.STEP", 3)
    await seed_leads(sessions, [])
    campaign_id = await seed_campaign(sessions)
    ids = await seed_leads(sessions, people(30))
    load_id = await load_of(sessions, ids[0])
    joining = JoiningLeads(sessions)
    assert await joining.look([campaign_id], NOW) == 12
    assert load_id not in await taken_up(sessions, campaign_id)
    again = JoiningLeads(sessions)
    assert [await again.look([campaign_id], NOW) for _ in range(2)] == [0, 12]
    assert [await joining.look([campaign_id], NOW) for _ in range(2)] == [0, 6]
    assert load_id in await taken_up(sessions, campaign_id)
    assert await again.look([campaign_id], NOW) == 0
    assert set(await lead_rows(sessions, campaign_id)) == set(ids)


async def test_many_who_take_up_the_same_load_take_each_lead_once(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.stores.filling.STEP", 7)
    await seed_leads(sessions, [])
    campaign_id = await seed_campaign(sessions)
    ids = await seed_leads(sessions, [*people(30), *people(10)])
    await seed_leads(sessions, people(20, first=100))
    works = [service.take_up(sessions, campaign_id, NOW) for _ in range(3)]
    works += [JoiningLeads(sessions).look([campaign_id], NOW) for _ in range(3)]
    assert sum(await asyncio.gather(*works)) == 60
    rows = await lead_rows(sessions, campaign_id)
    assert [rows[each].state for each in ids] == ["ready"] * 30 + ["final"] * 10


async def test_looking_where_nothing_is_new_asks_once_for_all_campaigns(
    sessions: Sessions, database: Database
) -> None:
    await seed_leads(sessions, people(3))
    campaigns = [await seed_campaign(sessions, f"Campaign {number}") for number in range(3)]
    seen: list[str] = []
    engine = database.sessions.kw["bind"].sync_engine

    def note(_c: Any, _cursor: Any, statement: str, _parameters: Any, _x: Any, _many: bool) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    joining = JoiningLeads(sessions)
    assert await joining.look(campaigns, NOW) == 0
    assert await joining.look([], NOW) == 0
    event.remove(engine, "before_cursor_execute", note)
    assert len([each for each in seen if each.startswith("SELECT")]) == 1


# --- what becomes of the loads ----------------------------------------------------------------------


async def test_a_list_that_a_campaign_dials_stays_with_its_loads(sessions: Sessions) -> None:
    dialed = await seed_leads(sessions, people(2), state="running")
    other = await seed_leads(sessions, people(2), list_name="other", state="running")
    campaign_id = await seed_campaign(sessions)
    loads = [await load_of(sessions, each[0]) for each in (dialed, other)]
    for load_id in loads:
        await take_back(sessions, load_id)
    await JoiningLeads(sessions).look([campaign_id], NOW)
    assert await taken_up(sessions, campaign_id) == [loads[0]]
    async with sessions() as session, session.begin():
        lists = (await session.exec(select(LeadList.id).order_by(col(LeadList.id)))).all()
        removed = [await ImportStore(session).remove_list_if_empty(each) for each in lists]
    assert removed == [False, True]
    async with sessions() as session:
        assert (await session.exec(select(LeadImport.id))).all() == [loads[0]]


async def test_leads_that_a_campaign_has_cannot_be_taken_out_not_even_their_phones(
    sessions: Sessions,
) -> None:
    had = await seed_leads(sessions, people(3))
    await seed_campaign(sessions)
    free = await seed_leads(sessions, people(4, first=10))
    async with sessions() as session, session.begin():
        assert await ImportStore(session).remove_leads(sorted([*had, *free])) == 4
    async with sessions() as session:
        assert set((await session.exec(select(Lead.id))).all()) == set(had)
        assert set((await session.exec(select(Phone.lead_id))).all()) == set(had)


async def test_a_campaign_that_has_a_list_added_takes_up_its_loads(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    over = await seed_leads(sessions, people(2, first=10), list_name="more")
    coming = await seed_leads(sessions, people(2, first=20), list_name="more", state="running")
    await service.change_campaign(sessions, campaign_id, NOW, weights={"more": 1})
    rows = await lead_rows(sessions, campaign_id)
    assert set(over) <= set(rows)
    assert not set(coming) & set(rows)


async def test_an_erased_lead_of_a_load_is_passed_over(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(2), state="running")
    campaign_id = await seed_campaign(sessions)
    async with sessions() as session, session.begin():
        await session.exec(update(Lead).where(col(Lead.id) == ids[0]).values(erased_at=NOW))
        await session.exec(delete(Phone).where(col(Phone.lead_id) == ids[0]))
    await end(sessions, await load_of(sessions, ids[0]))
    assert await JoiningLeads(sessions).look([campaign_id], datetime.now(NOW.tzinfo)) == 1
    assert await kinds(sessions, campaign_id) == {"ready": 1, "erased": 1}
