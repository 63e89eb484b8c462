"""What a route needs, as it declares it: the same for the guard, the description and the tests."""

from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant

from leads.routes.access import Needs


def permissions_of(route: Any) -> tuple[str, ...]:
    """The permissions that a route says it needs; empty for what is no route of ours."""
    dependant = getattr(route, "dependant", None)
    return () if dependant is None else tuple(_needed(dependant))


def _needed(dependant: Dependant) -> Iterator[str]:
    if isinstance(dependant.call, Needs):
        yield dependant.call.permission
    for inner in dependant.dependencies:
        yield from _needed(inner)
