"""Counts calls and answers by list, local hour and attempt, as they end: chances are learnt by them."""

from sqlalchemy import select
from sqlmodel import col

from campaigns.core.answer_chance import LAST_ATTEMPT, DialCount
from campaigns.core.attempt import EndedAttempt
from campaigns.stores.shared import Session, read, write
from campaigns.tables import DialTally
from leads.stores.shared import insert_into

NOT_DIALED = frozenset({"canceled", "lost", "unknown"})
ANSWERS = frozenset({"human", "abandoned"})


class DialStore:
    """Calls and answers of a campaign."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, ended: EndedAttempt, outcome: str) -> None:
        """Counts a call that is over; one that was given up by us, or whose fate nobody knows, counts not."""
        if outcome in NOT_DIALED:
            return
        keys = {
            "campaign_id": ended.campaign_id,
            "list_id": ended.list_id,
            "hour": ended.local_hour,
            "attempt": min(ended.number, LAST_ATTEMPT),
        }
        answers = int(outcome in ANSWERS)
        insert = insert_into(self.session, DialTally).values(**keys, calls=1, answers=answers)
        more = {"calls": col(DialTally.calls) + 1, "answers": col(DialTally.answers) + answers}
        await write(self.session, insert.on_conflict_do_update(index_elements=list(keys), set_=more))

    async def counts(self, campaign_id: int) -> list[DialCount]:
        """All counts of a campaign."""
        wanted = select(
            col(DialTally.list_id),
            col(DialTally.hour),
            col(DialTally.attempt),
            col(DialTally.calls),
            col(DialTally.answers),
        ).where(col(DialTally.campaign_id) == campaign_id)
        return [DialCount(*row) for row in await read(self.session, wanted)]
