"""Processes that claim leads from one database, of which some are killed at any moment."""

import asyncio
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.stores.shared import Sessions
from campaigns.tables import Attempt
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import lead_rows, people, seed_campaign, seed_leads

ROOT = Path(__file__).parent.parent.parent
LEADS = 240
CLAIMERS = 5
KILLS = 3


def start(url: str, campaign_id: int, log: Path) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.campaigns.claimer", url, str(campaign_id), str(log)]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def let_go(claimers: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Lets all begin once all are ready."""
    for claimer in claimers:
        assert claimer.stdout is not None
        assert claimer.stdout.readline() == b"ready\n"
    for claimer in claimers:
        assert claimer.stdin is not None
        claimer.stdin.write(b"go\n")
        claimer.stdin.flush()


def end(claimer: "subprocess.Popen[bytes]") -> None:
    """Ends a claimer wherever it is."""
    claimer.kill()
    claimer.communicate()


async def until(is_so: Callable[[], bool]) -> None:
    """Waits until it is so; pytest's time limit ends a wait for nothing."""
    while not is_so():
        await asyncio.sleep(0.01)


async def attempts(sessions: Sessions, campaign_id: int) -> list[int]:
    async with sessions() as session:
        wanted = select(Attempt.lead_id).where(Attempt.campaign_id == campaign_id)
        return list((await session.exec(wanted)).all())


@pytest.mark.timeout(240)
async def test_no_lead_is_claimed_by_two_or_lost_or_called_twice(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    ids = await seed_leads(sessions, people(LEADS))
    campaign_id = await seed_campaign(sessions)
    log = tmp_path / "claims"
    log.touch()

    def claims() -> list[list[str]]:
        return [line.split() for line in log.read_text().splitlines()]

    chance = random.Random()
    claimers = [start(database_url, campaign_id, log) for _ in range(CLAIMERS)]
    try:
        await asyncio.to_thread(let_go, claimers)
        for _ in range(KILLS):
            more = len(claims()) + chance.randrange(10, 40)
            await until(lambda more=more: len(claims()) >= more)  # type: ignore[misc]
            end(claimers.pop(chance.randrange(len(claimers))))
        more = len(claims()) + 40
        await until(lambda: len(claims()) >= more)
    finally:
        for claimer in claimers:
            end(claimer)

    called = await attempts(sessions, campaign_id)
    assert len(set(called)) == len(called)
    spans = defaultdict(list)
    for lead_id, since, ends, _ in claims():
        spans[int(lead_id)].append((float(since), float(ends)))
    for each in spans.values():
        each.sort()
        for (_, ends), (since, _) in pairwise(each):
            assert since >= ends
    assert len({claim[3] for claim in claims()}) > 1

    later = datetime.now(UTC) + timedelta(minutes=1)
    while permitted := await service.claim_permitted(sessions, NO_LAW, campaign_id, 50, later):
        assert await service.start_attempts(sessions, NO_LAW, campaign_id, permitted, later)
    assert Counter(await attempts(sessions, campaign_id)) == Counter(ids)
    rows = await lead_rows(sessions, campaign_id)
    assert {(row.state, row.attempts) for row in rows.values()} == {("calling", 1)}
