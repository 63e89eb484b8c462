"""What people have written to an agent's campaigns, for the agent whom it concerns."""

from fastapi import APIRouter, Request

from campaigns.messaging.replies import list_replies
from campaigns.routes.replies import ReplyOut
from dialer.api.own_floor import OwnShift, engine_of
from leads.routes.access import needs
from leads.routes.shared import After, KnownQuery, Limit, Page, SessionsOf

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])


@router.get("/agent-sessions/{session_id}/replies")
async def own_replies(
    request: Request, sessions: SessionsOf, session_id: OwnShift, after: After = 0, limit: Limit = 100
) -> Page[ReplyOut]:
    """What people have answered whom the agent talks with, owes a call, or talked with last."""
    agent = engine_of(request).agent(session_id).agent
    found = await list_replies(sessions, after, limit, agent_id=agent)
    items = [ReplyOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)
