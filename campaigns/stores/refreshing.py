"""Puts leads where they belong after a change of them, in every campaign that has them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update
from sqlmodel import col

from campaigns.core.quotas import QUOTA_FULL
from campaigns.core.retry import DEAD_PHONE
from campaigns.core.selection import LeadPhone, never_opens, next_phone
from campaigns.stores.campaigns import settings_of
from campaigns.stores.filling import FillStore
from campaigns.stores.shared import UNSYNCHRONIZED, Session, in_state, read, write
from campaigns.stores.sort_keys import key_of_row
from campaigns.tables import Campaign, CampaignLead, CampaignList, CampaignQueue
from leads.stores.bulk import among
from leads.stores.dnc import DncStore
from leads.tables import Lead, Phone, UtcDateTime

PHONE_FOUND = "phone_found"
"""Why a lead is in line again that was final for want of a phone to call."""

_OF_THE_LEAD = ("new", "not_before", "outside_best_time", "outside_callable_times", "closed_day")
"""Why leads wait for a time that the lead's own fields set."""

_MAY_GO_ON = (
    *("zone_unknown", "never_callable", "consent_missing", "no_phone", "no_phone_left"),
    *(QUOTA_FULL, *DEAD_PHONE),
)
"""Why leads are final that may be called after a change: for want of a phone, by rules of their place, or as
a survey needed nobody like them."""


class RefreshStore:
    """Has campaigns follow changes of leads.

    Those who refresh the same leads wait for each other: rows are locked by campaign, then by lead.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    async def refresh(self, lead_ids: Sequence[int], now: datetime) -> None:
        """Put leads where they belong in every campaign that has them and is not stopped.

        One that was final only for want of a phone, or by rules of its place, goes on if it has a phone now.
        """
        lists = select(col(Lead.list_id)).where(among(self.session, col(Lead.id), lead_ids))
        dialing = select(col(CampaignList.campaign_id)).where(col(CampaignList.list_id).in_(lists))
        handed_over = select(col(CampaignLead.campaign_id)).where(
            among(self.session, col(CampaignLead.lead_id), lead_ids)
        )
        concerned = or_(col(Campaign.id).in_(dialing), col(Campaign.id).in_(handed_over))
        # Locked, so that nobody who takes up these leads at this moment does so as they were before.
        campaigns = (
            select(Campaign)
            .where(concerned, col(Campaign.state) != "stopped")
            .order_by(col(Campaign.id))
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        for campaign in (await read(self.session, campaigns)).scalars().all():
            await self._refresh(campaign, lead_ids, now)

    async def _refresh(self, campaign: Campaign, lead_ids: Sequence[int], now: datetime) -> None:
        in_line = or_(in_state("ready"), in_state("waiting"))
        no_phone = and_(
            in_state("final"),
            col(CampaignLead.reason).in_(_MAY_GO_ON),
            col(CampaignLead.attempts) < campaign.max_attempts_per_lead,
        )
        theirs = among(self.session, col(CampaignLead.lead_id), lead_ids)
        rows = select(col(CampaignLead.lead_id), col(CampaignLead.state)).where(
            col(CampaignLead.campaign_id) == campaign.id, theirs
        )
        lock = rows.order_by(col(CampaignLead.lead_id)).with_for_update(key_share=True)
        found = (await read(self.session, lock.where(or_(in_line, no_phone)))).all()
        # Whoever holds a claim is not waited for: the call that is about to begin asks about the lead again.
        claims = lock.with_for_update(key_share=True, skip_locked=True).where(in_state("claimed"))
        moved = [row.lead_id for row in [*found, *await read(self.session, claims)] if row.state != "final"]
        ended = [row.lead_id for row in found if row.state == "final"]
        moved += await self._reopen(campaign, ended, now, PHONE_FOUND, new_phones=True)
        if moved:
            await self._place(campaign, moved, now)

    async def reopen(self, campaign: Campaign, lead_ids: Sequence[int], now: datetime, reason: str) -> int:
        """Let leads that are final, and locked, go on with a phone that they have; how many have one."""
        moved = await self._reopen(campaign, lead_ids, now, reason, new_phones=False)
        if moved:
            await self._place(campaign, moved, now)
        return len(moved)

    async def _reopen(
        self, campaign: Campaign, lead_ids: Sequence[int], now: datetime, reason: str, *, new_phones: bool
    ) -> list[int]:
        if not lead_ids:
            return []
        phones = await self._phones_found(campaign, lead_ids, now, new_phones=new_phones)
        if not phones:
            return []
        reopened = sorted(phones)
        first_times = select(col(Lead.id), col(Lead.not_before)).where(
            among(self.session, col(Lead.id), reopened), col(Lead.not_before) > literal(now, UtcDateTime())
        )
        later = {row.id: row.not_before for row in await read(self.session, first_times)}
        rows = []
        for lead_id in reopened:
            at = later.get(lead_id)
            state, why = ("waiting", "not_before") if at else ("ready", reason)
            rows.append(
                {"campaign_id": campaign.id, "lead_id": lead_id, "phone_id": phones[lead_id].phone_id}
                | {"state": state, "reason": why, "due_at": at or now}
            )
        await self.session.exec(update(CampaignLead), params=rows, execution_options=UNSYNCHRONIZED)
        return reopened

    async def _phones_found(
        self, campaign: Campaign, lead_ids: Sequence[int], now: datetime, *, new_phones: bool
    ) -> dict[int, LeadPhone]:
        """The phone that each lead can be called at.

        Where it is `new_phones` that open leads, none for people who are on a do-not-call list at another.
        """
        phones = await FillStore(self.session).phones(campaign.id, lead_ids)
        numbers = {phone.e164 for each in phones.values() for phone in each}
        barred = await DncStore(self.session).suppressed(numbers, campaign.client_id, campaign.id)
        times = settings_of(campaign).callable_times
        found = {}
        for lead_id, own in phones.items():
            usable = [each for each in own if not never_opens(times, each.zones, now.year)]
            phone = next_phone(usable, barred)
            if phone is not None and not (new_phones and any(each.e164 in barred for each in own)):
                found[lead_id] = phone
        return found

    async def _place(self, campaign: Campaign, lead_ids: Sequence[int], now: datetime) -> None:
        """Write the leads' queues, keys and due times by what the leads and their phones are now."""
        mine = and_(
            col(CampaignLead.campaign_id) == campaign.id,
            among(self.session, col(CampaignLead.lead_id), lead_ids),
        )
        places = select(col(Phone.list_id), col(Phone.zone_group_id)).join(
            CampaignLead, col(CampaignLead.phone_id) == col(Phone.id)
        )
        await FillStore(self.session).ensure_queues(campaign.id, places.where(mine))
        key = key_of_row(self.session, campaign)
        await write(
            self.session, update(CampaignLead).where(mine).values(sort_key=key, queue_id=_queue_now())
        )
        due = select(func.coalesce(col(Lead.not_before), literal(now, UtcDateTime()))).where(
            col(Lead.id) == col(CampaignLead.lead_id)
        )
        await write(
            self.session,
            update(CampaignLead)
            .where(mine, _waits_for_the_lead())
            .values(due_at=due.correlate(CampaignLead).scalar_subquery()),
        )


def _waits_for_the_lead() -> ColumnElement[bool]:
    return and_(in_state("waiting"), col(CampaignLead.reason).in_(_OF_THE_LEAD))


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
