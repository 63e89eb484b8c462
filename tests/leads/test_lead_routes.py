"""Leads and lists over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from leads.errors import BadLeadFilterError, UnknownClientError, UnknownLeadError
from leads.routes.leads import router
from leads.stores.shared import Sessions
from tests.leads.keeping import NOW, Kept, keep
from tests.open_access import open_to_all


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now = lambda: NOW
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened:
        yield opened


async def test_leads_are_searched_a_page_at_a_time(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    ids = await keep(sessions, [Kept([f"+1202555010{number}"]) for number in range(3)])
    first = (await client.get("/leads", params={"list": "autumn", "limit": 2})).json()
    assert [each["id"] for each in first["items"]] == ids[:2]
    second = (await client.get("/leads", params={"limit": 2, "after": first["next"]})).json()
    assert [each["id"] for each in second["items"]] == ids[2:]
    assert second["next"] is None


@pytest.mark.parametrize("written", ["+12025550101", "202-555-0101", " 12025550101"])
async def test_a_phone_in_a_query_may_be_written_in_any_way(
    sessions: Sessions, client: httpx2.AsyncClient, written: str
) -> None:
    (lead, _) = await keep(sessions, [Kept(["+12025550101"]), Kept(["+12025550102"])])
    found = (await client.get("/leads", params={"phone": written})).json()["items"]
    assert [each["id"] for each in found] == [lead]
    assert found[0]["phones"][0] == {
        "id": found[0]["phones"][0]["id"],
        "phone": "+12025550101",
        "extension": "",
        "label": "",
        "kind": "fixed_line_or_mobile",
        "region": "US",
        "zones": ["America/New_York"],
    }


async def test_custom_fields_are_searched(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    (lead, _) = await keep(
        sessions, [Kept([], values={"custom": {"a": "1", "b": "2"}}), Kept([], values={"custom": {"a": "1"}})]
    )
    found = (await client.get("/leads", params={"custom": ["a=1", "b=2"]})).json()["items"]
    assert [each["id"] for each in found] == [lead]


async def test_one_lead_is_shown_with_its_version(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    (lead,) = await keep(sessions, [Kept(["+12025550101"], values={"first_name": "Ada"})])
    shown = await client.get(f"/leads/{lead}")
    assert shown.json()["first_name"] == "Ada"
    assert shown.headers["ETag"] == (await client.get(f"/leads/{lead}")).headers["ETag"]
    with pytest.raises(UnknownLeadError):
        await client.get(f"/leads/{lead + 1}")


async def test_lists_are_shown(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await keep(sessions, [Kept(["+12025550101"])])
    (only,) = (await client.get("/lead-lists", params={"client": "acme"})).json()["items"]
    assert (only["name"], only["client"], only["leads"]) == ("autumn", "acme", 1)
    with pytest.raises(UnknownClientError):
        await client.get("/lead-lists", params={"client": "nobody"})


async def test_an_export_is_a_file(sessions: Sessions, client: httpx2.AsyncClient) -> None:
    await keep(sessions, [Kept(["+12025550101"])])
    csv = await client.get("/leads/export", params={"list": "autumn"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    assert csv.text.splitlines()[1].startswith(",+12025550101,")
    xlsx = await client.get("/leads/export", params={"list": "autumn", "format": "xlsx"})
    assert xlsx.content.startswith(b"PK")
    assert (await client.get("/leads/export", params={"format": "pdf"})).status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "after=-1", f"after={2**63}", "custom=" + "&custom=".join("x" * 21)]
)
async def test_numbers_out_of_range_are_refused(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/leads?{query}")).status_code == 422


@pytest.mark.parametrize(
    "query", ["phone=5", "country=Atlantis", "min_priority=x", "custom=x", "name=%00", "created_from=soon"]
)
async def test_conditions_that_make_no_sense_are_refused(client: httpx2.AsyncClient, query: str) -> None:
    with pytest.raises(BadLeadFilterError):
        await client.get(f"/leads?{query}")
