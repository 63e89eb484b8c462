"""Dispositions that were corrected, in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select

from campaigns.core.attempt import plain_text
from campaigns.core.sales import Sold
from campaigns.stores.shared import Session, write
from campaigns.tables import Attempt, DispositionChange
from leads.stores.shared import chunks

_MAX_WHO, _MAX_REASON = 100, 200


class CorrectionStore:
    """What was said of calls before it was corrected."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def keep(
        self, attempt: Attempt, sale: Sequence[Sold], becomes: str, who: str, reason: str, now: datetime
    ) -> None:
        """Write what an attempt has come to so far, before it is said anew."""
        self.session.add(
            DispositionChange(
                attempt_id=attempt.id,
                changed_at=now,
                who=plain_text(who, _MAX_WHO),
                reason=plain_text(reason, _MAX_REASON),
                disposition=attempt.disposition,
                disposition_label=attempt.disposition_label,
                disposition_flags=attempt.disposition_flags,
                disposition_at=attempt.disposition_at,
                disposition_by=attempt.disposition_by,
                notes=attempt.notes,
                sale=[each.to_json() for each in sale],
                becomes=becomes,
            )
        )
        await self.session.flush()

    async def of(self, attempt_ids: Sequence[int]) -> list[DispositionChange]:
        """The corrections of calls, the oldest first."""
        found: list[DispositionChange] = []
        for chunk in chunks(attempt_ids):
            wanted = select(DispositionChange).where(col(DispositionChange.attempt_id).in_(chunk))
            found += (await self.session.exec(wanted)).all()
        return sorted(found, key=lambda each: each.id)

    async def empty(self, attempt_ids: Collection[int]) -> None:
        """Leaves of corrections what was said, by whom and when, but nothing that was noted."""
        for chunk in chunks(sorted(attempt_ids)):
            those = update(DispositionChange).where(col(DispositionChange.attempt_id).in_(chunk))
            await write(self.session, those.values(notes="", reason=""))
