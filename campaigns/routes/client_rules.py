"""A client's exemptions and closed days, and caller IDs that rest, over HTTP."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns.compliance import client_rules
from campaigns.compliance.caller_ids import RestingCallerId, release_caller_id, resting_caller_ids
from campaigns.core.client_limits import ClientLimits
from campaigns.routes.shared import RulesOf
from leads.checks import short_text
from leads.core.columns import clean_cell
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, Id, Now, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["compliance"])

Slug = Annotated[str, Query(max_length=64)]


class ExemptionIn(BaseModel):
    """A law's rule that does not hold for a client, who granted that, and where it is written."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    rule: str = Field(max_length=60)
    granted_by: str = Field(max_length=200)
    reference: str = Field(max_length=200)


class ExemptionOut(BaseModel):
    """An exemption as it was recorded."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    rule_id: str
    granted_by: str
    reference: str
    recorded_at: datetime
    ended_at: datetime | None


class LimitsIn(BaseModel):
    """What a client asks of all its campaigns; what is left out or null limits nothing."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    callable_times: dict[str, list[list[str]]] | None = Field(
        None, description='On the callee\'s clock: {"mon": [["09:00", "18:00"]]}; a day left out is closed.'
    )
    most_attempts_a_day: int | None = Field(None, description="To one person, by all campaigns together.")
    least_gap_s: float | None = Field(None, description="Between two attempts to one person.")


class LimitsOut(BaseModel):
    """What a client asks of all its campaigns."""

    callable_times: dict[str, list[list[str]]] | None
    most_attempts_a_day: int | None
    least_gap_s: float


class DayIn(BaseModel):
    """A date of a client's, or of one campaign of it."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    day: date
    campaign_id: int | None = Field(None, ge=1, le=LARGEST_ID)


class ClosedDayIn(DayIn):
    """A date to be closed."""

    name: str = Field(max_length=200)


class ClosedDayOut(BaseModel):
    """A date on which nobody is called; `campaign_id` is null where it is closed for the whole client."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    campaign_id: int | None
    day: str
    name: str


class DayOpened(BaseModel):
    """A date that is open."""

    day: date
    was_closed: bool


class CallerIdReleased(BaseModel):
    """A caller ID that is in use again."""

    caller_id: str


@router.get("/exemptions", dependencies=[needs("compliance.read")])
async def list_exemptions(sessions: SessionsOf, client: Slug) -> list[ExemptionOut]:
    """A client's exemptions, those that have ended too."""
    found = await client_rules.list_exemptions(sessions, clean_cell(client))
    return [ExemptionOut.model_validate(each) for each in found]


@router.post("/exemptions", status_code=201, dependencies=[needs("compliance.exempt")])
async def grant_exemption(
    sessions: SessionsOf, rules: RulesOf, now: Now, wanted: ExemptionIn
) -> ExemptionOut:
    """Record that a law's rule does not hold for a client; it takes effect at once."""
    granted_by, reference = short_text(wanted.granted_by), short_text(wanted.reference)
    made = await client_rules.grant_exemption(
        sessions, rules, clean_cell(wanted.client), wanted.rule, granted_by, reference, now
    )
    return ExemptionOut.model_validate(made)


@router.post("/exemptions/{exemption_id}/end", dependencies=[needs("compliance.exempt")])
async def end_exemption(sessions: SessionsOf, now: Now, exemption_id: Id) -> ExemptionOut:
    """Let the rule hold again, at once; the record stays."""
    return ExemptionOut.model_validate(await client_rules.end_exemption(sessions, exemption_id, now))


@router.get("/client-limits", responses=HAS_ETAG, dependencies=[needs("compliance.read")])
async def client_limits(response: Response, sessions: SessionsOf, client: Slug) -> LimitsOut:
    """What a client asks of all its campaigns."""
    found = await client_rules.limits_of(sessions, clean_cell(client))
    tag(response, found.to_json())
    return LimitsOut.model_validate(found.to_json())


@router.put("/client-limits", responses=TAKES_IF_MATCH, dependencies=[needs("compliance.write")])
async def set_client_limits(
    response: Response, sessions: SessionsOf, now: Now, wanted: LimitsIn, if_match: IfMatch
) -> LimitsOut:
    """Replace what a client asks of all its campaigns; it holds at once."""
    limits = ClientLimits.parse(wanted.model_dump(exclude={"client"}))
    await client_rules.set_limits(sessions, clean_cell(wanted.client), limits, now, if_match=if_match)
    tag(response, limits.to_json())
    return LimitsOut.model_validate(limits.to_json())


@router.get("/closed-days", dependencies=[needs("compliance.read")])
async def list_closed_days(sessions: SessionsOf, client: Slug) -> list[ClosedDayOut]:
    """The dates on which a client, or a campaign of it, calls nobody."""
    found = await client_rules.list_closed_days(sessions, clean_cell(client))
    return [ClosedDayOut.model_validate(each) for each in found]


@router.post("/closed-days", status_code=201, dependencies=[needs("compliance.write")])
async def close_day(sessions: SessionsOf, wanted: ClosedDayIn) -> ClosedDayOut:
    """Let nobody be called on a date."""
    closed = await client_rules.close_day(
        sessions, clean_cell(wanted.client), wanted.day, short_text(wanted.name), wanted.campaign_id
    )
    return ClosedDayOut.model_validate(closed)


@router.post("/closed-days/open", dependencies=[needs("compliance.write")])
async def open_day(sessions: SessionsOf, wanted: DayIn) -> DayOpened:
    """Let people be called again on a date that was closed."""
    was_closed = await client_rules.open_day(
        sessions, clean_cell(wanted.client), wanted.day, wanted.campaign_id
    )
    return DayOpened(day=wanted.day, was_closed=was_closed)


@router.get("/caller-id-rests", dependencies=[needs("compliance.read")])
async def list_resting_caller_ids(sessions: SessionsOf, now: Now) -> list[RestingCallerId]:
    """The caller IDs that rest because a network blocked a call from them."""
    return await resting_caller_ids(sessions, now)


@router.post("/caller-id-rests/{number}/release", dependencies=[needs("compliance.write")])
async def release(
    sessions: SessionsOf,
    now: Now,
    number: Annotated[str, Path(max_length=250, description="As %2B14155550101.")],
    default_country: Annotated[str, Query(max_length=60)] = "US",
) -> CallerIdReleased:
    """Let people be called from a caller ID again, at once."""
    return CallerIdReleased(caller_id=await release_caller_id(sessions, number, default_country, now))
