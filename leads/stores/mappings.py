"""Saved mappings of columns in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from leads.stores.shared import Session
from leads.tables import ColumnMapping


class MappingStore:
    """Saved mappings of columns, by client and name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save(self, client_id: int, name: str, columns: Mapping[str, Any], now: datetime) -> None:
        """Saves a mapping in the place of the one of that name."""
        mapping = await self.find(client_id, name)
        if mapping is None:
            mapping = ColumnMapping(client_id=client_id, name=name, columns={}, created_at=now)
        mapping.columns = dict(columns)
        self._session.add(mapping)
        await self._session.flush()

    async def find(self, client_id: int, name: str) -> ColumnMapping | None:
        """The client's mapping of that name, if there is one."""
        query = select(ColumnMapping).where(ColumnMapping.client_id == client_id, ColumnMapping.name == name)
        return (await self._session.exec(query)).one_or_none()

    async def all(self, client_id: int) -> Sequence[ColumnMapping]:
        """The client's mappings, by name."""
        query = select(ColumnMapping).where(ColumnMapping.client_id == client_id)
        return (await self._session.exec(query.order_by(col(ColumnMapping.name)))).all()
