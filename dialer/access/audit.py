"""The audit log: what is written into it, and how it is read.

Entries wait in a queue, so that no answer waits for the database, and none is lost while it is away.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.access.core.actor import Actor
from dialer.access.stores.audit import AuditFilter, AuditStore
from dialer.access.tables import AuditEntry
from dialer.database import is_passing
from dialer.journal import Journal
from leads.checks import client_id_of
from leads.stores.shared import Sessions

LONGEST_SUBJECT = 200
_END_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Deed:
    """Somebody changed something, or was refused."""

    at: datetime
    actor: Actor
    action: str
    subject: str
    status: int
    address: str
    details: dict[str, Any] = field(default_factory=dict)

    def row(self) -> AuditEntry:
        """The entry to be kept."""
        return AuditEntry(
            at=self.at,
            actor=self.actor.name[:200],
            role=self.actor.role.value,
            client_id=self.actor.client_id,
            action=self.action[:100],
            subject=self.subject[:LONGEST_SUBJECT],
            status=self.status,
            details=self.details,
            address=self.address[:45],
        )


class AuditLog:
    """Writes deeds in their order. One for each service."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._journal: Journal[Deed] = Journal(self._write, is_passing)

    def start(self) -> None:
        """Begins to write."""
        self._journal.start()

    async def stop(self) -> None:
        """Writes what waits, and ends."""
        await self._journal.close(_END_WITHIN_S)

    def add(self, deed: Deed) -> None:
        """Has a deed written."""
        self._journal.add(deed)

    async def written(self) -> None:
        """Returns when all deeds so far are in the database, or when it seems to be away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_WITHIN_S):
                await self._journal.written()

    async def _write(self, deeds: Sequence[Deed]) -> None:
        async with self._sessions() as session, session.begin():
            await AuditStore(session).add([each.row() for each in deeds])


async def list_audit(
    sessions: Sessions, client: str | None, wanted: AuditFilter, after: int, limit: int
) -> Sequence[AuditEntry]:
    """Entries of a client's users and keys, or of all, the oldest first. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        chosen = AuditFilter(client_id, wanted.actor, wanted.action, wanted.since, wanted.until)
        return await AuditStore(session).page(chosen, after, limit)
