"""Answers to repeat, in the database. Stores never commit: whoever opened the session does."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, inspect, select, update
from sqlmodel import col

from campaigns.stores.shared import read, write
from dialer.access.tables import IdempotentAnswer
from leads.stores.shared import ROWS_PER_STATEMENT, Session, insert_into, insert_missing


class IdempotentAnswerStore:
    """Requests by their key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, answer_id: str) -> IdempotentAnswer | None:
        """What is on record of a key."""
        query = select(IdempotentAnswer).where(col(IdempotentAnswer.id) == answer_id)
        return (await read(self._session, query)).scalars().one_or_none()

    async def claim(self, answer_id: str, node: str, at: datetime, over_before: datetime) -> bool:
        """Puts a key on record; whether nobody else has, since then."""
        over = delete(IdempotentAnswer).where(
            col(IdempotentAnswer.id) == answer_id, col(IdempotentAnswer.at) <= over_before
        )
        await write(self._session, over)
        row = {"id": answer_id, "node": node, "at": at, "fingerprint": "", "answer": b""}
        return await insert_missing(self._session, IdempotentAnswer, [row]) == 1

    async def keep(self, answered: IdempotentAnswer) -> None:
        """Adds the answer to a key on record."""
        kept = update(IdempotentAnswer).where(col(IdempotentAnswer.id) == answered.id)
        await write(self._session, kept.values(**answered.model_dump(exclude={"id"})))

    async def add(self, answered: Sequence[IdempotentAnswer], over_before: datetime) -> None:
        """Puts keys on record together with their answers, in place of what is over."""
        ids = [each.id for each in answered]
        over = delete(IdempotentAnswer).where(
            col(IdempotentAnswer.id).in_(ids), col(IdempotentAnswer.at) <= over_before
        )
        await write(self._session, over)
        # One statement for any number of rows, which is made ready once: agents work all day long.
        added = insert_into(self._session, inspect(IdempotentAnswer).local_table).on_conflict_do_nothing()
        await self._session.exec(added, params=[each.model_dump() for each in answered])

    async def free(self, answer_id: str) -> None:
        """Takes a key off the record."""
        await write(self._session, delete(IdempotentAnswer).where(col(IdempotentAnswer.id) == answer_id))

    async def purge(self, over_before: datetime) -> None:
        """Takes off some of what is over, the oldest first."""
        oldest = (
            select(col(IdempotentAnswer.id))
            .where(col(IdempotentAnswer.at) <= over_before)
            .order_by(col(IdempotentAnswer.at))
            .limit(ROWS_PER_STATEMENT)
        )
        await write(self._session, delete(IdempotentAnswer).where(col(IdempotentAnswer.id).in_(oldest)))
