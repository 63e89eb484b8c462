"""Leads that other programs bring, over the API and through signed hooks: each person once, however often."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from sqlmodel import select
from standardwebhooks import Webhook as Signer

from campaigns import lead_hooks, service, webhooks
from campaigns.errors import LeadHookExistsError
from campaigns.lead_hooks import HookMade, HookWish, bring_leads
from campaigns.routes import lead_intake
from campaigns.stores.shared import Sessions
from campaigns.tables import WebhookDelivery
from dialer.api import hooks, problems
from dialer.api.guessers import Guessers
from leads.core.headers import ALIASES
from leads.errors import BadMappingError
from leads.receiving import GivenLead
from leads.routes import leads as lead_routes
from leads.tables import Lead, LeadImport
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.open_access import open_to_all

ADA = {"external_id": "crm-1", "phone": "+12025550101", "first_name": "Ada", "custom": {"plan": "gold"}}
BOB = {"external_id": "crm-2", "phone": "(202) 555-0102", "phone2": "+12025550103", "priority": 5}
MAPPING = {
    "external_id": "id",
    "phone": "attributes.phones.0.number",
    "first_name": "attributes.name",
    "custom.plan": "attributes.plan",
}


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: datetime.now(UTC)
    app.state.guessers = Guessers()
    open_to_all(app)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for each in (lead_intake, lead_routes, hooks):
        api.include_router(each.router)
    app.include_router(api)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened_client:
        yield opened_client


async def a_hook(sessions: Sessions, **changes: Any) -> HookMade:
    wish = {"client": "acme", "name": "CRM", "list_name": "autumn", "mapping": MAPPING, "items": "data"}
    return await lead_hooks.add_hook(sessions, HookWish(**wish | changes), NOW)


def below_api(path: str) -> str:
    return path.removeprefix("/api/v1/")


def person(number: int = 1) -> dict[str, Any]:
    attributes = {"name": "Ada", "phones": [{"number": f"+120255501{number:02}"}], "plan": "gold", "x": {}}
    return {"id": f"crm-{number}", "attributes": attributes}


def signed(secret: str, body: str, name: str = "evt_1", at: datetime | None = None) -> dict[str, Any]:
    when = at or datetime.now(UTC)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": Signer(secret).sign(name, when, body),
    }
    return {"content": body, "headers": headers}


async def count(sessions: Sessions) -> int:
    async with sessions() as session:
        return len((await session.exec(select(Lead))).all())


async def test_leads_come_once_however_often_they_are_brought(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    await webhooks.add_webhook(sessions, "acme", "https://crm.example.com/", ["lead.*"], NOW)
    bad = {"external_id": "crm-3", "phone": "12"}
    first = (await client.post("lead-lists/1/leads", json={"leads": [ADA, bad, BOB]})).json()
    assert [each["result"] for each in first["leads"]] == ["new", "rejected", "new"]
    assert (first["accepted"], first["merged"], first["rejected"]) == (2, 0, 1)
    assert (first["leads"][1]["external_id"], first["leads"][1]["lead_id"]) == ("crm-3", None)
    assert first["leads"][1]["code"].startswith("phone-")
    again = (await client.post("lead-lists/1/leads", json={"leads": [BOB, ADA]})).json()
    assert [each["result"] for each in again["leads"]] == ["duplicate-unchanged"] * 2
    assert [each["lead_id"] for each in again["leads"]] == [first["leads"][i]["lead_id"] for i in (2, 0)]
    changed = (await client.post("lead-lists/1/leads", json={"leads": [ADA | {"last_name": "L"}]})).json()
    assert [each["result"] for each in changed["leads"]] == ["duplicate-updated"]
    ada = (await client.get(f"leads/{changed['leads'][0]['lead_id']}")).json()
    assert (ada["first_name"], ada["last_name"], ada["custom"]) == ("Ada", "L", {"plan": "gold"})
    async with sessions() as session:
        assert len((await session.exec(select(LeadImport))).all()) == 2
        events = (await session.exec(select(WebhookDelivery))).all()
    assert [each.type for each in events] == ["lead.created"] * 2
    assert [json.loads(each.body)["data"]["external_id"] for each in events] == ["crm-1", "crm-2"]
    await service.take_up(sessions, campaign, NOW)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 9, NOW)
    assert len(permitted) == 3


async def test_what_is_no_lead_is_refused(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    assert (await client.post("lead-lists/9/leads", json={"leads": [ADA]})).status_code == 404
    for wrong in ([], [{}], [ADA | {"shoe_size": "44"}], [ADA] * 501, [{"phone": 7}]):
        assert (await client.post("lead-lists/1/leads", json={"leads": wrong})).status_code == 422
    assert await count(sessions) == 1


def test_a_lead_has_all_fields_of_a_lead_file() -> None:
    fields = set(lead_intake.LeadIn.model_fields)
    assert fields == set(ALIASES) | {"phone", "phone2", "phone3", "custom"}


async def test_a_signed_request_brings_leads_once(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    made = await a_hook(sessions)
    body = json.dumps({"type": "lead.created", "data": [person(1), person(2)]})
    taken = await client.post(below_api(made.path), **signed(made.secret, body))
    assert (taken.status_code, taken.json()["accepted"], taken.json()["repeated"]) == (200, 2, False)
    again = await client.post(below_api(made.path), **signed(made.secret, body))
    assert (again.status_code, again.json()["leads"], again.json()["repeated"]) == (200, [], True)
    other = await client.post(below_api(made.path), **signed(made.secret, body, "evt_2"))
    assert (other.json()["accepted"], other.json()["merged"]) == (0, 2)
    one = json.dumps({"data": person(3)})
    assert (await client.post(below_api(made.path), **signed(made.secret, one, "evt_3"))).json()[
        "accepted"
    ] == 1
    assert await count(sessions) == 4
    found = (await client.get("leads", params={"external_id": "crm-2"})).json()["items"][0]
    assert (found["first_name"], found["custom"]) == ("Ada", {"plan": "gold"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_comes_without_the_right_signature(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(1))
    made = await a_hook(sessions)
    body = json.dumps({"data": person(1)})
    good = signed(made.secret, body)
    old = datetime.now(UTC) - timedelta(minutes=6)
    wrong: list[dict[str, Any]] = [
        {"content": body},
        good | {"content": body.replace("Ada", "Eve")},
        signed(webhooks.new_secret(), body),
        signed(made.secret, body, at=old),
        *(
            {"content": body, "headers": good["headers"] | {"webhook-signature": each}}
            for each in ("", "v1", "v1,", "v1,!!!", "v2,abc", "a,b,c")
        ),
        {"content": body, "headers": good["headers"] | {"webhook-timestamp": "nan"}},
        {"content": b"\xff\xfe", "headers": good["headers"]},
    ]
    for number, each in enumerate(wrong):
        hooks_app: Any = client._transport  # noqa: SLF001 - each as if from an address of its own
        hooks_app.client = (f"192.0.2.{number}", 1)
        answer = await client.post(below_api(made.path), **each)
        assert (answer.status_code, answer.json()["code"]) == (403, "signature-invalid"), each
    assert await count(sessions) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_guesses_addresses_is_slowed_down(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    answers = [(await client.post("hooks/made-up", content=b"{}")) for _ in range(3)]
    assert answers[0].status_code == 404
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_json_without_leads_is_refused_and_may_come_again(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    await seed_leads(sessions, people(1))
    made = await a_hook(sessions)
    for number, body in enumerate(("[]", "{}", "null", "7", "not json", '{"data": [1]}', '{"data": []}')):
        answer = await client.post(below_api(made.path), **signed(made.secret, body, f"evt_{number}"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-webhook"), body
    body = json.dumps({"data": person(1)})
    assert (await client.post(below_api(made.path), **signed(made.secret, body, "evt_0"))).json()[
        "accepted"
    ] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_hooks_are_made_listed_and_closed(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    wanted = {"client": "acme", "name": "CRM", "list": "new ones", "mapping": {"phone": "tel"}}
    made = await client.post("lead-hooks", json=wanted)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    listed = (await client.get("lead-hooks")).json()["items"]
    assert [each["name"] for each in listed] == ["CRM"]
    assert not {"secret", "path", "token_hash"} & set(listed[0])
    assert (await client.post("lead-hooks", json=wanted)).status_code == 409
    for mapping in ({}, {"email": "mail"}, {"phone": ""}, {"phone": "x" * 201}, {"shoe": "s", "phone": "t"}):
        assert (await client.post("lead-hooks", json=wanted | {"mapping": mapping})).status_code == 422
    body = json.dumps({"tel": "+12025550177"})
    taken = await client.post(below_api(made.json()["path"]), **signed(made.json()["secret"], body))
    assert taken.json()["accepted"] == 1
    assert (await client.delete(f"lead-hooks/{made.json()['id']}")).status_code == 204
    gone = await client.post(below_api(made.json()["path"]), **signed(made.json()["secret"], body, "evt_9"))
    assert gone.status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_names_are_taken_once_and_fields_are_known(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await a_hook(sessions)
    with pytest.raises(LeadHookExistsError):
        await a_hook(sessions)
    with pytest.raises(BadMappingError):
        await bring_leads(sessions, 1, [GivenLead({"Mobile": "+12025550101"})], NOW)
