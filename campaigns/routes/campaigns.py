"""Campaigns over HTTP. Errors pass through to the API, which maps them."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from campaigns import service
from campaigns.core.agent_work import AFTER_WRAP_UP, LANGUAGE_ROUTINGS, ROUTINGS, AgentWork
from campaigns.core.campaign import CALLER_ID_RULES, SURVEY_SETTINGS
from campaigns.core.disposition_set import DISPOSITION_SETTINGS
from campaigns.core.inbound import INBOUND, INBOUND_SETTINGS
from campaigns.prompts import abandoned
from campaigns.reports.answers import AnswersReport, lines_of_answers, report_of_answers
from campaigns.reports.campaign import CampaignReport
from campaigns.routes.shared import RulesOf
from leads.routes.access import needs
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter()

_WORK = {each.name for each in fields(AgentWork)}


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
    max_calls_per_second: float
    max_lines_per_agent: float | None
    caller_id: str
    caller_id_group: str
    caller_id_rule: str
    ring_timeout_s: float
    wrap_up_limit_s: float
    wrap_up_extension_s: float
    after_wrap_up: str
    dispositions: dict[str, Any]
    default_disposition: str
    correction_limit_s: float
    currency: str
    routing: str
    skills: list[str]
    language_routing: str
    language_wait_s: float
    tiers: list[dict[str, Any]]
    manual_list: str
    abandon_rate_target: float
    max_attempts_per_lead: int
    lead_order: str
    preview_limit_s: float | None
    preview_then: str
    callable_times: dict[str, list[list[str]]]
    retry_rules: dict[str, Any]
    message: str
    menu: dict[str, Any] | None
    sequence: dict[str, Any] | None
    script: dict[str, Any] | None
    quotas: list[dict[str, Any]]
    opt_out_key: str
    recording: str
    recording_consent: str
    recording_days: int
    amd_mode: str
    amd_action: str
    amd_optimistic: bool
    voicemail_message: str
    amd_review_share: float
    callback_remind_s: float
    callback_miss_s: float
    callback_give_up_s: float
    inbound: str
    inbound_wait_s: float
    inbound_music: str
    inbound_message: str
    inbound_callback_key: str
    inbound_callback_message: str
    inbound_list: str
    calendar: str
    screen_pop_url: str
    created_at: datetime


class DialedListOut(BaseModel):
    """A list that a campaign dials; `weight` is its share in the mix against the others', 0 for none."""

    model_config = ConfigDict(from_attributes=True)

    list_id: int
    name: str
    weight: int


class CampaignChange(BaseModel):
    """What may change while a campaign runs; what is left out stays. `weights` by list name."""

    model_config = ConfigDict(extra="forbid")

    lead_order: str | None = None
    weights: dict[str, int] = {}
    caller_id: str | None = None
    caller_id_group: str | None = Field(None, description="In place of a number.")
    caller_id_rule: str | None = Field(None, description=" or ".join(CALLER_ID_RULES))
    routing: str = Field("", description="Whose turn it is: " + ", ".join(ROUTINGS))
    skills: list[str] = Field([], description="What agents need who log in from now on.")
    language_routing: str = Field("", description=", ".join(LANGUAGE_ROUTINGS))
    language_wait_s: float = 0.0
    after_wrap_up: str = Field("", description=" or ".join(AFTER_WRAP_UP))
    default_disposition: str = ""
    wrap_up_extension_s: float = 0.0
    dispositions: dict[str, Any] | None = Field(
        None, description="In place of those it has; calls keep what was said of them."
    )
    correction_limit_s: float | None = Field(None, description="How long agents may correct what they said.")
    currency: str | None = Field(None, description="Of its sales, ISO 4217.")
    inbound: str | None = Field(None, description=" or ".join(INBOUND))
    inbound_wait_s: float | None = None
    inbound_music: str | None = None
    inbound_message: str | None = None
    inbound_callback_key: str | None = None
    inbound_callback_message: str | None = None
    inbound_list: str | None = None
    script: dict[str, Any] | None = Field(None, description="Pages with questions; runs keep what they had.")
    quotas: list[dict[str, Any]] | None = Field(None, description="Completed ones that are wanted, by kind.")
    tiers: list[dict[str, Any]] = Field(
        [], description="Levels of agents to whom calls are handed up: a name each, and agents or skills."
    )
    manual_list: str = Field("", description="Of those that it dials: where numbers come that agents call.")


@router.get("/campaigns", tags=["campaigns"], dependencies=[needs("campaigns.read")])
async def list_campaigns(sessions: SessionsOf, after: After = 0, limit: Limit = 100) -> Page[CampaignOut]:
    """Campaigns, a page at a time."""
    found = await service.list_campaigns(sessions, after, limit)
    items = [CampaignOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get(
    "/campaigns/{campaign_id}",
    tags=["campaigns"],
    responses=HAS_ETAG,
    dependencies=[needs("campaigns.read")],
)
async def get_campaign(response: Response, sessions: SessionsOf, campaign_id: Id) -> CampaignOut:
    """One campaign."""
    found = await service.get_campaign(sessions, campaign_id)
    tag(response, found)
    return CampaignOut.model_validate(found)


@router.patch(
    "/campaigns/{campaign_id}",
    tags=["campaigns"],
    responses=TAKES_IF_MATCH,
    dependencies=[needs("campaigns.write")],
)
async def change_campaign(
    response: Response,
    sessions: SessionsOf,
    now: Now,
    campaign_id: Id,
    change: CampaignChange,
    if_match: IfMatch,
) -> CampaignOut:
    """Change what it dials first, how its lists are mixed, what its calls show, who may call it, and how
    agents work for it.

    A list that it did not dial is added.
    """
    shown = service.CallerIdChange(change.caller_id, change.caller_id_group, change.caller_id_rule)
    changed = await service.change_campaign(
        sessions,
        campaign_id,
        now,
        lead_order=change.lead_order,
        weights=change.weights,
        shown=shown if shown.given() else None,
        work=change.model_dump(include=_WORK, exclude_unset=True),
        inbound=change.model_dump(include=set(INBOUND_SETTINGS), exclude_none=True),
        said=change.model_dump(include=set(DISPOSITION_SETTINGS), exclude_none=True),
        survey=change.model_dump(include=set(SURVEY_SETTINGS), exclude_none=True),
        if_match=if_match,
    )
    tag(response, changed)
    return CampaignOut.model_validate(changed)


@router.get("/campaigns/{campaign_id}/lists", tags=["campaigns"], dependencies=[needs("campaigns.read")])
async def list_dialed_lists(sessions: SessionsOf, campaign_id: Id) -> list[DialedListOut]:
    """The lists it dials, with their weights in the mix."""
    dialed = await service.dialed_lists(sessions, campaign_id)
    return [DialedListOut.model_validate(each) for each in dialed]


@router.post("/campaigns/{campaign_id}/start", tags=["campaigns"], dependencies=[needs("campaigns.run")])
async def start_campaign(sessions: SessionsOf, rules: RulesOf, now: Now, campaign_id: Id) -> CampaignOut:
    """Start dialing, or go on with it; leads loaded since join in."""
    return CampaignOut.model_validate(await abandoned.start_campaign(sessions, rules, campaign_id, now))


@router.post("/campaigns/{campaign_id}/pause", tags=["campaigns"], dependencies=[needs("campaigns.run")])
async def pause_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignOut:
    """Place no more calls until it is started again."""
    return CampaignOut.model_validate(await service.pause_campaign(sessions, campaign_id, now))


@router.post("/campaigns/{campaign_id}/stop", tags=["campaigns"], dependencies=[needs("campaigns.run")])
async def stop_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignOut:
    """End the campaign for good."""
    return CampaignOut.model_validate(await service.stop_campaign(sessions, campaign_id, now))


@router.get("/campaigns/{campaign_id}/report", tags=["campaigns"], dependencies=[needs("reports.read")])
async def report_campaign(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignReport:
    """Every figure of a campaign from its beginning until now."""
    return await service.report(sessions, campaign_id, now)


@router.get("/campaigns/{campaign_id}/answers", tags=["campaigns"], dependencies=[needs("reports.read")])
async def report_answers(sessions: SessionsOf, campaign_id: Id) -> AnswersReport:
    """What people have answered in a campaign's menu, by question and key."""
    return await report_of_answers(sessions, campaign_id)


@router.get(
    "/campaigns/{campaign_id}/answers/export",
    tags=["campaigns"],
    response_class=StreamingResponse,
    dependencies=[needs("leads.export")],
)
async def export_answers(sessions: SessionsOf, campaign_id: Id) -> StreamingResponse:
    """Each answer, as CSV."""
    await service.get_campaign(sessions, campaign_id)
    name = f"campaign-{campaign_id}-answers.csv"
    return StreamingResponse(
        lines_of_answers(sessions, campaign_id),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
