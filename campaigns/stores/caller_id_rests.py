"""Caller IDs that rest because a network blocked a call, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import col

from campaigns.core.caller_ids import QUARANTINED
from campaigns.stores.caller_ids import CallerIdStore
from campaigns.stores.shared import Session, read, write
from campaigns.tables import Attempt, CallerIdRest


class CallerIdRestStore:
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
        await CallerIdStore(self._session).wake(caller_id, now, [QUARANTINED])
        return True
