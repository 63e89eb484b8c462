"""What people answer to messages, over HTTP. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from campaigns.messaging.replies import list_replies
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, After, Limit, Page, SessionsOf

router = APIRouter(tags=["messages"])

Some = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


class ReplyOut(BaseModel):
    """Something that a person wrote; `ended` are the channels that it opted out of."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    campaign_id: int | None
    lead_id: int | None
    message_id: int | None
    agent_id: int | None
    channel: str
    from_address: str
    text: str
    kind: str
    """stop, help, start or other."""
    ended: list[str]
    received_at: datetime


@router.get("/message-replies", dependencies=[needs("messages.read")])
async def replies(
    sessions: SessionsOf, campaign_id: Some = None, lead_id: Some = None, after: After = 0, limit: Limit = 100
) -> Page[ReplyOut]:
    """What people have answered, to a campaign or of a lead, a page at a time."""
    found = await list_replies(sessions, after, limit, campaign_id=campaign_id, lead_id=lead_id)
    items = [ReplyOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)
