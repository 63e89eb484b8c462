"""Explanations and changes of leads over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from campaigns.errors import CampaignNotFoundError
from campaigns.routes import explain, lead_editing
from campaigns.stores.shared import Sessions
from leads.errors import (
    BadLeadChangesError,
    BadLeadFilterError,
    ChangedMeanwhileError,
    PhoneRejectedError,
    UnknownLeadError,
)
from leads.routes import leads
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, Person, seed_campaign, seed_leads
from tests.open_access import open_to_all

PHONE = "+12025550101"


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.rules = NO_LAW
    api = APIRouter(prefix="/api/v1")
    for router in (leads.router, explain.router, lead_editing.router):
        api.include_router(router)
    app.include_router(api)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened:
        yield opened


async def test_a_time_without_its_offset_is_refused(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    query = {"phone": PHONE, "at": "2026-11-24T12:00"}
    assert (await client.get("leads/explain", params=query)).status_code == 422


@pytest.mark.parametrize("written", [PHONE, "(202) 555-0101", " 12025550101"])
async def test_a_number_is_explained(sessions: Sessions, client: httpx2.AsyncClient, written: str) -> None:
    await seed_leads(sessions, [Person([PHONE])])
    campaign = await seed_campaign(sessions)
    query = {"phone": written, "campaign": str(campaign), "at": "2026-11-24T13:00+01:00"}
    answer = (await client.get("leads/explain", params=query)).json()
    assert (answer["phone"], answer["at"]) == (PHONE, "2026-11-24T12:00:00Z")
    (only,) = answer["campaigns"]
    assert only["callable_now"] is True
    assert only["zones"][0]["local_time"] == "2026-11-24T07:00:00-05:00"
    assert {"rule", "passed", "code", "sentence", "source"} == set(only["rules"][0])
    assert only["queue"] == {"before": 0, "of": 1, "more": False}


async def test_what_cannot_be_explained_is_refused(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    with pytest.raises(PhoneRejectedError):
        await client.get("leads/explain", params={"phone": "555"})
    with pytest.raises(CampaignNotFoundError):
        await client.get("leads/explain", params={"phone": PHONE, "campaign": "nothing"})
    with pytest.raises(CampaignNotFoundError):
        await client.get("campaigns/7/why")
    assert (await client.get("leads/explain")).status_code == 422
    assert (await client.get("leads/explain", params={"phone": PHONE, "at": "soon"})).status_code == 422


async def test_a_campaigns_leads_are_summed_up(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, [Person([PHONE]), Person(["+12025550102"])])
    answer = (await client.get(f"campaigns/{await seed_campaign(sessions)}/why")).json()
    assert (answer["state"], answer["leads"]) == ("running", 2)
    assert answer["waiting_for"] == [
        {"kind": "ready", "detail": "", "leads": 2, "next_at": "2026-11-23T15:00:00Z"}
    ]


async def test_a_lead_is_edited_only_as_it_was_read(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    (lead,) = await seed_leads(sessions, [Person([PHONE])])
    read = await client.get(f"leads/{lead}")
    etag = read.headers["ETag"]
    body = {"first_name": "Bo", "priority": 7, "not_before": None, "custom": {"a=b": "1"}}
    with pytest.raises(ChangedMeanwhileError):
        await client.patch(f"leads/{lead}", json=body, headers={"If-Match": '"stale"'})
    changed = await client.patch(f"leads/{lead}", json=body, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert (changed.json()["first_name"], changed.json()["priority"]) == ("Bo", 7)
    assert changed.json()["custom"] == {"a=b": "1"}
    assert (await client.get(f"leads/{lead}")).headers["ETag"] == changed.headers["ETag"] != etag
    with pytest.raises(ChangedMeanwhileError):
        await client.patch(f"leads/{lead}", json=body, headers={"If-Match": etag})
    anyway = await client.patch(f"leads/{lead}", json={"owner": "Al"}, headers={"If-Match": "*"})
    assert anyway.json()["owner"] == "Al"


async def test_a_bad_edit_changes_nothing(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    (lead,) = await seed_leads(sessions, [Person([PHONE])])
    any_version = {"If-Match": "*"}
    for body in ({"timezone": "Mars"}, {"priority": 10**12}, {}, {"custom": {"": "1"}}):
        with pytest.raises(BadLeadChangesError):
            await client.patch(f"leads/{lead}", json=body, headers=any_version)
    assert (await client.patch(f"leads/{lead}", json={"id": 1}, headers=any_version)).status_code == 422
    with pytest.raises(UnknownLeadError):
        await client.patch(f"leads/{lead + 1}", json={"owner": "Al"}, headers=any_version)
    assert (await client.patch(f"leads/{2**63}", json={}, headers=any_version)).status_code == 422


async def test_many_leads_are_counted_first_and_then_changed(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, [Person([PHONE]), Person(["+12025550102"])])
    counted = await client.patch("leads", params={"list": "autumn"}, json={"owner": "Al"})
    assert counted.json() == {"chosen": 2, "updated": 0}
    query = {"phone": PHONE, "dry_run": "false"}
    done = await client.patch("leads", params=query, json={"owner": "Al", "rank": 3})
    assert done.json() == {"chosen": 1, "updated": 1}
    owned = (await client.get("leads", params={"owner": "Al"})).json()["items"]
    assert [(each["phones"][0]["phone"], each["rank"]) for each in owned] == [(PHONE, 3)]
    with pytest.raises(BadLeadFilterError):
        await client.patch("leads", json={"owner": "Al"})
    assert (await client.patch("leads", params=query, json={"first_name": "Al"})).status_code == 422
