"""Fixtures that many tests share: an empty, migrated database of each kind."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from dialer.database import Database, opened
from tests.databases import TEMPLATE, Databases
from tests.servers import postgresql

# A shell starts what it runs in the background with SIGINT ignored, and a child never gets it back.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The suite asks the same questions each time, at any speed; HYPOTHESIS_PROFILE=explore asks new ones.
settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "explore", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


async def _migrate(url: str) -> None:
    async with opened(url) as database:
        await database.migrate()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """A PostgreSQL server with a migrated template; yields its URL, less the name."""
    with postgresql() as server:
        with psycopg.connect(_plain(f"{server}/postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(_migrate(f"{server}/{TEMPLATE}"))
        yield server


@pytest.fixture(scope="session")
def databases(migrated_postgresql: str) -> Databases:
    """The databases of that server, each empty whenever it is taken."""
    return Databases(_plain(migrated_postgresql))


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated database: each test runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    databases: Databases = request.getfixturevalue("databases")
    name = databases.take()
    yield f"{request.getfixturevalue('migrated_postgresql')}/{name}"
    databases.give_back(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, empty database."""
    async with opened(database_url) as opened_database:
        yield opened_database


@pytest.fixture
def sessions(database: Database) -> async_sessionmaker[AsyncSession]:
    """Sessions on an empty database."""
    return database.sessions
