"""Conversations are recorded, from the first word to a file that is heard, whatever dies meanwhile."""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from campaigns import service as campaigns
from dialer.bootstrap import Service, running
from tests.journeys.service import Dialer, processes_with
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.journeys.stage import ALL_DAY
from tests.recordings import AGENT_HZ, CUSTOMER_HZ, Heard, heard
from tests.support import eventually
from tests.tone_phones import phone

IN_WASHINGTON_DC, IN_CALIFORNIA = "+12025551000", "+12135551000"
API = "/api/v1"


class Talk:
    """An agent's desktop while it talks with a customer."""

    def __init__(self, client: httpx2.AsyncClient, shift: int, attempt: int, folder: Path) -> None:
        self._client = client
        self._path = f"{API}/agent-sessions/{shift}/recording"
        self.attempt = attempt
        self.spool = folder / "recordings" / "spool" / str(attempt)

    async def does(self, what: str, body: object = None) -> httpx2.Response:
        return await self._client.post(f"{self._path}/{what}", json=body)

    async def now(self) -> Mapping[str, Any]:
        return dict((await self._client.get(self._path)).raise_for_status().json())

    async def says(self, more_s: float) -> None:
        """Returns when so much more of what is said is on the disk, in a track that is there or comes."""

        def size() -> int:
            with contextlib.suppress(FileNotFoundError):
                return sum(each.stat().st_size for each in self.spool.glob("*.customer.wav"))
            return 0

        wanted = size() + 16000 * more_s
        await eventually(lambda: size() >= wanted)

    async def ends(self) -> None:
        (await self._client.post(f"{API}/attempts/{self.attempt}/hangup")).raise_for_status()

    async def recording(self, is_so: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The row of the index, once that is so."""
        async with asyncio.timeout(60):
            while True:
                page = (await self._client.get(f"{API}/recordings?attempt_id={self.attempt}")).json()
                if page["items"] and is_so(page["items"][0]):
                    return dict(page["items"][0])
                await asyncio.sleep(0.05)


@asynccontextmanager
async def talk(folder: Path, number: str, **settings: object) -> AsyncIterator[tuple[Service, Talk]]:
    """A service whose one agent talks with a customer."""
    async with phone(AGENT_HZ) as agent, phone(CUSTOMER_HZ) as customer:
        chosen = small_settings(folder, f"sip:{{number}}@{customer}")
        async with running(chosen) as service, _client(service.api_url, service.api_key) as client:
            campaign = await campaign_of_one_agent(service, f"sip:ann@{agent}", [number], **settings)
            await campaigns.start_campaign(service.database.sessions, campaign, service.engine.now())
            service.engine.look_now()
            (shift,) = service.engine.floor.agents
            attempt = await eventually(lambda: _talks_in(service, shift))
            yield service, Talk(client, shift, attempt, folder)
            await service.stop(drain_s=0)


def _talks_in(service: Service, shift: int) -> int | None:
    agent = service.engine.agent(shift)
    return agent.attempt if agent.state == "talking" else None


def _client(url: str, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def _is_kept(row: Mapping[str, Any]) -> bool:
    return bool(row["state"] == "kept")


async def _hear(client: httpx2.AsyncClient, row: Mapping[str, Any], folder: Path) -> Heard:
    answer = (await client.get(f"{API}/recordings/{row['id']}/audio")).raise_for_status()
    file = folder / "heard.wav"
    file.write_bytes(answer.content)
    return heard(file)


async def test_a_talk_with_a_pause_is_recorded_heard_checked_and_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with talk(folder, IN_WASHINGTON_DC, recording="always") as (service, desk):
        await desk.says(0.6)
        assert (await desk.now())["state"] == "on"
        assert (await desk.does("stop")).json()["code"] == "recording-not-allowed"
        paused = (await desk.does("pause")).json()
        assert (paused["state"], paused["consent_needed"], paused["laws"]) == ("paused", False, [])
        await asyncio.sleep(0.6)
        assert (await desk.does("resume")).json()["state"] == "on"
        await desk.says(0.6)
        await desk.ends()
        row = await desk.recording(_is_kept)
        nobody = await desk.does("pause")
        assert (nobody.status_code, nobody.json()["code"]) == (409, "no-conversation")
        (pause,) = row["pauses"]
        assert pause["to_s"] - pause["from_s"] == pytest.approx(0.6, abs=0.3)
        async with _client(service.api_url, service.api_key) as client:
            found = await _hear(client, row, tmp_path)
            assert found.length_s == pytest.approx(row["length_s"])
            for side, hz in (("left", AGENT_HZ), ("right", CUSTOMER_HZ)):
                assert found.says(side, hz, 0.1, pause["from_s"] - 0.1)
                assert found.share(side, 0, pause["from_s"] + 0.05, pause["to_s"] - 0.05) == 1.0
                assert found.says(side, hz, pause["to_s"] + 0.1, found.length_s - 0.1)
            path = f"{API}/recordings/{row['id']}"
            assert (await client.post(f"{path}/verify")).json()["result"] == "ok"
            gone = (await client.delete(path, params={"reason": "asked by the client"})).json()
            assert (gone["state"], gone["deleted_why"]) == ("deleted", "asked by the client")
            assert (await client.get(f"{path}/audio")).json()["code"] == "recording-without-sound"
            log = (await client.get(f"{path}/accesses")).json()
        assert [each["what"] for each in log] == ["heard", "verified", "deleted"]
        assert {each["who"] for each in log} == {log[0]["who"]}
        assert service.api_key not in log[0]["who"]
    assert [each.name for each in (folder / "recordings").rglob("*") if each.is_file()] == ["node"]


async def test_a_californian_is_asked_first_and_a_no_deletes_what_there_is(tmp_path: Path) -> None:
    async with talk(tmp_path / "data", IN_CALIFORNIA, recording="always") as (_, desk):
        now = await desk.now()
        assert (now["state"], now["consent_needed"], now["laws"]) == ("off", True, ["US-CA"])
        refused = await desk.does("start")
        assert (refused.status_code, refused.json()["code"]) == (409, "recording-without-consent")
        assert not desk.spool.exists()
        assert (await desk.does("consent", {"agreed": True})).json()["state"] == "on"
        await desk.says(0.5)
        assert (await desk.does("consent", {"agreed": False})).json()["state"] == "off"
        row = await desk.recording(lambda row: row["state"] == "refused")
        assert (row["consent"], row["consent_laws"]) == ("refused", ["US-CA"])
        await eventually(lambda: not desk.spool.exists())
        assert (await desk.does("start")).status_code == 409
        await desk.ends()


async def test_what_a_killed_switch_and_a_killed_engine_leave_is_kept_by_the_next(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    folder, database = tmp_path / "data", tmp_path / "dialer.db"
    folder.mkdir()
    shutil.copy(migrated_sqlite, database)
    async with phone(AGENT_HZ) as agent, phone(CUSTOMER_HZ) as customer:
        dialer = Dialer(folder, f"sip:{{number}}@{customer}", f"sqlite+aiosqlite:///{database}")
        try:
            desk = await _talk_of(dialer, f"sip:ann@{agent}")
            await desk.says(1.0)
            (killed,) = processes_with(str(folder / "switch.sock"))
            began = int(next(desk.spool.glob("*.agent.wav")).name.partition(".")[0]) / 1000
            os.kill(killed.pid, signal.SIGKILL)
            length_s = time.time() - began
            await dialer.kill()
            await dialer.serve()
            async with dialer.client() as client:
                desk = Talk(client, 0, desk.attempt, folder)
                row = await desk.recording(_is_kept)
                found = await _hear(client, row, tmp_path)
            # The switch keeps up to a quarter of a second to itself.
            assert -0.3 < row["length_s"] - length_s < 0.1
            for side, hz in (("left", AGENT_HZ), ("right", CUSTOMER_HZ)):
                assert found.says(side, hz, 0.1, found.length_s - 0.1)
            assert not desk.spool.exists()
        finally:
            await dialer.close()


async def _talk_of(dialer: Dialer, softphone: str) -> Talk:
    """A conversation of the one agent of a dialer that serves."""
    leads = dialer.folder / "leads.csv"
    leads.write_text(f"phone\n{IN_WASHINGTON_DC}\n")
    await dialer.command("leads", "import", str(leads), "--list", "all", "--client", "acme")
    await dialer.command(
        *("campaign", "create", "--client", "acme", "--name", "All", "--list", "all"),
        *("--caller-id", "+12025550199", "--set", 'recording="always"'),
        *("--set", f"callable_times={str(ALL_DAY).replace(chr(39), chr(34))}"),
    )
    await dialer.command("agent", "add", "--client", "acme", "--name", "Ann", "--sip-uri", softphone)
    await dialer.serve()
    async with dialer.client() as client:
        shift = {"agent_id": 1, "campaign_ids": [1]}
        path = f"{API}/agent-sessions"
        session = (await client.post(path, json=shift)).raise_for_status().json()["id"]
        (await client.post(f"{API}/campaigns/1/start")).raise_for_status()
        async with asyncio.timeout(60):
            while (now := (await client.get(f"{path}/{session}")).json())["state"] != "talking":
                await asyncio.sleep(0.05)
        return Talk(client, session, now["attempt_id"], dialer.folder)
