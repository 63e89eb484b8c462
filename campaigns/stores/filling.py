"""Takes leads up into a campaign, and puts those it has in another order; a bounded number at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlmodel import col

from campaigns.core.retry import DEAD_PHONE
from campaigns.core.selection import LeadPhone
from campaigns.stores.doubles import DUPLICATE, in_lists, is_anothers, is_duplicate, is_first
from campaigns.stores.shared import Session, in_state, read, write
from campaigns.stores.sort_keys import key_of_new, key_of_row
from campaigns.tables import Attempt, Campaign, CampaignLead, CampaignQueue
from leads.stores.shared import insert_into, on_postgresql
from leads.tables import Lead, Phone, UtcDateTime, ZoneGroup

STEP = 5_000
"""Leads that one step takes up or puts in order, at most."""

_OF_THE_LEAD = ("new", "not_before", "outside_best_time", "outside_callable_times")
"""Why leads wait for a time that the lead's own fields set."""


@dataclass(frozen=True, slots=True)
class Step:
    """How many leads were taken up, and through which number the campaign has looked."""

    through: int
    new: int


class FillStore:
    """Which leads a campaign has, and where they stand."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def newest_lead(self) -> int:
        """The highest number of all leads; 0 without any."""
        newest = await read(self.session, select(func.max(col(Lead.id))))
        return newest.scalar_one() or 0

    async def newest_taken_up(self, campaign_id: int) -> int:
        """The highest number of the campaign's own leads; 0 without any."""
        mine = col(CampaignLead.campaign_id) == campaign_id
        newest = await read(self.session, select(func.max(col(CampaignLead.lead_id))).where(mine))
        return newest.scalar_one() or 0

    async def step(self, campaign: Campaign, after: int, now: datetime) -> Step | None:
        """Take up the next leads of the campaign's lists that follow number `after`; None without any."""
        first = select(func.min(col(Lead.id))).where(col(Lead.id) > after, in_lists(campaign.id, Lead))
        found = (await read(self.session, first)).scalar_one()
        if found is None:
            return None
        through = found + STEP - 1
        return Step(through, await self._take_up(campaign, found, through, now))

    async def reorder(self, campaign: Campaign, after: int) -> int | None:
        """Write the next leads' keys that follow number `after`; through which number, None at the end."""
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

    async def refresh(self, lead_ids: Sequence[int], now: datetime) -> None:
        """Put leads where they belong after a change of them, in every campaign that has them."""
        theirs = col(CampaignLead.lead_id).in_(sorted(lead_ids))
        campaigns = select(Campaign).where(
            col(Campaign.id).in_(select(col(CampaignLead.campaign_id)).where(theirs).distinct())
        )
        for campaign in (await read(self.session, campaigns)).scalars().all():
            mine = col(CampaignLead.campaign_id) == campaign.id
            places = select(col(Phone.list_id), col(Phone.zone_group_id)).join(
                CampaignLead, col(CampaignLead.phone_id) == col(Phone.id)
            )
            await self._ensure_queues(campaign.id, places.where(mine, theirs))
            key = key_of_row(self.session, campaign)
            await write(
                self.session,
                update(CampaignLead)
                .where(mine, theirs, _movable())
                .values(sort_key=key, queue_id=_queue_now()),
            )
            due = select(func.coalesce(col(Lead.not_before), literal(now, UtcDateTime()))).where(
                col(Lead.id) == col(CampaignLead.lead_id)
            )
            waits = and_(in_state("waiting"), col(CampaignLead.reason).in_(_OF_THE_LEAD))
            await write(
                self.session,
                update(CampaignLead)
                .where(mine, theirs, waits)
                .values(due_at=due.correlate(CampaignLead).scalar_subquery()),
            )

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
            await self._ensure_queues(campaign_id, place)
            found = (await read(self.session, wanted)).scalar_one()
        return int(found)

    async def phones(self, campaign_id: int, lead_ids: Sequence[int]) -> dict[int, list[LeadPhone]]:
        """The phones of leads, by lead and position, each with what the campaign knows of it."""
        tried = (
            select(
                col(Attempt.phone_id),
                func.count().label("attempts"),
                func.max(case((col(Attempt.outcome).in_(DEAD_PHONE), 1), else_=0)).label("dead"),
            )
            .where(col(Attempt.campaign_id) == campaign_id, col(Attempt.lead_id).in_(lead_ids))
            .group_by(col(Attempt.phone_id))
            .subquery()
        )
        wanted = (
            select(
                col(Phone.lead_id),
                col(Phone.id),
                col(Phone.position),
                col(Phone.e164),
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
        found: dict[int, list[LeadPhone]] = {lead_id: [] for lead_id in lead_ids}
        for row in await read(self.session, wanted):
            phone = LeadPhone(
                phone_id=row.id,
                position=row.position,
                e164=row.e164,
                list_id=row.list_id,
                zone_group_id=row.zone_group_id,
                zones=tuple(row.zones),
                attempts=row.attempts,
                dead=bool(row.dead),
                anothers=row.anothers,
            )
            found[row.lead_id].append(phone)
        return found

    async def _take_up(self, campaign: Campaign, first: int, through: int, now: datetime) -> int:
        await self._one_at_a_time(campaign.id)
        of_step = [col(Lead.id).between(first, through), in_lists(campaign.id, Lead)]
        taken = select(func.count()).where(
            col(CampaignLead.campaign_id) == campaign.id, col(CampaignLead.lead_id).between(first, through)
        )
        there = select(func.count()).select_from(Lead).where(*of_step)
        if (
            await read(self.session, select(there.scalar_subquery() <= taken.scalar_subquery()))
        ).scalar_one():
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
                is_duplicate(campaign.id).label("duplicate"),
            )
            .join(Phone, and_(col(Phone.lead_id) == col(Lead.id), is_first(Phone)))
            .where(*of_step, col(Lead.erased_at).is_(None), col(Phone.e164) != "")
        )
        places = (
            select(col(Phone.list_id), col(Phone.zone_group_id))
            .join(Lead, col(Lead.id) == col(Phone.lead_id))
            .where(*of_step)
        )
        await self._ensure_queues(campaign.id, places)
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

    async def _ensure_queues(self, campaign_id: int, places: Any) -> None:
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

    async def _one_at_a_time(self, campaign_id: int) -> None:
        """Whoever else takes up leads into the campaign waits: two would wait for each other's rows."""
        lock = select(col(Campaign.id)).where(col(Campaign.id) == campaign_id)
        await read(self.session, lock.with_for_update(key_share=True))


def _movable() -> ColumnElement[bool]:
    """Leads that nobody is about to call; the others get their place when they come back to the line."""
    return or_(in_state("ready"), in_state("waiting"))


def _queue_now() -> Any:
    """The queue of the phone that a campaign's lead is to be called at, by where that phone is now."""
    return (
        select(col(CampaignQueue.id))
        .join(
            Phone,
            and_(
                col(Phone.list_id) == col(CampaignQueue.list_id),
                col(Phone.zone_group_id) == col(CampaignQueue.zone_group_id),
            ),
        )
        .where(
            col(CampaignQueue.campaign_id) == col(CampaignLead.campaign_id),
            col(Phone.id) == col(CampaignLead.phone_id),
        )
        .correlate(CampaignLead)
        .scalar_subquery()
    )
