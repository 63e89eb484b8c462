"""Callbacks over HTTP and on the command line."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from campaigns import service
from campaigns.errors import CallbackNotFoundError, InvalidInputError
from campaigns.routes import callbacks
from campaigns.stores.shared import Sessions
from dialer.api import calendars, problems
from dialer.database import opened
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.promised import DUE, promised
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.campaigns.test_explain_commands import AtUrl, Run, command_of
from tests.open_access import open_to_all


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.state.rules = NO_LAW
    app.state.calendar_names = False
    open_to_all(app)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    api.include_router(callbacks.router)
    app.include_router(api)
    app.include_router(calendars.router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened_client:
        yield opened_client


async def test_a_callback_is_promised_read_changed_and_canceled(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    first, second = await seed_leads(sessions, people(2))
    campaign = await seed_campaign(sessions)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    wanted = {"campaign_id": campaign, "lead_id": first, "at": "2026-11-24T15:00", "agent_id": agent}
    made = await client.post("callbacks", json=wanted)
    assert made.status_code == 201
    told = made.json()
    assert (told["due_at"], told["zone"], told["state"]) == (
        "2026-11-24T20:00:00Z",
        "America/New_York",
        "waiting",
    )
    await client.post("callbacks", json=wanted | {"lead_id": second, "agent_id": None})
    page = (await client.get("callbacks", params={"agent_id": agent, "limit": 1})).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == ([told["id"]], told["id"])
    rest = (await client.get("callbacks", params={"state": "waiting", "after": told["id"]})).json()
    assert [each["agent_id"] for each in rest["items"]] == [None]
    path = f"callbacks/{told['id']}"
    changed = (await client.patch(path, json={"agent_id": None, "notes": "ask for Ada"})).json()
    assert (changed["agent_id"], changed["notes"], changed["due_at"]) == (None, "ask for Ada", told["due_at"])
    ended = (await client.post(f"{path}/cancel", json={"reason": "rang us"})).json()
    assert (ended["state"], ended["reason"]) == ("canceled", "rang us")
    assert (await client.get(path)).json()["state"] == "canceled"
    assert (await client.post(f"{path}/cancel")).status_code == 409


async def test_a_time_that_is_not_allowed_is_a_problem_with_the_nearest_times(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    hours = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed")}
    campaign = await seed_campaign(sessions, callable_times=hours)
    wanted = {"campaign_id": campaign, "lead_id": lead, "at": "2026-11-24T19:00"}
    answer = await client.post("callbacks", json=wanted)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "callback-time-not-allowed")
    assert problem["earlier"] == "2026-11-24T21:45:00+00:00"
    assert problem["later"] == "2026-11-25T14:00:00+00:00"
    assert "2026-11-25 09:00 (America/New_York)" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"campaign_id": 99, "lead_id": 1, "at": "2026-11-24T15:00"}, 404),
        ({"campaign_id": 1, "lead_id": 99, "at": "2026-11-24T15:00"}, 404),
        ({"campaign_id": 1, "lead_id": 1, "at": "2026-11-24T15:00", "agent_id": 99}, 404),
        ({"campaign_id": 1, "lead_id": 1, "at": "2026-11-24T15:00", "phone": "+12025550000"}, 404),
        ({"campaign_id": 1, "lead_id": 1, "at": "0001-01-01T00:00"}, 422),
        ({"campaign_id": 1, "lead_id": 1, "at": "tomorrow"}, 422),
        ({"campaign_id": 1, "lead_id": 1, "at": "2026-11-24T15:00", "zone": "../etc"}, 422),
        ({"campaign_id": 1, "lead_id": 1, "at": "2026-11-24T15:00", "when": 1}, 422),
    ],
)
async def test_what_makes_no_sense_is_a_problem(
    sessions: Sessions, client: httpx2.AsyncClient, body: dict[str, object], status: int
) -> None:
    (lead,) = await seed_leads(sessions, people(1, 50))
    campaign = await seed_campaign(sessions)
    known = {"campaign_id": {1: campaign}, "lead_id": {1: lead}}
    asked = {name: known.get(name, {}).get(value, value) for name, value in body.items()}  # type: ignore[call-overload]
    answer = await client.post("callbacks", json=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_agents_calendar_is_fetched_at_its_address_alone(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    _, agent, _ = await promised(sessions)
    path = (await client.post(f"agents/{agent}/calendar")).json()["path"]
    feed = await client.get(f"http://dialer{path}")
    assert (feed.status_code, feed.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert b"BEGIN:VEVENT" in feed.content
    assert (await client.delete(f"agents/{agent}/calendar")).status_code == 204
    gone = await client.get(f"http://dialer{path}")
    assert (gone.status_code, gone.json()["code"]) == (404, "calendar-not-found")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    async def seed() -> None:
        async with opened(database_url) as database:
            await promised(database.sessions)

    asyncio.run(seed())
    return command_of(AtUrl(database_url), monkeypatch)


def test_the_command_line_lists_and_cancels(run: Run) -> None:
    (listed,) = json.loads(run("callbacks", "list", "--json", "--state", "waiting").output)
    assert listed["due_at"].startswith((DUE + timedelta(0)).strftime("%Y-%m-%dT%H:%M"))
    table = run("callbacks", "list", "--campaign", "Autumn sale").output
    assert "America/New_York" in table
    assert "is canceled" in run("callbacks", "cancel", str(listed["id"]), "--reason", "rang us").output
    assert json.loads(run("callbacks", "list", "--json", "--state", "waiting").output) == []
    assert json.loads(run("campaign", "status", "--json").output)[0]["callbacks_missed"] == 0
    with pytest.raises(InvalidInputError, match="no state"):
        run("callbacks", "list", "--state", "late")
    with pytest.raises(CallbackNotFoundError):
        run("callbacks", "cancel", "999")
