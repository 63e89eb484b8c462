"""Loads a do-not-call list in millions: beside the list in force, then in its place at once."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, String, bindparam, cast, column, delete, func, insert, literal, text, update
from sqlalchemy import select as select_columns
from sqlalchemy.engine import CursorResult
from sqlmodel import col, select

from leads.core.suppression import Level
from leads.errors import DncListChangedError
from leads.stores.shared import Session, chunks, insert_into, insert_missing, on_postgresql
from leads.tables import BigId, DncEntry, DncList, DncPrefix, UtcDateTime

_LOADING, _REPLACED = "loading", "replaced"
"""Levels of lists that bind nobody: not yet whole, and out of force."""


class DncLoadingStore:
    """Adds numbers in bulk, to a list in force or to one that will replace it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, level: Level, owner_id: int, name: str, now: datetime) -> int:
        """A list that binds nobody until it is put in the place of the one that is named; its number.

        An earlier one that was never finished is given up; `leftovers` tells it.
        """
        unfinished = update(DncList).where(
            col(DncList.level) == _LOADING, col(DncList.name) == f"{level} {name}", _owned(owner_id)
        )
        await self._session.exec(unfinished.values(level=_REPLACED, name=_number_as_name()))
        row = {"level": _LOADING, "owner_id": owner_id, "name": f"{level} {name}", "created_at": now}
        made: CursorResult[Any] = await self._session.exec(
            insert(DncList).returning(col(DncList.id)), params=row
        )
        return int(made.scalar_one())

    async def add(self, list_id: int, reasons: Mapping[str, str], source: str, now: datetime) -> int:
        """Adds numbers, each with its reason, and tells how many are new; 50,000 at a time are well spent.

        Raises DncListChangedError if another load has taken the list out of force.
        """
        await self._hold(list_id)
        columns = ("e164", "list_id", "reason", "source", "created_at")
        e164, reason, rows = self._rows(reasons)
        selected = select_columns(
            e164,
            literal(list_id, BigId),
            reason,
            literal(source),
            literal(now, UtcDateTime()),
        ).select_from(rows)
        # SQLite takes ON CONFLICT behind a SELECT only if that has a WHERE: https://sqlite.org/lang_upsert.html
        insertion = insert_into(self._session, DncEntry)
        statement = insertion.from_select(columns, selected.where(text("1=1"))).on_conflict_do_nothing()
        counted = {"preserve_rowcount": True}
        done: CursorResult[Any] = await self._session.exec(statement, execution_options=counted)
        return done.rowcount

    async def add_prefixes(self, list_id: int, reasons: Mapping[str, str], source: str, now: datetime) -> int:
        """Adds prefixes, each with its reason, and tells how many are new. Raises DncListChangedError."""
        await self._hold(list_id)
        same = {"list_id": list_id, "source": source, "created_at": now}
        rows = [{"prefix": prefix, "reason": reason} | same for prefix, reason in sorted(reasons.items())]
        return sum([await insert_missing(self._session, DncPrefix, chunk) for chunk in chunks(rows)])

    async def put_in_place(self, list_id: int, level: Level, owner_id: int, name: str) -> None:
        """Has a loaded list bind from now on, instead of the one of that name if there is one.

        Raises DncListChangedError.
        """
        old = update(DncList).where(col(DncList.level) == level, col(DncList.name) == name, _owned(owner_id))
        await self._session.exec(old.values(level=_REPLACED, name=_number_as_name()))
        new = update(DncList).where(col(DncList.id) == list_id, col(DncList.level) == _LOADING)
        done: CursorResult[Any] = await self._session.exec(new.values(level=level, name=name))
        if done.rowcount != 1:
            raise _changed()

    async def retire(self, list_id: int) -> None:
        """Takes a list out of force; `clear` then empties it bit by bit."""
        retirement = update(DncList).where(col(DncList.id) == list_id)
        await self._session.exec(retirement.values(level=_REPLACED, name=_number_as_name()))

    async def leftovers(self) -> list[int]:
        """Lists that are out of force and not yet cleared away."""
        query = select(DncList.id).where(col(DncList.level) == _REPLACED)
        return list((await self._session.exec(query)).all())

    async def clear(self, list_id: int, most: int) -> bool:
        """Deletes `most` entries of a list out of force, or the list if it has none; whether it is gone."""
        some = select(col(DncEntry.e164)).where(col(DncEntry.list_id) == list_id).limit(most)
        removal = delete(DncEntry).where(col(DncEntry.list_id) == list_id, col(DncEntry.e164).in_(some))
        done: CursorResult[Any] = await self._session.exec(removal)
        if done.rowcount:
            return False
        await self._session.exec(delete(DncPrefix).where(col(DncPrefix.list_id) == list_id))
        await self._session.exec(
            delete(DncList).where(col(DncList.id) == list_id, col(DncList.level) == _REPLACED)
        )
        return True

    async def refresh_statistics(self) -> None:
        """Tells PostgreSQL's planner how large the lists have become."""
        if on_postgresql(self._session):
            connection = await self._session.connection()
            await connection.execute(text("ANALYZE dnc_entry"))

    async def _hold(self, list_id: int) -> None:
        """Keeps the list from being replaced until the transaction is over."""
        query = select(DncList.id).where(col(DncList.id) == list_id, col(DncList.level) != _REPLACED)
        held = await self._session.exec(query.with_for_update(read=True))
        if held.first() is None:
            raise _changed()

    def _rows(self, reasons: Mapping[str, str]) -> tuple[Any, Any, Any]:
        """The numbers and their reasons as a table in the order of numbers, bound as one value or two."""
        ordered = sorted(reasons)
        if not on_postgresql(self._session):
            rows = func.json_each(json.dumps({e164: reasons[e164] for e164 in ordered}))
            table = rows.table_valued("key", "value")
            return table.c.key, table.c.value, table
        texts = ARRAY(String)
        both = func.unnest(
            bindparam(None, ordered, type_=texts),
            bindparam(None, [reasons[each] for each in ordered], type_=texts),
        )
        table = both.table_valued(column("e164", String), column("reason", String)).render_derived()
        return table.c.e164, table.c.reason, table


def _owned(owner_id: int) -> Any:
    return col(DncList.owner_id) == owner_id


def _number_as_name() -> Any:
    return cast(col(DncList.id), String)


def _changed() -> DncListChangedError:
    return DncListChangedError(
        "Another load has replaced the do-not-call list meanwhile; load the file again."
    )
