"""An agent's own callbacks, and the calendar that shows them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from campaigns import callback_calendar, callbacks
from campaigns.routes.callbacks import CalendarOut, CallbackOut
from campaigns.stores.callbacks import CallbackFilter
from dialer.api.own_floor import OwnShift, engine_of
from leads.routes.access import needs
from leads.routes.shared import After, KnownQuery, Limit, Page, SessionsOf

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])


@router.get("/agent-sessions/{session_id}/callbacks")
async def own_callbacks(
    request: Request,
    sessions: SessionsOf,
    session_id: OwnShift,
    state: Annotated[str | None, Query(max_length=10)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[CallbackOut]:
    """What the agent has promised, a page at a time."""
    wanted = CallbackFilter(None, None, engine_of(request).agent(session_id).agent, None, state)
    found = await callbacks.list_callbacks(sessions, wanted, after, limit)
    items = [CallbackOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/agent-sessions/{session_id}/calendar", status_code=201)
async def own_calendar(request: Request, sessions: SessionsOf, session_id: OwnShift) -> CalendarOut:
    """A new secret address of the agent's calendar of callbacks, told only now; an old one ends."""
    agent = engine_of(request).agent(session_id).agent
    return CalendarOut(path=await callback_calendar.new_address(sessions, agent))
