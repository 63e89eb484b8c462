"""Reads what explains why leads are or are not called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, null, select, tuple_, union
from sqlmodel import col

from campaigns.core.attempt import ClaimedLead
from campaigns.core.waiting import LeadsAlike
from campaigns.stores.shared import Session, in_state, read
from campaigns.tables import Agent, Attempt, Campaign, CampaignLead, CampaignList, CampaignQueue
from leads.core.suppression import LEVELS, Level, prefixes_of
from leads.stores.dnc import listed
from leads.tables import (
    Client,
    DncEntry,
    DncList,
    DncPrefix,
    Lead,
    LeadImport,
    LeadList,
    Phone,
    UtcDateTime,
    ZoneGroup,
)

MOST_COUNTED = 10_000
"""Leads of a queue that are counted; beyond, there are "more"."""
MOST_LEADS = 100
"""Leads with one number that are explained."""


@dataclass(frozen=True, slots=True)
class FoundLead:
    """A lead that has a number, its list and client, and the load that brought it."""

    lead: Lead
    list_name: str
    client_id: int
    client: str
    load: LeadImport


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """How many leads of its queue are dialed before it, `of` how many; `more`: there are more than `of`."""

    before: int
    of: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DncHit:
    """A do-not-call entry; `owner_id` is the client or campaign it binds, 0 for everyone."""

    level: Level
    owner_id: int
    dnc_list: str
    prefix: str
    """The beginning of numbers that is listed; empty where the number itself is."""
    reason: str
    source: str
    since: datetime


def as_if_claimed(
    lead: Lead, row: CampaignLead | None, phone: Phone, zones: tuple[str, ...], at: datetime
) -> ClaimedLead:
    """A lead at one of its numbers, as if it were to be called there at `at`."""
    return ClaimedLead(
        lead_id=lead.id,
        claimed_until=at,
        attempts=row.attempts if row else 0,
        not_before=lead.not_before,
        best_time=lead.best_time,
        list_id=lead.list_id,
        phone_id=phone.id,
        e164=phone.e164,
        zones=zones,
        first_name=lead.first_name,
        last_name=lead.last_name,
        phone_region=phone.region,
        country=lead.country,
        region=lead.region,
        timezone=lead.timezone,
        language=lead.language,
    )


class ExplainStore:
    """Reads; never writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def leads_with(self, e164: str) -> list[FoundLead]:
        """The first leads with a number, in any list of any client."""
        owners = select(col(Phone.lead_id)).where(col(Phone.e164) == e164)
        query = (
            select(Lead, col(LeadList.name), col(Client.id), col(Client.slug), LeadImport)
            .join(LeadList, col(LeadList.id) == col(Lead.list_id))
            .join(Client, col(Client.id) == col(LeadList.client_id))
            .join(LeadImport, col(LeadImport.id) == col(Lead.import_id))
            .where(col(Lead.id).in_(owners))
            .order_by(col(Lead.id))
            .limit(MOST_LEADS)
        )
        return [FoundLead(*row) for row in await read(self._session, query)]

    async def campaigns_of(self, lead_ids: Collection[int]) -> list[tuple[Campaign, int]]:
        """Every campaign that dials the list of one of the leads, or was handed it, with that lead."""
        dialed: Any = (
            select(col(CampaignList.campaign_id), col(Lead.id).label("lead_id"))
            .join(Lead, col(Lead.list_id) == col(CampaignList.list_id))
            .where(col(Lead.id).in_(sorted(lead_ids)))
        )
        taken_up = select(col(CampaignLead.campaign_id), col(CampaignLead.lead_id)).where(
            col(CampaignLead.lead_id).in_(sorted(lead_ids))
        )
        both = union(dialed, taken_up).subquery()
        query = (
            select(Campaign, both.c.lead_id)
            .join(both, both.c.campaign_id == col(Campaign.id))
            .order_by(col(Campaign.id), both.c.lead_id)
        )
        return [(campaign, lead_id) for campaign, lead_id in await read(self._session, query)]

    async def standing(self, campaign_id: int, lead_id: int) -> CampaignLead | None:
        """How far the campaign has come with the lead; None if it has not taken it up."""
        return await self._session.get(CampaignLead, (campaign_id, lead_id), populate_existing=True)

    async def phones(self, lead_id: int) -> list[tuple[Phone, tuple[str, ...]]]:
        """The lead's phones in the order in which they are dialed, with the zones that have to be open."""
        query = (
            select(Phone, col(ZoneGroup.zones))
            .join(ZoneGroup, col(ZoneGroup.id) == col(Phone.zone_group_id))
            .where(col(Phone.lead_id) == lead_id)
            .order_by(col(Phone.position))
        )
        return [(phone, tuple(zones)) for phone, zones in await read(self._session, query)]

    async def place(self, row: CampaignLead) -> QueuePlace | None:
        """Where a lead stands in its queue; None if it does not stand in line."""
        if row.state != "ready":
            return None
        key = tuple_(col(CampaignLead.sort_key), col(CampaignLead.lead_id))
        own = tuple_(literal(row.sort_key), literal(row.lead_id))
        in_line = and_(in_state("ready"), col(CampaignLead.queue_id) == row.queue_id)
        before, of = [
            (
                await read(
                    self._session,
                    select(func.count()).select_from(
                        select(literal(1)).where(condition).limit(MOST_COUNTED + 1).subquery()
                    ),
                )
            ).scalar_one()
            for condition in (and_(in_line, key < own), in_line)
        ]
        return QueuePlace(min(before, MOST_COUNTED), min(of, MOST_COUNTED), of > MOST_COUNTED)

    async def attempts(self, campaign_id: int, lead_id: int) -> Sequence[tuple[Attempt, str | None]]:
        """The campaign's attempts to a lead in their order, each with the agent's name."""
        query = (
            select(Attempt, col(Agent.name))
            .outerjoin(Agent, col(Agent.id) == col(Attempt.agent_id))
            .where(col(Attempt.campaign_id) == campaign_id, col(Attempt.lead_id) == lead_id)
            .order_by(col(Attempt.id))
        )
        return [(attempt, name) for attempt, name in await read(self._session, query)]

    async def dnc_entries(self, e164: str) -> list[DncHit]:
        """Every do-not-call entry that a number meets, whomever it binds."""
        columns = (col(DncList.level), col(DncList.owner_id), col(DncList.name))
        by_number = (
            select(*columns, DncEntry)
            .join(DncEntry, col(DncEntry.list_id) == col(DncList.id))
            .where(col(DncEntry.e164) == e164, col(DncList.level).in_(LEVELS))
        )
        by_prefix = (
            select(*columns, DncPrefix)
            .join(DncPrefix, col(DncPrefix.list_id) == col(DncList.id))
            .where(col(DncPrefix.prefix).in_(prefixes_of(e164)), col(DncList.level).in_(LEVELS))
        )
        rows = [*await read(self._session, by_number), *await read(self._session, by_prefix)]
        hits = [
            DncHit(
                level=level,
                owner_id=owner_id,
                dnc_list=name,
                prefix=getattr(entry, "prefix", ""),
                reason=entry.reason,
                source=entry.source,
                since=entry.created_at,
            )
            for level, owner_id, name, entry in rows
        ]
        return sorted(hits, key=lambda hit: (LEVELS.index(hit.level), hit.dnc_list, hit.prefix))

    async def leads_alike(self, campaign: Campaign, now: datetime) -> list[LeadsAlike]:
        """Every lead of the campaign's lists in one group, at one moment: it is one statement."""
        campaign_id = campaign.id
        is_listed = await self._is_listed(campaign)
        at = literal(now, UtcDateTime())
        has_phone = exists().where(col(Phone.lead_id) == col(Lead.id), col(Phone.e164) != "")
        due = case(
            (col(CampaignLead.state) == "claimed", col(CampaignLead.claimed_until) <= at),
            else_=col(CampaignLead.due_at) <= at,
        )
        leads = (
            select(
                func.coalesce(col(CampaignLead.state), "").label("state"),
                func.coalesce(col(CampaignLead.reason), "").label("reason"),
                col(CampaignQueue.zone_group_id).label("zone_group_id"),
                due.label("due"),
                col(Lead.erased_at).is_not(None).label("erased"),
                is_listed.label("listed"),
                case((col(CampaignLead.lead_id).is_(None), has_phone), else_=null()).label("has_phone"),
                func.coalesce(col(CampaignLead.claimed_until), col(CampaignLead.due_at)).label("next_at"),
            )
            .select_from(Lead)
            .join(CampaignList, col(CampaignList.list_id) == col(Lead.list_id))
            .outerjoin(
                CampaignLead,
                and_(col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) == col(Lead.id)),
            )
            .outerjoin(CampaignQueue, col(CampaignQueue.id) == col(CampaignLead.queue_id))
            .where(col(CampaignList.campaign_id) == campaign_id)
            .subquery()
        )
        alike = (
            leads.c.state,
            leads.c.reason,
            leads.c.due,
            leads.c.erased,
            leads.c.listed,
            leads.c.has_phone,
        )
        query = (
            select(*alike, col(ZoneGroup.zones), func.count(), func.min(leads.c.next_at))
            .select_from(leads)
            .outerjoin(ZoneGroup, col(ZoneGroup.id) == leads.c.zone_group_id)
            .group_by(*alike, leads.c.zone_group_id, col(ZoneGroup.id))
        )
        rows = await read(self._session, query)
        return [
            LeadsAlike(
                count=count,
                state=state,
                reason=reason,
                zones=tuple(zones or ()),
                due=bool(due),
                first_due_at=first,
                has_phone=has_phone is None or bool(has_phone),
                erased=bool(erased),
                listed=bool(is_listed),
            )
            for state, reason, due, erased, is_listed, has_phone, zones, count, first in rows
        ]

    async def _is_listed(self, campaign: Campaign) -> ColumnElement[int]:
        """1 for a lead in line each of whose phones is on a do-not-call list, else 0."""
        on_list = await listed(self._session, col(Phone.e164), campaign.client_id, campaign.id)
        if on_list is None:
            return literal(0)
        other = select(literal(1)).where(col(Phone.lead_id) == col(CampaignLead.lead_id), ~on_list)
        in_line = col(CampaignLead.state).in_(("ready", "waiting", "claimed"))
        return case((and_(in_line, ~other.correlate(CampaignLead).exists()), 1), else_=0)
