"""Numbers that nobody may call, in the database."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, String, bindparam, delete, func, literal, or_, union_all
from sqlalchemy import select as select_columns
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import and_, col, select

from leads.core.suppression import (
    INTERNAL,
    LEVELS,
    MAX_PREFIX_CHARS,
    MIN_PREFIX_CHARS,
    Level,
    Suppressed,
    prefixes_of,
    weightiest,
)
from leads.stores.shared import Session, chunks, insert_missing, on_postgresql
from leads.tables import DncEntry, DncList, DncPrefix

_WHOSE = (col(DncList.level), col(DncList.name))


class DncStore:
    """Numbers that nobody may call: for everyone, for a client, or in a campaign; several lists each."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def suppressed(
        self, e164s: Iterable[str], client_id: int | None, campaign_id: int | None
    ) -> dict[str, Suppressed]:
        """Those of the numbers that may not be called for this client in this campaign, with the entry.

        Without a client or a campaign (None) only the lists of the other levels count.
        """
        found: dict[str, Suppressed] = {}
        for chunk in chunks(sorted(set(e164s))):
            numbers, prefixes = await self._hits(chunk, _binds(client_id, campaign_id))
            for e164 in chunk if prefixes else numbers:
                hits = numbers.get(e164, [])
                if prefixes:
                    hits = hits + [hit for each in prefixes_of(e164) for hit in prefixes.get(each, ())]
                if hit := weightiest(hits):
                    found[e164] = hit
        return found

    async def add_number(
        self,
        e164: str,
        level: Level,
        owner_id: int,
        *,
        list_name: str = INTERNAL,
        reason: str,
        source: str,
        now: datetime,
    ) -> bool:
        """Puts a number on a list, which is created if it is missing; False if it was there already.

        `owner_id` is the client's or the campaign's id, 0 for everyone. What is there stays as it was.
        """
        dnc_list = await self.ensure_list(level, owner_id, list_name, now)
        row = {"e164": e164, "list_id": dnc_list.id, "reason": reason, "source": source, "created_at": now}
        return await insert_missing(self._session, DncEntry, [row]) == 1

    async def add_prefix(
        self,
        prefix: str,
        level: Level,
        owner_id: int,
        *,
        list_name: str = INTERNAL,
        reason: str,
        source: str,
        now: datetime,
    ) -> bool:
        """Puts all numbers that begin with `prefix` on a list; False if that was there already."""
        dnc_list = await self.ensure_list(level, owner_id, list_name, now)
        row = {
            "prefix": prefix,
            "list_id": dnc_list.id,
            "reason": reason,
            "source": source,
            "created_at": now,
        }
        return await insert_missing(self._session, DncPrefix, [row]) == 1

    async def ensure_list(self, level: str, owner_id: int, name: str, now: datetime) -> DncList:
        """The list of that name; created if there is none yet. Nobody replaces it in this transaction."""
        query = _named(level, owner_id, name).with_for_update(read=True)
        found: DncList | None = (await self._session.exec(query)).one_or_none()
        if found is not None:
            return found
        row = {"level": level, "owner_id": owner_id, "name": name, "created_at": now}
        await insert_missing(self._session, DncList, [row])
        made: DncList = (await self._session.exec(query)).one()
        return made

    async def find_list(self, level: str, owner_id: int, name: str) -> DncList | None:
        """The list of that name, if there is one."""
        found: DncList | None = (await self._session.exec(_named(level, owner_id, name))).one_or_none()
        return found

    async def get_list(self, list_id: int) -> DncList | None:
        """The list of that number, if there is one that binds anybody."""
        query = select(DncList).where(DncList.id == list_id, col(DncList.level).in_(LEVELS))
        return (await self._session.exec(query)).one_or_none()

    async def size(self, list_id: int) -> tuple[int, int]:
        """How many numbers and prefixes a list holds."""
        numbers = select(func.count()).where(col(DncEntry.list_id) == list_id)
        prefixes = select(func.count()).where(col(DncPrefix.list_id) == list_id)
        return (await self._session.exec(numbers)).one(), (await self._session.exec(prefixes)).one()

    async def lists(self, after: int = 0, limit: int | None = None) -> list[tuple[DncList, int, int]]:
        """The `limit` lists that follow number `after`, each with how many numbers and prefixes it holds."""
        numbers = select(func.count()).where(col(DncEntry.list_id) == col(DncList.id)).scalar_subquery()
        prefixes = select(func.count()).where(col(DncPrefix.list_id) == col(DncList.id)).scalar_subquery()
        query = (
            select(DncList, numbers, prefixes)
            .where(col(DncList.level).in_(LEVELS), col(DncList.id) > after)
            .order_by(col(DncList.id))
            .limit(limit)
        )
        return [(each, n, p) for each, n, p in (await self._session.exec(query)).all()]

    async def entries(self, list_id: int, after: str, limit: int) -> Sequence[DncEntry]:
        """The list's `limit` numbers that follow `after`, in the database's order of texts."""
        query = (
            select(DncEntry)
            .where(col(DncEntry.list_id) == list_id, col(DncEntry.e164) > after)
            .order_by(col(DncEntry.e164))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def prefixes(self, list_id: int, after: str, limit: int) -> Sequence[DncPrefix]:
        """The list's `limit` prefixes that follow `after`, in the database's order of texts."""
        query = (
            select(DncPrefix)
            .where(col(DncPrefix.list_id) == list_id, col(DncPrefix.prefix) > after)
            .order_by(col(DncPrefix.prefix))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def entries_of(self, e164: str) -> list[tuple[DncList, DncEntry]]:
        """Every entry of one number, with its list, whoever it binds."""
        query = (
            select(DncList, DncEntry)
            .join(DncEntry, col(DncEntry.list_id) == col(DncList.id))
            .where(DncEntry.e164 == e164, col(DncList.level).in_(LEVELS))
            .order_by(col(DncList.id))
        )
        return list((await self._session.exec(query)).all())

    async def remove_number(self, list_id: int, e164: str) -> bool:
        """Takes a number off a list; False if it was not on it."""
        removal = delete(DncEntry).where(col(DncEntry.list_id) == list_id, col(DncEntry.e164) == e164)
        return bool((await self._session.exec(removal)).rowcount)

    async def remove_prefix(self, list_id: int, prefix: str) -> bool:
        """Takes a prefix off a list; False if it was not on it."""
        removal = delete(DncPrefix).where(col(DncPrefix.list_id) == list_id, col(DncPrefix.prefix) == prefix)
        return bool((await self._session.exec(removal)).rowcount)

    async def _hits(
        self, e164s: Sequence[str], binds: ColumnElement[bool]
    ) -> tuple[dict[str, list[Suppressed]], dict[str, list[Suppressed]]]:
        """The entries of the numbers, and those of their prefixes, in one statement."""
        # The fence keeps a planner without statistics from going through a whole list instead.
        listed = (
            select(DncEntry.e164, DncEntry.list_id, DncEntry.reason)
            .where(self._among(DncEntry.e164, e164s))
            .cte("listed")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        numbers = (
            select_columns(listed.c.e164, literal(0), *_WHOSE, listed.c.reason)
            .join_from(listed, DncList, col(DncList.id) == listed.c.list_id)
            .where(binds)
        )
        beginnings = sorted({prefix for e164 in e164s for prefix in prefixes_of(e164)})
        prefixes = (
            select_columns(col(DncPrefix.prefix), literal(1), *_WHOSE, col(DncPrefix.reason))
            .join(DncList, col(DncList.id) == col(DncPrefix.list_id))
            .where(self._among(DncPrefix.prefix, beginnings), binds)
        )
        found: tuple[dict[str, list[Suppressed]], dict[str, list[Suppressed]]] = {}, {}
        connection = await self._session.connection()
        for what, is_prefix, level, name, reason in await connection.execute(union_all(numbers, prefixes)):
            hit = Suppressed(level, name, reason, what if is_prefix else "")
            found[is_prefix].setdefault(what, []).append(hit)
        return found

    def _among(self, column: Any, values: Sequence[str]) -> ColumnElement[bool]:
        """Whether a column is one of the values, as one bound value however many they are."""
        if on_postgresql(self._session):
            # A set to join with: an array would be gone through for every row.
            bound = bindparam(None, list(values), type_=ARRAY(String))
            return col(column).in_(select(func.unnest(bound)))
        each = func.json_each(json.dumps(values)).table_valued("value")
        return col(column).in_(select(each.c.value))


def _named(level: str, owner_id: int, name: str) -> Any:
    return select(DncList).where(DncList.level == level, DncList.owner_id == owner_id, DncList.name == name)


def _binds(client_id: int | None, campaign_id: int | None) -> ColumnElement[bool]:
    """Which lists a call for this client in this campaign has to obey."""
    owners: list[tuple[Level, int]] = [("everyone", 0)]
    owners += [("client", client_id)] if client_id is not None else []
    owners += [("campaign", campaign_id)] if campaign_id is not None else []
    return or_(*(and_(DncList.level == level, DncList.owner_id == owner) for level, owner in owners))


async def listed(session: Session, e164: Any, client_id: int, campaign_id: int) -> ColumnElement[bool] | None:
    """Whether a column's number is on a list that binds the campaign, for a query of many numbers.

    None where no list binds it.
    """
    binding = (await session.exec(select(DncList.id).where(_binds(client_id, campaign_id)))).all()
    if not binding:
        return None
    entries = select_columns(literal(1)).where(col(DncEntry.e164) == e164, col(DncEntry.list_id).in_(binding))
    found = entries.correlate_except(DncEntry).exists()
    has_prefix = select(DncPrefix.prefix).where(col(DncPrefix.list_id).in_(binding)).limit(1)
    if (await session.exec(has_prefix)).first() is None:
        return found
    lengths = range(MIN_PREFIX_CHARS, MAX_PREFIX_CHARS + 1)
    beginnings = [func.substr(e164, 1, length) for length in lengths]
    prefixes = select_columns(literal(1)).where(
        col(DncPrefix.prefix).in_(beginnings), col(DncPrefix.list_id).in_(binding)
    )
    return or_(found, prefixes.correlate_except(DncPrefix).exists())
