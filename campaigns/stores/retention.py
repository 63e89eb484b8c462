"""Attempts whose personal data may no longer be kept, in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlmodel import col

from campaigns.stores.appointments import is_open
from campaigns.stores.corrections import CorrectionStore
from campaigns.stores.shared import Session, read, write
from campaigns.tables import Appointment, Attempt, Campaign, RuleSet
from leads.stores.shared import chunks

_PERSONAL = ("e164", "debt", "sip_reason", "notes")
"""What tells who was called and what was said. A SIP reason may name the number."""


@dataclass(frozen=True, slots=True)
class OldCall:
    """An attempt that is over and has personal data."""

    id: int
    campaign_id: int
    kind: str
    country: str
    ended_at: datetime
    permit: dict[str, object]


class RetentionStore:
    """Finds old attempts some at a time, and empties them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def newest_id(self) -> int:
        """The number of the newest attempt; 0 where there is none."""
        newest: int | None = (await read(self._session, select(func.max(col(Attempt.id))))).scalar_one()
        return newest or 0

    async def old_calls(self, client_id: int | None, before: datetime, ids: tuple[int, int]) -> list[OldCall]:
        """Attempts from after one id to another that ended before then and have personal data, by id."""
        after, last = ids
        wanted = (
            select(
                col(Attempt.id),
                col(Attempt.campaign_id),
                col(Campaign.kind),
                col(Attempt.country),
                col(Attempt.ended_at),
                col(Attempt.permit),
            )
            .join(Campaign, col(Campaign.id) == col(Attempt.campaign_id))
            .where(col(Attempt.id) > after, col(Attempt.id) <= last)
            .where(col(Attempt.ended_at) < before)
            .where(or_(*(col(getattr(Attempt, name)) != "" for name in _PERSONAL)))
            .order_by(col(Attempt.id))
        )
        if client_id is not None:
            wanted = wanted.where(col(Campaign.client_id) == client_id)
        return [OldCall(*row) for row in await read(self._session, wanted)]

    async def countries(self, fingerprints: Collection[str]) -> dict[str, frozenset[str]]:
        """Fingerprint of a rule set to the countries that it was made for."""
        found: dict[str, frozenset[str]] = {}
        for chunk in chunks(sorted(fingerprints)):
            wanted = select(col(RuleSet.fingerprint), col(RuleSet.body)).where(
                col(RuleSet.fingerprint).in_(chunk)
            )
            found |= {
                row.fingerprint: frozenset(row.body["countries"]) for row in await read(self._session, wanted)
            }
        return found

    async def empty(self, attempt_ids: Collection[int]) -> None:
        """Leaves of calls that are over when they were and how they went, and of their appointments, too."""
        for chunk in chunks(sorted(attempt_ids)):
            over = (col(Attempt.id).in_(chunk), col(Attempt.ended_at).is_not(None))
            await write(self._session, update(Attempt).where(*over).values(dict.fromkeys(_PERSONAL, "")))
            booked = update(Appointment).where(col(Appointment.attempt_id).in_(chunk), ~is_open())
            await write(self._session, booked.values(notes=""))
        await CorrectionStore(self._session).empty(attempt_ids)
