"""Signing in and out, who one is, and one's own password, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from dialer.access.audit import AuditLog, Deed
from dialer.access.core.actor import Actor
from dialer.access.core.roles import PERMISSIONS, Role
from dialer.access.door import Door
from dialer.access.errors import InvalidUserError, SignInRefusedError
from dialer.access.passwords import LONGEST, is_password
from dialer.access.signing_in import Granted, SigningIn
from dialer.access.stores.users import UserStore
from dialer.access.tables import User
from dialer.access.tokens import csrf_token
from dialer.access.users import set_password
from dialer.api.access import actor_of
from dialer.api.guard import address_of
from dialer.api.walking import COOKIE
from leads.routes.access import needs
from leads.routes.shared import Now, SessionsOf

router = APIRouter(tags=["account"])

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Password = Annotated[str, Field(max_length=LONGEST)]


class Credentials(BaseModel):
    """A name and its password; `client` is the slug of the client, null for an operator."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client: str | None = Field(None, max_length=64)
    name: str = Field(max_length=100)
    password: Password


class SignedIn(BaseModel):
    """A sign-in that has begun. The token goes as a bearer, or as the cookie that this answer sets.

    A change that comes with the cookie shows `csrf_token` as X-CSRF-Token.
    """

    token: str
    csrf_token: str
    ends_at: datetime
    """At the latest; sooner when it is not used."""
    name: str
    role: Role


class Me(BaseModel):
    """Who asks, and what they may."""

    name: str
    role: Role
    client: str | None
    agent_id: int | None
    permissions: list[str]
    csrf_token: str | None
    """For a page that has the cookie."""


class PasswordChange(BaseModel):
    """One's own password, the old one and the new one."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    old: Password
    new: Password


@router.post("/sign-in")
async def sign_in(request: Request, response: Response, now: Now, given: Credentials) -> SignedIn:
    """Sign in with name and password; 401 where they do not go together, 429 after too many wrong ones."""
    signing_in: SigningIn = request.app.state.signing_in
    address = address_of(request.scope)
    try:
        granted = await signing_in.with_password(given.client, given.name, given.password, address)
    except SignInRefusedError as error:
        if error.user is not None:
            log_sign_in(request, error.user, now, 401)
        raise
    log_sign_in(request, granted.user, now, 200)
    return begin(request, response, granted)


@router.post("/sign-out", status_code=204, dependencies=[needs("account.own")])
async def sign_out(request: Request, response: Response) -> None:
    """End the sign-in that asks; an API key stays as it is."""
    actor, state = actor_of(request), request.app.state
    if actor.sign_in_id is not None:
        async with state.sessions() as session, session.begin():
            await UserStore(session).sign_out(actor.sign_in_id)
        state.door.forget(actor)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=is_secure(request))


@router.get("/me", dependencies=[needs("account.own")])
async def me(request: Request) -> Me:
    """Who one is, and what one may."""
    actor = actor_of(request)
    cookie = request.cookies.get(COOKIE)
    return Me(
        name=actor.name,
        role=actor.role,
        client=actor.client,
        agent_id=actor.agent_id,
        permissions=sorted(PERMISSIONS[actor.role]),
        csrf_token=csrf_token(cookie) if cookie and actor.sign_in_id is not None else None,
    )


@router.post("/me/password", status_code=204, dependencies=[needs("account.own")])
async def change_password(request: Request, sessions: SessionsOf, change: PasswordChange) -> None:
    """Choose another password; every other sign-in of the user's ends."""
    actor, door = actor_of(request), request.app.state.door
    if actor.user_id is None:
        raise InvalidUserError("A key has no password.")
    async with sessions() as session:
        user = await UserStore(session).get(actor.user_id)
    if not await is_password(change.old, user.password_hash):
        raise InvalidUserError("The old password is another one.")
    await set_password(sessions, user.id, change.new, but_sign_in=actor.sign_in_id)
    assert isinstance(door, Door)  # noqa: S101 - the application keeps it
    door.forget()


def begin(request: Request, response: Response, granted: Granted) -> SignedIn:
    """Sets the cookie, and says what else a page needs."""
    response.set_cookie(
        COOKIE, granted.token, path="/", httponly=True, samesite="strict", secure=is_secure(request)
    )
    response.headers["Cache-Control"] = "no-store"
    return SignedIn(
        token=granted.token,
        csrf_token=granted.csrf_token,
        ends_at=granted.ends_at,
        name=granted.user.name,
        role=Role(granted.user.role),
    )


def is_secure(request: Request) -> bool:
    """Whether the cookie goes over TLS alone: everywhere but on this machine itself."""
    return request.url.hostname not in _LOOPBACK


def log_sign_in(request: Request, user: User, now: datetime, status: int) -> None:
    """Somebody signed in, or gave a wrong password for a user that there is."""
    audit: AuditLog = request.app.state.audit
    actor = Actor(f"user {user.name}", Role(user.role), user.client_id)
    audit.add(Deed(now, actor, "sign-in", f"user_id={user.id}", status, address_of(request.scope)))
