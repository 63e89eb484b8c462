"""Loads over HTTP: a file is sent, its load is followed, and what it left is fetched."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import col, func, select

from dialer.api import problems
from leads.importing.runner import ImportRunner
from leads.routes import imports
from leads.stores.shared import Sessions
from leads.tables import Lead, LeadList
from tests.leads.workbooks import sheets
from tests.open_access import open_to_all

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROWS = "external_id,phone\nA,415-555-0101\nB,n/a\nA,415-555-0102\n"
SPRING = {"client": "acme", "list": "spring"}


async def _lists_of_campaign(sessions: Sessions, _reference: str) -> tuple[int, ...]:
    async with sessions() as session, session.begin():
        return tuple((await session.exec(select(LeadList.id))).all())


@asynccontextmanager
async def _running(
    sessions: Sessions, folder: Path, max_bytes: int = 100_000_000
) -> AsyncIterator[httpx2.AsyncClient]:
    runner = ImportRunner(sessions, folder, lambda: NOW, max_bytes)
    await runner.start()
    app = FastAPI()
    open_to_all(app)
    problems.install(app)
    app.state.sessions = app.state.readings = sessions
    app.state.now, app.state.imports = (lambda: NOW), runner
    app.state.lists_of_campaign = _lists_of_campaign
    app.include_router(imports.router, prefix="/api/v1")
    transport = httpx2.ASGITransport(app=app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as client:
            yield client
    finally:
        await runner.stop()


@pytest.fixture
async def http(sessions: Sessions, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with _running(sessions, tmp_path / "imports") as client:
        yield client


async def _send(http: httpx2.AsyncClient, body: str | bytes, **params: Any) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    return await http.post("/api/v1/imports", params=SPRING | params, content=content)


async def _done(http: httpx2.AsyncClient, location: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            load: dict[str, Any] = (await http.get(location)).json()
            if load["state"] != "running":
                return load
            await asyncio.sleep(0.01)


async def _count(sessions: Sessions) -> int:
    async with sessions() as session, session.begin():
        return (await session.exec(select(func.count(col(Lead.id))))).one()


async def test_a_file_that_is_sent_is_loaded_and_its_load_can_be_followed(http: httpx2.AsyncClient) -> None:
    answer = await _send(http, ROWS, name="spring.csv")
    assert answer.status_code == 202
    location = answer.headers["Location"]
    assert location == f"/api/v1/imports/{answer.json()['id']}"
    load = await _done(http, location)
    assert (load["state"], load["rows"], load["accepted"], load["merged"], load["rejected"]) == (
        "done", 3, 1, 1, 1,
    )  # fmt: skip
    assert (load["client"], load["list_name"], load["source"], load["progress"]) == (
        "acme", "spring", "spring.csv", 1.0,
    )  # fmt: skip
    assert load["reasons"] == {"phone-not-a-number": 1}
    assert load["merges"] == {"duplicate-updated": 1}
    page = (await http.get("/api/v1/imports", params={"list_id": load["list_id"]})).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == ([load["id"]], None)


async def test_what_a_load_left_is_fetched_as_files(http: httpx2.AsyncClient) -> None:
    location = (await _send(http, ROWS)).headers["Location"]
    await _done(http, location)
    rejects = (await http.get(f"{location}/rejects")).content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(rejects, newline=""))
    assert (row["rejected_row"], row["rejected_code"], row["external_id"]) == ("3", "phone-not-a-number", "B")
    id_map = (await http.get(f"{location}/id-map")).content.decode("utf-8-sig")
    assert [row["code"] for row in csv.DictReader(io.StringIO(id_map, newline=""))] == [
        "new",
        "duplicate-updated",
    ]


async def test_the_choices_of_the_command_are_in_the_query(http: httpx2.AsyncClient) -> None:
    body = "Ring here,Who\n4155550101,Ann\n"
    mapped = {"map": ["phone=Ring here", "first_name=Who"]}
    load = await _done(http, (await _send(http, body, **mapped)).headers["Location"])
    assert load["accepted"] == 1
    again: dict[str, Any] = {"scope": "campaign", "campaign": "1", "duplicates": "skip"}
    other = await _send(http, body, **mapped, **again | {"list": "other"})
    assert (await _done(http, other.headers["Location"]))["merges"] == {"duplicate-skipped": 1}


@pytest.mark.parametrize(
    ("params", "body", "status", "code"),
    [
        ({}, b"", 422, "not-a-lead-file"),
        ({}, b"name\nAnn\n", 422, "not-a-lead-file"),
        ({}, b"phone\n=A2\n=A3\n", 422, "formulas-without-values"),
        ({"sheet": "spring"}, ROWS.encode(), 422, "unknown-sheet"),
        ({"client": "Not A Slug"}, ROWS.encode(), 422, "bad-name"),
        ({"default_country": "Narnia"}, ROWS.encode(), 422, "unknown-country"),
        ({"map": "phone"}, ROWS.encode(), 422, "bad-mapping"),
        ({"map": "phone=None of them"}, ROWS.encode(), 422, "bad-mapping"),
        ({"mapping": "nobody's"}, ROWS.encode(), 404, "unknown-mapping"),
        ({"duplicates": "nonsense"}, ROWS.encode(), 422, "invalid-request"),
        ({"scope": "campaign"}, ROWS.encode(), 422, "bad-import-choice"),
    ],
)
async def test_what_cannot_be_loaded_is_refused_and_leaves_nothing_behind(
    http: httpx2.AsyncClient, tmp_path: Path, params: dict[str, Any], body: bytes, status: int, code: str
) -> None:
    answer = await _send(http, body, **params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await http.get("/api/v1/imports")).json()["items"] == []
    assert list((tmp_path / "imports").iterdir()) == []


async def test_a_file_that_is_too_large_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    async with _running(sessions, tmp_path / "imports", max_bytes=100) as http:
        answer = await _send(http, "phone\n" + "4155550101\n" * 100)
        assert answer.json()["code"] == "import-too-large"
    assert list((tmp_path / "imports").iterdir()) == []


async def test_a_load_that_nobody_knows_is_not_found(http: httpx2.AsyncClient) -> None:
    for path in ("", "/rejects", "/id-map"):
        answer = await http.get(f"/api/v1/imports/77{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "import-not-found")


async def test_what_proves_no_list_in_its_middle_is_told_though_nothing_of_it_stays(
    http: httpx2.AsyncClient, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 100)
    rows = "".join(f"212555{i:04}\n" for i in range(2_000))
    answer = await _send(http, f'phone\n{rows}1,"' + "x" * 50_000)
    assert answer.status_code == 202
    load = await _done(http, answer.headers["Location"])
    assert (load["state"], load["error_code"]) == ("failed", "not-a-lead-file")
    assert "32,767 characters" in load["error"]
    assert await _count(sessions) == 0
    assert (await http.get(f"{answer.headers['Location']}/rejects")).status_code == 404


async def test_a_load_that_a_stop_cut_off_goes_on_after_the_next_start(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.load.CHUNK_ROWS", 100)
    rows = "".join(f"212{200 + i // 10_000}{i % 10_000:04}\n" for i in range(5_000))
    async with _running(sessions, tmp_path / "imports") as http:
        answer = await _send(http, f"phone\nn/a\n{rows}", duplicates="keep")
        async with asyncio.timeout(60):
            while not await _count(sessions):
                await asyncio.sleep(0.01)
    assert 0 < await _count(sessions) < 5_000
    async with _running(sessions, tmp_path / "imports") as http:
        load = await _done(http, answer.headers["Location"])
        assert (load["state"], load["accepted"], load["rejected"]) == ("done", 5_000, 1)
        rejects = await http.get(f"{answer.headers['Location']}/rejects")
        assert len(rejects.text.splitlines()) == 2
        id_map = await http.get(f"{answer.headers['Location']}/id-map")
        assert len(id_map.text.splitlines()) == 5_001
    assert await _count(sessions) == 5_000


async def test_a_sheet_is_named_in_the_query_and_told_of_the_load(http: httpx2.AsyncClient) -> None:
    book = sheets({"autumn": [["phone"], ["4155550101"]], "winter": [["phone"], ["4155550102"], ["n/a"]]})
    load = await _done(http, (await _send(http, book, sheet="winter")).headers["Location"])
    assert (load["sheet"], load["other_sheets"], load["rows"]) == ("winter", ["autumn"], 2)
    load = await _done(http, (await _send(http, book)).headers["Location"])
    assert (load["sheet"], load["other_sheets"], load["rows"]) == ("autumn", ["winter"], 1)
    refused = await _send(http, book, sheet="summer")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-sheet")
    assert '"autumn", "winter"' in refused.json()["detail"]
