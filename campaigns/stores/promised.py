"""Leads to whom a call is promised: they stand in no line, and are claimed first when it is due."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, any_, func, or_, select, update
from sqlmodel import col

from campaigns.core.callback import CALLBACK
from campaigns.core.compliance import Deny
from campaigns.core.selection import LeadPhone
from campaigns.stores.filling import FillStore
from campaigns.stores.shared import Session, awaits_callback, in_state, write
from campaigns.stores.sort_keys import key_of_row
from campaigns.tables import Campaign, CampaignLead
from leads.stores.shared import on_postgresql


class PromisedStore:
    """The leads that wait for a callback. `due_at` of their rows is when anyone may be given them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_due(self, campaign_id: int, n: int, now: datetime, until: datetime) -> list[int]:
        """Claim up to `n` leads whose callbacks anyone may make now; the longest due first."""
        due = (
            select(col(CampaignLead.lead_id))
            .where(col(CampaignLead.campaign_id) == campaign_id, in_state("waiting"), awaits_callback())
            .where(col(CampaignLead.due_at) <= now)
            .order_by(col(CampaignLead.due_at), col(CampaignLead.lead_id))
            .limit(n)
            .with_for_update(skip_locked=True)
            .cte("callbacks_due")
        )
        chosen = and_(among(self._session, select(due.c.lead_id)), in_state("waiting"))
        return await self._take(campaign_id, chosen, until)

    async def take(self, campaign_id: int, lead_id: int, now: datetime, until: datetime) -> list[int]:
        """Claim one lead, also before anyone may; nothing where another has it."""
        chosen = and_(col(CampaignLead.lead_id) == lead_id, nobody_has_it(now))
        return await self._take(campaign_id, chosen, until)

    async def _take(self, campaign_id: int, chosen: ColumnElement[bool], until: datetime) -> list[int]:
        claimed = (
            update(CampaignLead)
            .where(col(CampaignLead.campaign_id) == campaign_id, chosen)
            .where(awaits_callback())
            .values(state="claimed", claimed_until=until)
            .returning(col(CampaignLead.due_at), col(CampaignLead.lead_id))
        )
        rows = await write(self._session, claimed)
        return [row.lead_id for row in sorted(rows, key=lambda row: (row.due_at, row.lead_id))]

    async def lock(self, campaign_id: int, lead_id: int) -> CampaignLead | None:
        """The lead as the campaign has it, locked to the end of the transaction."""
        return await self._session.get(
            CampaignLead, (campaign_id, lead_id), populate_existing=True, with_for_update=True
        )

    async def promise(self, campaign_id: int, lead_id: int, phone: LeadPhone, due_at: datetime) -> None:
        """Have a lead wait for a callback to one of its phones, whatever it has waited for before."""
        queue_id = await FillStore(self._session).queue_of(campaign_id, phone)
        place = {"phone_id": phone.phone_id, "queue_id": queue_id, "claimed_until": None, "denial": None}
        waits: dict[str, Any] = {"state": "waiting", "reason": CALLBACK, "due_at": due_at}
        await write(self._session, _row(campaign_id, lead_id).values(waits | place))

    async def put_off(self, campaign_id: int, lead_id: int, denial: Deny, due_at: datetime | None) -> None:
        """Write that the call was denied for now, to a lead that is ours; None leaves the time as it was."""
        waits: dict[str, Any] = {"state": "waiting", "reason": CALLBACK, "claimed_until": None}
        waits["denial"] = denial.to_json()
        if due_at is not None:
            waits["due_at"] = due_at
        await write(self._session, _row(campaign_id, lead_id).values(waits))

    async def end(self, campaign: Campaign, lead_id: int, reason: str, now: datetime) -> None:
        """Put a lead back in line to whom no call is promised any more, if it still waits for that."""
        values: dict[str, Any] = {"state": "ready", "reason": reason, "due_at": now}
        values["sort_key"] = key_of_row(self._session, campaign)
        still = _row(campaign.id, lead_id).where(in_state("waiting"), awaits_callback())
        await write(self._session, still.values(values))


def nobody_has_it(now: datetime) -> ColumnElement[bool]:
    """Leads that wait, or whose claim has ended."""
    ended = and_(in_state("claimed"), col(CampaignLead.claimed_until) <= now)
    return or_(in_state("waiting"), ended)


def among(session: Session, lead_ids: Any) -> ColumnElement[bool]:
    """The leads of a query, looked up one by one whatever the planner thinks of their number."""
    if on_postgresql(session):
        return col(CampaignLead.lead_id) == any_(func.array(lead_ids.scalar_subquery()))
    return col(CampaignLead.lead_id).in_(lead_ids)


def _row(campaign_id: int, lead_id: int) -> Update:
    return update(CampaignLead).where(
        col(CampaignLead.campaign_id) == campaign_id, col(CampaignLead.lead_id) == lead_id
    )
