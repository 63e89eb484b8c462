"""Keeps answers for repeats, in the database: another node knows them, and this one after a restart.

A request is put on record before anything is done. What an agent does at their own desk is not made to wait
for the database: its answer is written behind, as the audit log is, and known from memory until then.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.access.stores.idempotent_answers import IdempotentAnswerStore
from dialer.access.tables import IdempotentAnswer
from dialer.core.idempotency import KEPT_FOR, Record
from dialer.database import is_passing
from dialer.journal import Journal
from leads.stores.shared import Session, Sessions

_END_WITHIN_S = 10.0
_BEHIND_S = 1.0
_PURGE_EVERY = timedelta(minutes=1)


class IdempotentAnswers:
    """The answers that this node finds and keeps. One for each service."""

    def __init__(self, sessions: Sessions, readings: Sessions, node: str) -> None:
        self._sessions = sessions
        self._readings = readings
        self.node = node
        self._waiting: dict[str, IdempotentAnswer] = {}
        self._purged_at: datetime | None = None
        self._unwritten: list[IdempotentAnswer] = []
        self._timer: asyncio.TimerHandle | None = None
        self._journal: Journal[IdempotentAnswer] = Journal(self._write, is_passing)

    def start(self) -> None:
        """Begins to write."""
        self._journal.start()

    async def stop(self) -> None:
        """Writes what waits, and ends."""
        self._hand_on()
        await self._journal.close(_END_WITHIN_S)

    async def find(self, answer_id: str) -> IdempotentAnswer | None:
        """What is on record of a key."""
        if (waiting := self._waiting.get(answer_id)) is not None:
            return waiting
        async with self._readings() as session:
            return await IdempotentAnswerStore(session).find(answer_id)

    async def claim(self, answer_id: str, now: datetime) -> bool:
        """Puts a key on record as under way here; whether it was free."""
        async with self._sessions() as session, session.begin():
            await self._purge(session, now)
            return await IdempotentAnswerStore(session).claim(answer_id, self.node, now, now - KEPT_FOR)

    async def keep(self, answered: IdempotentAnswer) -> None:
        """Adds its answer to a key that was claimed."""
        async with self._sessions() as session, session.begin():
            await IdempotentAnswerStore(session).keep(answered)

    async def free(self, answer_id: str) -> None:
        """Lets a key that was claimed be used again."""
        async with self._sessions() as session, session.begin():
            await IdempotentAnswerStore(session).free(answer_id)

    def keep_behind(self, answered: IdempotentAnswer) -> None:
        """Has an answer written whose key was never claimed."""
        self._waiting[answered.id] = answered
        self._unwritten.append(answered)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_BEHIND_S, self._hand_on)

    def _hand_on(self) -> None:
        """To the journal: some at a time cost the database hardly more than one."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        for each in self._unwritten:
            self._journal.add(each)
        self._unwritten = []

    async def _write(self, answered: Sequence[IdempotentAnswer]) -> None:
        now = answered[-1].at
        async with self._sessions() as session, session.begin():
            await self._purge(session, now)
            await IdempotentAnswerStore(session).add(answered, now - KEPT_FOR)
        for each in answered:
            self._waiting.pop(each.id, None)

    async def _purge(self, session: Session, now: datetime) -> None:
        if self._purged_at is None or now - self._purged_at >= _PURGE_EVERY:
            self._purged_at = now
            await IdempotentAnswerStore(session).purge(now - KEPT_FOR)


def record_of(row: IdempotentAnswer) -> Record:
    """What is on record of a key, for the decision."""
    return Record(row.node, row.at, row.fingerprint, row.status)
