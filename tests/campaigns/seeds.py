"""Clients, leads and campaigns for tests, put straight into the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlmodel import col, select

from campaigns import service
from campaigns.core.calling_window import DAYS
from campaigns.core.campaign import CampaignSettings
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import CampaignLead
from leads.core.suppression import Level
from leads.stores.dnc import DncStore
from leads.tables import Client, Lead, LeadImport, LeadList, Phone, ZoneGroup

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALL_DAY = {day: [["00:00", "24:00"]] for day in DAYS}
ZONES = ["America/New_York"]


@dataclass(frozen=True)
class Person:
    """A lead with one phone or more; the first is dialed first."""

    phones: Sequence[str]
    priority: int = 0
    zones: Sequence[str] = tuple(ZONES)
    not_before: datetime | None = None
    timezone: str = ""
    rank: int = 0
    best_time: str = ""
    zones_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Zones of single phones, where they are others than `zones`."""
    region: str = "US"
    """Of the phones, ISO 3166-1."""


def people(count: int, first: int = 0) -> list[Person]:
    """Leads with a number each, all alike; their numbers count from `first`."""
    return [Person([f"+1202{5_550_000 + number}"]) for number in range(first, first + count)]


async def seed_leads(
    sessions: Sessions,
    persons: Sequence[Person],
    slug: str = "acme",
    list_name: str = "autumn",
    *,
    state: str = "done",
) -> list[int]:
    """A load of these leads into a client's list; both are made if they are missing. Their ids."""
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
        load = LeadImport(
            list_id=lead_list.id,
            source=f"{list_name}.csv",
            state=state,
            options={},
            started_at=NOW,
            updated_at=NOW,
        )
        session.add(load)
        await session.flush()
        leads = [
            Lead(
                list_id=lead_list.id,
                import_id=load.id,
                priority=each.priority,
                not_before=each.not_before,
                timezone=each.timezone,
                rank=each.rank,
                best_time=each.best_time,
                first_name="Ada",
                created_at=NOW,
            )
            for each in persons
        ]
        session.add_all(leads)
        await session.flush()
        for lead, each in zip(leads, persons, strict=True):
            for position, e164 in enumerate(each.phones):
                zones = [each.timezone] if each.timezone else each.zones_of.get(e164, each.zones)
                session.add(
                    Phone(
                        lead_id=lead.id,
                        list_id=lead_list.id,
                        position=position,
                        e164=e164,
                        kind="mobile",
                        region=each.region,
                        zone_group_id=await zone_group(session, zones),
                    )
                )
        return [lead.id for lead in leads]


async def zone_group(session: Session, zones: Sequence[str]) -> int:
    """The group of American numbers in these zones."""
    code = f"US:{','.join(sorted(zones))}"
    found = (await session.exec(select(ZoneGroup).where(ZoneGroup.code == code))).one_or_none()
    if found is None:
        found = ZoneGroup(code=code, region="US", zones=sorted(zones))
        session.add(found)
        await session.flush()
    return found.id


async def seed_campaign(
    sessions: Sessions,
    name: str = "Autumn sale",
    lists: Sequence[str] | Mapping[str, int] = ("autumn",),
    **settings: object,
) -> int:
    """A running campaign of acme's list autumn, or of `lists`, that may call at any hour."""
    values = {"caller_id": "+12025550199", "callable_times": ALL_DAY} | settings
    parsed = CampaignSettings.parse(values)
    campaign_id = await service.create_campaign(sessions, "acme", name, parsed, lists, NOW)
    await service.start_campaign(sessions, campaign_id, NOW)
    return campaign_id


async def suppress(sessions: Sessions, e164: str, client_id: int | None = None) -> None:
    """Puts a number on the do-not-call list of everyone, or of a client."""
    async with sessions() as session, session.begin():
        level: Level = "everyone" if client_id is None else "client"
        store = DncStore(session)
        await store.add_number(e164, level, client_id or 0, reason="", source="test", now=NOW)


async def suppressed(sessions: Sessions, e164: str, slug: str = "acme") -> bool:
    """Whether a client may not call a number."""
    async with sessions() as session:
        client_id = (await session.exec(select(Client.id).where(Client.slug == slug))).one()
        return e164 in await DncStore(session).suppressed([e164], client_id, None)


async def lead_rows(sessions: Sessions, campaign_id: int) -> dict[int, CampaignLead]:
    """The campaign's leads by lead id."""
    async with sessions() as session:
        wanted = select(CampaignLead).where(CampaignLead.campaign_id == campaign_id)
        rows = (await session.exec(wanted.order_by(col(CampaignLead.lead_id)))).all()
        return {row.lead_id: row for row in rows}
