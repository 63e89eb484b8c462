"""Calendars and appointments over HTTP and on the command line."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from icalendar import Calendar

from campaigns import appointments as work
from campaigns import lead_history
from campaigns.errors import CalendarNotFoundError, InvalidCalendarError
from campaigns.routes import appointments, calendars
from campaigns.stores.shared import Sessions
from dialer.api import calendars as feeds
from dialer.api import problems
from dialer.database import opened
from tests.campaigns.booked import ADVICE, TOMORROW, booked, booking, talks
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, lead_rows, people, seed_leads
from tests.campaigns.test_appointments import TEN, says
from tests.campaigns.test_explain_commands import AtUrl, Run, command_of
from tests.open_access import open_to_all

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


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
    api.include_router(calendars.router)
    api.include_router(appointments.router)
    app.include_router(api)
    app.include_router(feeds.router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened_client:
        yield opened_client


async def test_a_calendar_is_made_changed_by_its_version_and_taken_out(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(1))
    wanted = ADVICE | {"client": "acme", "name": "advice", "capacity": 3}
    made = await client.post("calendars", json=wanted)
    assert (made.status_code, made.json()["capacity"], made.json()["has_feed"]) == (201, 3, False)
    assert (await client.post("calendars", json=wanted)).json()["code"] == "calendar-exists"
    path = f"calendars/{made.json()['id']}"
    read = await client.get(path)
    changed = await client.patch(path, json={"slot_minutes": 60}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.json()["slot_minutes"], changed.json()["capacity"]) == (60, 3)
    late = await client.patch(path, json={"capacity": 1}, headers={"If-Match": read.headers["ETag"]})
    assert late.status_code == 412
    bad = await client.patch(path, json={"exceptions": {"tomorrow": []}})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid-calendar")
    assert [each["name"] for each in (await client.get("calendars?client=acme")).json()["items"]] == [
        "advice"
    ]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json()["code"] == "calendar-not-found"


async def test_free_slots_are_told_on_both_clocks_and_booked_once(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    campaign, _, calendar = await booking(sessions, 2, zone="Europe/Berlin", hours=ADVICE["hours"])
    first, second = await lead_rows(sessions, campaign)
    period = {"since": TOMORROW.isoformat(), "until": (TOMORROW + timedelta(days=1)).isoformat()}
    slots = (await client.get(f"calendars/{calendar}/slots", params=period | {"lead_id": first})).json()
    assert len(slots) == 6
    assert slots[0] == {
        "starts_at": "2026-11-25T09:00:00+01:00",
        "ends_at": "2026-11-25T09:30:00+01:00",
        "free": 1,
        "person_times": {"America/New_York": "2026-11-25T03:00:00-05:00"},
    }
    wanted = {"campaign_id": campaign, "lead_id": first, "starts_at": slots[0]["starts_at"]}
    made = await client.post("appointments", json=wanted)
    assert (made.status_code, made.json()["state"], made.json()["zone"]) == (
        201,
        "booked",
        "America/New_York",
    )
    taken = await client.post("appointments", json=wanted | {"lead_id": second})
    assert (taken.status_code, taken.json()["code"]) == (409, "slot-taken")
    assert (await client.delete(f"calendars/{calendar}")).json()["code"] == "calendar-in-use"
    renamed = await client.patch(f"calendars/{calendar}", json={"name": "other"})
    assert renamed.json()["code"] == "calendar-in-use"
    path = f"appointments/{made.json()['id']}"
    etag = (await client.get(path)).headers["ETag"]
    other = {"starts_at": slots[1]["starts_at"], "reason": "asked for it"}
    moved = await client.post(f"{path}/reschedule", json=other, headers={"If-Match": etag})
    assert (moved.json()["state"], moved.json()["sequence"]) == ("rescheduled", 1)
    again = await client.post(f"{path}/reschedule", json=other, headers={"If-Match": etag})
    assert again.status_code == 412
    assert (await client.post(f"{path}/no-show")).json()["code"] == "illegal-appointment-change"
    page = (await client.get("appointments", params={"state": "rescheduled"} | period)).json()
    assert [each["id"] for each in page["items"]] == [made.json()["id"]]
    ended = (await client.post(f"{path}/cancel", json={"reason": "ill", "call_again": True})).json()
    assert (ended["state"], ended["reason"]) == ("canceled", "ill")
    assert (await lead_rows(sessions, campaign))[first].state == "waiting"


AT = "2026-11-24T15:00:00Z"
NONSENSE: Sequence[tuple[str, dict[str, object] | None, int]] = (
    ("appointments", {"campaign_id": 99, "lead_id": 1, "starts_at": AT}, 404),
    ("appointments", {"campaign_id": 1, "lead_id": 99, "starts_at": AT}, 404),
    ("appointments", {"campaign_id": 1, "lead_id": 1, "starts_at": AT.rstrip("Z")}, 422),
    ("appointments", {"campaign_id": 1, "lead_id": 1, "starts_at": "0001-01-01T00:00:00Z"}, 422),
    ("appointments", {"campaign_id": 1, "lead_id": 1, "starts_at": "2026-11-24T15:01:00Z"}, 409),
    ("appointments/99/cancel", {"reason": "a\nb"}, 422),
    ("appointments/99/kept", None, 404),
    ("calendars", {"client": "acme", "name": "x", "zone": "UTC"}, 422),
    ("calendars/99/feed", None, 404),
)


async def test_what_makes_no_sense_is_a_problem(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await booking(sessions)
    for path, body, status in NONSENSE:
        answer = await client.post(path, json=body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_feed_has_what_is_booked_at_its_secret_address_alone(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    campaign, agent, calendar = await booking(sessions, 2)
    first, second = await talks(sessions, campaign, agent, 2)
    await work.hold_slot(sessions, first, TEN, NOW, notes="a secret")
    await says(sessions, first, "appointment_set")
    await work.hold_slot(sessions, second, TEN + timedelta(hours=1), NOW)
    shown = await lead_history.screen_pop(sessions, first)
    assert [(each.state, each.starts_at, each.agent) for each in shown.appointments] == [
        ("booked", TEN, "Ann")
    ]
    path = (await client.post(f"calendars/{calendar}/feed")).json()["path"]
    answer = await client.get(f"http://dialer{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    (row, _) = await booked(sessions)
    assert str(event["SUMMARY"]) == f"Appointment: lead {row.lead_id} (Autumn sale)"
    assert not re.search(rb"secret|person\.example|\+1202", answer.content)
    assert (await client.delete(f"calendars/{calendar}/feed")).status_code == 204
    assert (await client.get(f"http://dialer{path}")).json()["code"] == "calendar-not-found"


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    async def seed() -> None:
        async with opened(database_url) as database:
            await seed_leads(database.sessions, people(1))

    asyncio.run(seed())
    return command_of(AtUrl(database_url), monkeypatch)


def test_the_example_is_made_on_the_command_line_and_its_slots_are_listed(run: Run) -> None:
    file = str(EXAMPLES / "appointments-calendar.toml")
    assert "calendar = " in run("calendar", "add", file, "--client", "acme", "--name", "advice").output
    run("calendar", "set", "advice", "--client", "acme", "--set", "capacity=4")
    (listed,) = json.loads(run("calendar", "list", "--json").output)
    assert (listed["name"], listed["settings"]["capacity"]) == ("advice", 4)
    slots = json.loads(run("calendar", "slots", "advice", "--client", "acme", "--json").output)
    assert slots
    assert {each["free"] for each in slots} == {4}
    assert datetime.fromisoformat(slots[0]["starts_at"]) > datetime.now(UTC)
    assert "advice" in run("calendar", "list", "--client", "acme").output
    assert "Free slots" in run("calendar", "slots", str(listed["id"]), "--lead", "1").output
    with pytest.raises(CalendarNotFoundError):
        run("calendar", "slots", "other", "--client", "acme")
    campaign = str(EXAMPLES / "appointments.toml")
    made = json.loads(run("campaign", "create", campaign, "--list", "autumn", "--json").output)
    assert made["id"] == 1


def test_a_file_that_is_no_calendar_is_told_by_name(tmp_path: Path, run: Run) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("zone = ")
    with pytest.raises(InvalidCalendarError, match=r"broken\.toml is neither"):
        run("calendar", "add", str(broken), "--client", "acme", "--name", "advice")
