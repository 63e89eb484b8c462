"""Who asks, for the routes: the guard at the door has found out, and left it with the request."""

from fastapi import Request

from dialer.access.core.actor import Actor
from dialer.access.core.roles import Permission
from dialer.access.door import Door
from dialer.access.errors import AccessError, NotPermittedError
from dialer.access.stores.own_rows import for_client
from dialer.database import is_passing
from leads.stores.shared import Sessions

_LONGEST_NAME = 100
"""That the log of a recording takes."""


def actor_of(request: Request) -> Actor:
    """Who asks."""
    actor: Actor = request.state.actor
    return actor


async def is_still_in(request: Request) -> bool:
    """Whether who asked would be let in now, as the same; for what goes on long after they asked."""
    door: Door = request.app.state.door
    try:
        return await door.actor(request.state.shown) == actor_of(request)
    except AccessError:
        return False
    except Exception as error:
        if not is_passing(error):
            raise
        return True  # the database is away, and nobody knows better


class RequestAccess:
    """A `leads.routes.access.Access` over the actors that the guard lets in."""

    def require(self, request: Request, permission: str) -> None:
        """Raises NotPermittedError where the role does not have the permission."""
        actor = actor_of(request)
        if not actor.may(Permission(permission)):
            raise NotPermittedError(f"The role {actor.role} does not have the permission {permission}.")

    def own_rows(self, request: Request, sessions: Sessions) -> Sessions:
        """The sessions, narrowed to the actor's client."""
        client_id = actor_of(request).client_id
        return sessions if client_id is None else for_client(sessions, client_id)

    def client(self, request: Request) -> str | None:
        """The slug of the actor's client; None for an operator."""
        return actor_of(request).client

    def name(self, request: Request) -> str:
        """What logs call the actor."""
        return actor_of(request).name[:_LONGEST_NAME]
