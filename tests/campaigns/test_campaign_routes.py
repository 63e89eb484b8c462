"""Campaigns and attempts over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from campaigns import service
from campaigns.core.attempt import Ending
from campaigns.errors import CampaignNotFoundError, CampaignStateError, InvalidSettingsError
from campaigns.routes import router
from campaigns.stores.shared import Sessions
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.open_access import open_to_all


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.rules = NO_LAW
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened:
        yield opened


async def test_campaigns_are_listed_a_page_at_a_time(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    ids = [await seed_campaign(sessions, f"Sale {number}") for number in range(3)]
    first = (await client.get("/campaigns", params={"limit": 2})).json()
    assert [each["id"] for each in first["items"]] == ids[:2]
    second = (await client.get("/campaigns", params={"limit": 2, "after": first["next"]})).json()
    assert [each["id"] for each in second["items"]] == ids[2:]
    assert second["next"] is None


async def test_a_campaign_is_shown_with_its_settings(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    shown = (await client.get(f"/campaigns/{await seed_campaign(sessions)}")).json()
    assert (shown["state"], shown["caller_id"], shown["state_since"]) == (
        "running",
        "+12025550199",
        "2026-11-23T15:00:00Z",
    )
    assert shown["callable_times"]["sun"] == [["00:00", "24:00"]]


async def test_order_and_mix_change_while_a_campaign_runs(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(2))
    await seed_leads(sessions, people(2, first=2), list_name="more")
    path = f"/campaigns/{await seed_campaign(sessions)}"
    change = {"lead_order": "newest", "weights": {"autumn": 70, "more": 30}}
    changed = (await client.patch(path, json=change)).json()
    assert (changed["lead_order"], changed["state"]) == ("newest", "running")
    lists = (await client.get(f"{path}/lists")).json()
    assert [(each["name"], each["weight"]) for each in lists] == [("autumn", 70), ("more", 30)]
    work = {"routing": "rank", "skills": ["cars"], "after_wrap_up": "paused", "wrap_up_extension_s": 9.0}
    after = (await client.patch(path, json=work)).json()
    assert after == changed | work
    assert (await client.patch(path, json={"colour": "red"})).status_code == 422
    for wrong in ({"lead_order": "by_name"}, {"weights": {"autumn": 1001}}, {"routing": "random"}):
        with pytest.raises(InvalidSettingsError):
            await client.patch(path, json=wrong)


async def test_a_campaign_is_started_paused_and_stopped(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(1))
    campaign_id = await seed_campaign(sessions)
    for action, state in (("pause", "paused"), ("start", "running"), ("stop", "stopped")):
        answer = await client.post(f"/campaigns/{campaign_id}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    with pytest.raises(CampaignStateError):
        await client.post(f"/campaigns/{campaign_id}/start")


async def test_attempts_are_shown_with_their_phone_and_permit(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(3))
    campaign_id, other = await seed_campaign(sessions), await seed_campaign(sessions, "Other")
    for each in (campaign_id, other):
        permitted = await service.claim_permitted(sessions, NO_LAW, each, 3, NOW)
        for started in await service.start_attempts(sessions, NO_LAW, each, permitted, NOW):
            await service.finish_attempt(sessions, started.attempt_id, Ending("busy", "network", 486), NOW)
    page = (await client.get("/attempts", params={"campaign_id": other, "limit": 3})).json()
    assert {each["campaign_id"] for each in page["items"]} == {other}
    last = page["items"][-1]
    assert (last["phone"], last["outcome"], last["sip_status"]) == ("+12025550002", "busy", 486)
    assert last["permit"]["decision"] == "allow"
    rest = (await client.get("/attempts", params={"campaign_id": other, "after": page["next"]})).json()
    assert rest == {"items": [], "next": None}
    assert len((await client.get("/attempts")).json()["items"]) == 6


async def test_the_report_comes_whole(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(2))
    read = (await client.get(f"/campaigns/{await seed_campaign(sessions)}/report")).json()
    penetration = read["figures"]["penetration"]
    assert penetration == penetration | {"value": 0.0, "numerator": 0, "denominator": 2, "low": 0.0}
    assert read["progress"]["due"] == 2


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/0",
        "/campaigns/x",
        f"/campaigns/{2**63}",
        "/campaigns?limit=501",
        "/campaigns?after=-1",
        f"/attempts?after={2**63}",
        "/attempts?campaign_id=0",
        "/attempts?limit=0",
    ],
)
async def test_numbers_out_of_range_are_refused(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


async def test_a_campaign_that_is_not_there_is_an_error_of_the_room(client: httpx2.AsyncClient) -> None:
    for path in ("/campaigns/7", "/campaigns/7/report"):
        with pytest.raises(CampaignNotFoundError):
            await client.get(path)
    with pytest.raises(CampaignNotFoundError):
        await client.post("/campaigns/7/start")
