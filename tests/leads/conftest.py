"""Until the first migration exists: the tables as they are declared, on both databases."""

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

import leads.tables  # noqa: F401
from dialer.database import Database


@pytest.fixture
async def sessions(database: Database, database_url: str) -> async_sessionmaker[AsyncSession]:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    await engine.dispose()
    return database.sessions
