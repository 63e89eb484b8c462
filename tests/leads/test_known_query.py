"""A parameter that a route does not have is refused, since it would do nothing."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from campaigns.routes import router as campaign_routes
from dialer.api import problems
from leads.routes import router as lead_routes
from tests.open_access import open_to_all


def _app() -> FastAPI:
    """The routes without anything behind them: what is refused reaches nothing."""
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = None
    problems.install(app)
    app.include_router(lead_routes)
    app.include_router(campaign_routes)
    return app


OPERATIONS = [(method, path) for path, methods in _app().openapi()["paths"].items() for method in methods]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
        yield client


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_every_route_names_the_parameter_that_it_does_not_have(
    http: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await http.request(method, re.sub(r"\{\w+\}", "1", path), params={"colour": "red"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert answer.headers["Content-Type"] == "application/problem+json"
    [wrong] = answer.json()["errors"]
    assert wrong["where"] == ["query", "colour"]
    assert wrong["what"].startswith("No such parameter")


async def test_a_misspelt_parameter_is_told_those_that_there_are(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/imports", params={"client": "acme", "list": "spring", "duplicate": "skip"})
    [wrong] = answer.json()["errors"]
    assert wrong["where"] == ["query", "duplicate"]
    for there in ("duplicates", "list", "map", "sheet", "from_start"):
        assert f" {there}" in wrong["what"]
    assert "list_name" not in wrong["what"]


async def test_of_a_great_many_only_some_are_named(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/campaigns", params={f"x{number}": "1" for number in range(1_000)})
    assert len(answer.json()["errors"]) == 10


async def test_parameters_that_dependencies_ask_for_are_known(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/leads", params={"min_priority": "1", "custom": "a=1", "limit": "0"})
    assert [wrong["where"] for wrong in answer.json()["errors"]] == [["query", "limit"]]
