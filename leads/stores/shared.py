"""What all stores of the leads room share. Stores never commit: whoever opened the session does."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session as SyncSession
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

Session = AsyncSession
"""What a caller opens with `Sessions` and hands to stores."""

Sessions = Callable[[], AsyncSession]
"""Makes a session for one transaction, as an `async_sessionmaker` does."""

ROWS_PER_STATEMENT = 1_000
"""Keeps a statement below the values that a database binds at once (SQLite 32,766, PostgreSQL 65,535)."""

T = TypeVar("T")


def on_postgresql(session: AsyncSession | SyncSession) -> bool:
    """Whether the session's database is PostgreSQL; else it is SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def insert_into(session: AsyncSession | SyncSession, table: Any) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the database's own dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if on_postgresql(session) else sqlite.insert(table)


async def insert_missing(session: AsyncSession, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows that violate no unique index, and tells how many those were."""
    statement = insert_into(session, table).values(list(rows)).on_conflict_do_nothing()
    done: CursorResult[Any] = await session.exec(statement, execution_options={"preserve_rowcount": True})
    return done.rowcount


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in their order, at most ROWS_PER_STATEMENT at a time."""
    return (items[i : i + ROWS_PER_STATEMENT] for i in range(0, len(items), ROWS_PER_STATEMENT))
