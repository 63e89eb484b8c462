"""What the routes of all rooms share: pages, numbers, the database and the clock."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Path, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from leads.routes.access import access_of
from leads.stores.shared import Sessions

Item = TypeVar("Item")

LARGEST_ID = 2**63 - 1
_UNKNOWN_NAMED = 10


class Page(BaseModel, Generic[Item]):
    """Some of the items, by id; `next` is the `after` of the following page, null at the end."""

    items: list[Item]
    next: int | None


def _sessions(request: Request) -> Sessions:
    state = request.app.state
    sessions: Sessions = state.readings if request.method == "GET" else state.sessions
    return access_of(request).own_rows(request, sessions)


def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.now
    return clock()


def known_query(request: Request) -> None:
    """Refuses a parameter that the route does not have, which would do nothing. For a whole router.

    Raises RequestValidationError, as the parameters that the route has do.
    """
    known = set(_query_names(request.scope["route"].dependant))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        there = f"there are {', '.join(sorted(known))}" if known else "the address takes none"
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name), "msg": f"No such parameter; {there}."}
                for name in unknown[:_UNKNOWN_NAMED]
            ]
        )


def _query_names(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from model.model_fields
        else:
            yield parameter.alias
    for needed in dependant.dependencies:
        yield from _query_names(needed)


KnownQuery = Depends(known_query)
SessionsOf = Annotated[Sessions, Depends(_sessions)]
Now = Annotated[datetime, Depends(_now)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
After = Annotated[int, Query(ge=0, le=LARGEST_ID, description="The id that the page before ended with.")]
Limit = Annotated[int, Query(ge=1, le=500)]
