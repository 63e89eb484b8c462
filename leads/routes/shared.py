"""What the routes of all rooms share: pages, numbers, the database and the clock."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel

from leads.stores.shared import Sessions

Item = TypeVar("Item")

LARGEST_ID = 2**63 - 1


class Page(BaseModel, Generic[Item]):
    """Some of the items, by id; `next` is the `after` of the following page, null at the end."""

    items: list[Item]
    next: int | None


def _sessions(request: Request) -> Sessions:
    state = request.app.state
    sessions: Sessions = state.readings if request.method == "GET" else state.sessions
    return sessions


def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.now
    return clock()


SessionsOf = Annotated[Sessions, Depends(_sessions)]
Now = Annotated[datetime, Depends(_now)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
After = Annotated[int, Query(ge=0, le=LARGEST_ID, description="The id that the page before ended with.")]
Limit = Annotated[int, Query(ge=1, le=500)]
