"""Dispositions that were corrected, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from campaigns.core.attempt import plain_text
from campaigns.core.sales import Sold
from campaigns.stores.shared import Session
from campaigns.tables import Attempt, DispositionChange

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

    async def of(self, attempt_ids: Sequence[int]) -> Sequence[DispositionChange]:
        """The corrections of calls, the oldest first."""
        wanted = select(DispositionChange).where(col(DispositionChange.attempt_id).in_(attempt_ids))
        return (await self.session.exec(wanted.order_by(col(DispositionChange.id)))).all()
