"""How long it takes to ask whether numbers are on a do-not-call list, and whether that grows with the list.

A claim asks for 100 numbers at once, half of which are listed; some hundred prefixes are listed as well.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dialer.database import Database, opened
from leads.stores.dnc import DncStore
from leads.stores.dnc_loading import DncLoadingStore
from tests.servers import postgresql

PHONES_A_CALL = 100
CALLS = 200
PREFIXES = 300
SMALL = 5_000
BATCH = 50_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LIST = "National registry"


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m bench.leads dnc --entries 5000000`."""
    parser = argparse.ArgumentParser(prog="python -m bench.leads dnc", description=__doc__)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args(arguments)
    for kind in options.database or ("sqlite", "postgresql"):
        figures = {}
        for entries in (SMALL, options.entries):
            with _database(kind) as url:
                figures[entries] = asyncio.run(_measured(url, entries))
            loaded_s, phone_us = figures[entries]
            size = f"{entries:,} entries and {PREFIXES} prefixes, loaded at {entries / loaded_s:,.0f}/s"
            print(f"{kind}: {size}: {phone_us:.1f} µs a phone", flush=True)
        ratio = figures[options.entries][1] / figures[SMALL][1]
        print(f"{kind}: {options.entries:,} entries take {ratio:.2f} times the time of {SMALL:,}", flush=True)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "postgresql":
        with postgresql() as server:
            yield f"{server}/postgres"
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"


async def _measured(url: str, entries: int) -> tuple[float, float]:
    """Seconds to load the list, and microseconds a phone to ask it, the median over calls."""
    async with opened(url) as database:
        await database.migrate()
        numbers = random.Random("dnc")
        listed = numbers.sample(range(2_010_000_000, 9_899_999_999), entries)
        loaded_s = await _loaded(database, listed)
        asked = [
            [f"+1{each}" for each in numbers.sample(listed, PHONES_A_CALL // 2)]
            + [f"+1{numbers.randrange(2_010_000_000, 9_899_999_999)}" for _ in range(PHONES_A_CALL // 2)]
            for _ in range(CALLS)
        ]
        seconds = []
        async with database.sessions() as session, session.begin():
            store = DncStore(session)
            for phones in asked:
                started = time.perf_counter()
                found = await store.suppressed(phones, 1, 1)
                seconds.append(time.perf_counter() - started)
                assert PHONES_A_CALL // 2 <= len(found) <= PHONES_A_CALL
        return loaded_s, statistics.median(seconds) / PHONES_A_CALL * 1e6


async def _loaded(database: Database, listed: Sequence[int]) -> float:
    started = time.perf_counter()
    async with database.sessions() as session, session.begin():
        store = DncStore(session)
        dnc_list = await store.ensure_list("everyone", 0, LIST, NOW)
        for number in range(PREFIXES):
            prefix = f"+1{200 + number}900"
            await store.add_prefix(prefix, "everyone", 0, list_name=LIST, reason="", source="", now=NOW)
    for i in range(0, len(listed), BATCH):
        rows = {f"+1{each}": "" for each in listed[i : i + BATCH]}
        async with database.sessions() as session, session.begin():
            await DncLoadingStore(session).add(dnc_list.id, rows, "registry.csv", NOW)
    async with database.sessions() as session, session.begin():
        await DncLoadingStore(session).refresh_statistics()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
