"""What people have answered in menus, in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import col

from campaigns.stores.shared import Session, placed_by_us, read, write
from campaigns.tables import Attempt, AttemptAnswer
from leads.stores.shared import insert_into


@dataclass(frozen=True, slots=True)
class MenuAnswer:
    """One person's answer to one question."""

    attempt_id: int
    lead_id: int
    question: str
    key: str
    answered_at: datetime


class MenuAnswerStore:
    """Answers by attempt and question."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, attempt_id: int, question: str, key: str, at: datetime) -> None:
        """Keeps an answer, in place of an earlier one to the same question of the same call."""
        values = {"key": key, "answered_at": at}
        insert = insert_into(self.session, AttemptAnswer).values(
            attempt_id=attempt_id, question=question, **values
        )
        keys = ["attempt_id", "question"]
        await write(self.session, insert.on_conflict_do_update(index_elements=keys, set_=values))

    async def counts(self, campaign_id: int) -> dict[tuple[str, str], int]:
        """(question, key) to how many calls of a campaign have answered so."""
        group = (col(AttemptAnswer.question), col(AttemptAnswer.key))
        wanted = (
            select(*group, func.count())
            .join(Attempt, col(Attempt.id) == col(AttemptAnswer.attempt_id))
            .where(col(Attempt.campaign_id) == campaign_id)
            .group_by(*group)
        )
        return {(question, key): count for question, key, count in await read(self.session, wanted)}

    async def asked(self, campaign_id: int) -> int:
        """How many calls of a campaign have begun with the menu."""
        wanted = select(func.count()).where(
            placed_by_us(), col(Attempt.campaign_id) == campaign_id, col(Attempt.message_at).is_not(None)
        )
        return int((await read(self.session, wanted)).scalar_one())

    async def page(self, campaign_id: int, after: int, limit: int) -> Sequence[MenuAnswer]:
        """The answers of the first `limit` attempts that have any and follow number `after`."""
        mine = (
            select(col(Attempt.id))
            .join(AttemptAnswer, col(AttemptAnswer.attempt_id) == col(Attempt.id))
            .where(col(Attempt.campaign_id) == campaign_id, col(Attempt.id) > after)
            .distinct()
            .order_by(col(Attempt.id))
            .limit(limit)
        )
        wanted = (
            select(
                col(AttemptAnswer.attempt_id),
                col(Attempt.lead_id),
                col(AttemptAnswer.question),
                col(AttemptAnswer.key),
                col(AttemptAnswer.answered_at),
            )
            .join(Attempt, col(Attempt.id) == col(AttemptAnswer.attempt_id))
            .where(col(AttemptAnswer.attempt_id).in_(mine))
            .order_by(
                col(AttemptAnswer.attempt_id), col(AttemptAnswer.answered_at), col(AttemptAnswer.question)
            )
        )
        return [MenuAnswer(*row) for row in await read(self.session, wanted)]
