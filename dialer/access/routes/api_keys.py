"""API keys for jobs, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dialer.access import api_keys
from dialer.access.errors import InvalidUserError
from leads.routes.access import OwnClient, Who, needs, require_own
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf

router = APIRouter(tags=["api-keys"], prefix="/api-keys")


class ApiKeyOut(BaseModel):
    """A key for a job, without the key itself."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    name: str
    role: str
    created_at: datetime
    created_by: str
    used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyMade(ApiKeyOut):
    """A key that was made; `token` is told this once."""

    token: str


class ApiKeyIn(BaseModel):
    """A key to be made; `client` may be left out by who is bound to one."""

    model_config = ConfigDict(extra="forbid")

    client: str | None = Field(None, max_length=64)
    name: str = Field(max_length=100)
    role: str = Field(max_length=20)


@router.get("", dependencies=[needs("api-keys.read")])
async def list_api_keys(
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[ApiKeyOut]:
    """Keys, a page at a time; revoked ones as well."""
    found = await api_keys.list_api_keys(sessions, client, after, limit)
    items = [ApiKeyOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("", status_code=201, dependencies=[needs("api-keys.write")])
async def add_api_key(
    sessions: SessionsOf, now: Now, own: OwnClient, who: Who, wanted: ApiKeyIn
) -> ApiKeyMade:
    """Make a key for a job of a client's; the answer has it, and nothing else ever does."""
    client = own if wanted.client is None else wanted.client
    if client is None:
        raise InvalidUserError("A key is bound to a client; give its slug.")
    require_own(own, client)
    made = await api_keys.add_api_key(sessions, client, wanted.name, wanted.role, who, now)
    return ApiKeyMade(**ApiKeyOut.model_validate(made.row).model_dump(), token=made.token)


@router.post("/{key_id}/revoke", dependencies=[needs("api-keys.write")])
async def revoke_api_key(request: Request, sessions: SessionsOf, now: Now, key_id: Id) -> ApiKeyOut:
    """Let a key open nothing any more."""
    revoked = await api_keys.revoke_api_key(sessions, key_id, now)
    request.app.state.door.forget()
    return ApiKeyOut.model_validate(revoked)
