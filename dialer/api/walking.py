"""The routes and what each needs, as they declare it: for the guard, the description and the tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from dialer.access.core.roles import Permission
from leads.routes.access import Needs

API = "/api/v1/"
OPEN = ("/api/v1/sign-in", "/api/v1/message-receipts", "/api/v1/hooks")
"""Where nobody is known yet, or whoever comes is known by the address; what is below each as well."""
COOKIE = "dialer_session"

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A sign-in's token, or an API key."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "As a sign-in sets it; a change shows the sign-in's csrf_token as X-CSRF-Token.",
    },
}


@dataclass(frozen=True, slots=True)
class WalkedRoute:
    """An operation of the API."""

    method: str
    path: str
    permissions: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is for everyone: health, signing in, and addresses with keys of their own."""
        return not self.path.startswith(API) or is_open(self.path)


def is_open(path: str) -> bool:
    """Whether nobody has to be known there."""
    return any(path == each or path.startswith(f"{each}/") for each in OPEN)


def walk(app: FastAPI) -> Sequence[WalkedRoute]:
    """Every operation but the description itself."""
    return [
        WalkedRoute(method, str(each.path_format), permissions_of(each))
        for each in iter_route_contexts(app.routes)
        if each.path != app.openapi_url
        for method in sorted(each.methods or ())
    ]


def permissions_of(route: Any) -> tuple[str, ...]:
    """The permissions that a route says it needs; empty for what is no route of ours."""
    dependant = getattr(route, "dependant", None)
    return () if dependant is None else tuple(dict.fromkeys(_needed(dependant)))


def require_permissions(app: FastAPI) -> None:
    """Raises ValueError for a route that says nothing, or what no role could have."""
    for each in walk(app):
        unknown = set(each.permissions) - set(Permission)
        if unknown or (not each.permissions and not each.is_open):
            raise ValueError(f"{each.method} {each.path} needs a permission that there is: {sorted(unknown)}")


def describe_permissions(app: FastAPI) -> None:
    """Has the OpenAPI description say how one shows who one is, and what each operation needs."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        description = plain()
        description.setdefault("components", {})["securitySchemes"] = _SECURITY
        for each in walk(app):
            operation = description["paths"].get(each.path, {}).get(each.method.lower())
            if operation is not None and not each.is_open:
                operation["security"] = [{name: []} for name in _SECURITY]
                operation["x-permissions"] = list(each.permissions)
                operation["responses"].setdefault("401", {"description": "Nobody is signed in."})
                operation["responses"].setdefault("403", {"description": "The role may not do this."})
        return description

    app.openapi = described  # type: ignore[method-assign]


def _needed(dependant: Dependant) -> Iterator[str]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.permission
    for inner in dependant.dependencies:
        yield from _needed(inner)
