"""Whom a route serves.

A route says which permission it needs; the application knows the roles, and keeps an `Access` as
`app.state.access` that answers.
"""

from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from leads.errors import UnknownClientError
from leads.stores.shared import Sessions


class Access(Protocol):
    """Who asks, what they may, and whose rows they see."""

    def require(self, request: Request, permission: str) -> None:
        """Raises where whoever asks does not have the permission."""

    def own_rows(self, request: Request, sessions: Sessions) -> Sessions:
        """The sessions, narrowed to what the client of whoever asks has."""

    def client(self, request: Request) -> str | None:
        """The slug of the client that whoever asks is bound to; None for who is bound to none."""

    def name(self, request: Request) -> str:
        """What logs call whoever asks."""


def access_of(request: Request) -> Access:
    """The application's answer to who may do what."""
    access: Access = request.app.state.access
    return access


class Needs:
    """A dependency: the route is for those who have the permission."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> None:
        """Raises what `Access.require` raises."""
        access_of(request).require(request, self.permission)


def needs(permission: str) -> Any:
    """For a route's `dependencies`: only those who have the permission."""
    return Depends(Needs(permission))


async def _own_client(request: Request) -> str | None:
    return access_of(request).client(request)


async def _who(request: Request) -> str:
    return access_of(request).name(request)


OwnClient = Annotated[str | None, Depends(_own_client)]
"""The slug of the client that whoever asks is bound to; None for who is bound to none."""
Who = Annotated[str, Depends(_who)]
"""What logs call whoever asks."""


def require_own(own: str | None, client: str) -> None:
    """For what is made under a client's slug, whether or not there is such a client yet.

    Raises UnknownClientError, as for a client that nobody has created.
    """
    if own is not None and client != own:
        raise UnknownClientError("There is no client of that slug; load a list for it first.")
