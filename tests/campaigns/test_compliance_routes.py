"""Compliance over HTTP; what is wrong is a problem with a stable code."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI

from campaigns import service
from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.attempt import Ending
from campaigns.routes import router
from campaigns.stores.shared import Sessions
from dialer.api import problems
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.open_access import open_to_all

RULES = load_rulebook()
PHONE = "+12025550000"


class Clock:
    """What time it is for the service."""

    now: datetime = NOW


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(sessions: Sessions, clock: Clock) -> AsyncIterator[httpx2.AsyncClient]:
    """The routes of the room with a campaign that has had two calls; the second was blocked."""
    await seed_leads(sessions, people(3))
    campaign_id = await seed_campaign(sessions)
    permitted = await service.claim_permitted(sessions, RULES, campaign_id, 2, NOW)
    one, two = await service.start_attempts(sessions, RULES, campaign_id, permitted, NOW)
    await service.finish_attempt(sessions, one.attempt_id, Ending("busy"), NOW)
    await service.finish_attempt(sessions, two.attempt_id, Ending("blocked", "network", 603), NOW)
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: clock.now
    app.state.rules = RULES
    problems.install(app)
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened:
        yield opened


async def test_a_clients_limits_are_set_and_shown(client: httpx2.AsyncClient) -> None:
    none = {"callable_times": None, "most_attempts_a_day": None, "least_gap_s": 0}
    assert (await client.get("/client-limits", params={"client": "acme"})).json() == none
    wanted = {"client": "acme", "most_attempts_a_day": 2, "callable_times": {"mon": [["11:00", "12:00"]]}}
    put = await client.put("/client-limits", json=wanted)
    assert put.status_code == 200
    assert put.json()["callable_times"]["mon"] == [["11:00", "12:00"]]
    assert (await client.get("/client-limits", params={"client": "acme"})).json() == put.json()


async def test_rules_are_listed(client: httpx2.AsyncClient) -> None:
    every = (await client.get("/compliance/rules")).json()
    assert every["version"] == RULES.version
    assert {rule["id"] for each in every["jurisdictions"] for rule in each["rules"]} == set(RULES.rules)
    (only,) = (await client.get("/compliance/rules", params={"jurisdiction": "fr"})).json()["jurisdictions"]
    assert only["country"] == "FR"


@pytest.mark.parametrize("written", ["+18135550101", "(813) 555-0101", " 18135550101"])
async def test_a_number_is_explained_before_it_is_loaded(client: httpx2.AsyncClient, written: str) -> None:
    query = {"phone": written, "campaign": "Autumn sale", "at": "2026-11-26T20:30:00-05:00"}
    read = (await client.get("/compliance/explain", params=query)).json()
    assert (read["phone"], read["at"]) == ("+18135550101", "2026-11-27T01:30:00Z")
    (answer,) = read["answers"]
    assert (answer["lead_id"], answer["subdivisions"]) == (None, ["US-FL"])
    refusing = {each["rule"] for each in answer["rules"] if not each["passed"]}
    assert {"us-fl-window", "us-fl-consent"} <= refusing


async def test_the_report_is_read_for_days(client: httpx2.AsyncClient) -> None:
    path = "/campaigns/1/compliance-report"
    read = (await client.get(path, params={"from": "2026-11-23", "to": "2026-11-23"})).json()
    assert (read["calls"], read["outside_window"], read["rules_version"]) == (2, 0, RULES.version)
    assert (read["days"][0]["earliest"], read["messages"]["heard"]) == ("10:00:00", 0)
    assert (await client.get(path)).json()["calls"] == 2
    assert (await client.get(path, params={"from": "2026-11-24"})).json()["calls"] == 0


async def test_an_exemption_is_recorded_and_ended(client: httpx2.AsyncClient) -> None:
    wanted = {"client": "acme", "rule": "us-tsr-window", "granted_by": "The FTC", "reference": "letter 7"}
    made = await client.post("/exemptions", json=wanted)
    assert (made.status_code, made.json()["rule_id"], made.json()["ended_at"]) == (201, "us-tsr-window", None)
    ended = (await client.post(f"/exemptions/{made.json()['id']}/end")).json()
    assert ended["ended_at"] == "2026-11-23T15:00:00Z"
    assert (await client.get("/exemptions", params={"client": "acme"})).json() == [ended]


async def test_a_day_is_closed_and_opened(client: httpx2.AsyncClient) -> None:
    day = {"client": "acme", "day": "2026-12-24", "campaign_id": 1}
    closed = await client.post("/closed-days", json=day | {"name": "Christmas\u0000 Eve"})
    assert (closed.status_code, closed.json()["name"]) == (201, "Christmas Eve")
    assert (await client.get("/closed-days", params={"client": "acme"})).json() == [closed.json()]
    for was_closed in (True, False):
        opened = (await client.post("/closed-days/open", json=day)).json()
        assert opened == {"day": "2026-12-24", "was_closed": was_closed}


async def test_a_resting_caller_id_is_listed_and_released(client: httpx2.AsyncClient) -> None:
    (resting,) = (await client.get("/caller-id-rests")).json()
    assert (resting["caller_id"], resting["until"]) == ("+12025550199", "2026-11-23T16:00:00Z")
    released = await client.post("/caller-id-rests/%2B12025550199/release")
    assert released.json() == {"caller_id": "+12025550199"}
    assert (await client.get("/caller-id-rests")).json() == []


async def test_old_calls_are_emptied_some_at_a_time(
    client: httpx2.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.routes.compliance.PURGED_AT_A_TIME", 1)
    clock.now = NOW + timedelta(days=61 * 31)
    would = (await client.post("/compliance/purge", json={"dry_run": True})).json()
    assert (would["emptied"], would["next"]) == (1, 1)
    first = (await client.post("/compliance/purge", json={})).json()
    second = (await client.post("/compliance/purge", json={"after": first["next"]})).json()
    assert (first["emptied"], second["emptied"], second["next"]) == (1, 1, None)
    assert second["by_country"][0]["rule"] == "us-tsr-records"
    attempts = (await client.get("/attempts")).json()["items"]
    assert [(each["phone"], each["outcome"]) for each in attempts] == [("", "busy"), ("", "blocked")]


EXEMPTION = {"client": "acme", "rule": "us-tsr-window", "granted_by": "A", "reference": "B"}


REFUSED: list[tuple[str, str, object, int, str]] = [
    ("GET", "/compliance/rules?jurisdiction=atlantis", None, 404, "not-found"),
    ("GET", "/compliance/explain?phone=911&campaign=1", None, 422, "phone-rejected"),
    ("GET", "/compliance/explain?phone=%2B12025550000&campaign=9", None, 404, "campaign-not-found"),
    ("GET", "/compliance/explain?phone=%2B12025550000&campaign=a%00b", None, 404, "campaign-not-found"),
    ("GET", "/compliance/explain?phone=%2B12025550000", None, 422, "invalid-request"),
    (
        "GET",
        "/compliance/explain?phone=%2B12025550000&campaign=1&at=9999-12-31T00:00Z",
        None,
        422,
        "invalid-input",
    ),
    ("GET", "/campaigns/9/compliance-report", None, 404, "campaign-not-found"),
    ("GET", "/campaigns/1/compliance-report?from=soon", None, 422, "invalid-request"),
    ("GET", "/campaigns/1/compliance-report?from=2026-11-24&to=2026-11-23", None, 422, "invalid-input"),
    ("POST", "/exemptions", EXEMPTION | {"rule": "us-window"}, 422, "invalid-exemption"),
    ("POST", "/exemptions", EXEMPTION | {"granted_by": "\u0000"}, 422, "invalid-exemption"),
    ("POST", "/exemptions", EXEMPTION | {"client": "a\u0000b"}, 404, "unknown-client"),
    ("POST", "/exemptions", EXEMPTION | {"until": "never"}, 422, "invalid-request"),
    ("POST", "/exemptions/9/end", None, 404, "exemption-not-found"),
    ("GET", "/exemptions?client=nobody", None, 404, "unknown-client"),
    ("POST", "/closed-days", {"client": "acme", "day": "Xmas", "name": "x"}, 422, "invalid-request"),
    ("PUT", "/client-limits", {"client": "no"}, 404, "unknown-client"),
    ("PUT", "/client-limits", {"client": "acme", "most_attempts_a_day": 0}, 422, "invalid-client-limit"),
    ("PUT", "/client-limits", {"client": "acme", "hours": {}}, 422, "invalid-request"),
    ("POST", "/closed-days/open", {"client": "no", "day": "2026-12-24"}, 404, "unknown-client"),
    ("POST", "/caller-id-rests/%2B12025550198/release", None, 404, "not-found"),
    ("POST", "/compliance/purge", {"keep_months": 2}, 422, "invalid-input"),
    ("POST", "/compliance/purge", {"client": "nobody"}, 404, "unknown-client"),
]


async def test_what_is_wrong_is_a_problem(client: httpx2.AsyncClient) -> None:
    for method, path, body, status, code in REFUSED:
        answer = await client.request(method, path, json=body)
        assert (path, answer.status_code, answer.json()["code"]) == (path, status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
