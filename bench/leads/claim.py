"""How long a claim of 100 leads takes, and whether that grows with the list.

Two databases, a small list and the long one, take turns. Eight processes claim at once on PostgreSQL, one
on SQLite, which has one writer. Each claim is kept for a moment and then released, untimed; nobody else may
get a lead of it in between. Of the leads 40 % stand in line, in 40 zone groups of which some are closed, 30 %
wait for a later time, and 30 % are final.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text

from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.queue import QueueStore
from campaigns.tables import CampaignQueue
from dialer.database import Database, opened
from leads.stores.shared import Session
from leads.tables import Client, LeadImport, LeadList, ZoneGroup
from tests.servers import postgresql

SMALL = 10_000
LEADS = {"postgresql": 10_000_000, "sqlite": 1_000_000}
CLAIMERS = {"postgresql": 8, "sqlite": 1}
AT_ONCE = 100
ROUNDS = 5
CLAIMS = 30
LISTS = 4
CHUNK = 500_000
KEPT_S = 0.02
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
AMERICA = "Anchorage Bogota Caracas Chicago Denver Detroit Halifax Havana Lima Los_Angeles Mexico_City"
EUROPE = "Athens Berlin Bucharest Dublin Helsinki Istanbul Lisbon London Madrid Moscow Oslo Paris Prague Rome"
ASIA = "Bangkok Dhaka Dubai Hong_Kong Jakarta Karachi Kolkata Kuwait Manila Seoul Singapore Taipei Tokyo"
PLACES = ["America/New_York", "Pacific/Honolulu"]
PLACES += [
    f"{continent}/{place}"
    for continent, places in (("America", AMERICA), ("Europe", EUROPE), ("Asia", ASIA))
    for place in places.split()
]
SERIES = {
    "postgresql": "SELECT n FROM generate_series(CAST(:first AS bigint), :last) AS series (n)",
    "sqlite": """
        WITH RECURSIVE series (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last)
        SELECT n FROM series""",
}
INSERTS = (
    """
    INSERT INTO lead (id, list_id, import_id, first_name, last_name, email, country, region, postal_code,
        timezone, language, owner, priority, rank, best_time, custom, created_at)
    SELECT n, 1 + n / 40 % 4, 1 + n / 40 % 4, 'Ada', 'Lovelace', '', 'US', '', '', '', 'en', '',
        n / 1600 % 10, 0, '', '{}', '2026-11-01 00:00:00.000000' FROM (SERIES) AS series""",
    """
    INSERT INTO phone (id, lead_id, list_id, position, e164, extension, label, kind, region, zone_group_id)
    SELECT n, n, 1 + n / 40 % 4, 0, '+1' || (2000000000 + n), '', '', 'mobile', 'US', 1 + n % 40
    FROM (SERIES) AS series""",
    """
    INSERT INTO campaign_lead (campaign_id, lead_id, queue_id, phone_id, state, reason, due_at, sort_key,
        attempts)
    SELECT 1, n, 1 + n / 40 % 4 * 40 + n % 40, n,
        CASE WHEN n / 160 % 10 < 4 THEN 'ready' WHEN n / 160 % 10 < 7 THEN 'waiting' ELSE 'final' END,
        CASE WHEN n / 160 % 10 < 4 THEN 'new' WHEN n / 160 % 10 < 7 THEN 'retry_busy' ELSE 'sale' END,
        CASE WHEN n / 160 % 10 < 4 THEN '2026-11-23 14:00:00.000000'
            ELSE '2026-11-24 15:00:00.000000' END,
        -(n / 1600 % 10), 0
    FROM (SERIES) AS series""",
)


@dataclass(frozen=True)
class Claim:
    """One claim: how long it took, which leads it got, and from when until when they were its own."""

    seconds: float
    lead_ids: tuple[int, ...]
    since: float
    until: float


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m bench.leads claim --leads 10000000`."""
    parser = argparse.ArgumentParser(prog="python -m bench.leads claim", description=__doc__)
    parser.add_argument("--leads", type=int, help="for both databases; else 10,000,000 and 1,000,000")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), action="append")
    parser.add_argument("--order", default="priority")
    parser.add_argument("--mix", action="store_true", help="the four lists share 40:30:20:10")
    options = parser.parse_args(arguments)
    for kind in options.database or ("postgresql", "sqlite"):
        _compare(kind, options.leads or LEADS[kind], options.order, options.mix)


def _compare(kind: str, leads: int, order: str, mix: bool) -> None:
    with _databases(kind) as urls:
        for url, count in zip(urls, (SMALL, leads), strict=True):
            started = time.perf_counter()
            asyncio.run(_prepare(url, count, order, mix))
            print(f"{kind}: {count:,} leads prepared in {time.perf_counter() - started:.0f} s", flush=True)
        times: dict[str, list[float]] = {url: [] for url in urls}
        for _ in range(ROUNDS):
            for url in urls:
                claims = _claim_at_once(url, CLAIMERS[kind])
                _check(claims)
                times[url] += [claim.seconds for claim in claims]
    medians = [statistics.median(times[url]) for url in urls]
    for count, url, median in zip((SMALL, leads), urls, medians, strict=True):
        high = statistics.quantiles(times[url], n=20)[-1]
        print(
            f"{kind}: claim(…, {AT_ONCE}) of {count:,} leads, {CLAIMERS[kind]} at once: median "
            f"{median * 1000:.1f} ms, 95 % within {high * 1000:.1f} ms, {len(times[url])} claims, none twice"
        )
    print(
        f"{kind}: {leads:,} leads take {medians[1] / medians[0]:.2f} times the time of {SMALL:,}", flush=True
    )


@contextmanager
def _databases(kind: str) -> Iterator[Sequence[str]]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield [f"sqlite+aiosqlite:///{Path(folder) / name}.db" for name in ("small", "long")]
        return
    with postgresql() as server:
        asyncio.run(_create_database(f"{server}/postgres"))
        yield [f"{server}/postgres", f"{server}/long"]


async def _create_database(url: str) -> None:
    async with opened(url) as database, database.sessions() as session:
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await connection.execute(text("CREATE DATABASE long"))


async def _prepare(url: str, count: int, order: str, mix: bool) -> None:
    async with opened(url) as database:
        await database.migrate()
        async with database.sessions() as session, session.begin():
            await _prepare_campaign(session, order, mix)
        await _insert(database, count, "postgresql" if url.startswith("postgresql") else "sqlite")


async def _prepare_campaign(session: Session, order: str, mix: bool) -> None:
    session.add(Client(id=1, slug="bench", name="Bench"))
    await session.flush()
    for number in range(1, LISTS + 1):
        session.add(
            LeadList(id=number, client_id=1, name=f"List {number}", default_country="US", created_at=NOW)
        )
    for number, place in enumerate(PLACES, 1):
        session.add(ZoneGroup(id=number, code=f"US:{place}", region="US", zones=[place]))
    await session.flush()
    for number in range(1, LISTS + 1):
        load = {"source": "bench", "state": "done", "options": {}, "started_at": NOW, "updated_at": NOW}
        session.add(LeadImport(id=number, list_id=number, **load))
    settings = CampaignSettings.parse(
        {
            "caller_id": "+12025550100",
            "lead_order": order,
            "callable_times": {day: [["09:00", "20:00"]] for day in DAYS},
        }
    )
    store = CampaignStore(session)
    campaign = await store.create(1, "Bench", settings, NOW)
    for number in range(1, LISTS + 1):
        await store.attach_list(campaign.id, number, 10 * (LISTS + 1 - number) if mix else 0)
    for number in range(LISTS * len(PLACES)):
        list_id, group = 1 + number // len(PLACES), 1 + number % len(PLACES)
        session.add(CampaignQueue(id=number + 1, campaign_id=1, list_id=list_id, zone_group_id=group))


async def _insert(database: Database, count: int, kind: str) -> None:
    async with database.sessions() as session, session.begin():
        connection = await session.connection()
        if kind == "postgresql":
            # Without the checks of foreign keys, which would take most of the time.
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for insert in INSERTS:
            statement = insert.replace("SERIES", SERIES[kind])
            if kind == "postgresql":
                statement = statement.replace("00.000000'", "00+00'::timestamptz")
            for first in range(1, count + 1, CHUNK):
                await connection.execute(
                    text(statement), {"first": first, "last": min(count, first + CHUNK - 1)}
                )
        await connection.execute(text("ANALYZE"))


def _claim_at_once(url: str, claimers: int) -> list[Claim]:
    """What all claimers got, each a process of its own."""
    if claimers == 1:
        return _claimer(url)
    with multiprocessing.get_context("spawn").Pool(claimers) as pool:
        return [claim for each in pool.map(_claimer, [url] * claimers, chunksize=1) for claim in each]


def _claimer(url: str) -> list[Claim]:
    return asyncio.run(_claims(url))


async def _claims(url: str) -> list[Claim]:
    done = []
    async with opened(url) as database:
        await _claim(database)
        for _ in range(CLAIMS):
            done.append(await _claim(database))
    return done


async def _claim(database: Database) -> Claim:
    started = time.monotonic()
    async with database.sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(1)
        leads = await QueueStore(session).claim(campaign, AT_ONCE, NOW, 3600)
    claimed = time.monotonic()
    await asyncio.sleep(0.01)
    releasing = time.monotonic()
    async with database.sessions() as session, session.begin():
        await QueueStore(session).release(campaign, leads)
    return Claim(claimed - started, tuple(lead.lead_id for lead in leads), claimed, releasing)


def _check(claims: Iterable[Claim]) -> None:
    """No claim came short, and no lead was two claims' at a time."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for claim in claims:
        assert len(set(claim.lead_ids)) == AT_ONCE, f"a claim got {len(claim.lead_ids)} leads"
        for lead_id in claim.lead_ids:
            spans.setdefault(lead_id, []).append((claim.since, claim.until))
    for lead_id, each in spans.items():
        each.sort()
        for (_, until), (since, _) in pairwise(each):
            assert until <= since, f"lead {lead_id} was handed out twice"
