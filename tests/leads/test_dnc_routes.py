"""Do-not-call lists and consents over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from campaigns.errors import CampaignNotFoundError
from dialer.api import problems
from leads.routes import consents, dnc
from leads.stores.shared import Sessions
from leads.tables import Client
from tests.open_access import open_to_all

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
ANN = "+14155550101"


async def _find_campaign(_sessions: Sessions, reference: str) -> tuple[int, str]:
    if reference != "7":
        raise CampaignNotFoundError("There is no such campaign.")
    return 7, "acme"


@pytest.fixture
async def http(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    async with sessions() as session, session.begin():
        session.add(Client(slug="acme", name="Acme"))
    app = FastAPI()
    open_to_all(app)
    problems.install(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now, app.state.find_campaign = (lambda: NOW), _find_campaign
    for router in (dnc.router, consents.router):
        app.include_router(router)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
        yield client


async def _list(http: httpx2.AsyncClient, **wanted: Any) -> int:
    answer = await http.post("/dnc-lists", json=wanted)
    assert answer.status_code == 200
    number: int = answer.json()["id"]
    return number


async def test_a_list_is_made_once_and_filled_and_paged(http: httpx2.AsyncClient) -> None:
    registry = await _list(http, name="registry")
    assert await _list(http, name="registry") == registry
    entries = f"/dnc-lists/{registry}/entries"
    for phone, status in (("415-555-0102", 201), (ANN, 201), (ANN, 200), ("+1900*", 201)):
        answer = await http.post(entries, json={"phone": phone, "reason": "asked"})
        assert (answer.status_code, answer.json()["added"]) == (status, status == 201)
    first = (await http.get(entries, params={"limit": 1})).json()
    assert [each["phone"] for each in first["items"]] == [ANN]
    rest = (await http.get(f"{entries}?after={first['next']}&limit=5")).json()
    assert [each["phone"] for each in rest["items"]] == ["+14155550102"]
    assert rest["next"] is None
    prefixes = (await http.get(f"/dnc-lists/{registry}/prefixes")).json()
    assert [each["phone"] for each in prefixes["items"]] == ["+1900"]
    (listed,) = (await http.get("/dnc-lists")).json()["items"]
    assert (listed["level"], listed["name"], listed["numbers"], listed["prefixes"]) == (
        "everyone",
        "registry",
        2,
        1,
    )


async def test_whether_a_number_may_be_called_is_asked_for_a_client_and_a_campaign(
    http: httpx2.AsyncClient,
) -> None:
    own = await _list(http, client="acme")
    sale = await _list(http, campaign_id=7, name="sale")
    await http.post(f"/dnc-lists/{own}/entries", json={"phone": ANN})
    await http.post(f"/dnc-lists/{sale}/entries", json={"phone": "+14155550102"})

    async def suppressed(**asked: Any) -> bool:
        answer: bool = (await http.get("/dnc-check", params=asked)).json()["suppressed"]
        return answer

    assert not await suppressed(phone=ANN)
    assert await suppressed(phone=ANN, client="acme")
    assert await suppressed(phone=ANN, campaign_id=7)
    assert not await suppressed(phone="+14155550102", client="acme")
    assert await suppressed(phone="+14155550102", campaign_id=7)
    assert (await http.get(f"/dnc-check?phone={ANN}&client=acme")).json()["suppressed"]


async def test_no_route_takes_a_number_off(http: httpx2.AsyncClient) -> None:
    own = await _list(http)
    for path in (f"/dnc-lists/{own}", f"/dnc-lists/{own}/entries", f"/dnc-lists/{own}/entries/{ANN}"):
        assert (await http.delete(path)).status_code in (404, 405)


async def test_consent_is_given_asked_for_and_withdrawn(http: httpx2.AsyncClient) -> None:
    whose = {"client": "acme", "phone": ANN}
    given = {"channel": "call", "basis": "express", "source": "form", "given_at": "2026-11-01T10:00:00+01:00"}
    answer = await http.post("/consents", json=whose | given)
    assert answer.status_code == 201
    assert answer.json()["given_at"] == "2026-11-01T09:00:00Z"
    assert (await http.get("/consents/check", params=whose)).json()["holds"]["call"] is True
    withdrawn = await http.post("/consents/withdraw", json=whose | {"source": "letter"})
    assert withdrawn.json()["opted_out"] is True
    assert (await http.get("/consents/check", params=whose)).json()["holds"]["call"] is False
    records = (await http.get("/consents", params=whose)).json()["items"]
    assert [(each["channel"], each["withdrawn_at"] is not None) for each in records] == [
        ("call", True),
        ("automated_call", True),
        ("sms", True),
    ]
    assert (await http.get("/dnc-check", params=whose)).json()["suppressed"] is True


CONSENT = {"client": "acme", "phone": ANN, "channel": "call", "basis": "express", "source": "form"}


HOSTILE: Sequence[tuple[str, str, Any, int, str]] = [
    ("GET", "/dnc-check", None, 422, "invalid-request"),
    ("GET", "/dnc-check?phone=", None, 422, "phone-rejected"),
    ("GET", "/dnc-check?phone=%00", None, 422, "phone-rejected"),
    ("GET", "/dnc-check?phone=" + "1" * 251, None, 422, "invalid-request"),
    ("GET", "/dnc-check?phone=911", None, 422, "phone-rejected"),
    ("GET", "/dnc-check?phone=%2B14155550101&client=nobody", None, 404, "unknown-client"),
    ("GET", "/dnc-check?phone=%2B14155550101&client=%00", None, 404, "unknown-client"),
    ("GET", "/dnc-check?phone=%2B14155550101&campaign_id=8", None, 404, "campaign-not-found"),
    ("GET", "/dnc-check?phone=1&default_country=Narnia", None, 422, "unknown-country"),
    ("GET", "/dnc-lists/99/entries", None, 404, "dnc-list-not-found"),
    ("GET", "/dnc-lists/9223372036854775808/entries", None, 422, "invalid-request"),
    ("GET", "/dnc-lists/99/entries?after=a%00", None, 422, "invalid-request"),
    ("GET", "/dnc-lists/99/prefixes", None, 404, "dnc-list-not-found"),
    ("GET", "/dnc-lists?limit=0", None, 422, "invalid-request"),
    ("POST", "/dnc-lists", {"name": "\x00"}, 422, "bad-name"),
    ("POST", "/dnc-lists", {"name": "x" * 201}, 422, "invalid-request"),
    ("POST", "/dnc-lists", {"client": "nobody"}, 404, "unknown-client"),
    ("POST", "/dnc-lists", {"campaign_id": 8}, 404, "campaign-not-found"),
    ("POST", "/dnc-lists", {"level": "everyone"}, 422, "invalid-request"),
    ("POST", "/dnc-lists/99/entries", {"phone": ANN}, 404, "dnc-list-not-found"),
    ("POST", "/dnc-lists/THERE/entries", {"phone": "*"}, 422, "bad-dnc-entry"),
    ("POST", "/dnc-lists/THERE/entries", {"phone": "n/a"}, 422, "phone-rejected"),
    ("POST", "/dnc-lists/99/entries", [], 422, "invalid-request"),
    ("GET", "/consents", None, 422, "bad-consent"),
    ("GET", "/consents?phone=%2B14155550101&client=nobody", None, 404, "unknown-client"),
    ("GET", "/consents?email=nonsense", None, 422, "bad-consent"),
    ("POST", "/consents", CONSENT | {"channel": "fax"}, 422, "bad-consent"),
    ("POST", "/consents", CONSENT | {"basis": "\x00"}, 422, "bad-consent"),
    ("POST", "/consents", CONSENT | {"source": "\x00"}, 422, "bad-consent"),
    ("POST", "/consents", CONSENT | {"client": "\x00"}, 404, "unknown-client"),
    ("POST", "/consents", CONSENT | {"email": "a b@c.example"}, 422, "bad-consent"),
    ("POST", "/consents", CONSENT | {"given_at": "2027-01-01T00:00:00Z"}, 422, "invalid-leads-input"),
    ("POST", "/consents", CONSENT | {"given_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid-leads-input"),
    ("POST", "/consents", CONSENT | {"given_at": "soon"}, 422, "invalid-request"),
    ("POST", "/consents/withdraw", {"client": "acme"}, 422, "bad-consent"),
    ("POST", "/consents/withdraw", {"client": "acme", "phone": "x", "more": 1}, 422, "invalid-request"),
]


async def test_hostile_input_is_a_problem_with_a_code(http: httpx2.AsyncClient) -> None:
    there = await _list(http, name="national")
    for method, path, body, status, code in HOSTILE:
        answer = await http.request(method, path.replace("THERE", str(there)), json=body)
        assert (answer.status_code, answer.json().get("code")) == (status, code), (method, path, body)
        assert answer.headers["content-type"] == "application/problem+json"
