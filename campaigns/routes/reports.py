"""Reports over HTTP. Errors pass through to the API, which maps them."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from campaigns.core.calls_report import GROUPS, CallRow
from campaigns.reports.calls import CallsAsked, page_of, report_calls
from campaigns.reports.verifying import client_zone, set_client_zone
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, Limit, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter()

ClientSlug = Annotated[str, Query(max_length=64, description="The client's slug.")]
OneId = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


class CallsReportOut(BaseModel):
    """Calls by group; each call is in one. Days are those of `timezone`, and a call counts in the hour in
    which it was placed. `next` is the `after` of the following page, null at the end.
    """

    by: str
    client: str
    timezone: str
    total: CallRow
    items: list[CallRow]
    next: str | None


class ClientZone(BaseModel):
    """Whose days and hours the client's reports speak of: an IANA name."""

    client: str
    timezone: str


@router.get("/reports/calls", tags=["reports"], dependencies=[needs("reports.read")])
async def calls(
    sessions: SessionsOf,
    group_by: Annotated[str, Query(description=f"One of {', '.join(GROUPS)}.", max_length=20)],
    campaign_id: OneId = None,
    client: Annotated[str | None, Query(max_length=64, description="All campaigns of this client.")] = None,
    list_id: OneId = None,
    agent_id: Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="0 for none.")] = None,
    first: Annotated[date | None, Query(alias="from", description="The first day.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day, included.")] = None,
    direction: Literal["out", "in"] = "out",
    after: Annotated[str, Query(max_length=100, description="The next of the page before.")] = "",
    limit: Limit = 100,
) -> CallsReportOut:
    """Calls of a campaign, or of all of a client's, by group, with every rate and its parts."""
    asked = CallsAsked(
        by=group_by,
        campaign_id=campaign_id,
        client=client,
        list_id=list_id,
        agent_id=agent_id,
        first=first,
        last=last,
        direction=direction,
    )
    found = await report_calls(sessions, asked)
    items, following = page_of(found, after, limit)
    return CallsReportOut(
        by=found.by,
        client=found.client,
        timezone=found.timezone,
        total=found.total,
        items=list(items),
        next=following,
    )


@router.get("/client-timezone", tags=["reports"], responses=HAS_ETAG, dependencies=[needs("reports.read")])
async def get_client_timezone(response: Response, sessions: SessionsOf, client: ClientSlug) -> ClientZone:
    """The zone of a client's days."""
    zone = await client_zone(sessions, client)
    tag(response, zone)
    return ClientZone(client=client, timezone=zone)


@router.put(
    "/client-timezone",
    tags=["reports"],
    responses=TAKES_IF_MATCH,
    dependencies=[needs("campaigns.write")],
)
async def put_client_timezone(
    response: Response, sessions: SessionsOf, body: ClientZone, if_match: IfMatch
) -> ClientZone:
    """Change it. All calls of the client are counted anew, which takes a while where there are millions."""
    await set_client_zone(sessions, body.client, body.timezone, if_match=if_match)
    tag(response, body.timezone)
    return body
