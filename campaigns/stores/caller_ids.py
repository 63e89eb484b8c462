"""Caller IDs that rest because a network blocked a call, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal, select, update
from sqlmodel import col

from campaigns.stores.shared import Session, read, write
from campaigns.tables import Attempt, CallerIdRest, Campaign, CampaignLead
from leads.tables import UtcDateTime

_RESTS = "caller_id_quarantined"
"""The reason that compliance gives."""


class CallerIdStore:
    """Which caller IDs rest, and how they are let go."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def resting(self, now: datetime) -> Sequence[tuple[CallerIdRest, Attempt]]:
        """The caller IDs that rest now, each with the call that was blocked last."""
        wanted = (
            select(CallerIdRest, Attempt)
            .join(Attempt, col(Attempt.id) == col(CallerIdRest.attempt_id))
            .where(col(CallerIdRest.until) > now)
            .order_by(col(CallerIdRest.caller_id))
        )
        return [(rest, attempt) for rest, attempt in await read(self._session, wanted)]

    async def release(self, caller_id: str, now: datetime) -> bool:
        """Ends a caller ID's rest; whether it rested. The leads that wait for it are asked about again.

        That it was blocked stays on record: blocked again within a day, it rests for a day.
        """
        mine = (col(CallerIdRest.caller_id) == caller_id, col(CallerIdRest.until) > now)
        released = await write(self._session, update(CallerIdRest).where(*mine).values(until=now))
        if not released.rowcount:
            return False
        campaigns = select(col(Campaign.id)).where(col(Campaign.caller_id) == caller_id)
        await write(
            self._session,
            update(CampaignLead)
            .where(
                col(CampaignLead.campaign_id).in_(campaigns),
                col(CampaignLead.state) == "waiting",
                col(CampaignLead.reason) == _RESTS,
            )
            .values(due_at=literal(now, UtcDateTime())),
        )
        return True
