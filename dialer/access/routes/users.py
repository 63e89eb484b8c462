"""Users over HTTP: of one's own client, or of all for an operator."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from dialer.access import users
from dialer.access.passwords import LONGEST
from dialer.access.tables import User
from dialer.access.users import NewUser
from leads.routes.access import OwnClient, needs, require_own
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["users"], prefix="/users")

Slug = Annotated[str | None, Query(max_length=64)]
Password = Annotated[str, Field(max_length=LONGEST)]


class UserOut(BaseModel):
    """Somebody who signs in."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int | None
    name: str
    role: str
    agent_id: int | None
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None


class UserIn(BaseModel):
    """A user to be added; `client` may be left out by who is bound to one."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client: str | None = Field(None, max_length=64)
    name: str = Field(max_length=100)
    role: str = Field(max_length=20)
    agent_id: int | None = Field(None, ge=1, le=LARGEST_ID)
    password: Password


class PasswordIn(BaseModel):
    """A new password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: Password


@router.get("", dependencies=[needs("users.read")])
async def list_users(
    sessions: SessionsOf, client: Slug = None, after: After = 0, limit: Limit = 100
) -> Page[UserOut]:
    """Users, a page at a time."""
    found = await users.list_users(sessions, client, after, limit)
    items = [UserOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("", status_code=201, dependencies=[needs("users.write")])
async def add_user(sessions: SessionsOf, now: Now, own: OwnClient, wanted: UserIn) -> UserOut:
    """Add a user of a client's, or an operator."""
    client = own if wanted.client is None else wanted.client
    if client is not None:
        require_own(own, client)
    new = NewUser(wanted.name, wanted.role, client, wanted.agent_id)
    return UserOut.model_validate(await users.add_user(sessions, new, wanted.password, now))


@router.get("/{user_id}", responses=HAS_ETAG, dependencies=[needs("users.read")])
async def get_user(response: Response, sessions: SessionsOf, user_id: Id) -> UserOut:
    """One user."""
    return _tagged(response, await users.get_user(sessions, user_id))


@router.post("/{user_id}/password", responses=TAKES_IF_MATCH, dependencies=[needs("users.write")])
async def set_password(
    request: Request,
    response: Response,
    sessions: SessionsOf,
    user_id: Id,
    given: PasswordIn,
    if_match: IfMatch,
) -> UserOut:
    """Give a user another password, and sign them out everywhere."""
    changed = await users.set_password(sessions, user_id, given.password, if_match=if_match)
    request.app.state.door.forget()
    return _tagged(response, changed)


@router.post("/{user_id}/disable", responses=TAKES_IF_MATCH, dependencies=[needs("users.write")])
async def disable_user(
    request: Request, response: Response, sessions: SessionsOf, now: Now, user_id: Id, if_match: IfMatch
) -> UserOut:
    """Sign a user out everywhere, and let them in no more."""
    changed = await users.disable_user(sessions, user_id, now, if_match=if_match)
    request.app.state.door.forget()
    return _tagged(response, changed)


@router.post("/{user_id}/enable", responses=TAKES_IF_MATCH, dependencies=[needs("users.write")])
async def enable_user(response: Response, sessions: SessionsOf, user_id: Id, if_match: IfMatch) -> UserOut:
    """Let a user in again."""
    return _tagged(response, await users.enable_user(sessions, user_id, if_match=if_match))


def _tagged(response: Response, user: User) -> UserOut:
    tag(response, user)
    return UserOut.model_validate(user)
