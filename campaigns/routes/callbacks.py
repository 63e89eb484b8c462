"""Callbacks over HTTP, and the addresses of agents' calendars. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import callback_calendar, callbacks
from campaigns.callbacks import CallbackChange
from campaigns.promises import CallbackWish
from campaigns.routes.shared import RulesOf
from campaigns.stores.callbacks import CallbackFilter
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["callbacks"])

Some = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Number = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Zone = Annotated[str, Field(max_length=64, description="IANA; needed where the lead may be in several.")]
Notes = Annotated[str, Field(max_length=4000)]


class CallbackOut(BaseModel):
    """A call that is, or was, promised for a time; `zone` is the one on whose clock it was named."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    campaign_id: int
    lead_id: int
    phone_id: int
    agent_id: int | None
    """Whose it is; null for anyone's."""
    due_at: datetime
    zone: str
    state: str
    reason: str
    notes: str
    attempt_id: int | None
    """The call in which it was promised."""
    done_attempt_id: int | None
    """The call that was placed for it."""
    created_at: datetime
    changed_at: datetime


class NewCallback(BaseModel):
    """A call to be promised. `at` without an offset is on the lead's own clock."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: Number
    lead_id: Number
    at: datetime
    zone: Zone = ""
    agent_id: Number | None = None
    phone: Annotated[str, Field(max_length=20, description="One of the lead's; else the next.")] = ""
    notes: Notes = ""


class ChangedCallback(BaseModel):
    """What is to be different; what is left out stays. An `agent_id` of null makes it anyone's."""

    model_config = ConfigDict(extra="forbid")

    at: datetime | None = None
    zone: Zone | None = None
    agent_id: Number | None = None
    notes: Notes | None = None


class Why(BaseModel):
    """Why a callback is canceled."""

    reason: Annotated[str, Field(max_length=40)] = ""


class CalendarOut(BaseModel):
    """Where the agent's calendar is to be subscribed to, below the address of this service."""

    path: str


@router.get("/callbacks", dependencies=[needs("callbacks.read")])
async def list_callbacks(
    sessions: SessionsOf,
    state: Annotated[str | None, Query(max_length=10)] = None,
    agent_id: Some = None,
    campaign_id: Some = None,
    lead_id: Some = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[CallbackOut]:
    """Callbacks by state, agent, campaign or lead, a page at a time."""
    wanted = CallbackFilter(None, campaign_id, agent_id, lead_id, state)
    found = await callbacks.list_callbacks(sessions, wanted, after, limit)
    items = [CallbackOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/callbacks", status_code=201, dependencies=[needs("callbacks.write")])
async def promise_callback(
    sessions: SessionsOf, rules: RulesOf, now: Now, wanted: NewCallback
) -> CallbackOut:
    """Promise a call to a lead; one that it is promised already in the campaign is moved."""
    wish = CallbackWish(wanted.at, wanted.zone, wanted.agent_id, wanted.notes, wanted.phone)
    made = await callbacks.promise_callback(sessions, rules, wanted.campaign_id, wanted.lead_id, wish, now)
    return CallbackOut.model_validate(made)


@router.get("/callbacks/{callback_id}", responses=HAS_ETAG, dependencies=[needs("callbacks.read")])
async def get_callback(response: Response, sessions: SessionsOf, callback_id: Id) -> CallbackOut:
    """One callback."""
    found = await callbacks.get_callback(sessions, callback_id)
    tag(response, found)
    return CallbackOut.model_validate(found)


@router.patch("/callbacks/{callback_id}", responses=TAKES_IF_MATCH, dependencies=[needs("callbacks.write")])
async def change_callback(
    response: Response,
    sessions: SessionsOf,
    rules: RulesOf,
    now: Now,
    callback_id: Id,
    change: ChangedCallback,
    if_match: IfMatch,
) -> CallbackOut:
    """Promise it for another time or by another agent, or change its notes."""
    anyone = "agent_id" in change.model_fields_set and change.agent_id is None
    given = CallbackChange(change.at, change.zone, change.agent_id, anyone, change.notes)
    changed = await callbacks.change_callback(sessions, rules, callback_id, given, now, if_match=if_match)
    tag(response, changed)
    return CallbackOut.model_validate(changed)


@router.post("/callbacks/{callback_id}/cancel", dependencies=[needs("callbacks.write")])
async def cancel_callback(
    sessions: SessionsOf, now: Now, callback_id: Id, why: Why | None = None
) -> CallbackOut:
    """Take the promise back; the lead is in line again."""
    reason = why.reason if why is not None else ""
    return CallbackOut.model_validate(await callbacks.cancel_callback(sessions, callback_id, reason, now))


@router.post("/agents/{agent_id}/calendar", status_code=201, dependencies=[needs("callbacks.write")])
async def new_calendar(sessions: SessionsOf, agent_id: Id) -> CalendarOut:
    """A new secret address of the agent's calendar of callbacks, told only now; an old one ends."""
    return CalendarOut(path=await callback_calendar.new_address(sessions, agent_id))


@router.delete("/agents/{agent_id}/calendar", status_code=204, dependencies=[needs("callbacks.write")])
async def no_calendar(sessions: SessionsOf, agent_id: Id) -> None:
    """End the address of the agent's calendar."""
    await callback_calendar.end_address(sessions, agent_id)
