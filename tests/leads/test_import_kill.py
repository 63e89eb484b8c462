"""A load whose process is killed is taken up by the next one, without a double, as if nothing had been."""

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlmodel import col, select

from leads.stores.shared import Sessions
from leads.tables import Lead, LeadImport, LeadList, Phone

ROWS = 2_000
KILLS = 2
SMALL_CHUNKS = (
    "from leads.importing import load; load.CHUNK_ROWS = 100; from dialer.__main__ import main; main()"
)


@pytest.fixture(scope="module")
def lead_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with repeats and rejects."""
    path = tmp_path_factory.mktemp("kill") / "leads.csv"
    lines = ["external_id,phone,first_name"]
    for i in range(ROWS):
        phone = "n/a" if i % 50 == 7 else f"212{200 + i * 7 % 600:03}{i * 13 % 1_700:04}"
        lines.append(f"{i % 1_900},{phone},Name {i}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _load(url: str, file: Path, name: str, duplicates: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"DIALER_DATABASE__URL": url, "DIALER_DATA_DIR": str(file.parent)}
    arguments = ["leads", "import", str(file), "--client", "acme", "--list", name, "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", SMALL_CHUNKS, *arguments, "--duplicates", duplicates],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


async def _finished(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    output, _ = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    report: dict[str, Any] = json.loads(output)
    return report


async def _loads(sessions: Sessions, name: str) -> list[LeadImport]:
    async with sessions() as session, session.begin():
        query = select(LeadImport).join(LeadList, col(LeadList.id) == col(LeadImport.list_id))
        return list((await session.exec(query.where(LeadList.name == name))).all())


async def _kill_at(sessions: Sessions, process: "subprocess.Popen[bytes]", name: str, rows: int) -> None:
    """Kills a load when so many rows are done, and sees its workers end."""
    while process.poll() is None and sum(load.rows for load in await _loads(sessions, name)) < rows:
        await asyncio.sleep(0.005)
    workers = psutil.Process(process.pid).children() if process.poll() is None else []
    process.kill()
    await asyncio.to_thread(process.communicate)
    await asyncio.to_thread(lambda: psutil.wait_procs(workers, timeout=30))
    assert not any(worker.is_running() for worker in workers)


async def _dump(sessions: Sessions, name: str) -> list[tuple[Any, ...]]:
    async with sessions() as session, session.begin():
        list_id = (await session.exec(select(LeadList.id).where(LeadList.name == name))).one()
        leads = (await session.exec(select(Lead).where(Lead.list_id == list_id).order_by(col(Lead.id)))).all()
        phones = (await session.exec(select(Phone).where(Phone.list_id == list_id))).all()
    numbers = sorted((phone.lead_id, phone.position, phone.e164) for phone in phones)
    order = {lead.id: index for index, lead in enumerate(leads)}
    return [
        *((lead.external_id, lead.first_name) for lead in leads),
        *((order[lead_id], position, e164) for lead_id, position, e164 in numbers),
    ]


@pytest.mark.parametrize("duplicates", ["update", "keep"])
async def test_a_killed_load_ends_as_one_that_was_left_alone(
    sessions: Sessions, database_url: str, lead_file: Path, duplicates: str
) -> None:
    chance = random.Random(duplicates)
    url = database_url.replace("+psycopg", "").replace("+aiosqlite", "")
    whole = await _finished(_load(url, lead_file, "whole", duplicates))
    for rows in sorted(chance.randrange(ROWS * 2 // 3) for _ in range(KILLS)):
        process = _load(url, lead_file, "killed", duplicates)
        await _kill_at(sessions, process, "killed", rows)
    # On a busy machine the last kill may come after the end.
    if any(load.state == "running" for load in await _loads(sessions, "killed")):
        await _finished(_load(url, lead_file, "killed", duplicates))
    [load] = await _loads(sessions, "killed")
    assert load.state == "done"
    assert (load.accepted, load.merged, load.rejected) == (
        whole["accepted"],
        whole["merged"],
        whole["rejected"],
    )
    assert load.reasons == whole["reasons"] | whole["merges"]
    assert await _dump(sessions, "killed") == await _dump(sessions, "whole")
