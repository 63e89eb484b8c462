"""Why leads are or are not called, over HTTP. Errors pass through to the API, which maps them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from campaigns import service
from campaigns.explaining import CampaignWhy, Explanation, explain, why
from campaigns.routes.shared import RulesOf
from leads.checks import checked_number
from leads.routes.access import needs
from leads.routes.leads import plus_of_query
from leads.routes.shared import Id, Now, SessionsOf

router = APIRouter()


@router.get("/leads/explain", tags=["leads"], dependencies=[needs("leads.read")])
async def explain_phone(
    sessions: SessionsOf,
    rules: RulesOf,
    now: Now,
    phone: Annotated[str, Query(max_length=250, description="Best as %2B14155550101.")],
    campaign: Annotated[str | None, Query(max_length=200, description="Id or name; all without it.")] = None,
    at: Annotated[AwareDatetime | None, Query(description="Another time than now, with its offset.")] = None,
    default_country: Annotated[str, Query(max_length=60)] = "US",
) -> Explanation:
    """Why a number is or is not called: every rule with its answer, its place in line, its history."""
    e164 = checked_number(plus_of_query(phone) or "", default_country)
    chosen = await service.find_campaign(sessions, campaign) if campaign is not None else None
    moment = at or now
    return await explain(sessions, rules, e164, chosen, moment)


@router.get("/campaigns/{campaign_id}/why", tags=["campaigns"], dependencies=[needs("campaigns.read")])
async def campaign_why(sessions: SessionsOf, now: Now, campaign_id: Id) -> CampaignWhy:
    """What all leads of a campaign's lists wait for; the lines sum to the lists' leads."""
    return await why(sessions, campaign_id, now)
