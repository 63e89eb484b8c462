"""The HTTP face of a service that runs: health for everyone, the rest for whoever has the key."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import select

from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.tables import Attempt, CampaignLead
from dialer.bootstrap import DataFolderInUse, Service, running
from dialer.settings import Settings, load_settings
from leads import samples
from leads.importing.load import import_list
from tests.sounds import sound

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


pytestmark = pytest.mark.asyncio(loop_scope="module")
kept = pytest_asyncio.fixture(scope="module", loop_scope="module")


def settings_in(folder: Path) -> Settings:
    return load_settings(data_dir=folder, mqtt={"port": 0}, api={"port": 0}, sip={"port": 0, "lines": 10})


@kept
async def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("http") / "data")


@kept
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with running(settings) as service:
        yield service


@kept
async def anyone(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=service.api_url, timeout=10) as client:
        yield client


@kept
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {service.api_key}"}
    async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=10) as client:
        yield client


@kept
async def campaign_id(service: Service) -> int:
    sessions = service.database.sessions
    await import_list(
        sessions,
        client_slug="acme",
        list_name="l",
        default_country="US",
        source=samples.DEMO_LEADS,
        now=NOW,
    )
    settings = CampaignSettings(caller_id="+12025550123")
    return await campaigns.create_campaign(sessions, "acme", "Autumn", settings, ["l"], NOW)


async def test_health_needs_no_key(anyone: httpx2.AsyncClient) -> None:
    assert (await anyone.get("/healthz")).json() == {"status": "ok"}
    ready = await anyone.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


async def test_a_service_without_its_switch_is_not_ready(tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as service:
        await service.engine.stop(drain_s=0)
        async with httpx2.AsyncClient(base_url=service.api_url, timeout=10) as anyone:
            ready = await anyone.get("/readyz")
    assert (ready.status_code, ready.json()["switch"]) == (503, False)


async def test_metrics_have_the_agreed_names_and_no_person_in_them(anyone: httpx2.AsyncClient) -> None:
    text = (await anyone.get("/metrics")).text
    for name in ("dialer_calls_total", "dialer_switch_up", "dialer_agents", "dialer_answer_to_agent_seconds"):
        assert f"# TYPE {name}" in text
    assert 'dialer_switch_up{switch="switch-1"} 1.0' in text
    assert "dialer_build_info{" in text
    assert not re.search(r"\+1\d{3}", text)  # 7.5e+10 bytes are no number


@pytest.mark.parametrize("key", [None, "wrong", "ключ"])
@pytest.mark.parametrize("path", ["/api/v1/campaigns", "/api/v1/attempts", "/api/v1/agent-sessions/1"])
async def test_without_the_key_nothing_is_told(
    anyone: httpx2.AsyncClient, path: str, key: str | None
) -> None:
    headers = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
    answer = await anyone.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


async def test_the_key_is_made_once_and_kept_from_others(service: Service, settings: Settings) -> None:
    path = settings.data_dir / "api.key"
    assert path.read_text().strip() == service.api_key
    assert path.stat().st_mode & 0o777 == 0o600
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


async def test_campaigns_and_attempts_can_be_read(client: httpx2.AsyncClient, campaign_id: int) -> None:
    page = (await client.get("/api/v1/campaigns")).json()
    assert [each["name"] for each in page["items"]] == ["Autumn"]
    assert (await client.get(f"/api/v1/campaigns/{campaign_id}")).json()["state"] == "draft"
    attempts = await client.get("/api/v1/attempts", params={"campaign_id": campaign_id})
    assert attempts.json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/campaigns/999", None, 404, "campaign-not-found"),
        ("GET", "/api/v1/campaigns/none", None, 422, "invalid-request"),
        ("GET", "/api/v1/nothing", None, 404, "not-found"),
        ("POST", "/api/v1/campaigns/999/start", None, 404, "campaign-not-found"),
        ("POST", "/api/v1/agent-sessions", {"agent_id": 9, "campaign_ids": [1]}, 404, "agent-not-found"),
        ("POST", "/api/v1/agent-sessions", {"agent_id": 9, "campaign_ids": []}, 422, "invalid-request"),
        ("POST", "/api/v1/agent-sessions", {"agent_id": 10**30, "campaign_ids": [1]}, 422, "invalid-request"),
        ("POST", "/api/v1/agent-sessions/7/ready", None, 404, "unknown-agent-session"),
        ("POST", "/api/v1/agent-sessions/7/end", None, 404, "unknown-agent-session"),
        ("POST", "/api/v1/agent-sessions/7/preview/dial", None, 404, "unknown-agent-session"),
        ("POST", "/api/v1/agent-sessions/7/preview/skip", None, 404, "unknown-agent-session"),
        ("POST", "/api/v1/attempts/7/disposition", {"disposition": "sale"}, 404, "attempt-not-found"),
        ("PATCH", "/api/v1/attempts/7", {"disposition": "sale"}, 404, "attempt-not-found"),
        ("DELETE", "/api/v1/campaigns/1", None, 405, "method-not-allowed"),
    ],
)
async def test_an_error_is_a_problem_with_a_stable_code(
    client: httpx2.AsyncClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_sale_is_said_and_corrected_over_http(
    client: httpx2.AsyncClient, service: Service, campaign_id: int
) -> None:
    async with service.database.sessions() as session, session.begin():
        row = (
            await session.exec(select(CampaignLead).where(CampaignLead.campaign_id == campaign_id))
        ).first()
        assert row is not None
        place = {"campaign_id": campaign_id, "lead_id": row.lead_id, "phone_id": row.phone_id, "list_id": 1}
        times = {"placed_at": NOW, "answered_at": NOW, "connected_at": NOW, "ended_at": NOW}
        attempt = Attempt(e164="+12025550101", number=1, permit={}, outcome="human", **place, **times)
        session.add(attempt)
        await session.flush()
        path = f"/api/v1/attempts/{attempt.id}"
    own = {"sale": {"key": "1", "needs": ["amount"]}, "leave_out": ["deceased"]}
    changed = await client.patch(
        f"/api/v1/campaigns/{campaign_id}", json={"dispositions": own, "currency": "EUR"}
    )
    assert (changed.json()["dispositions"]["sale"]["key"], changed.json()["currency"]) == ("1", "EUR")
    told = (await client.get(f"/api/v1/campaigns/{campaign_id}/dispositions")).json()
    assert [(each["key"], each["needs"]) for each in told if each["code"] == "sale"] == [("1", ["amount"])]
    assert "deceased" not in {each["code"] for each in told}

    missing = await client.post(f"{path}/disposition", json={"disposition": "SALE"})
    assert (missing.status_code, missing.json()["code"]) == (422, "disposition-incomplete")
    assert missing.json()["missing"] == ["amount"]
    unknown = await client.post(f"{path}/disposition", json={"disposition": "deceased"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown-disposition")
    early = await client.patch(path, json={"disposition": "hung_up"})
    assert (early.status_code, early.json()["code"]) == (409, "nothing-to-correct")
    body = {"disposition": "SALE", "sale": [{"product": "Blue", "amount": "19.90"}]}
    said = await client.post(f"{path}/disposition", json=body)
    assert said.json()["disposition"] == "sale"

    read = await client.get(path)
    assert read.headers["ETag"] == said.headers["ETag"]
    assert read.json()["sale"] == [{"product": "Blue", "quantity": 1, "amount": "19.90", "currency": "EUR"}]
    seen = {"If-Match": read.headers["ETag"]}
    more = {"sale": [{"product": "Blue", "quantity": 2, "amount": "39.80"}], "reason": "one more"}
    corrected = await client.patch(path, json=more, headers=seen)
    assert (corrected.status_code, corrected.json()["disposition"]) == (200, "sale")
    (kept,) = corrected.json()["corrections"]
    assert (kept["sale"][0]["amount"], kept["reason"], kept["who"] != "") == ("19.90", "one more", True)
    assert (await client.patch(path, json=more, headers=seen)).status_code == 412
    again = {"If-Match": corrected.headers["ETag"]}
    assert (await client.patch(path, json={"disposition": "NI"}, headers=again)).json()["sale"] == []


async def test_what_a_load_that_is_sent_merges_reaches_the_campaigns(
    service: Service, client: httpx2.AsyncClient, campaign_id: int
) -> None:
    leads = (await client.get("/api/v1/leads", params={"client": "acme", "limit": 5})).json()["items"]
    file = f"phone,priority\n{leads[-1]['phones'][0]['phone']},77\n".encode()
    sent = await client.post("/api/v1/imports", params={"client": "acme", "list": "l"}, content=file)
    while (await client.get(sent.headers["Location"])).json()["state"] == "running":
        await asyncio.sleep(0.01)
    async with service.database.sessions() as session:
        row = await session.get_one(CampaignLead, (campaign_id, leads[-1]["id"]))
    assert row.sort_key == -77


async def test_an_agent_logs_in_once_and_a_softphone_that_is_not_there_is_told(
    service: Service, client: httpx2.AsyncClient, campaign_id: int
) -> None:
    sessions = service.database.sessions
    agent_id = await campaigns.add_agent(sessions, "acme", "Anna", "sip:anna@127.0.0.1:9", NOW)
    wanted = {"agent_id": agent_id, "campaign_ids": [campaign_id]}
    shift = await client.post("/api/v1/agent-sessions", json=wanted)
    assert (shift.status_code, shift.json()["state"]) == (201, "unavailable")
    again = await client.post("/api/v1/agent-sessions", json=wanted)
    assert (again.status_code, again.json()["code"]) == (409, "agent-logged-in")
    assert again.json()["session_id"] == shift.json()["id"]
    taken = await client.post("/api/v1/agent-sessions", json=wanted | {"take_over": True})
    assert (taken.status_code, taken.json()["id"] != shift.json()["id"]) == (201, True)
    assert (await client.get(f"/api/v1/agent-sessions/{shift.json()['id']}")).status_code == 404
    shift = taken
    path = f"/api/v1/agent-sessions/{shift.json()['id']}"
    for ask in ("dial", "skip"):
        nothing = await client.post(f"{path}/preview/{ask}")
        assert (nothing.status_code, nothing.json()["code"]) == (409, "no-preview")
    for ask in ("pause", "preview/skip"):
        unclear = await client.post(f"{path}/{ask}", json={"reason": "a b"})
        assert (unclear.status_code, unclear.json()["code"]) == (422, "invalid-request")
    extended = await client.post(f"{path}/wrap-up/extend")
    assert (extended.status_code, extended.json()["code"]) == (409, "wrap-up-not-extended")
    unknown = await client.post(f"{path}/pause", json={"reason": "golf"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown-pause-reason")
    assert "break, lunch" in unknown.json()["detail"]
    paused = await client.post(f"{path}/pause", json={"reason": "lunch"})
    assert paused.status_code == 200
    assert (await client.post(f"{path}/end")).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_the_api_describes_itself_without_warnings(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    assert "/api/v1/agent-sessions" in described["paths"]
    assert all(
        operation.get("description") or operation.get("summary")
        for path in described["paths"].values()
        for operation in path.values()
    )


async def test_the_description_needs_the_key_too(anyone: httpx2.AsyncClient) -> None:
    assert (await anyone.get("/api/v1/openapi.json")).status_code == 401


async def test_a_long_body_is_a_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/agent-sessions", content=bytes(2 << 20))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_two_services_cannot_share_a_data_folder(service: Service, settings: Settings) -> None:
    with pytest.raises(DataFolderInUse, match="Another dialer works on"):
        async with running(settings):
            pass


async def test_an_agent_cannot_work_for_a_campaign_without_agents(
    service: Service, client: httpx2.AsyncClient, campaign_id: int, tmp_path: Path
) -> None:
    sessions, message = service.database.sessions, sound(tmp_path / "message.wav")
    settings = CampaignSettings(caller_id="+12025550123", dial_mode="agentless", message=str(message))
    agentless = await campaigns.create_campaign(sessions, "acme", "Reminder", settings, ["l"], NOW)
    agent = await campaigns.add_agent(sessions, "acme", "Bob", "sip:bob@pbx.example", NOW)
    shift = {"agent_id": agent, "campaign_ids": [campaign_id, agentless]}
    refused = await client.post("/api/v1/agent-sessions", json=shift)
    assert (refused.status_code, refused.json()["code"]) == (409, "campaign-without-agents")
    expected = f"Campaign {agentless} is agentless and has no calls for agents; leave it out."
    assert refused.json()["detail"] == expected
    assert not service.engine.floor.agents
