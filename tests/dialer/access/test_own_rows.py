"""A client's sessions see the client's rows alone, of every table there is."""

import pytest
from sqlalchemy import event, exists, func, inspect, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from campaigns.tables import Agent, Campaign
from dialer.access.stores.own_rows import SHARED, for_client, owned_tables
from dialer.database import Database
from leads.stores.leads import LeadStore
from leads.stores.shared import Sessions
from leads.tables import Client, Lead, LeadList
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads


def test_every_table_belongs_to_clients_or_is_shared_on_purpose() -> None:
    tables = {mapper.class_ for mapper in inspect(Client).registry.mappers}
    assert set(owned_tables()) | SHARED == tables
    assert not set(owned_tables()) & SHARED


async def test_each_statement_asks_for_the_client_whatever_the_table(database: Database) -> None:
    asked: list[tuple[str, str]] = []

    @event.listens_for(database.readings.kw["bind"].sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, str(values)))

    for number in (7001, 7002, 7001):  # what is kept of one client's statements is not another's
        async with for_client(database.readings, number)() as session:
            for table in owned_tables():
                for wanted in (select(func.count()).select_from(table), select(aliased(table))):
                    asked.clear()
                    await session.exec(wanted)
                    assert str(number) in asked[-1][1], asked[-1]


@pytest.fixture
async def two(sessions: Sessions) -> tuple[Sessions, Sessions]:
    """Of two clients with a list, a lead and an agent each."""
    ids = []
    for slug in ("acme", "zenith"):
        await seed_leads(sessions, people(1), slug=slug)
        async with sessions() as session, session.begin():
            client = await LeadStore(session).client(slug)
            assert client is not None
            session.add(Agent(client_id=client.id, name="Anna", sip_uri="sip:a@b.example", created_at=NOW))
            ids.append(client.id)
    await seed_campaign(sessions)
    first, second = (for_client(sessions, each) for each in ids)
    return first, second


async def test_another_clients_row_is_not_there(two: tuple[Sessions, Sessions]) -> None:
    acme, zenith = two
    async with acme() as session:
        campaign = (await session.exec(select(Campaign))).one()
        lead = (await session.exec(select(Lead))).one()
    async with zenith() as session:
        assert await session.get(Campaign, campaign.id) is None
        assert await session.get(Lead, lead.id) is None
        assert await LeadStore(session).client("acme") is None
        assert (await session.exec(select(exists().where(col(Lead.id) == lead.id)))).one() is False
        counted = select(func.count(col(Lead.id))).join(LeadList, col(LeadList.id) == col(Lead.list_id))
        assert (await session.exec(counted)).one() == 1
        assert len((await session.exec(select(Agent))).all()) == 1


async def test_another_clients_row_is_not_changed(two: tuple[Sessions, Sessions]) -> None:
    acme, zenith = two
    async with zenith() as session, session.begin():
        await session.exec(update(Agent).values(name="Zoe"))
        await session.exec(update(Lead).values(owner="zenith"))
    async with acme() as session:
        assert (await session.exec(select(Agent.name))).all() == ["Anna"]
        assert (await session.exec(select(Lead.owner))).all() == [""]
