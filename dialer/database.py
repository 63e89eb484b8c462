"""The database: one async engine over SQLite or PostgreSQL, and its migrations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, event, text
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

import campaigns.tables  # noqa: F401 - fills the metadata
import dialer.access.tables  # noqa: F401 - fills the metadata
import leads.tables  # noqa: F401 - fills the metadata
from dialer.errors import DialerError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_MS = 10_000
_READERS = 4
_ENGINE_LOCK = 0x6469616C6572
"""The advisory lock of the engine: "dialer" in ASCII."""


class DatabaseUnavailable(DialerError):
    """The database cannot be reached or is not what this version expects."""

    code = "database-unavailable"


class BadDatabaseUrl(DatabaseUnavailable):
    """The URL names no database that is known here."""

    code = "bad-database-url"
    exit_code = 2


class DatabaseTaken(DialerError):
    """Another engine works on the database."""

    code = "database-taken"


class Database:
    """An engine and its sessions. The caller of `sessions()` or `readings()` owns the transaction.

    `readings` change nothing, and on SQLite keep nobody waiting who writes.
    """

    def __init__(self, url: str) -> None:
        """Raises BadDatabaseUrl."""
        try:
            self._engine = _create_engine(url)
            self._reading = _create_engine(url, reading=True) if _is_sqlite(url) else self._engine
        except (ArgumentError, ImportError) as error:
            raise BadDatabaseUrl(
                "The database URL cannot be used; write postgresql://user:password@host/name, or leave it "
                "out for SQLite."
            ) from error
        self.sessions = async_sessionmaker(self._engine, class_=AsyncSession, expire_on_commit=False)
        self.readings = async_sessionmaker(self._reading, class_=AsyncSession, expire_on_commit=False)

    async def migrate(self) -> None:
        """Brings the schema to this version. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()

    async def is_current(self) -> bool:
        """Whether the schema is this version's. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            return bool(await connection.run_sync(_is_current))

    async def differences(self) -> list[Any]:
        """What the migrated schema lacks or has too much, against the tables; empty where they agree."""
        async with self._connection() as connection:
            return list(await connection.run_sync(_differences))

    async def ping(self) -> None:
        """Asks the database for a sign of life. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def for_one_engine(self) -> AsyncIterator[None]:
        """Keeps every other engine off a PostgreSQL database. Raises DatabaseTaken.

        A SQLite file is in the data folder, which one engine owns.
        """
        if self._engine.dialect.name != "postgresql":
            yield
            return
        async with self._connection() as connection:
            taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ENGINE_LOCK})
            # Out of the transaction, which would else stay open as long as the engine.
            await connection.commit()
            if not taken:
                raise DatabaseTaken("Another dialer works on this database; end it, or use another database.")
            yield

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()
        await self._reading.dispose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(error) from error


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database that is closed at the end. Raises DatabaseUnavailable, from its body as well."""
    database = Database(url)
    try:
        yield database
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise _unavailable(error) from error
    finally:
        await database.close()


def _unavailable(error: Exception) -> DatabaseUnavailable:
    lines = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
    return DatabaseUnavailable(f"The database cannot be used: {lines[0]}.")


PASSING = (OperationalError, InterfaceError, PoolTimeout, OSError, TimeoutError)
"""What a database raises that is away or locked."""


def is_passing(error: Exception) -> bool:
    """Whether the database was away or locked, so that the same again may work later."""
    return isinstance(error, PASSING)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _create_engine(url: str, *, reading: bool = False) -> AsyncEngine:
    # Parameters are hidden from errors, and so from logs: they hold names and numbers.
    if not _is_sqlite(url):
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_async_engine(
        url,
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
        # Writers have one connection: their transactions follow each other anyway, and waiting in line here
        # is fair, which asking the file again and again until it is free is not.
        pool_size=_READERS if reading else 1,
        max_overflow=0,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: it would take the write lock only at the
        # first write, and fail where another writer came in between.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            f"query_only={'ON' if reading else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _is_current(connection: Connection) -> bool:
    heads = set(ScriptDirectory(str(_MIGRATIONS)).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _differences(connection: Connection) -> list[Any]:
    expressions = _expression_indexes() if connection.dialect.name == "sqlite" else set()

    def is_comparable(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "index" or name not in expressions

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_object": is_comparable}
    )
    return list(compare_metadata(context, SQLModel.metadata))


def _expression_indexes() -> set[str | None]:
    """Indexes over expressions, such as a descending column, which cannot be read back from SQLite."""
    return {
        str(index.name)
        for table in SQLModel.metadata.tables.values()
        for index in table.indexes
        if any(not isinstance(each, Column) for each in index.expressions)
    }
