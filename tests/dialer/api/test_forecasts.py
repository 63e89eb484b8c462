"""Forecasts over HTTP: the same as on the command line, one at a time, and beside the calls."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import psutil
import pytest
import pytest_asyncio

from dialer.bootstrap import Service, running
from dialer.forecast import SimulationEnded, forecast
from dialer.forecast_file import plan_of
from dialer.forecaster import Forecaster, ForecasterBusy, ForecastTooLong, Wanted
from dialer.settings import load_settings
from tests.campaigns.seeds import people, seed_campaign, seed_leads
from tests.dialer.call_seeds import seed_calls
from tests.support import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
kept = pytest_asyncio.fixture(scope="module", loop_scope="module")

SETTINGS = {"dial_mode": "predictive", "max_lines": 60}
ASSUMED = {"answer_rate": 0.4, "talk_mean_s": 30, "contact_share": 0.5, "machine_share": None}
SHORT = {"agents": "3..4", "hours": 0.1, "seeds": 2}
LONG = {"agents": 300, "hours": 24, "seeds": 20}
LONG_PLAN = {"settings": SETTINGS | {"max_lines": 2000}, "assumptions": ASSUMED, **LONG}


@kept
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("forecasts")
    settings = load_settings(data_dir=folder, mqtt={"port": 0}, api={"port": 0}, sip={"port": 0, "lines": 10})
    async with running(settings) as service:
        yield service


@kept
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {service.api_key}"}
    async with httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=60) as client:
        yield client


@kept
async def campaign_id(service: Service) -> int:
    sessions = service.database.sessions
    await seed_leads(sessions, people(50))
    return await seed_campaign(sessions)


def workers() -> list[psutil.Process]:
    """The processes that simulate for this one."""
    children = psutil.Process().children(recursive=True)
    return [each for each in children if "dialer.simulation.worker" in each.cmdline()]


async def test_settings_and_assumptions_are_forecast_as_on_the_command_line(
    client: httpx2.AsyncClient,
) -> None:
    asked = {"settings": SETTINGS, "assumptions": ASSUMED, "leads": 500, **SHORT}
    answer = await client.post("/api/v1/forecasts", json=asked)
    assert answer.status_code == 200
    plan = plan_of(SETTINGS, ASSUMED | {"leads": 500}, 0.1)
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(forecast(plan, [3, 4], 2)))


async def test_a_campaign_is_forecast_by_its_latest_calls_once_it_has_some(
    service: Service, client: httpx2.AsyncClient, campaign_id: int
) -> None:
    path = f"/api/v1/campaigns/{campaign_id}/forecast"
    answer = await client.post(path, json=SHORT)
    assert (answer.status_code, answer.json()["code"]) == (422, "too-little-history")
    await seed_calls(service.database.sessions, campaign_id)
    answer = await client.post(path, json=SHORT | {"compare": True})
    assert answer.status_code == 200
    found = answer.json()
    assert found["assumptions"]["answer_rate"] == pytest.approx(36 / 200)
    assert [(each["agents"], each["policy"]) for each in found["forecasts"][:2]] == [
        (3, "progressive"),
        (3, "power"),
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"hours": 25}, "invalid-request"),
        ({"hours": None}, "invalid-request"),
        ({"seeds": 1000}, "invalid-request"),
        ({"agents": 0}, "invalid-teams"),
        ({"agents": "many"}, "invalid-teams"),
        ({"agents": 10**9}, "invalid-teams"),
        ({"team": 5}, "invalid-request"),
        ({"assumptions": None}, "invalid-request"),
        ({"assumptions": {}}, "invalid-assumption"),
        ({"assumptions": {"answer_rate": None, "talk_mean_s": 30}}, "invalid-assumption"),
        ({"assumptions": {"answer_rate": [1], "talk_mean_s": 30}}, "invalid-assumption"),
        ({"assumptions": ASSUMED | {"hang_up_share": 10**400}}, "invalid-assumption"),
        ({"settings": {"max_lines": []}}, "invalid-campaign-settings"),
        ({"settings": {"lines": 5}}, "invalid-campaign-settings"),
    ],
)
async def test_what_cannot_be_forecast_is_refused_with_a_reason(
    client: httpx2.AsyncClient, changed: dict[str, Any], code: str
) -> None:
    asked = {"settings": SETTINGS, "assumptions": ASSUMED, **SHORT, **changed}
    answer = await client.post("/api/v1/forecasts", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"]


async def test_a_campaign_that_is_not_there_is_not_found(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v1/campaigns/999/forecast", json=SHORT)
    assert (answer.status_code, answer.json()["code"]) == (404, "campaign-not-found")


async def test_there_is_one_at_a_time_and_it_ends_with_its_client(client: httpx2.AsyncClient) -> None:
    first = asyncio.create_task(client.post("/api/v1/forecasts", json=LONG_PLAN))
    await eventually(workers)
    second = await client.post("/api/v1/forecasts", json=LONG_PLAN)
    assert (second.status_code, second.json()["code"]) == (503, "forecaster-busy")
    assert second.headers["Retry-After"] == "10"
    of_campaign = await client.post("/api/v1/campaigns/999/forecast", json=SHORT)
    assert of_campaign.status_code == 503, "its latest calls are not looked up"
    assert (await client.get("/healthz")).is_success, "the service goes on meanwhile"
    first.cancel()
    await asyncio.wait({first})
    await eventually(lambda: not workers())
    third = await client.post(
        "/api/v1/forecasts", json={"settings": SETTINGS, "assumptions": ASSUMED, **SHORT}
    )
    assert third.status_code == 200


async def test_the_description_tells_of_inputs_and_outputs(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    for path in ("/api/v1/forecasts", "/api/v1/campaigns/{campaign_id}/forecast"):
        operation = described["paths"][path]["post"]
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        assert "503" in operation["responses"]
    assert "utilisation" in described["components"]["schemas"]["Forecast"]["properties"]


async def long_one() -> Wanted:
    return Wanted(plan=plan_of(LONG_PLAN["settings"], ASSUMED, 24.0), teams=[300], seeds=20)


async def test_what_takes_too_long_is_ended_and_says_what_to_do() -> None:
    forecaster = Forecaster(within_s=0.5)
    with pytest.raises(ForecastTooLong, match=r"more than 0\.5 s; ask for fewer hours"):
        await forecaster.forecast(long_one)
    assert not workers()


async def test_a_simulation_that_is_killed_is_told_of_and_the_next_one_works() -> None:
    forecaster = Forecaster()
    first = asyncio.create_task(forecaster.forecast(long_one))
    await eventually(workers)
    workers()[0].kill()
    with pytest.raises(SimulationEnded):
        await first

    async def short_one() -> Wanted:
        return Wanted(plan=plan_of(SETTINGS, ASSUMED, 0.1), teams=[3], seeds=1)

    assert (await forecaster.forecast(short_one)).forecasts[0].agents == 3


async def test_who_comes_while_one_is_under_way_costs_nothing_and_one_that_fails_bars_no_other() -> None:
    forecaster = Forecaster()
    first = asyncio.create_task(forecaster.forecast(long_one))
    await eventually(workers)

    async def costly() -> Wanted:
        raise LookupError("calls were counted")

    with pytest.raises(ForecasterBusy):
        await forecaster.forecast(costly)
    first.cancel()
    await asyncio.wait({first})
    for _ in range(2):
        with pytest.raises(LookupError):
            await forecaster.forecast(costly)
