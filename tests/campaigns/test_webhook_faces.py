"""Web hooks and screen pops over HTTP and on the command line."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from campaigns import service
from campaigns.announcing import News, announce
from campaigns.core.webhook import parse_networks
from campaigns.errors import InvalidWebhookError
from campaigns.lead_history import screen_pop
from campaigns.routes import campaigns as campaign_routes
from campaigns.routes import screen_pops, webhooks
from campaigns.stores.shared import Sessions
from campaigns.webhook_delivery import deliver
from campaigns.webhook_posting import Poster
from dialer.api import problems
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.campaigns.test_explain_commands import AtUrl, command_of
from tests.campaigns.test_screen_pop_url import is_ours
from tests.gateway import Gateway, gateway
from tests.open_access import open_to_all

POSTER = Poster(parse_networks(["127.0.0.0/8"]))

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def crm() -> Iterator[Gateway]:
    with gateway() as opened:
        yield opened


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: datetime.now(UTC)
    app.state.poster = POSTER
    app.state.rules = NO_LAW
    open_to_all(app)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    for each in (webhooks, screen_pops, campaign_routes):
        api.include_router(each.router)
    app.include_router(api)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer/api/v1/") as opened_client:
        yield opened_client


async def test_a_web_hook_is_made_tried_changed_and_removed(
    sessions: Sessions, client: httpx2.AsyncClient, crm: Gateway
) -> None:
    await seed_leads(sessions, people(1))
    wanted = {"client": "acme", "url": crm.url, "events": ["call.*", "lead.created"]}
    made = await client.post("webhooks", json=wanted)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    path = f"webhooks/{made.json()['id']}"
    shown = await client.get(path)
    assert "secret" not in shown.json()
    assert made.json()["secret"] not in (await client.get("webhooks")).text
    tried = (await client.post(f"{path}/test")).json()
    assert (tried["status"], tried["problem"]) == (200, "")
    crm.answers = [(500, {})]
    assert (await client.post(f"{path}/test")).json()["problem"] == "HTTP 500"
    rotated = (await client.post(f"{path}/rotate-secret", json={"overlap_s": 0})).json()
    assert rotated["secret"] != made.json()["secret"]
    stopped = await client.patch(path, json={"active": False})
    assert (stopped.json()["state"], stopped.json()["reason"]) == ("disabled", "somebody has disabled it")
    old = {"If-Match": shown.headers["ETag"]}
    assert (await client.patch(path, json={"active": True}, headers=old)).status_code == 412
    assert (await client.patch(path, json={"active": True, "events": ["*"]})).json()["events"] == ["*"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_deliveries_are_seen_and_sent_again(
    sessions: Sessions, client: httpx2.AsyncClient, crm: Gateway
) -> None:
    await seed_leads(sessions, people(1))
    wanted = {"client": "acme", "url": crm.url, "events": ["*"]}
    await client.post("webhooks", json=wanted)
    now = datetime.now(UTC)
    async with sessions() as session, session.begin():
        await announce(session, News(client_id=1, type="call.ended", data={}, lead_id=1), now)
    await deliver(sessions, POSTER, 1, lambda: now, lambda: 0.5)
    (told,) = (await client.get("webhooks/1/deliveries", params={"state": "delivered"})).json()["items"]
    assert (told["type"], told["tries"], told["last_status"], told["lead_id"]) == ("call.ended", 1, 200, 1)
    assert "body" not in told
    again = await client.post(f"webhooks/1/deliveries/{told['id']}/redeliver")
    assert (again.status_code, again.json()["state"], again.json()["event_id"]) == (
        202,
        "waiting",
        told["event_id"],
    )
    later = datetime.now(UTC)
    await deliver(sessions, POSTER, 1, lambda: later, lambda: 0.5)
    assert crm.requests[0].headers["webhook-id"] == crm.requests[1].headers["webhook-id"]
    assert (await client.get("webhooks/1")).json()["deliveries"] == {"delivered": 1}
    assert (await client.get("webhooks/1/deliveries", params={"state": "odd"})).status_code == 422


async def test_what_cannot_be_a_web_hook_is_refused(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await seed_leads(sessions, people(1))
    good = {"client": "acme", "url": "https://crm.example.com/", "events": ["*"]}
    for wrong in (
        {"url": "https://10.0.0.1/"},
        {"url": "ftp://crm.example.com"},
        {"events": []},
        {"events": ["call.begun"]},
        {"client": None},
        {"colour": "red"},
    ):
        assert (await client.post("webhooks", json=good | wrong)).status_code == 422, wrong
    assert (await client.post("webhooks", json=good | {"client": "nobody"})).status_code == 404


async def test_the_agents_screen_is_given_a_signed_address(
    sessions: Sessions, client: httpx2.AsyncClient
) -> None:
    (lead,) = await seed_leads(sessions, people(1))
    campaign = await seed_campaign(sessions)
    agent = await service.add_agent(sessions, "acme", "Ann Lee", "sip:ann@pbx.example", NOW)
    permitted = await service.claim_permitted(sessions, NO_LAW, campaign, 1, NOW)
    (started,) = await service.start_attempts(sessions, NO_LAW, campaign, permitted, NOW)
    assert (await screen_pop(sessions, started.attempt_id, agent, NOW)).url == ""
    template = "https://crm.example.com/open/{lead_id}?tel={phone}&by={agent}&for={campaign}"
    made = (await client.post(f"campaigns/{campaign}/screen-pop", json={"url": template})).json()
    pop = await screen_pop(sessions, started.attempt_id, agent, NOW)
    assert pop.url.startswith(
        f"https://crm.example.com/open/{lead}?tel=%2B12025550000&by=Ann%20Lee&for=Autumn%20sale&expires="
    )
    assert is_ours(pop.url, made["secret"], NOW.timestamp())
    assert not is_ours(pop.url, made["secret"], (NOW + timedelta(minutes=16)).timestamp())
    again = (await client.post(f"campaigns/{campaign}/screen-pop", json={})).json()
    assert again == {"url": template, "secret": None}
    shown = (await client.get(f"campaigns/{campaign}")).json()
    assert shown["screen_pop_url"] == template
    assert made["secret"] not in json.dumps(shown)
    wrong = await client.post(f"campaigns/{campaign}/screen-pop", json={"url": "https://{phone}/"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-screen-pop-url")


def test_web_hooks_and_hooks_for_leads_on_the_command_line(
    database_url: str, monkeypatch: pytest.MonkeyPatch, crm: Gateway
) -> None:
    database = AtUrl(database_url)
    database.poster = POSTER  # type: ignore[attr-defined]
    database.run(lambda sessions: seed_leads(sessions, people(1)))
    run = command_of(database, monkeypatch)
    added = run("webhook", "add", crm.url, "--client", "acme", "--event", "call.*")
    assert "shown only this once: whsec_" in added.output
    assert run("webhook", "test", "1").output.startswith("Web hook 1 took it: HTTP 200")
    crm.answers = [(404, {})]
    failed = run("webhook", "test", "1")
    assert (failed.exit_code, failed.output) == (1, "Web hook 1 did not take it: HTTP 404.\n")
    (listed,) = json.loads(run("webhook", "list", "--json").output)
    assert (listed["url"], listed["events"], listed["state"]) == (crm.url, ["call.*"], "active")
    assert "secret" not in listed
    assert "call.*" in run("webhook", "list").output
    assert run("webhook", "remove", "1").output == "Web hook 1 is removed.\n"
    with pytest.raises(InvalidWebhookError):
        run("webhook", "add", "https://10.0.0.1/", "--client", "acme", "--event", "call.*")
    wanted = ("lead-hook", "add", "CRM", "--client", "acme", "--list", "autumn", "--map", "phone=data.tel")
    assert "/api/v1/hooks/" in run(*wanted).output
    (hook,) = json.loads(run("lead-hook", "list", "--json").output)
    assert (hook["name"], hook["mapping"]) == ("CRM", {"phone": "data.tel"})
    assert not {"secret", "token_hash"} & set(hook)
    assert run("lead-hook", "remove", "1").output == "Hook 1 is removed.\n"
