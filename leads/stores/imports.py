"""Loads in the database: how far they are, and what they left."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Delete, and_, delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from leads.errors import ImportNotFoundError, ImportTakenOverError
from leads.stores.bulk import among
from leads.stores.shared import Session
from leads.tables import Client, Lead, LeadAlias, LeadImport, LeadList, Phone

LEADS_A_REMOVAL = 2_000
REMEMBERED_LOADS = 500
"""Of a list: the files that are known when they come again."""


class ImportStore:
    """Loads: begun, advanced chunk by chunk, and finished."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(
        self, list_id: int, source: str, options: Mapping[str, Any], total_bytes: int | None, now: datetime
    ) -> LeadImport:
        """A new load that is under way."""
        load = LeadImport(
            list_id=list_id,
            source=source,
            state="running",
            options=dict(options),
            total_bytes=total_bytes,
            started_at=now,
            updated_at=now,
        )
        self._session.add(load)
        await self._session.flush()
        return load

    async def get(self, import_id: int) -> LeadImport:
        """Raises ImportNotFoundError."""
        load = await self._session.get(LeadImport, import_id)
        if load is None:
            raise ImportNotFoundError(f"There is no load {import_id}.")
        return load

    async def page(self, after: int, limit: int, list_id: int | None = None) -> Sequence[LeadImport]:
        """Loads with a greater number, by number."""
        query = select(LeadImport).where(LeadImport.id > after)
        if list_id is not None:
            query = query.where(LeadImport.list_id == list_id)
        return (await self._session.exec(query.order_by(col(LeadImport.id)).limit(limit))).all()

    async def running(self, list_id: int | None = None) -> Sequence[LeadImport]:
        """Loads that are under way, or whose process died: those with most rows first."""
        query = select(LeadImport).where(LeadImport.state == "running")
        if list_id is not None:
            query = query.where(LeadImport.list_id == list_id)
        return (await self._session.exec(query.order_by(col(LeadImport.rows).desc()))).all()

    async def done(self, list_id: int) -> Sequence[LeadImport]:
        """The newest loads of a list that are over and well, the newest first."""
        query = select(LeadImport).where(LeadImport.list_id == list_id, LeadImport.state == "done")
        newest = query.order_by(col(LeadImport.id).desc()).limit(REMEMBERED_LOADS)
        return (await self._session.exec(newest)).all()

    async def is_last_word(self, load: LeadImport) -> bool:
        """Whether no other load for the same client has changed leads that were there since this one."""
        updated = col(LeadImport.reasons)["duplicate-updated"].as_integer() > 0
        later = or_(
            col(LeadImport.updated_at) > load.updated_at,
            and_(col(LeadImport.updated_at) == load.updated_at, col(LeadImport.id) > load.id),
        )
        client = select(LeadList.client_id).where(LeadList.id == load.list_id).scalar_subquery()
        lists = select(LeadList.id).where(LeadList.client_id == client)
        query = select(LeadImport.id).where(col(LeadImport.list_id).in_(lists), later, updated)
        return (await self._session.exec(query.limit(1))).first() is None

    async def advance(self, import_id: int, rows_before: int, values: Mapping[str, Any]) -> None:
        """Notes how far the load is. Raises ImportTakenOverError where it is not where it was left."""
        statement = update(LeadImport).where(
            col(LeadImport.id) == import_id,
            col(LeadImport.rows) == rows_before,
            col(LeadImport.state) == "running",
        )
        connection = await self._session.connection()
        done: CursorResult[Any] = await connection.execute(statement.values(dict(values)))
        if done.rowcount != 1:
            raise ImportTakenOverError(
                "Another load of the same file has taken up this one and goes on with it; let it finish."
            )

    async def give_up(self, import_id: int, code: str, sentence: str, now: datetime) -> None:
        """Notes that a load has failed, unless it is over."""
        statement = update(LeadImport).where(
            col(LeadImport.id) == import_id, col(LeadImport.state) == "running"
        )
        await (await self._session.connection()).execute(
            statement.values(state="failed", error_code=code, error=sentence, updated_at=now, finished_at=now)
        )

    async def leads_of(self, import_id: int, after: int) -> Sequence[int]:
        """Some of the leads that a load created, by number."""
        query = select(Lead.id).where(Lead.import_id == import_id, Lead.id > after)
        return (await self._session.exec(query.order_by(col(Lead.id)).limit(LEADS_A_REMOVAL))).all()

    async def nth_lead(self, import_id: int, count: int) -> int:
        """The last of the first `count` leads that a load created; 0 for none."""
        query = select(Lead.id).where(Lead.import_id == import_id).order_by(col(Lead.id))
        if not count:
            return 0
        return (await self._session.exec(query.offset(count - 1).limit(1))).first() or 0

    async def remove_leads(self, lead_ids: Sequence[int]) -> int:
        """Takes leads out with their phones and ids, but those that something else refers to.

        Tells how many went.
        """
        if not lead_ids:
            return 0
        phones = delete(Phone).where(among(self._session, col(Phone.lead_id), lead_ids))
        aliases = delete(LeadAlias).where(among(self._session, col(LeadAlias.lead_id), lead_ids))
        leads = delete(Lead).where(among(self._session, col(Lead.id), lead_ids))
        try:
            await self._all_or_nothing(phones, aliases, leads)
        except IntegrityError:
            if len(lead_ids) == 1:
                return 0
            middle = len(lead_ids) // 2
            return await self.remove_leads(lead_ids[:middle]) + await self.remove_leads(lead_ids[middle:])
        return len(lead_ids)

    async def remove_list_if_empty(self, list_id: int) -> bool:
        """Takes a list out with its loads, if no lead is in it and nothing else refers to it."""
        if (await self._session.exec(select(Lead.id).where(Lead.list_id == list_id).limit(1))).first():
            return False
        others = select(LeadImport.id).where(LeadImport.list_id == list_id, LeadImport.state == "running")
        if (await self._session.exec(others.limit(1))).first():
            return False
        try:
            await self._all_or_nothing(
                delete(LeadImport).where(col(LeadImport.list_id) == list_id),
                delete(LeadList).where(col(LeadList.id) == list_id),
            )
        except IntegrityError:
            return False
        return True

    async def remove_client_if_unused(self, client_id: int) -> bool:
        """Takes a client out, if nothing refers to it."""
        try:
            await self._all_or_nothing(delete(Client).where(col(Client.id) == client_id))
        except IntegrityError:
            return False
        return True

    async def _all_or_nothing(self, *deletions: Delete) -> None:
        """Raises IntegrityError where something refers to a row, and then all is as it was."""
        async with self._session.begin_nested():
            # Asked for in here: the session sets its savepoint only for a connection that is.
            connection = await self._session.connection()
            for deletion in deletions:
                await connection.execute(deletion)
