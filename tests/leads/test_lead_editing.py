"""Leads are changed one by one or by filter, and nothing else moves."""

import asyncio
from dataclasses import asdict

import pytest

from leads.core.lead_changes import FIELDS, LeadChanges, parse_changes
from leads.core.lead_filter import LeadFilter
from leads.editing import BulkUpdate, edit_lead, update_leads
from leads.errors import BadLeadFilterError, ChangedMeanwhileError, UnknownLeadError
from leads.stores.shared import Session, Sessions
from leads.stores.versions import version_of
from leads.viewing import LeadView, get_lead
from tests.leads.keeping import NOW, Kept, keep

ACME = LeadFilter(client="acme")


def without(view: LeadView, *names: str) -> dict[str, object]:
    return {name: value for name, value in asdict(view).items() if name not in names}


async def test_a_filter_is_updated_and_nothing_else_moves(sessions: Sessions) -> None:
    mine, other = await keep(
        sessions,
        [
            Kept(["+12025550101"], values={"owner": "Anna", "custom": {"plan": "old", "kept": "1"}}),
            Kept(["+12025550102"], values={"owner": "Bob"}),
        ],
    )
    before, untouched = await get_lead(sessions, mine), await get_lead(sessions, other)
    changes = parse_changes(
        {"owner": "Carl", "priority": "5", "rank": "6", "language": "en", "not_before": NOW.isoformat()},
        {"plan": "new", "kept": "", "extra": "2"},
    )
    done = await update_leads(sessions, LeadFilter(owner="Anna"), changes, dry_run=False)
    assert done == BulkUpdate(chosen=1, updated=1)
    after = await get_lead(sessions, mine)
    assert (after.owner, after.priority, after.rank) == ("Carl", 5, 6)
    assert (after.language, after.not_before) == ("en", NOW)
    assert after.custom == {"plan": "new", "extra": "2"}
    changed = ("owner", "priority", "rank", "language", "not_before", "custom")
    assert without(after, *changed) == without(before, *changed)
    assert await get_lead(sessions, other) == untouched


async def test_a_dry_run_counts_and_writes_nothing(sessions: Sessions) -> None:
    (lead,) = await keep(sessions, [Kept(["+12025550101"])])
    before = await get_lead(sessions, lead)
    counted = await update_leads(sessions, ACME, parse_changes({"priority": "5"}), dry_run=True)
    assert counted == BulkUpdate(chosen=1, updated=0)
    assert await get_lead(sessions, lead) == before


async def test_many_leads_are_updated_in_chunks(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.editing.ROWS_PER_STATEMENT", 3)
    await keep(sessions, [Kept([]) for _ in range(7)])
    seen: list[int] = []
    follows: list[int] = []

    async def follow(session: Session, ids: object, changes: LeadChanges) -> None:
        assert isinstance(ids, list)
        follows.append(len(ids))

    done = await update_leads(
        sessions,
        LeadFilter(owner="", client="acme"),
        parse_changes({"owner": "Anna"}),
        dry_run=False,
        follow=follow,
        on_progress=lambda progress: seen.append(progress.updated),
    )
    assert done == BulkUpdate(chosen=7, updated=7)
    assert seen == [3, 6, 7]
    assert follows == [3, 3, 1]


async def test_a_filter_that_means_every_lead_is_refused(sessions: Sessions) -> None:
    with pytest.raises(BadLeadFilterError):
        await update_leads(sessions, LeadFilter(), parse_changes({"owner": "Anna"}), dry_run=True)


async def test_the_phones_zones_follow_the_leads_time_zone(sessions: Sessions) -> None:
    # 850 is in two zones.
    lead, other = await keep(sessions, [Kept(["+18505550101", "+12025550102"]), Kept(["+12025550103"])])
    await update_leads(
        sessions, LeadFilter(phone="+18505550101"), parse_changes({"timezone": "Europe/Rome"}), dry_run=False
    )
    assert [phone.zones for phone in (await get_lead(sessions, lead)).phones] == [["Europe/Rome"]] * 2
    assert [phone.zones for phone in (await get_lead(sessions, other)).phones] == [["America/New_York"]]
    await edit_lead(sessions, lead, parse_changes({"timezone": ""}))
    assert [phone.zones for phone in (await get_lead(sessions, lead)).phones] == [
        ["America/Chicago", "America/New_York"],
        ["America/New_York"],
    ]


async def test_of_two_edits_of_the_same_version_one_is_refused(sessions: Sessions) -> None:
    (lead,) = await keep(sessions, [Kept(["+12025550101"])])
    etag = version_of(await get_lead(sessions, lead))

    async def edit(name: str) -> str:
        changes = parse_changes({"first_name": name}, allowed=FIELDS)
        return (await edit_lead(sessions, lead, changes, if_match=[etag])).first_name

    results = await asyncio.gather(edit("Ada"), edit("Bo"), return_exceptions=True)
    assert sum(isinstance(each, ChangedMeanwhileError) for each in results) == 1
    (winner,) = [each for each in results if isinstance(each, str)]
    after = await get_lead(sessions, lead)
    assert after.first_name == winner
    assert version_of(after) != etag


async def test_an_erased_or_missing_lead_cannot_be_edited(sessions: Sessions) -> None:
    (erased,) = await keep(sessions, [Kept([], values={"erased_at": NOW})])
    for lead in (erased, erased + 1):
        with pytest.raises(UnknownLeadError):
            await edit_lead(sessions, lead, parse_changes({"owner": "Anna"}))
