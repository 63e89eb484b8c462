"""Clients, leads and campaigns for tests, put straight into the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, select

from campaigns import service
from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import CampaignSettings
from campaigns.store import Sessions
from campaigns.tables import CampaignLead
from leads.core.suppression import Suppression
from leads.store import DncStore
from leads.tables import Client, Lead, LeadList, Phone

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALL_DAY = {day: [["00:00", "24:00"]] for day in DAYS}
ZONES = ["America/New_York"]


@dataclass(frozen=True)
class Person:
    """A lead with one phone or more; the first is dialed."""

    phones: Sequence[str]
    priority: int = 0
    zones: Sequence[str] = tuple(ZONES)
    not_before: datetime | None = None
    timezone: str = ""


def people(count: int) -> list[Person]:
    """Leads with a number each, all alike."""
    return [Person([f"+1202555{number:04}"]) for number in range(count)]


async def seed_leads(
    sessions: Sessions, persons: Sequence[Person], slug: str = "acme", list_name: str = "autumn"
) -> list[int]:
    """A client's list with these leads; both are made if they are missing. Their ids."""
    async with sessions() as session, session.begin():
        client = (await session.exec(select(Client).where(Client.slug == slug))).one_or_none()
        if client is None:
            client = Client(slug=slug, name=slug.title())
            session.add(client)
            await session.flush()
        wanted = select(LeadList).where(LeadList.client_id == client.id, LeadList.name == list_name)
        lead_list = (await session.exec(wanted)).one_or_none()
        if lead_list is None:
            lead_list = LeadList(client_id=client.id, name=list_name, default_country="US", created_at=NOW)
            session.add(lead_list)
            await session.flush()
        leads = [
            Lead(
                list_id=lead_list.id,
                priority=each.priority,
                not_before=each.not_before,
                timezone=each.timezone,
                first_name="Ada",
                created_at=NOW,
            )
            for each in persons
        ]
        session.add_all(leads)
        await session.flush()
        for lead, each in zip(leads, persons, strict=True):
            for position, e164 in enumerate(each.phones):
                session.add(
                    Phone(
                        lead_id=lead.id,
                        position=position,
                        e164=e164,
                        kind="mobile",
                        region="US",
                        zones=list(each.zones),
                    )
                )
        return [lead.id for lead in leads]


async def seed_campaign(sessions: Sessions, name: str = "Autumn sale", **settings: object) -> int:
    """A running campaign of acme's list autumn that may call at any hour."""
    values = {"caller_id": "+12025550199", "callable_times": ALL_DAY} | settings
    parsed = CampaignSettings.parse(values)
    campaign_id = await service.create_campaign(sessions, "acme", name, parsed, ["autumn"], NOW)
    await service.start_campaign(sessions, campaign_id, NOW)
    return campaign_id


async def suppress(sessions: Sessions, e164: str, client_id: int | None = None) -> None:
    """Puts a number on the do-not-call list of everyone, or of a client."""
    async with sessions() as session, session.begin():
        await DncStore(session).add([Suppression(e164, client_id, "")], "test", NOW)


async def suppressed(sessions: Sessions, e164: str, slug: str = "acme") -> bool:
    """Whether a client may not call a number."""
    async with sessions() as session:
        client_id = (await session.exec(select(Client.id).where(Client.slug == slug))).one()
        return e164 in await DncStore(session).suppressed(client_id, [e164])


async def lead_rows(sessions: Sessions, campaign_id: int) -> dict[int, CampaignLead]:
    """The campaign's leads by lead id."""
    async with sessions() as session:
        wanted = select(CampaignLead).where(CampaignLead.campaign_id == campaign_id)
        rows = (await session.exec(wanted.order_by(col(CampaignLead.lead_id)))).all()
        return {row.lead_id: row for row in rows}
