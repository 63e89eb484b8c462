"""What a load merges into leads that campaigns have reaches those campaigns at once."""

import asyncio
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from campaigns import service
from campaigns.core.attempt import ClaimedLead, Ending
from campaigns.core.calling_window import DAYS
from campaigns.explaining import CampaignFacts, explain, why
from campaigns.joining import JoiningLeads
from campaigns.lead_editing import edit_lead, follow_merges
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.refreshing import RefreshStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt, CampaignLead
from leads.core.lead_changes import parse_changes
from leads.importing.load import import_list
from leads.importing.runner import ImportJob, ImportRunner
from leads.tables import Lead, Phone
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import (
    NOW,
    Person,
    lead_rows,
    people,
    seed_campaign,
    seed_leads,
    suppress,
    zone_group,
)

DAY = timedelta(days=1)
NINE_TO_EIGHT = {day: [["09:00", "20:00"]] for day in DAYS}
ONE, TWO, THREE = "+12025550001", "+12025550002", "+12025550003"


async def merge(sessions: Sessions, text: str, now: datetime = NOW) -> None:
    """Loads a file into the list again, as the API and the command do it."""
    report = await import_list(
        sessions,
        client_slug="acme",
        list_name="autumn",
        default_country="US",
        source=io.BytesIO(text.encode()),
        now=now,
        follow=follow_merges,
    )
    assert (report.accepted, report.rejected) == (0, 0)


async def claim(sessions: Sessions, campaign_id: int, n: int, now: datetime = NOW) -> list[ClaimedLead]:
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        return await QueueStore(session).claim(campaign, n, now, 60)


async def explained(sessions: Sessions, e164: str, campaign_id: int) -> CampaignFacts:
    (facts,) = (await explain(sessions, NO_LAW, e164, campaign_id, NOW)).campaigns
    return facts


async def counted(sessions: Sessions, campaign_id: int) -> dict[str, int]:
    """What `why` says, whose lines sum to the list."""
    found = await why(sessions, campaign_id, NOW)
    kinds: Counter[str] = Counter()
    for line in found.waiting_for:
        kinds[line.kind] += line.leads
    async with sessions() as session:
        assert found.leads == sum(kinds.values()) == len((await session.exec(select(Lead.id))).all())
    return dict(kinds)


# --- when and in which order they are called --------------------------------------------------------


@pytest.mark.parametrize(("order", "column"), [("priority", "priority"), ("rank", "rank")])
async def test_a_merge_changes_the_order(sessions: Sessions, order: str, column: str) -> None:
    one, two, three = await seed_leads(sessions, [Person([ONE]), Person([TWO]), Person([THREE])])
    campaign_id = await seed_campaign(sessions, lead_order=order)
    await merge(sessions, f"phone,{column}\n{THREE},7\n{TWO},5\n")
    assert [each.lead_id for each in await claim(sessions, campaign_id, 3)] == [three, two, one]


async def test_a_merge_that_closes_the_zone_is_seen_by_the_next_claim_and_by_explain(
    sessions: Sessions,
) -> None:
    _one, two = await seed_leads(sessions, [Person([ONE]), Person([TWO])])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    await merge(sessions, f"phone,timezone\n{ONE},Asia/Tokyo\n")
    facts = await explained(sessions, ONE, campaign_id)
    assert not facts.callable_now
    assert [each.zone for each in facts.zones] == ["Asia/Tokyo"]
    assert await counted(sessions, campaign_id) == {"ready": 1, "zones_closed": 1}
    assert [each.lead_id for each in await claim(sessions, campaign_id, 5)] == [two]
    in_tokyo = NOW + timedelta(hours=10)
    assert len(await claim(sessions, campaign_id, 5, in_tokyo)) == 1


async def test_a_merge_sets_when_a_lead_may_be_called_first(sessions: Sessions) -> None:
    later, now = await seed_leads(sessions, [Person([ONE], not_before=NOW + DAY), Person([TWO])])
    campaign_id = await seed_campaign(sessions)
    await merge(sessions, f"phone,not_before\n{ONE},{(NOW - DAY).isoformat()}\n")
    await merge(sessions, f"phone,not_before\n{TWO},{(NOW + DAY).isoformat()}\n")
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 5, NOW)
    assert [each.lead.lead_id for each in permitted] == [later]
    rows = await lead_rows(sessions, campaign_id)
    assert (rows[now].state, rows[now].due_at) == ("waiting", NOW + DAY)


async def test_a_campaign_that_is_paused_follows_and_one_that_is_stopped_stays(sessions: Sessions) -> None:
    one, two = await seed_leads(sessions, [Person([ONE]), Person([TWO])])
    paused, stopped = await seed_campaign(sessions), await seed_campaign(sessions, "Over")
    await service.pause_campaign(sessions, paused, NOW)
    await service.stop_campaign(sessions, stopped, NOW)
    before = await lead_rows(sessions, stopped)
    await merge(sessions, f"phone,priority\n{TWO},5\n")
    assert await lead_rows(sessions, stopped) == before
    await service.start_campaign(sessions, paused, NOW)
    assert [each.lead_id for each in await claim(sessions, paused, 2)] == [two, one]


async def test_a_claimed_lead_goes_back_to_the_line_of_its_new_zone(sessions: Sessions) -> None:
    await seed_leads(sessions, [Person([ONE])])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    claimed = await claim(sessions, campaign_id, 1)
    await merge(sessions, f"phone,timezone\n{ONE},Asia/Tokyo\n")
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        await QueueStore(session).release(campaign, claimed)
    assert await claim(sessions, campaign_id, 1) == []
    assert len(await claim(sessions, campaign_id, 1, NOW + timedelta(hours=10))) == 1


async def test_a_call_that_lives_is_left_alone(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([ONE])])
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, NOW)
    before = (await lead_rows(sessions, campaign_id))[lead_id]
    await merge(sessions, f"phone,timezone,priority\n{ONE},Asia/Tokyo,5\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id] == before


# --- a phone at last --------------------------------------------------------------------------------


async def run_dry(sessions: Sessions, campaign_id: int, now: datetime = NOW) -> CampaignLead:
    """Asks or calls until the only lead is final; each call finds a dead number."""
    for _ in range(5):
        for started in await service.start_attempts(
            sessions,
            NO_LAW,
            campaign_id,
            await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, now),
            now,
        ):
            await service.finish_attempt(sessions, started.attempt_id, Ending("disconnected"), now)
    (row,) = (await lead_rows(sessions, campaign_id)).values()
    assert row.state == "final"
    return row


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (Person([ONE]), "disconnected"),
        (Person([ONE], zones=[]), "zone_unknown"),
        (Person([ONE], zones=["Asia/Tokyo", "America/Halifax"]), "never_callable"),
    ],
)
async def test_a_lead_without_a_phone_to_call_goes_on_with_one_that_a_load_brings(
    sessions: Sessions, person: Person, reason: str
) -> None:
    await seed_leads(sessions, [person])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    assert (await run_dry(sessions, campaign_id)).reason == reason
    await merge(sessions, f"phone,phone2\n{ONE},{TWO}\n")
    (row,) = (await lead_rows(sessions, campaign_id)).values()
    assert (row.state, row.reason) == ("ready", "phone_found")
    assert await counted(sessions, campaign_id) == {"ready": 1}
    assert (await explained(sessions, TWO, campaign_id)).callable_now
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    assert permitted.lead.e164 == TWO


async def test_a_lead_whose_zone_nobody_knew_is_called_once_it_is_known(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([ONE], zones=[])])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    assert (await run_dry(sessions, campaign_id)).reason == "zone_unknown"
    await merge(sessions, f"phone,priority\n{ONE},5\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"
    await edit_lead(sessions, lead_id, parse_changes({"timezone": "America/New_York"}), NOW)
    (permitted,) = await service.claim_permitted(sessions, NO_LAW, campaign_id, 1, NOW)
    assert permitted.lead.e164 == ONE


async def test_a_lead_that_goes_on_waits_for_its_first_time_and_for_its_zone(sessions: Sessions) -> None:
    (lead_id,) = await seed_leads(sessions, [Person([ONE], zones=[])])
    campaign_id = await seed_campaign(sessions, callable_times=NINE_TO_EIGHT)
    await run_dry(sessions, campaign_id)
    first = NOW + timedelta(hours=4)
    await merge(sessions, f"phone,timezone,not_before\n{ONE},Asia/Tokyo,{first.isoformat()}\n")
    row = (await lead_rows(sessions, campaign_id))[lead_id]
    assert (row.state, row.reason, row.due_at) == ("waiting", "not_before", first)
    assert await counted(sessions, campaign_id) == {"not_before": 1}
    assert await claim(sessions, campaign_id, 1, first) == []
    assert len(await claim(sessions, campaign_id, 1, NOW + timedelta(hours=10))) == 1


async def final_for(sessions: Sessions, reason: str, **values: object) -> tuple[int, int]:
    """A campaign with one lead, final for this reason, and the lead."""
    (lead_id,) = await seed_leads(sessions, [Person([ONE])])
    campaign_id = await seed_campaign(sessions, max_attempts_per_lead=3)
    async with sessions() as session, session.begin():
        ended = update(CampaignLead).values(state="final", reason=reason, **values)
        await session.exec(ended)
    return campaign_id, lead_id


@pytest.mark.parametrize(
    "reason",
    ["do_not_call", "on_dnc_list", "sale", "erased", "max_attempts_reached", "duplicate_in_campaign", "fax"],
)
async def test_a_lead_that_is_final_for_another_reason_stays_so(sessions: Sessions, reason: str) -> None:
    campaign_id, lead_id = await final_for(sessions, reason)
    before = await lead_rows(sessions, campaign_id)
    await merge(sessions, f"phone,phone2,timezone\n{ONE},{TWO},Europe/Paris\n")
    await edit_lead(sessions, lead_id, parse_changes({"timezone": "America/New_York"}), NOW)
    assert await lead_rows(sessions, campaign_id) == before


async def test_a_lead_without_attempts_left_stays_final(sessions: Sessions) -> None:
    campaign_id, lead_id = await final_for(sessions, "invalid_number", attempts=3)
    await merge(sessions, f"phone,phone2\n{ONE},{TWO}\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"


async def test_who_is_on_a_do_not_call_list_gets_no_call_at_a_new_number(sessions: Sessions) -> None:
    campaign_id, lead_id = await final_for(sessions, "zone_unknown")
    await suppress(sessions, ONE)
    await merge(sessions, f"phone,phone2\n{ONE},{TWO}\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"


async def test_a_phone_that_may_not_be_called_opens_nothing(sessions: Sessions) -> None:
    campaign_id, lead_id = await final_for(sessions, "no_phone_left")
    async with sessions() as session, session.begin():
        dead = Attempt(
            campaign_id=campaign_id, lead_id=lead_id, phone_id=1, list_id=1, e164=ONE, number=1, permit={},
            placed_at=NOW, ended_at=NOW, outcome="disconnected",
        )  # fmt: skip
        dead.phone_id = (await session.exec(select(Phone.id))).one()
        session.add(dead)
    await suppress(sessions, TWO)
    await merge(sessions, f"phone,phone2\n{ONE},{TWO}\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"
    await merge(sessions, f"phone,timezone\n{ONE},America/New_York\n")
    assert (await lead_rows(sessions, campaign_id))[lead_id].state == "final"


# --- who else is at work ----------------------------------------------------------------------------


async def test_a_merge_and_a_campaign_that_takes_the_lead_up_do_not_miss_each_other(
    sessions: Sessions,
) -> None:
    for first in ("merge", "take up"):
        name = f"list of {first}"
        await seed_leads(sessions, [], list_name=name)
        campaign_id = await seed_campaign(sessions, first, lists=[name])
        (lead_id,) = await seed_leads(sessions, [Person([ONE])], list_name=name)
        async with sessions() as session, session.begin():
            moved = update(Lead).where(col(Lead.id) == lead_id).values(priority=5)
            await session.exec(moved)
            group = await zone_group(session, ["Asia/Tokyo"])
            await session.exec(update(Phone).where(col(Phone.lead_id) == lead_id).values(zone_group_id=group))
            if first == "merge":
                await RefreshStore(session).refresh([lead_id], NOW)
            taking = asyncio.create_task(JoiningLeads(sessions).look([campaign_id], NOW))
            await asyncio.wait({taking}, timeout=0.3)
            if first == "take up":
                await RefreshStore(session).refresh([lead_id], NOW)
        assert await taking == 1
        row = (await lead_rows(sessions, campaign_id))[lead_id]
        async with sessions() as session:
            queues = {each.id: each.zones for each in await QueueStore(session).queues(campaign_id)}
        assert (row.sort_key, queues[row.queue_id]) == (-5, ("Asia/Tokyo",))


async def test_two_who_change_the_same_leads_never_wait_for_each_other(sessions: Sessions) -> None:
    ids = await seed_leads(sessions, people(40))
    for number in range(2):
        await seed_campaign(sessions, f"Campaign {number}")

    async def refresh(lead_ids: list[int]) -> None:
        async with sessions() as session, session.begin():
            await RefreshStore(session).refresh(lead_ids, NOW)

    for _ in range(5):
        await asyncio.gather(*(refresh(each) for each in (ids, ids[::-1], ids[10:], ids[30::-1])))


async def test_a_merge_waits_for_nobody_who_holds_a_claim(sessions: Sessions) -> None:
    if sessions().get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has one writer.")
    ids = await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    claims = await claim(sessions, campaign_id, 2)
    async with sessions() as holding, holding.begin():
        await QueueStore(holding).hold(campaign_id, claims)
        async with asyncio.timeout(30), sessions() as session, session.begin():
            await RefreshStore(session).refresh(ids, NOW)


# --- every way in -----------------------------------------------------------------------------------


async def test_the_apis_loads_reach_the_campaigns(sessions: Sessions, tmp_path: Path) -> None:
    _one, two = await seed_leads(sessions, [Person([ONE]), Person([TWO])])
    campaign_id = await seed_campaign(sessions)
    runner = ImportRunner(sessions, tmp_path, lambda: NOW, follow=follow_merges)
    await runner.start()

    async def body() -> AsyncIterator[bytes]:
        yield f"phone,priority\n{TWO},5\n".encode()

    job = ImportJob(client="acme", list_name="autumn", default_country="US", source="again.csv")
    number = await runner.receive(job, body())
    while (await runner.view(number)).state == "running":
        await asyncio.sleep(0.01)
    await runner.stop()
    assert [each.lead_id for each in await claim(sessions, campaign_id, 1)] == [two]


async def test_the_commands_loads_reach_the_campaigns(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    _one, two = await seed_leads(sessions, [Person([ONE]), Person([TWO])])
    campaign_id = await seed_campaign(sessions)
    file = tmp_path / "again.csv"
    file.write_text(f"phone,priority\n{TWO},5\n")
    url = database_url.replace("+psycopg", "").replace("+aiosqlite", "")
    environment = os.environ | {"DIALER_DATABASE__URL": url, "DIALER_DATA_DIR": str(tmp_path)}
    words = ["leads", "import", str(file), "--list", "autumn", "--client", "acme"]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "dialer", *words], env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert [each.lead_id for each in await claim(sessions, campaign_id, 1)] == [two]
