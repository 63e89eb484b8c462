"""API keys for jobs: made, listed, revoked. One function a use-case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.access.core.roles import JOB_ROLES
from dialer.access.errors import InvalidUserError
from dialer.access.stores.api_keys import ApiKeyStore
from dialer.access.tables import ApiKey
from dialer.access.tokens import API_KEY, hash_of, new_token
from dialer.access.users import checked_role, checked_user_name
from leads.checks import client_id_of
from leads.stores.shared import Sessions


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made; `token` is shown this once."""

    row: ApiKey
    token: str


async def add_api_key(
    sessions: Sessions, client: str, name: str, role: str, by: str, now: datetime
) -> NewKey:
    """A key for a job of a client's. Raises UnknownClientError and InvalidUserError."""
    checked = checked_role(role)
    if checked not in JOB_ROLES:
        raise InvalidUserError(f"A key cannot be {role}; there are {', '.join(sorted(JOB_ROLES))}.")
    token = new_token(API_KEY)
    async with sessions() as session, session.begin():
        row = ApiKey(
            client_id=await client_id_of(session, client),
            name=checked_user_name(name),
            role=checked.value,
            token_hash=hash_of(token),
            created_at=now,
            created_by=by[:200],
        )
        return NewKey(await ApiKeyStore(session).add(row), token)


async def list_api_keys(sessions: Sessions, client: str | None, after: int, limit: int) -> Sequence[ApiKey]:
    """Keys of a client, or of all, by number; revoked ones too. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        return await ApiKeyStore(session).page(client_id, after, limit)


async def revoke_api_key(sessions: Sessions, key_id: int, now: datetime) -> ApiKey:
    """Lets a key open nothing any more; the row stays. Raises ApiKeyNotFoundError."""
    async with sessions() as session, session.begin():
        key = await ApiKeyStore(session).get(key_id)
        key.revoked_at = key.revoked_at or now
        return key
