"""Hooks by which leads come, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select

from campaigns.errors import LeadHookNotFoundError
from campaigns.stores.shared import Session, write
from campaigns.tables import LeadHook, LeadHookDelivery
from leads.stores.shared import insert_missing


class LeadHookStore:
    """Hooks for leads, of every client that the session sees."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, hook: LeadHook) -> LeadHook:
        """Records a hook; its number is known then."""
        self._session.add(hook)
        await self._session.flush()
        return hook

    async def get(self, hook_id: int) -> LeadHook:
        """Raises LeadHookNotFoundError."""
        found = (await self._session.exec(select(LeadHook).where(LeadHook.id == hook_id))).first()
        if found is None:
            raise LeadHookNotFoundError(f"There is no hook for leads {hook_id}.")
        return found

    async def named(self, client_id: int, name: str) -> LeadHook | None:
        """The client's hook of that name."""
        wanted = select(LeadHook).where(LeadHook.client_id == client_id, LeadHook.name == name)
        return (await self._session.exec(wanted)).first()

    async def of_token(self, token_hash: str) -> LeadHook | None:
        """The hook at an address."""
        wanted = select(LeadHook).where(LeadHook.token_hash == token_hash, col(LeadHook.active).is_(True))
        return (await self._session.exec(wanted)).first()

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[LeadHook]:
        """The `limit` hooks of a client, or of all, that follow number `after`."""
        wanted = select(LeadHook).where(LeadHook.id > after).order_by(col(LeadHook.id)).limit(limit)
        if client_id is not None:
            wanted = wanted.where(LeadHook.client_id == client_id)
        return (await self._session.exec(wanted)).all()

    async def remove(self, hook: LeadHook) -> None:
        """Takes a hook out; the leads stay."""
        of_it = col(LeadHookDelivery.lead_hook_id) == hook.id
        await write(self._session, delete(LeadHookDelivery).where(of_it))
        await self._session.delete(hook)

    async def is_new(self, hook: LeadHook, event_id: str, now: datetime) -> bool:
        """Whether a request comes for the first time; it is on record then."""
        row = {
            "client_id": hook.client_id,
            "lead_hook_id": hook.id,
            "event_id": event_id,
            "received_at": now,
        }
        return await insert_missing(self._session, LeadHookDelivery, [row]) == 1

    async def forget(self, before: datetime) -> None:
        """Forgets requests that came before then."""
        await write(self._session, delete(LeadHookDelivery).where(col(LeadHookDelivery.received_at) < before))
