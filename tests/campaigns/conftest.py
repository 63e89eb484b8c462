"""Stands in until the migrations hold every table: creates what the empty database lacks."""

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

import campaigns.tables  # noqa: F401 - fills the metadata
from dialer.database import Database


@pytest.fixture
async def sessions(database_url: str, database: Database) -> async_sessionmaker[AsyncSession]:
    """Sessions on an empty database with every table."""
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    await engine.dispose()
    return database.sessions
