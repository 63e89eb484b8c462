"""Whether a load is alive: it holds a lock that its process takes along when it dies."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text

from leads.stores.shared import Sessions, on_postgresql

_LOADS = 0x6C6F6164 << 32
"""Advisory locks of loads: "load" in ASCII, then the load's number."""


@asynccontextmanager
async def held(sessions: Sessions, import_id: int) -> AsyncIterator[bool]:
    """Holds a load for this body, or tells (False) that another process or task does.

    On PostgreSQL an open transaction holds an advisory lock; on SQLite, which is one machine's, a lock
    file beside the database is locked.
    """
    async with sessions() as session:
        if on_postgresql(session):
            async with session.begin():
                statement = text("SELECT pg_try_advisory_xact_lock(:key)")
                connection = await session.connection()
                yield bool(
                    (await connection.execute(statement, {"key": _LOADS | import_id & 0xFFFFFFFF})).scalar()
                )
            return
        database = session.get_bind().engine.url.database
    with _locked(Path(f"{database}.load-{import_id}.lock")) as taken:
        yield taken


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(lock)
