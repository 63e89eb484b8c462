"""For routes that are tested without the service around them: everyone may do everything, to every client."""

from fastapi import FastAPI, Request

from leads.stores.shared import Sessions


class OpenAccess:
    """A `leads.routes.access.Access` that lets everyone in."""

    def require(self, request: Request, permission: str) -> None:
        """Has no objection."""

    def own_rows(self, request: Request, sessions: Sessions) -> Sessions:
        """All rows."""
        return sessions

    def client(self, request: Request) -> str | None:
        """Bound to none."""
        return None

    def name(self, request: Request) -> str:
        """Whoever it is."""
        return "a test"


def open_to_all(app: FastAPI) -> None:
    """Lets everyone use the application's routes."""
    app.state.access = OpenAccess()
