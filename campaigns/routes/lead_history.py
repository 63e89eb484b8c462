"""A lead's calls over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from campaigns.lead_history import lead_history
from campaigns.stores.lead_history import PastCall
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
