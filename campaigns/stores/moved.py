"""Leads that came into a campaign from another one, in the database."""

from datetime import datetime

from sqlalchemy import Update, update
from sqlmodel import col

from campaigns.core.selection import next_phone
from campaigns.stores.filling import FillStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, write
from campaigns.stores.sort_keys import key_of_row
from campaigns.tables import Campaign, CampaignLead
from leads.stores.shared import insert_into

MOVED_HERE = "moved_here"
"""Why a lead is in line that another campaign has handed over."""
MOVED_BACK = "moved_back"
"""Why it is final where that was taken back before it was called."""


class MovedStore:
    """Puts leads into a campaign, one at a time, and takes them out again."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, campaign: Campaign, lead_id: int, now: datetime) -> bool:
        """Have a campaign call a lead; False where it has the lead or one of the same number, or there is no
        number left to call."""
        row = await self.session.get(
            CampaignLead, (campaign.id, lead_id), populate_existing=True, with_for_update=True
        )
        if row is not None and (row.state, row.reason) != ("final", MOVED_BACK):
            return False
        phone = next_phone((await FillStore(self.session).phones(campaign.id, [lead_id]))[lead_id])
        if phone is None:
            return False
        there = await QueueStore(self.session).with_number(campaign.id, phone.e164)
        if there is not None and there[0] != lead_id:
            return False
        values = {
            "queue_id": await FillStore(self.session).queue_of(campaign.id, phone),
            "phone_id": phone.phone_id,
            "state": "ready",
            "reason": MOVED_HERE,
            "due_at": now,
        }
        key = {"campaign_id": campaign.id, "lead_id": lead_id}
        insert = insert_into(self.session, CampaignLead).values(**key, **values, sort_key=0, attempts=0)
        await write(self.session, insert.on_conflict_do_update(index_elements=list(key), set_=values))
        in_order = {"sort_key": key_of_row(self.session, campaign)}
        await write(self.session, _row(campaign.id, lead_id).values(in_order))
        return True

    async def take_back(self, campaign_id: int, lead_id: int) -> None:
        """Have a campaign not call a lead that was put into it, unless it has called, or is about to."""
        waits = col(CampaignLead.state).in_(("ready", "waiting"))
        those = _row(campaign_id, lead_id).where(
            col(CampaignLead.attempts) == 0, col(CampaignLead.reason) == MOVED_HERE, waits
        )
        await write(self.session, those.values(state="final", reason=MOVED_BACK))


def _row(campaign_id: int, lead_id: int) -> Update:
    return update(CampaignLead).where(
        col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) == lead_id
    )
