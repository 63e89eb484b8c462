"""Clients' caller IDs over HTTP; what is wrong is a problem with a stable code."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from campaigns.routes import router
from campaigns.stores.shared import Sessions
from dialer.api import problems
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.open_access import open_to_all

NEW_YORK, BOSTON = "+12125550100", "+16175550100"
ACME = {"client": "acme"}
RIGHT = {"owner": "Acme Inc.", "document": "LOA of 2026-11-03", "recorded_by": "Ada"}


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes of the room, with a client's list."""
    await seed_leads(sessions, people(2))
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    problems.install(app)
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened:
        yield opened


async def test_a_number_is_added_changed_listed_and_given_back(client: httpx2.AsyncClient) -> None:
    wanted = {**ACME, **RIGHT, "caller_id": NEW_YORK, "groups": ["east"], "daily_cap": 10}
    added = await client.post("/caller-ids", json=wanted)
    assert (added.status_code, added.json()["timezone"]) == (201, "America/New_York")
    taken = await client.post("/caller-ids", json=wanted)
    assert (taken.status_code, taken.json()["code"]) == (409, "caller-id-exists")
    patched = await client.patch(
        "/caller-ids/%2B12125550100", params=ACME, json={"daily_cap": None, "active": False}
    )
    assert (patched.json()["daily_cap"], patched.json()["active"]) == (None, False)
    (listed,) = (await client.get("/caller-ids", params={**ACME, "group": "east"})).json()
    assert (listed["caller_id"], listed["figures"]["answered"]["denominator"]) == (NEW_YORK, 0)
    retired = await client.post("/caller-ids/%2B12125550100/retire", params=ACME)
    assert retired.json()["retired_at"] is not None
    assert (await client.get("/caller-ids", params=ACME)).json() == []
    gone = await client.patch("/caller-ids/%2B12125550100", params=ACME, json={})
    assert (gone.status_code, gone.json()["code"]) == (404, "caller-id-not-found")


async def test_a_campaign_is_given_a_group_of_an_imported_file(
    client: httpx2.AsyncClient, sessions: Sessions
) -> None:
    text = f"caller_id,groups\n{NEW_YORK},east\n{BOSTON},east\n911,\n"
    loaded = await client.post(
        "/caller-ids/import",
        params=ACME | RIGHT,
        content=text.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert loaded.status_code == 200
    assert (loaded.json()["added"], [each["row"] for each in loaded.json()["refused"]]) == (2, [4])
    campaign = await seed_campaign(sessions)
    change = {"caller_id_group": "east", "caller_id_rule": "local"}
    changed = (await client.patch(f"/campaigns/{campaign}", json=change)).json()
    assert [changed[name] for name in ("caller_id", *change)] == ["", "east", "local"]
    shown = (await client.get(f"/campaigns/{campaign}/caller-ids")).json()
    assert [each["caller_id"] for each in shown] == [NEW_YORK, BOSTON]
    grouped = await client.post("/caller-id-groups/east", params=ACME, json={"remove": [BOSTON]})
    assert grouped.json() == {"name": "east", "caller_ids": [NEW_YORK]}
    sizes = (await client.get("/caller-id-groups", params=ACME)).json()
    assert sizes == [{"name": "east", "caller_ids": 1}]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"caller_id_group": "west"}, 404, "caller-id-group-not-found"),
        ({"caller_id_rule": "random"}, 422, "invalid-campaign-settings"),
        ({"caller_id": "+12025550199", "caller_id_group": "west"}, 422, "invalid-campaign-settings"),
        ({"caller_id": ""}, 422, "invalid-campaign-settings"),
    ],
)
async def test_a_campaign_takes_no_number_that_is_not_there(
    client: httpx2.AsyncClient, sessions: Sessions, change: dict[str, str], status: int, code: str
) -> None:
    campaign = await seed_campaign(sessions)
    answer = await client.patch(f"/campaigns/{campaign}", json=change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get(f"/campaigns/{campaign}")).json()["caller_id"] == "+12025550199"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/caller-ids", {**ACME, **RIGHT, "caller_id": "911"}, "phone-rejected"),
        ("/caller-ids", {**ACME, **RIGHT, "caller_id": NEW_YORK, "attestation": "Z"}, "invalid-caller-id"),
        ("/caller-ids", {**ACME, **RIGHT, "caller_id": NEW_YORK, "owner": "\x00"}, "invalid-caller-id"),
        ("/caller-ids", {**ACME, "caller_id": NEW_YORK}, "invalid-request"),
        ("/caller-id-groups/%00?client=acme", {}, "invalid-caller-id"),
    ],
)
async def test_what_is_wrong_is_a_problem(
    client: httpx2.AsyncClient, path: str, body: dict[str, object], code: str
) -> None:
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("query", "status"),
    [({"client": "\x00"}, 404), (ACME | {"group": "\x00"}, 422), (ACME | {"group": "x"}, 404)],
)
async def test_nothing_is_listed_for_whom_and_what_is_not_there(
    client: httpx2.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await client.get("/caller-ids", params=query)).status_code == status
