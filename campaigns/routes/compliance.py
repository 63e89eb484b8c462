"""Calling rules, and the proof that they were kept, over HTTP. Errors pass through to the API."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from campaigns import service
from campaigns.compliance.audit import ComplianceReport, audit
from campaigns.compliance.explain import NumberExplained, explain_number, phone_of
from campaigns.compliance.retention import LONGEST_MONTHS, Purge, PurgeChoice, purge
from campaigns.compliance.rule_list import RuleList, list_rules
from campaigns.routes.shared import RulesOf
from leads.core.columns import clean_cell
from leads.routes.access import needs
from leads.routes.leads import plus_of_query
from leads.routes.shared import LARGEST_ID, Id, Now, SessionsOf

router = APIRouter(tags=["compliance"])

PURGED_AT_A_TIME = 20_000
"""Attempts that one request looks at; the answer says after which to go on."""


class PurgeIn(BaseModel):
    """What is to be emptied; `after` goes on where the answer before said `next`."""

    model_config = ConfigDict(extra="forbid")

    client: str | None = Field(None, max_length=64)
    keep_months: int | None = Field(None, ge=1, le=LONGEST_MONTHS)
    dry_run: bool = False
    after: int = Field(0, ge=0, le=LARGEST_ID)


@router.get("/compliance/rules", dependencies=[needs("compliance.read")])
async def get_rules(
    rules: RulesOf, jurisdiction: Annotated[str | None, Query(max_length=60)] = None
) -> RuleList:
    """Every calling rule: what it says, where that is written, and when it was read."""
    return list_rules(rules, jurisdiction)


@router.get("/compliance/explain", dependencies=[needs("compliance.read")])
async def explain_compliance(
    sessions: SessionsOf,
    rules: RulesOf,
    now: Now,
    phone: Annotated[str, Query(max_length=250, description="Best as %2B14155550101.")],
    campaign: Annotated[str, Query(max_length=200, description="Its id or name.")],
    at: Annotated[AwareDatetime | None, Query(description="Another time than now, with its offset.")] = None,
    default_country: Annotated[str, Query(max_length=60)] = "US",
) -> NumberExplained:
    """Every rule and its answer for a number, whether a lead has it or not."""
    parsed = phone_of(plus_of_query(phone) or "", default_country)
    campaign_id = await service.find_campaign(sessions, clean_cell(campaign))
    moment = at or now
    return await explain_number(sessions, rules, parsed, campaign_id, moment)


@router.get("/campaigns/{campaign_id}/compliance-report", dependencies=[needs("compliance.read")])
async def report_compliance(
    sessions: SessionsOf,
    rules: RulesOf,
    now: Now,
    campaign_id: Id,
    first_day: Annotated[date | None, Query(alias="from", description="The first day (UTC).")] = None,
    last_day: Annotated[date | None, Query(alias="to", description="The last day, included.")] = None,
) -> ComplianceReport:
    """For an auditor: what was called, when and how often, and how the rules were kept."""
    return await audit(sessions, rules, campaign_id, first_day, last_day, now)


@router.post("/compliance/purge", dependencies=[needs("compliance.purge")])
async def purge_calls(sessions: SessionsOf, rules: RulesOf, now: Now, wanted: PurgeIn) -> Purge:
    """Empty the personal data of calls that no law asks to keep any longer; the figures stay."""
    choice = PurgeChoice(client=wanted.client, keep_months=wanted.keep_months, dry_run=wanted.dry_run)
    return await purge(sessions, rules, choice, now, after=wanted.after, most=PURGED_AT_A_TIME)
