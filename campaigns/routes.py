"""Campaigns and attempts over HTTP. Errors pass through to the API, which maps them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from campaigns import service
from campaigns.reports.campaign import CampaignReport
from campaigns.store import Sessions

Item = TypeVar("Item")

_LARGEST_ID = 2**63 - 1

router = APIRouter()


class CampaignOut(BaseModel):
    """A campaign with its settings; seconds in `_s`, shares of 1 in `_rate`."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    name: str
    kind: str
    state: str
    state_since: datetime
    dial_mode: str
    lines_per_agent: float
    max_lines: int
    caller_id: str
    ring_timeout_s: float
    wrap_up_limit_s: float
    abandon_rate_target: float
    max_attempts_per_lead: int
    callable_times: dict[str, list[list[str]]]
    retry_rules: dict[str, Any]
    created_at: datetime


class AttemptOut(BaseModel):
    """One call to one lead; `permit` is what compliance answered just before it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    campaign_id: int
    lead_id: int
    phone: str = Field(validation_alias="e164")
    number: int
    permit: dict[str, Any]
    placed_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: str
    sip_status: int | None
    sip_reason: str
    ended_by: str
    agent_id: int | None
    disposition: str
    disposition_at: datetime | None
    notes: str


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
Id = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
After = Annotated[int, Query(ge=0, le=_LARGEST_ID, description="The id that the page before ended with.")]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/campaigns", tags=["campaigns"])
async def list_campaigns(sessions: SessionsOf, after: After = 0, limit: Limit = 100) -> Page[CampaignOut]:
    """Campaigns, a page at a time."""
    found = await service.list_campaigns(sessions, after, limit)
    items = [CampaignOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/campaigns/{campaign_id}", tags=["campaigns"])
async def get_campaign(sessions: SessionsOf, campaign_id: Id) -> CampaignOut:
    """One campaign."""
    return CampaignOut.model_validate(await service.get_campaign(sessions, campaign_id))


@router.post("/campaigns/{campaign_id}/start", tags=["campaigns"])
async def start_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignOut:
    """Start dialing, or go on with it; leads loaded since join in."""
    return CampaignOut.model_validate(await service.start_campaign(sessions, campaign_id, now))


@router.post("/campaigns/{campaign_id}/pause", tags=["campaigns"])
async def pause_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignOut:
    """Place no more calls until it is started again."""
    return CampaignOut.model_validate(await service.pause_campaign(sessions, campaign_id, now))


@router.post("/campaigns/{campaign_id}/stop", tags=["campaigns"])
async def stop_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignOut:
    """End the campaign for good."""
    return CampaignOut.model_validate(await service.stop_campaign(sessions, campaign_id, now))


@router.get("/campaigns/{campaign_id}/report", tags=["campaigns"])
async def report_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignReport:
    """Every figure of a campaign from its beginning until now."""
    return await service.report(sessions, campaign_id, now)


@router.get("/attempts", tags=["attempts"])
async def list_attempts(
    sessions: SessionsOf,
    campaign_id: Annotated[int | None, Query(ge=1, le=_LARGEST_ID)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[AttemptOut]:
    """Attempts, of one campaign or of all, a page at a time."""
    found = await service.list_attempts(sessions, campaign_id, after, limit)
    items = [AttemptOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)
