"""A lead's calls over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from campaigns.lead_history import all_that_happened, lead_history
from campaigns.stores.lead_history import PastCall
from campaigns.stores.timeline import Happening
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, Id, Limit, Page, SessionsOf

router = APIRouter(tags=["leads"])

Before = Annotated[int, Query(ge=1, le=LARGEST_ID, description="The id that the page before ended with.")]


@router.get("/leads/{lead_id:int}/calls", dependencies=[needs("attempts.read")])
async def lead_calls(
    sessions: SessionsOf, lead_id: Id, before: Before = LARGEST_ID, limit: Limit = 100
) -> Page[PastCall]:
    """Calls to a lead, and to its numbers for the same client, the newest first; `next` is a `before`."""
    items = await lead_history(sessions, lead_id, before, limit)
    return Page(items=items, next=items[-1].attempt_id if len(items) == limit else None)


class HistoryPage(BaseModel):
    """Some of what happened, newest first; `next` is the `before` of what was earlier, null at the end."""

    items: list[Happening]
    next: datetime | None


@router.get("/leads/{lead_id:int}/history", dependencies=[needs("attempts.read")])
async def history_of_lead(
    sessions: SessionsOf,
    lead_id: Id,
    before: Annotated[AwareDatetime | None, Query(description="As the page before ended with.")] = None,
    limit: Limit = 100,
) -> HistoryPage:
    """All between the client and the person, calls, messages, answers and promised calls, in one view."""
    items = await all_that_happened(sessions, lead_id, before, limit)
    return HistoryPage(items=items, next=items[-1].at if len(items) == limit else None)
