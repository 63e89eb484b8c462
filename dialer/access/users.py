"""Users: added, listed, disabled, and given a password. One function a use-case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.stores.agents import AgentStore
from dialer.access.core.roles import Role
from dialer.access.errors import InvalidUserError, UserNotFoundError
from dialer.access.passwords import checked_password, hashed
from dialer.access.stores.users import UserStore
from dialer.access.tables import User
from leads.checks import client_id_of
from leads.stores.shared import Session, Sessions
from leads.stores.versions import Versions, require_version

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who is to be added: `client` for every role but the operator's, `agent_id` for the role agent."""

    name: str
    role: str
    client: str | None = None
    agent_id: int | None = None


def checked_user_name(name: str) -> str:
    """A name as it is kept and compared. Raises InvalidUserError."""
    clean = name.strip().casefold()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise InvalidUserError(f"A user needs a name of 1 to {LONGEST_NAME} printable characters.")
    return clean


def checked_role(role: str) -> Role:
    """Raises InvalidUserError."""
    try:
        return Role(role)
    except ValueError:
        known = ", ".join(Role)
        raise InvalidUserError(f"There is no role {role!r}; there are {known}.") from None


async def add_user(sessions: Sessions, new: NewUser, password: str, now: datetime) -> User:
    """A new user, with a password. Raises InvalidUserError, WeakPasswordError, UserExistsError."""
    name, role = checked_user_name(new.name), checked_role(new.role)
    password_hash = await hashed(checked_password(password))
    async with sessions() as session, session.begin():
        client_id = await _client_of(session, role, new.client)
        await _check_agent(session, role, client_id, new.agent_id)
        user = User(
            client_id=client_id,
            name=name,
            role=role.value,
            agent_id=new.agent_id,
            password_hash=password_hash,
            created_at=now,
        )
        return await UserStore(session).add(user)


async def list_users(sessions: Sessions, client: str | None, after: int, limit: int) -> Sequence[User]:
    """Users of a client, or of all, by number. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        return await UserStore(session).page(client_id, after, limit)


async def get_user(sessions: Sessions, user_id: int) -> User:
    """A user. Raises UserNotFoundError."""
    async with sessions() as session:
        return await UserStore(session).get(user_id)


async def find_user(sessions: Sessions, client: str | None, name: str) -> User:
    """A user by name. Raises UnknownClientError and UserNotFoundError."""
    async with sessions() as session:
        client_id = None if client is None else await client_id_of(session, client)
        user = await UserStore(session).named(client_id, checked_user_name(name))
        if user is None:
            raise UserNotFoundError(f"There is no user {name!r}; `dialer user list` shows who there is.")
        return user


async def set_password(
    sessions: Sessions,
    user_id: int,
    password: str,
    *,
    but_sign_in: int | None = None,
    if_match: Versions | None = None,
) -> User:
    """A new password; the user is signed out everywhere, but for one sign-in.

    Raises UserNotFoundError, WeakPasswordError and ChangedMeanwhileError.
    """
    password_hash = await hashed(checked_password(password))
    async with sessions() as session, session.begin():
        user = await UserStore(session).get(user_id)
        await require_version(session, user, if_match)
        user.password_hash = password_hash
        await UserStore(session).sign_out_everywhere(user_id, but_sign_in)
        return user


async def disable_user(
    sessions: Sessions, user_id: int, now: datetime, *, if_match: Versions | None = None
) -> User:
    """Signs a user out everywhere, and lets them in no more; the row stays.

    Raises UserNotFoundError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        user = await UserStore(session).get(user_id)
        await require_version(session, user, if_match)
        user.disabled_at = user.disabled_at or now
        await UserStore(session).sign_out_everywhere(user_id)
        return user


async def enable_user(sessions: Sessions, user_id: int, *, if_match: Versions | None = None) -> User:
    """Lets a user in again. Raises UserNotFoundError and ChangedMeanwhileError."""
    async with sessions() as session, session.begin():
        user = await UserStore(session).get(user_id)
        await require_version(session, user, if_match)
        user.disabled_at = None
        return user


async def _client_of(session: Session, role: Role, client: str | None) -> int | None:
    if (client is None) != (role == Role.OPERATOR):
        raise InvalidUserError(
            "An operator is bound to no client, and everybody else to one; give the client accordingly."
        )
    return None if client is None else await client_id_of(session, client)


async def _check_agent(session: Session, role: Role, client_id: int | None, agent_id: int | None) -> None:
    if (agent_id is None) != (role != Role.AGENT):
        raise InvalidUserError("The role agent goes with the number of an agent, and no other role does.")
    if agent_id is not None and (await AgentStore(session).get(agent_id)).client_id != client_id:
        raise InvalidUserError(f"Agent {agent_id} works for another client.")
