"""Leads and lists over HTTP: search, one lead, export. Errors pass through to the API, which maps them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from leads.core.lead_filter import LeadFilter, parse_filter
from leads.exporting import export_csv, export_xlsx, plan_export
from leads.routes.access import needs
from leads.routes.shared import After, Id, Limit, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, tag
from leads.stores.search import ListSummary
from leads.viewing import LeadView, get_lead, list_lead_lists, search_leads

router = APIRouter()

_MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Text = Annotated[str | None, Query(max_length=1000)]


def lead_filter(
    client: Text = None,
    list_ref: Annotated[str | None, Query(alias="list", max_length=1000, description="Name or id.")] = None,
    phone: Annotated[str | None, Query(max_length=1000, description="Best as %2B14155550101.")] = None,
    external_id: Text = None,
    name: Annotated[
        str | None, Query(max_length=1000, description="What the first or last name begins with.")
    ] = None,
    email: Text = None,
    country: Text = None,
    region: Text = None,
    owner: Text = None,
    language: Text = None,
    min_priority: Text = None,
    max_priority: Text = None,
    created_from: Text = None,
    created_before: Text = None,
    import_id: Text = None,
    custom: Annotated[
        list[str] | None, Query(max_length=20, description="A custom field as NAME=VALUE.")
    ] = None,
    default_country: Annotated[str, Query(max_length=60)] = "US",
) -> LeadFilter:
    """The leads that meet every condition that is given. Raises BadLeadFilterError."""
    values = {
        "client": client,
        "list": list_ref,
        "phone": plus_of_query(phone),
        "external_id": external_id,
        "name": name,
        "email": email,
        "country": country,
        "region": region,
        "owner": owner,
        "language": language,
        "min_priority": min_priority,
        "max_priority": max_priority,
        "created_from": created_from,
        "created_before": created_before,
        "import_id": import_id,
    }
    return parse_filter(values, custom or (), default_country)


def plus_of_query(phone: str | None) -> str | None:
    """A number whose plus was not encoded in a query arrives with a space instead."""
    return f"+{phone[1:]}" if phone and phone.startswith(" ") else phone


Chosen = Annotated[LeadFilter, Depends(lead_filter)]


@router.get("/leads", tags=["leads"], dependencies=[needs("leads.read")])
async def search(
    sessions: SessionsOf, wanted: Chosen, after: After = 0, limit: Limit = 100
) -> Page[LeadView]:
    """Leads that meet every condition, a page at a time."""
    items = await search_leads(sessions, wanted, after, limit)
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get(
    "/leads/export", tags=["leads"], response_class=StreamingResponse, dependencies=[needs("leads.export")]
)
async def export(
    sessions: SessionsOf,
    wanted: Chosen,
    file_format: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """Leads that meet every condition, as a file that can be loaded again."""
    plan = await plan_export(sessions, wanted, file_format)
    content = export_csv(sessions, plan) if file_format == "csv" else export_xlsx(sessions, plan)
    headers = {"Content-Disposition": f'attachment; filename="leads.{file_format}"'}
    return StreamingResponse(content, media_type=_MEDIA_TYPES[file_format], headers=headers)


@router.get("/leads/{lead_id:int}", tags=["leads"], responses=HAS_ETAG, dependencies=[needs("leads.read")])
async def show(sessions: SessionsOf, response: Response, lead_id: Id) -> LeadView:
    """One lead; its ETag is what an edit names in If-Match."""
    found = await get_lead(sessions, lead_id)
    tag(response, found)
    return found


@router.get("/lead-lists", tags=["leads"], dependencies=[needs("leads.read")])
async def lists(
    sessions: SessionsOf, client: Text = None, after: After = 0, limit: Limit = 100
) -> Page[ListSummary]:
    """Lead lists with how many leads each holds, a page at a time."""
    items = await list_lead_lists(sessions, client, after, limit)
    return Page(items=items, next=items[-1].id if len(items) == limit else None)
