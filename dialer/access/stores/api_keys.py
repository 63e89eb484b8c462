"""API keys in the database. Stores never commit: whoever opened the session does."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select as select_rows
from sqlalchemy import update
from sqlmodel import col, select

from campaigns.stores.shared import read, write
from dialer.access.errors import ApiKeyNotFoundError
from dialer.access.tables import ApiKey
from leads.stores.shared import Session
from leads.tables import Client


class ApiKeyStore:
    """API keys, by the hash of what their jobs send."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, key: ApiKey) -> ApiKey:
        """A new key."""
        self._session.add(key)
        await self._session.flush()
        return key

    async def get(self, key_id: int) -> ApiKey:
        """A key. Raises ApiKeyNotFoundError."""
        if (found := await self._session.get(ApiKey, key_id)) is None:
            raise ApiKeyNotFoundError(f"There is no API key {key_id}.")
        return found

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[ApiKey]:
        """The `limit` keys, of one client or of all, that follow number `after`."""
        query = select(ApiKey).where(col(ApiKey.id) > after).order_by(col(ApiKey.id)).limit(limit)
        if client_id is not None:
            query = query.where(col(ApiKey.client_id) == client_id)
        return (await self._session.exec(query)).all()

    async def of_token(self, token_hash: str) -> tuple[ApiKey, str] | None:
        """The key that is not revoked, with its client's slug."""
        query = (
            select_rows(ApiKey, col(Client.slug))
            .join(Client, col(Client.id) == col(ApiKey.client_id))
            .where(col(ApiKey.token_hash) == token_hash, col(ApiKey.revoked_at).is_(None))
        )
        row = (await read(self._session, query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def used(self, key_id: int, at: datetime) -> None:
        """A key was used."""
        await write(self._session, update(ApiKey).where(col(ApiKey.id) == key_id).values(used_at=at))
