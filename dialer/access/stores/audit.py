"""The audit log in the database: added to, read, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from dialer.access.tables import AuditEntry
from leads.stores.shared import Session


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; None for any."""

    client_id: int | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditStore:
    """Entries, the oldest first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        """Adds entries in their order."""
        self._session.add_all(entries)
        await self._session.flush()

    async def page(self, wanted: AuditFilter, after: int, limit: int) -> Sequence[AuditEntry]:
        """The `limit` entries that follow number `after`."""
        query = select(AuditEntry).where(col(AuditEntry.id) > after)
        if wanted.client_id is not None:
            query = query.where(col(AuditEntry.client_id) == wanted.client_id)
        if wanted.actor is not None:
            query = query.where(col(AuditEntry.actor) == wanted.actor)
        if wanted.action is not None:
            query = query.where(col(AuditEntry.action) == wanted.action)
        if wanted.since is not None:
            query = query.where(col(AuditEntry.at) >= wanted.since)
        if wanted.until is not None:
            query = query.where(col(AuditEntry.at) < wanted.until)
        return (await self._session.exec(query.order_by(col(AuditEntry.id)).limit(limit))).all()
