"""Message channels and messages over HTTP. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from campaigns.messaging import channels, handling
from campaigns.messaging.channels import ChannelAdded, ChannelView, ChannelWish
from campaigns.stores.messages import MessageFilter
from leads.core.columns import clean_cell
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf

router = APIRouter(tags=["messages"])

Some = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


class ChannelIn(BaseModel):
    """A way to send a client's messages. Passwords are named, as the service's settings know them."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    name: str = Field(max_length=40)
    driver: str = Field(max_length=10, description="smtp, http, smpp or file.")
    sender: str = Field(max_length=254)
    channel: str = Field("", max_length=10, description="sms or email; else what the driver carries.")
    rate_per_s: float = 10.0
    options: dict[str, Any]


class MessageOut(BaseModel):
    """A message to a person."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    campaign_id: int | None
    lead_id: int
    phone_id: int | None
    message_channel_id: int | None
    channel: str
    step: str
    cause: str
    to_address: str
    subject: str
    body_text: str
    body_html: str
    state: str
    reason: str
    due_at: datetime
    expires_at: datetime | None
    tries: int
    segments: int
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


@router.get("/message-channels", dependencies=[needs("messages.read")])
async def list_channels(
    sessions: SessionsOf, client: Annotated[str | None, Query(max_length=64)] = None
) -> list[ChannelView]:
    """The ways in which messages go, with how many there are in each state."""
    return await channels.list_channels(sessions, None if client is None else clean_cell(client))


@router.post("/message-channels", status_code=201, dependencies=[needs("message-channels.write")])
async def add_channel(sessions: SessionsOf, now: Now, wanted: ChannelIn) -> ChannelAdded:
    """Add a way to send a client's messages; it begins to send within seconds."""
    wish = ChannelWish(**wanted.model_dump() | {"client": clean_cell(wanted.client)})
    return await channels.add_channel(sessions, wish, None, now)


@router.post("/message-channels/{channel_id}/start", dependencies=[needs("message-channels.write")])
async def start_channel(sessions: SessionsOf, channel_id: Id) -> ChannelView:
    """Have a channel send again."""
    return await channels.set_active(sessions, channel_id, active=True)


@router.post("/message-channels/{channel_id}/stop", dependencies=[needs("message-channels.write")])
async def stop_channel(sessions: SessionsOf, channel_id: Id) -> ChannelView:
    """Have a channel send no more; messages wait."""
    return await channels.set_active(sessions, channel_id, active=False)


@router.get("/messages", dependencies=[needs("messages.read")])
async def list_messages(
    sessions: SessionsOf,
    state: Annotated[str | None, Query(max_length=10)] = None,
    campaign_id: Some = None,
    lead_id: Some = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[MessageOut]:
    """Messages by state, campaign or lead, a page at a time."""
    wanted = MessageFilter(campaign_id=campaign_id, lead_id=lead_id, state=state)
    found = await handling.list_messages(sessions, wanted, after, limit)
    items = [MessageOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/messages/{message_id}", dependencies=[needs("messages.read")])
async def get_message(sessions: SessionsOf, message_id: Id) -> MessageOut:
    """A message, and what became of it."""
    return MessageOut.model_validate(await handling.get_message(sessions, message_id))


@router.post("/messages/{message_id}/cancel", dependencies=[needs("messages.write")])
async def cancel_message(sessions: SessionsOf, message_id: Id) -> MessageOut:
    """Take a message out of line."""
    return MessageOut.model_validate(await handling.cancel_message(sessions, message_id))


@router.post("/messages/{message_id}/send-again", dependencies=[needs("messages.write")])
async def send_again(sessions: SessionsOf, now: Now, message_id: Id) -> MessageOut:
    """Send a message that failed, or of which nobody knows whether it went: it may then arrive twice."""
    return MessageOut.model_validate(await handling.send_again(sessions, message_id, now))
