"""Takes loads up into a campaign, and puts the leads it has in another order; some leads at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, func, literal, or_, select, update
from sqlmodel import col

from campaigns.core.disposition import Flag
from campaigns.core.retry import DEAD_PHONE
from campaigns.core.selection import LeadPhone
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.doubles import DUPLICATE, is_anothers, is_duplicate, is_first
from campaigns.stores.shared import Session, in_state, placed_by_us, read, was_said, write
from campaigns.stores.sort_keys import key_of_new, key_of_row
from campaigns.tables import Attempt, Campaign, CampaignLead, CampaignList, CampaignLoad, CampaignQueue
from leads.stores.shared import insert_into, on_postgresql
from leads.tables import Lead, LeadImport, Phone, UtcDateTime, ZoneGroup

STEP = 5_000
"""Leads that one step takes up or puts in order, at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """How many leads were taken up, and through which number of the load the campaign has looked."""

    through: int
    new: int
    last: bool
    """Whether nothing of the load is left."""


@cache
def _phones_of_leads() -> Any:
    """Asked at the end of each call; it is built once, which takes longer than asking."""
    campaign_id: BindParameter[int] = bindparam("campaign_id")
    lead_ids: BindParameter[Any] = bindparam("lead_ids", expanding=True)
    tried = (
        select(
            col(Attempt.phone_id),
            func.count().label("attempts"),
            func.max(case((_found_dead(), 1), else_=0)).label("dead"),
        )
        .where(placed_by_us(), col(Attempt.campaign_id) == campaign_id, col(Attempt.lead_id).in_(lead_ids))
        .group_by(col(Attempt.phone_id))
        .subquery()
    )
    return (
        select(
            col(Phone.lead_id),
            col(Phone.id),
            col(Phone.position),
            col(Phone.e164),
            col(Phone.region),
            col(Phone.list_id),
            col(Phone.zone_group_id),
            col(ZoneGroup.zones),
            func.coalesce(tried.c.attempts, 0).label("attempts"),
            func.coalesce(tried.c.dead, 0).label("dead"),
            is_anothers(campaign_id).label("anothers"),
        )
        .join(ZoneGroup, col(ZoneGroup.id) == col(Phone.zone_group_id))
        .outerjoin(tried, tried.c.phone_id == col(Phone.id))
        .where(col(Phone.lead_id).in_(lead_ids), col(Phone.e164) != "")
        .order_by(col(Phone.lead_id), col(Phone.position))
    )


class FillStore:
    """Which leads a campaign has, and where they stand."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def new_loads(self, campaign_ids: Collection[int]) -> dict[int, list[int]]:
        """The loads of each campaign's lists that are over and that it has not taken up, by number."""
        taken_up = (
            select(literal(1))
            .where(
                col(CampaignLoad.campaign_id) == col(CampaignList.campaign_id),
                col(CampaignLoad.import_id) == col(LeadImport.id),
            )
            .exists()
        )
        new = (
            select(col(CampaignList.campaign_id), col(LeadImport.id))
            .join(LeadImport, col(LeadImport.list_id) == col(CampaignList.list_id))
            .where(
                col(CampaignList.campaign_id).in_(sorted(campaign_ids)),
                col(LeadImport.state) != "running",
                ~taken_up,
            )
            .order_by(col(CampaignList.campaign_id), col(LeadImport.id))
        )
        found: dict[int, list[int]] = {}
        for campaign_id, load_id in await read(self.session, new):
            found.setdefault(campaign_id, []).append(load_id)
        return found

    async def step(self, campaign_id: int, load_id: int, after: int, now: datetime) -> Step:
        """Take up the next leads of a load that is over, which follow number `after`.

        With the last of them the load itself is taken up.
        """
        campaign = await CampaignStore(self.session).lock(campaign_id)
        following = select(col(Lead.id)).where(col(Lead.import_id) == load_id, col(Lead.id) > after)
        chunk = following.order_by(col(Lead.id)).limit(STEP).subquery()
        end = select(func.max(chunk.c.id), func.count()).select_from(chunk)
        through, count = (await read(self.session, end)).one()
        last = count < STEP
        new = await self._take_up(campaign, load_id, (after + 1, through), now) if count else 0
        if last:
            mark = insert_into(self.session, CampaignLoad)
            mark = mark.values(campaign_id=campaign_id, import_id=load_id)
            await write(self.session, mark.on_conflict_do_nothing())
        return Step(through or after, new, last)

    async def reorder(self, campaign: Campaign, after: int) -> int | None:
        """Write the next leads' keys that follow number `after`; through which number, None at the end."""
        campaign = await CampaignStore(self.session).lock(campaign.id)
        of_campaign = select(col(CampaignLead.lead_id)).where(
            col(CampaignLead.campaign_id) == campaign.id, col(CampaignLead.lead_id) > after
        )
        chunk = of_campaign.order_by(col(CampaignLead.lead_id)).limit(STEP).subquery()
        through: int | None = (await read(self.session, select(func.max(chunk.c.lead_id)))).scalar_one()
        if through is not None:
            mine = col(CampaignLead.campaign_id) == campaign.id
            in_chunk = col(CampaignLead.lead_id).between(after + 1, through)
            key = key_of_row(self.session, campaign)
            await write(
                self.session,
                update(CampaignLead).where(mine, in_chunk, _movable()).values(sort_key=key),
            )
        return through

    async def queue_of(self, campaign_id: int, phone: LeadPhone) -> int:
        """The queue that a lead stands in with this phone; created if it is missing."""
        place = select(literal(phone.list_id), literal(phone.zone_group_id))
        wanted = select(col(CampaignQueue.id)).where(
            col(CampaignQueue.campaign_id) == campaign_id,
            col(CampaignQueue.list_id) == phone.list_id,
            col(CampaignQueue.zone_group_id) == phone.zone_group_id,
        )
        found = (await read(self.session, wanted)).scalar_one_or_none()
        if found is None:
            await self.ensure_queues(campaign_id, place)
            found = (await read(self.session, wanted)).scalar_one()
        return int(found)

    async def take_in(self, campaign: Campaign, lead_id: int, phone: LeadPhone, now: datetime) -> None:
        """Have one lead in a campaign, of whatever list, unless it is there: it waits, and is in no line."""
        values = {
            "campaign_id": campaign.id,
            "lead_id": lead_id,
            "queue_id": await self.queue_of(campaign.id, phone),
            "phone_id": phone.phone_id,
            "state": "waiting",
            "reason": "new",
            "due_at": now,
            "sort_key": 0,
            "attempts": 0,
        }
        insert = insert_into(self.session, CampaignLead).values(**values).on_conflict_do_nothing()
        await write(self.session, insert)

    async def phones(self, campaign_id: int, lead_ids: Sequence[int]) -> dict[int, list[LeadPhone]]:
        """The phones of leads, by lead and position, each with what the campaign knows of it."""
        found: dict[int, list[LeadPhone]] = {lead_id: [] for lead_id in lead_ids}
        asked = {"campaign_id": campaign_id, "lead_ids": list(lead_ids)}
        for row in await read(self.session, _phones_of_leads(), asked):
            phone = LeadPhone(
                phone_id=row.id,
                position=row.position,
                e164=row.e164,
                region=row.region,
                list_id=row.list_id,
                zone_group_id=row.zone_group_id,
                zones=tuple(row.zones),
                attempts=row.attempts,
                dead=bool(row.dead),
                anothers=row.anothers,
            )
            found[row.lead_id].append(phone)
        return found

    async def _take_up(
        self, campaign: Campaign, load_id: int, numbers: tuple[int, int], now: datetime
    ) -> int:
        of_step = [col(Lead.import_id) == load_id, col(Lead.id).between(*numbers)]
        taken = select(func.count()).where(
            col(CampaignLead.campaign_id) == campaign.id, col(CampaignLead.lead_id) == col(Lead.id)
        )
        # Lead by lead up to the first new one, whatever the planner thinks of their number.
        is_new = taken.correlate(Lead).scalar_subquery() == 0
        any_new = select(literal(1)).where(*of_step, col(Lead.erased_at).is_(None), is_new).exists()
        if not (await read(self.session, select(any_new))).scalar_one():
            return 0
        new: Any = (
            select(
                col(Lead.id).label("lead_id"),
                col(Lead.not_before),
                col(Lead.priority),
                col(Lead.rank),
                col(Phone.id).label("phone_id"),
                col(Phone.list_id),
                col(Phone.zone_group_id),
                is_duplicate(campaign.id, load_id).label("duplicate"),
            )
            .join(Phone, and_(col(Phone.lead_id) == col(Lead.id), is_first(Phone)))
            .where(*of_step, col(Lead.erased_at).is_(None), col(Phone.e164) != "")
        )
        places = (
            select(col(Phone.list_id), col(Phone.zone_group_id))
            .join(Lead, col(Lead.id) == col(Phone.lead_id))
            .where(*of_step)
        )
        await self.ensure_queues(campaign.id, places)
        if on_postgresql(self.session):
            # Else it asks twice whether a lead is a duplicate.
            fenced = new.cte("new").prefix_with("MATERIALIZED")
            return await self._insert(campaign, fenced, now)
        return await self._insert(campaign, new.subquery("new"), now)

    async def _insert(self, campaign: Campaign, new: Any, now: datetime) -> int:
        at = literal(now, UtcDateTime())
        later = new.c.not_before > at
        values = {
            "campaign_id": literal(campaign.id),
            "lead_id": new.c.lead_id,
            "queue_id": col(CampaignQueue.id),
            "phone_id": new.c.phone_id,
            "state": case((new.c.duplicate, "final"), (later, "waiting"), else_="ready"),
            "reason": case((new.c.duplicate, DUPLICATE), else_="new"),
            "due_at": case((later, new.c.not_before), else_=at),
            "sort_key": key_of_new(campaign, new.c.priority, new.c.rank, new.c.lead_id),
            "attempts": literal(0),
        }
        same_place = and_(
            col(CampaignQueue.list_id) == new.c.list_id,
            col(CampaignQueue.zone_group_id) == new.c.zone_group_id,
        )
        mine = col(CampaignQueue.campaign_id) == campaign.id
        leads = select(*values.values()).join_from(new, CampaignQueue, same_place).where(mine)
        # Not by NOT EXISTS: PostgreSQL takes quadratic time where its statistics say that the table is empty.
        insert = insert_into(self.session, CampaignLead).from_select(list(values), leads)
        return (await write(self.session, insert.on_conflict_do_nothing())).rowcount

    async def ensure_queues(self, campaign_id: int, places: Any) -> None:
        """Make the queues that are missing for `places`, a query of lists and zone groups."""
        place = places.distinct().subquery()
        list_id, group_id = place.c
        there = select(literal(1)).where(
            col(CampaignQueue.campaign_id) == campaign_id,
            col(CampaignQueue.list_id) == list_id,
            col(CampaignQueue.zone_group_id) == group_id,
        )
        missing = (
            select(literal(campaign_id), list_id, group_id)
            .where(~there.correlate(place).exists())
            .order_by(list_id, group_id)
        )
        names = ["campaign_id", "list_id", "zone_group_id"]
        insert = insert_into(self.session, CampaignQueue).from_select(names, missing)
        await write(self.session, insert.on_conflict_do_nothing())


def _found_dead() -> ColumnElement[bool]:
    """Attempts that found out, by the network or the agent, that the phone reaches nobody."""
    return or_(col(Attempt.outcome).in_(DEAD_PHONE), was_said(Flag.UNWORKABLE))


def _movable() -> ColumnElement[bool]:
    """Leads that nobody is about to call; the others get their place when they come back to the line."""
    return or_(in_state("ready"), in_state("waiting"))
