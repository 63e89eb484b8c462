"""The sample connection, with a CRM in its shape on the one side and the dialer's API on the other."""

import importlib.util
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from campaigns import service, webhooks
from campaigns.core.attempt import Ending
from campaigns.core.webhook import parse_networks
from campaigns.routes import lead_intake
from campaigns.stores.shared import Sessions
from campaigns.webhook_delivery import deliver
from campaigns.webhook_posting import Poster
from dialer.api import problems
from dialer.api.server import HttpServer
from leads.threads import in_thread
from tests.campaigns.promised import talked
from tests.campaigns.seeds import NOW, seed_campaign, seed_leads
from tests.espocrm_server import EspoCrm, espocrm
from tests.open_access import open_to_all

HERE = parse_networks(["127.0.0.0/8"])
KEY = "an API user's key"
_FILE = Path(__file__).parents[2] / "docs" / "examples" / "crm" / "espocrm.py"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("espocrm_example", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = _example()


@pytest.fixture
def crm() -> Iterator[EspoCrm]:
    with espocrm(KEY) as opened:
        yield opened


@pytest.fixture
def crm_client(crm: EspoCrm) -> Iterator[Any]:
    client = example.Crm.at(crm.url, KEY)
    with client.http:
        yield client


@pytest.fixture
async def dialer_url(sessions: Sessions) -> AsyncIterator[str]:
    app = FastAPI()
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: datetime.now(UTC)
    open_to_all(app)
    problems.install(app)
    api = APIRouter(prefix="/api/v1")
    api.include_router(lead_intake.router)
    app.include_router(api)
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    yield f"http://127.0.0.1:{server.port}/api/v1/"
    await server.stop()


def lead(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{number:017x}",
        "status": "New",
        "lastName": "Lovelace",
        "phoneNumber": f"+12025550{number:03}",
        "createdAt": f"2026-11-23 {number // 60:02}:{number % 60:02}:00",
        "addressCountry": None,
        **more,
    }


async def test_new_leads_come_once_page_by_page(
    sessions: Sessions, crm: EspoCrm, crm_client: Any, dialer_url: str
) -> None:
    await seed_leads(sessions, [])
    crm.records["Lead"] = [
        *(lead(number) for number in range(100, 250)),
        lead(300, status="Converted"),
        lead(301, phoneNumber=None),
    ]

    def bring() -> dict[str, int]:
        with httpx2.Client(base_url=dialer_url) as dialer:
            found: dict[str, int] = example.bring_leads(crm_client, dialer, "1")
            return found

    assert await in_thread(bring) == {"accepted": 150, "merged": 0, "rejected": 1}
    crm.records["Lead"].append(lead(400))
    assert await in_thread(bring) == {"accepted": 1, "merged": 150, "rejected": 1}


async def test_calls_and_dispositions_go_out_once_also_where_the_crm_was_away(
    sessions: Sessions, crm: EspoCrm, crm_client: Any, dialer_url: str
) -> None:
    await seed_leads(sessions, [])
    async with httpx2.AsyncClient(base_url=dialer_url) as dialer:
        await dialer.post("lead-lists/1/leads", json={"leads": [example.lead_of(lead(1))]})
    campaign = await seed_campaign(sessions)
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    server = example.receiver(crm_client, "", 0)
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    made = await webhooks.add_webhook(sessions, "acme", url, ["call.*", "disposition.*"], NOW, allowed=HERE)
    server.server_close()
    server = example.receiver(crm_client, made.secret, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        attempt = await talked(sessions, campaign, agent)
        await service.set_disposition(sessions, attempt, "sale", "", NOW)
        await service.finish_attempt(sessions, attempt, Ending("human"), NOW)
        crm.away = True
        await _deliver(sessions, 0)
        assert crm.records.get("Call", []) == []
        crm.away = False
        await _deliver(sessions, 30)
        for each in await webhooks.list_deliveries(sessions, 1, None, 0, 10):
            assert each.state == "delivered", each
            await webhooks.redeliver(sessions, 1, each.id, NOW)
        await _deliver(sessions, 60)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    (call,) = crm.records["Call"]
    assert (call["parentType"], call["parentId"]) == ("Lead", f"{1:017x}")
    assert (call["status"], call["direction"], call["dateStart"]) == (
        "Held",
        "Outbound",
        "2026-11-23 15:00:00",
    )
    assert (call["cDialerAttemptId"], call["description"]) == (str(attempt), "Disposition: Sale")


async def _deliver(sessions: Sessions, after_s: float) -> None:
    """All that is due so long from now on."""
    at = datetime.now(UTC) + timedelta(seconds=after_s)
    await deliver(sessions, Poster(HERE), 1, lambda: at, lambda: 0.5)
