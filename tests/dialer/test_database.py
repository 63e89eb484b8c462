"""The migrations make exactly the tables that the code has, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, insert, inspect
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from campaigns import service
from campaigns.core.disposition import STANDARD, flags_of
from campaigns.stores.campaigns import settings_of
from campaigns.tables import Attempt
from dialer.database import Database, DatabaseUnavailable, _config, is_passing, opened
from leads.tables import Client, LeadList
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads
from tests.servers import free_port


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_the_indexes_that_claims_are_made_by_are_there(database: Database) -> None:
    async with database.sessions() as session:
        connection = await session.connection()
        names = await connection.run_sync(
            lambda sync: {index["name"] for index in inspect(sync).get_indexes("campaign_lead")}
        )
    assert {"ix_campaign_lead_ready", "ix_campaign_lead_waiting", "ix_campaign_lead_claimed"} <= names


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_a_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    assert await database.differences() == []
    assert await database.is_current()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await database.migrate()
    assert await database.is_current()


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_campaigns_of_the_first_version_get_what_new_ones_have_and_keep_their_calls(
    database: Database,
) -> None:
    await seed_leads(database.sessions, people(1))
    campaign_id = await seed_campaign(database.sessions)
    permitted = await service.claim_permitted(database.sessions, NO_LAW, campaign_id, 1, NOW)
    (started,) = await service.start_attempts(database.sessions, NO_LAW, campaign_id, permitted, NOW)
    async with database.sessions() as session, session.begin():
        (await session.get_one(Attempt, started.attempt_id)).disposition = "not_interested"
    async with database.sessions() as session, session.begin():
        connection = await session.connection()
        await connection.run_sync(lambda sync: command.downgrade(_config(sync), "0001"))
    assert not await database.is_current()
    await database.migrate()
    assert await database.differences() == []
    campaign = await service.get_campaign(database.sessions, campaign_id)
    settings = settings_of(campaign)
    assert (settings.message, settings.opt_out_key, settings.max_calls_per_second) == ("", "9", 50.0)
    (attempt,) = await service.list_attempts(database.sessions, campaign_id, 0, 10)
    assert attempt.id == started.attempt_id
    meant = STANDARD["not_interested"]
    assert (attempt.disposition_label, flags_of(attempt.disposition_flags)) == (meant.label, meant.flags)


async def test_an_instant_comes_back_as_it_went_in_to_the_millisecond(database: Database) -> None:
    given = datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=-5)))
    async with database.sessions() as session, session.begin():
        client = Client(slug="a", name="A")
        session.add(client)
        await session.flush()
        session.add(LeadList(client_id=client.id, name="l", default_country="US", created_at=given))
    async with database.sessions() as session:
        (read,) = (await session.exec(select(LeadList.created_at))).all()
    assert read == given.replace(microsecond=456000)
    assert read.tzinfo is UTC


async def test_a_naive_instant_is_refused(database: Database) -> None:
    async with database.sessions() as session:
        session.add(LeadList(client_id=1, name="l", default_country="US", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        with pytest.raises(Exception, match="has no time zone"):
            await session.flush()


async def test_a_database_that_is_away_is_told_in_a_sentence() -> None:
    async with opened(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing") as away:
        with pytest.raises(DatabaseUnavailable, match=r"The database cannot be used: .*\.$"):
            await away.ping()
        with pytest.raises(OperationalError) as refused:
            async with away.sessions() as session:
                await session.exec(select(Client))
        assert is_passing(refused.value)


async def test_a_long_reading_keeps_no_writer_waiting_and_changes_nothing(database: Database) -> None:
    async with database.readings() as reading, reading.begin():
        before = (await reading.exec(select(func.count()).select_from(Client))).one()
        async with asyncio.timeout(30), database.sessions() as session, session.begin():
            session.add(Client(slug="acme", name="Acme"))
    async with database.readings() as reading:
        assert (await reading.exec(select(func.count()).select_from(Client))).one() == before + 1


async def test_readings_of_sqlite_refuse_to_write(tmp_path: Path) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}") as database:
        await database.migrate()
        async with database.readings() as reading, reading.begin():
            with pytest.raises(OperationalError):
                await reading.exec(insert(Client), params=[{"slug": "other", "name": "Other"}])


async def test_writers_wait_in_line_however_many_they_are(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.sessions() as session, session.begin():
            session.add(Client(slug=f"client-{number}", name="A client"))

    await asyncio.gather(*map(write, range(200)))
    async with database.readings() as reading:
        assert (await reading.exec(select(func.count()).select_from(Client))).one() == 200
