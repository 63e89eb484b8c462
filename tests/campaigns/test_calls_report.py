"""Calls by group: every call in one, every figure leads to its attempts, and days are the client's."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import col, update
from typer.testing import CliRunner

from campaigns import service
from campaigns.commands import report_app
from campaigns.core.calls_report import GROUPS, OF_ATTEMPTS
from campaigns.errors import InvalidInputError
from campaigns.reports.calls import CallsAsked, page_of, report_calls
from campaigns.reports.verifying import set_client_zone, verify
from campaigns.routes import router
from campaigns.stores.shared import Sessions
from campaigns.tables import CallTotal
from leads.errors import UnknownClientError
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.campaigns.test_campaign_commands import AtUrl
from tests.campaigns.test_campaign_report import play
from tests.open_access import open_to_all

PERIOD = {"first": date(2026, 11, 1), "last": date(2026, 12, 31)}


@pytest.fixture
async def campaign(sessions: Sessions) -> int:
    """A campaign with calls on days that are four days from each other; some go on."""
    await seed_leads(sessions, people(40))
    campaign_id = await seed_campaign(sessions)
    agents = [
        await service.add_agent(sessions, "acme", name, f"sip:{name}@pbx.example", NOW)
        for name in ("anna", "bea")
    ]
    await play(sessions, campaign_id, 4, agents)
    return campaign_id


@pytest.fixture
async def http(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    """The API over a database, without the network."""
    api = FastAPI()
    open_to_all(api)
    api.state.sessions = api.state.readings = sessions
    api.state.now = lambda: NOW
    api.include_router(router)
    transport = httpx2.ASGITransport(api)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
        yield client


async def test_each_call_is_in_one_group_and_each_figure_leads_to_its_attempts(
    campaign: int, sessions: Sessions, http: httpx2.AsyncClient
) -> None:
    report = await service.report(sessions, campaign, NOW)
    for by in GROUPS:
        params = {"group_by": by, "campaign_id": campaign}
        if by in OF_ATTEMPTS:
            params |= {"from": "2026-11-01", "to": "2026-12-31"}
        found = (await http.get("/reports/calls", params=params)).json()
        assert found["total"]["counts"]["calls"] == report.counts.attempts, by
        assert sum(each["counts"]["calls"] for each in found["items"]) == report.counts.attempts
        assert sum(each["counts"]["contacts"] for each in found["items"]) == report.counts.contacts
        for each in found["items"]:
            page = (await http.get("/attempts", params=each["calls_of"] | {"limit": 500})).json()
            assert len(page["items"]) == each["counts"]["calls"], (by, each["key"])


async def test_a_page_begins_where_the_one_before_ended(campaign: int, http: httpx2.AsyncClient) -> None:
    asked = {"group_by": "outcome", "campaign_id": campaign}
    whole = (await http.get("/reports/calls", params=asked)).json()["items"]
    keys, after = [], ""
    while after is not None:
        page = (await http.get("/reports/calls", params=asked | {"after": after, "limit": 2})).json()
        keys += [each["key"] for each in page["items"]]
        after = page["next"]
    assert keys == [each["key"] for each in whole]
    placed = {"campaign_id": campaign, "placed_from": "2026-01-01T00:00:00Z", "limit": 7}
    ids: list[int] = []
    last: int | None = 0
    while last is not None:
        found = (await http.get("/attempts", params=placed | {"after": last})).json()
        ids += [each["id"] for each in found["items"]]
        last = found["next"]
    assert sorted(ids) == ids
    assert len(set(ids)) == sum(each["counts"]["calls"] for each in whole)


async def test_a_day_is_the_clients_and_a_call_counts_where_it_was_placed(
    campaign: int, sessions: Sessions
) -> None:
    async def days() -> list[str]:
        asked = CallsAsked(by="day", campaign_id=campaign, **PERIOD)
        return [each.key for each in (await report_calls(sessions, asked)).rows]

    assert await days() == ["2026-11-23", "2026-11-27", "2026-12-01", "2026-12-05"]
    await set_client_zone(sessions, "acme", "Pacific/Auckland")
    assert await days() == ["2026-11-24", "2026-11-28", "2026-12-02", "2026-12-06"]
    week = await report_calls(sessions, CallsAsked(by="week", client="acme"))
    assert [each.key for each in week.rows] == ["2026-11-23", "2026-11-30"]
    with pytest.raises(InvalidInputError):
        await set_client_zone(sessions, "acme", "Mars/Base")


async def test_a_period_without_calls_has_no_rows_and_rates_without_a_value(
    campaign: int, sessions: Sessions
) -> None:
    empty = CallsAsked(by="agent", campaign_id=campaign, first=date(2020, 1, 1), last=date(2020, 1, 1))
    found = await report_calls(sessions, empty)
    assert list(found.rows) == []
    assert (found.total.counts.calls, found.total.contact_rate.value, found.total.contact_rate.low) == (
        0,
        None,
        None,
    )
    assert page_of(found, "", 10) == ([], None)


async def test_what_cannot_be_counted_is_refused(campaign: int, http: httpx2.AsyncClient) -> None:
    for params in (
        {"group_by": "shoe_size", "campaign_id": campaign},
        {"group_by": "day"},
        {"group_by": "trunk", "campaign_id": campaign},
        {"group_by": "trunk", "campaign_id": campaign, "from": "2026-01-01", "to": "2026-12-31"},
        {"group_by": "day", "campaign_id": campaign, "from": "2026-12-31", "to": "2026-01-01"},
        {"group_by": "agent", "campaign_id": campaign, "after": "anna"},
    ):
        with pytest.raises(InvalidInputError):
            await http.get("/reports/calls", params=params)
    with pytest.raises(UnknownClientError):
        await http.get("/reports/calls", params={"group_by": "day", "client": "nobody"})
    zones = {"client": "acme", "timezone": "Europe/Berlin"}
    assert (await http.put("/client-timezone", json=zones)).json() == zones
    assert (await http.get("/client-timezone", params={"client": "acme"})).json() == zones


async def test_what_was_miscounted_is_found_and_repaired(campaign: int, sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.exec(update(CallTotal).where(col(CallTotal.outcome) == "busy").values(calls=77))
    found = await verify(sessions, campaign)
    assert {(each.tally, each.count, each.kept) for each in found.differences} == {
        ("call_total", "calls", 77)
    }
    assert (await verify(sessions, None, repair=True)).repaired
    assert list((await verify(sessions, None)).differences) == []


def test_on_the_command_line(campaign: int, database_url: str) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(report_app, words, obj=AtUrl(database_url), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    rows = list(csv.DictReader(io.StringIO(run("calls", "--by", "agent", "--client", "acme", "--csv"))))
    assert {each["name"] for each in rows} >= {"anna", "bea"}
    told = json.loads(run("calls", "--by", "day", "--campaign", str(campaign), "--json"))
    assert sum(each["counts"]["calls"] for each in told["rows"]) == told["total"]["counts"]["calls"]
    assert "0 differences" in run("verify")
    assert run("timezone", "--client", "acme").strip() == "UTC"
