"""Recordings over HTTP, with ranges, and on the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from campaigns.commands.recordings import recordings_app
from campaigns.recordings.folder import RecordingFolder
from campaigns.routes import router
from campaigns.stores.shared import Sessions
from campaigns.tables import Recording
from dialer.api import problems
from dialer.database import opened
from tests.campaigns.recorded import NODE, Recorded, recorded_call
from tests.campaigns.seeds import NOW
from tests.open_access import open_to_all

T = TypeVar("T")


@pytest.fixture
async def call(sessions: Sessions, tmp_path: Path) -> Recorded:
    return await recorded_call(sessions, tmp_path / "recordings")


@pytest.fixture
async def client(call: Recorded) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    open_to_all(app)
    app.state.sessions = app.state.readings = call.sessions
    app.state.now, app.state.recordings = (lambda: NOW), call.folder
    problems.install(app)
    app.include_router(router)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dialer") as opened_client:
        yield opened_client


async def test_the_index_is_listed_without_paths(call: Recorded, client: httpx2.AsyncClient) -> None:
    row = await call.keep()
    page = (await client.get("/recordings", params={"client": "acme", "campaign_id": call.campaign})).json()
    (shown,) = page["items"]
    assert (shown["id"], shown["state"], shown["sha256"]) == (row.id, "kept", row.sha256)
    assert "path" not in shown
    assert (await client.get("/recordings", params={"client": "nobody"})).status_code == 404
    assert (await client.get(f"/recordings/{row.id + 1}")).status_code == 404
    assert (await client.get("/recordings", params={"path": "../x"})).status_code == 422


async def test_the_sound_comes_whole_and_in_ranges(call: Recorded, client: httpx2.AsyncClient) -> None:
    row = await call.keep()
    sound = call.folder.file(row.path).read_bytes()
    path, etag = f"/recordings/{row.id}/audio", f'"{row.sha256}"'

    async def get(**headers: str) -> httpx2.Response:
        return await client.get(path, headers=headers)

    whole = await get()
    assert (whole.status_code, whole.content) == (200, sound)
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (etag, "bytes")
    assert whole.headers["Content-Type"] == "audio/wav"
    assert "no-store" in whole.headers["Cache-Control"]
    part = await get(Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, sound[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(sound)}"
    end = await get(Range="bytes=-50")
    assert (end.status_code, end.content) == (206, sound[-50:])
    beyond = await get(Range=f"bytes={len(sound)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(sound)}")
    same = await get(Range="bytes=0-9", **{"If-Range": etag})
    assert (same.status_code, same.content) == (206, sound[:10])
    other = await get(Range="bytes=0-9", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, sound)
    assert (await get(**{"If-None-Match": etag})).status_code == 304
    log = (await client.get(f"/recordings/{row.id}/accesses")).json()
    assert [each["detail"] for each in log[:3]] == ["whole", "bytes=100-199", "bytes=-50"]
    assert {each["who"] for each in log} == {"a test"}


async def test_the_log_says_which_bytes_left(call: Recorded, client: httpx2.AsyncClient) -> None:
    row = await call.keep()
    etag, size = f'"{row.sha256}"', row.bytes

    async def heard(**headers: str) -> tuple[int, int, str]:
        """The status, the bytes of the answer, and what the log says of it."""
        answer = await client.get(f"/recordings/{row.id}/audio", headers=headers)
        log = (await client.get(f"/recordings/{row.id}/accesses")).json()
        return answer.status_code, len(answer.content), log[-1]["detail"]

    assert await heard(Range="bytes=0-0", **{"If-Range": '"another"'}) == (200, size, "whole")
    assert await heard(Range="bytes=0-0", **{"If-Range": etag}) == (206, 1, "bytes=0-0")
    for several in ("bytes=0-0,5-9", "bytes=0-0," + ",".join(["9-99"] * 50), "bytes=x", "lines=1-2", ""):
        assert await heard(Range=several) == (200, size, "whole"), several
    assert await heard(**{"If-None-Match": etag}) == (304, 0, "nothing, unchanged")


async def test_what_cannot_be_heard_is_a_problem_with_a_sentence(
    call: Recorded, client: httpx2.AsyncClient
) -> None:
    row = await call.row()
    early = await client.get(f"/recordings/{row.id}/audio")
    assert (early.status_code, early.json()["code"]) == (409, "recording-without-sound")
    assert "goes on" in early.json()["detail"]


async def test_a_file_is_checked_and_deleted_with_a_reason(
    call: Recorded, client: httpx2.AsyncClient
) -> None:
    row = await call.keep()
    path = f"/recordings/{row.id}"
    assert (await client.post(f"{path}/verify")).json()["result"] == "ok"
    assert (await client.delete(path)).status_code == 422
    gone = await client.delete(path, params={"reason": "mistaken"})
    assert (gone.json()["state"], gone.json()["deleted_why"]) == ("deleted", "mistaken")
    assert (await client.post(f"{path}/verify")).status_code == 409


# --- the command line -----------------------------------------------------------------------------


class _Context:
    def __init__(self, url: str, root: Path) -> None:
        self._url = url
        self.recordings = RecordingFolder(root, NODE)

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        async def main() -> T:
            async with opened(self._url) as database:
                return await work(database.sessions)

        return asyncio.run(main())


def test_recordings_are_listed_exported_verified_and_purged(database_url: str, tmp_path: Path) -> None:
    context = _Context(database_url, tmp_path / "recordings")

    def run(*words: str) -> Any:
        return CliRunner().invoke(recordings_app, list(words), obj=context)

    async def kept(sessions: Sessions) -> Recording:
        return await (await recorded_call(sessions, context.recordings.root, recording_days=3650)).keep()

    row = context.run(kept)
    assert f"attempt {row.attempt_id}" in run("list", "--client", "acme").stdout
    assert json.loads(run("list", "--json").stdout)[0]["sha256"] == row.sha256
    out = tmp_path / "out"
    assert "1 recordings" in run("export", "--to", str(out), "--campaign", "Sale 0").stdout
    (told,) = json.loads((out / "index.json").read_bytes())
    assert (told["sha256"], (out / told["file"]).stat().st_size) == (row.sha256, row.bytes)
    assert run("export", "--to", str(out / told["file"])).exit_code == 2
    good = run("verify")
    assert (good.exit_code, good.stdout.strip()) == (0, "1 of 1 are what was kept.")
    context.recordings.file(row.path).write_bytes(b"something else")
    bad = run("verify")
    assert bad.exit_code == 1
    assert f"recording {row.id} (attempt {row.attempt_id}): changed" in bad.stdout
    assert "0 recordings" in run("purge").stdout

    async def long_ago(sessions: Sessions) -> None:
        async with sessions() as session, session.begin():
            found = await session.get(Recording, row.id)
            assert found is not None
            found.delete_after = NOW - timedelta(days=365)

    context.run(long_ago)
    assert json.loads(run("purge", "--json").stdout) == {"deleted": 1}
    assert not context.recordings.file(row.path).exists()
