"""Do-not-call lists over HTTP: nothing here takes a number off. Errors pass through to the API."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leads import dnc
from leads.core.suppression import INTERNAL
from leads.dnc import DncAdded, DncAnswer, DncListInfo, DncListRef
from leads.routes.access import OwnClient, access_of, needs
from leads.routes.leads import plus_of_query
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.stores.shared import Sessions
from leads.tables import DncEntry, DncPrefix

router = APIRouter(tags=["dnc"])

FindCampaign = Callable[[Sessions, str], Awaitable[tuple[int, str]]]
"""A campaign's id, and its client's slug, by its id or name; the application keeps one as `find_campaign`."""

CampaignId = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Slug = Annotated[str | None, Query(max_length=64)]
Country = Annotated[str, Query(max_length=60)]
AfterNumber = Annotated[str, Query(max_length=16, pattern=r"^[ +]?[0-9]*$")]


class DncListIn(BaseModel):
    """A list for a campaign (by its id), else for a client (by its slug), else for everyone."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(INTERNAL, max_length=200)
    client: str | None = Field(None, max_length=64)
    campaign_id: int | None = Field(None, ge=1, le=LARGEST_ID)


class DncEntryIn(BaseModel):
    """A number, or with a * behind it all numbers that begin so."""

    model_config = ConfigDict(extra="forbid")

    phone: str = Field(max_length=250)
    default_country: str = Field("US", max_length=60)
    reason: str = Field("", max_length=1000)


class DncEntryOut(BaseModel):
    """A number, or a prefix, on a list."""

    phone: str
    reason: str
    source: str
    created_at: datetime


class DncEntries(BaseModel):
    """Some of a list's numbers or prefixes; `next` is the `after` of the following page, null at the end."""

    items: list[DncEntryOut]
    next: str | None


async def _require_open(request: Request, sessions: Sessions, list_id: int) -> None:
    """What is on a list for everyone may have come from any client."""
    if await dnc.level_of_list(sessions, list_id) == "everyone":
        _require_for_everyone(request)


@router.get("/dnc-lists", dependencies=[needs("dnc.read")])
async def list_dnc_lists(sessions: SessionsOf, after: After = 0, limit: Limit = 100) -> Page[DncListInfo]:
    """The do-not-call lists, a page at a time."""
    found = await dnc.dnc_lists(sessions, after, limit)
    return Page(items=found, next=found[-1].id if len(found) == limit else None)


@router.post("/dnc-lists", dependencies=[needs("dnc.write")])
async def create_dnc_list(request: Request, sessions: SessionsOf, now: Now, wanted: DncListIn) -> DncListInfo:
    """The list of that name; made now if there is none yet."""
    if wanted.campaign_id is None and wanted.client is None:
        _require_for_everyone(request)
    if wanted.campaign_id is None:
        return await dnc.create_dnc_list(sessions, DncListRef(client=wanted.client, name=wanted.name), now)
    campaign_id, _ = await _find_campaign(request, sessions, wanted.campaign_id)
    return await dnc.create_dnc_list(sessions, DncListRef(campaign_id=campaign_id, name=wanted.name), now)


@router.get("/dnc-lists/{list_id}/entries", dependencies=[needs("dnc.read")])
async def list_dnc_entries(
    request: Request,
    sessions: SessionsOf,
    list_id: Id,
    after: AfterNumber = "",
    limit: Limit = 100,
) -> DncEntries:
    """A list's numbers, a page at a time."""
    await _require_open(request, sessions, list_id)
    found = await dnc.dnc_entries(sessions, list_id, plus_of_query(after) or "", limit)
    return _page([(each.e164, each) for each in found], limit)


@router.get("/dnc-lists/{list_id}/prefixes", dependencies=[needs("dnc.read")])
async def list_dnc_prefixes(
    request: Request,
    sessions: SessionsOf,
    list_id: Id,
    after: AfterNumber = "",
    limit: Limit = 100,
) -> DncEntries:
    """A list's prefixes, a page at a time."""
    await _require_open(request, sessions, list_id)
    found = await dnc.dnc_prefixes(sessions, list_id, plus_of_query(after) or "", limit)
    return _page([(each.prefix, each) for each in found], limit)


@router.post(
    "/dnc-lists/{list_id}/entries",
    status_code=201,
    responses={200: {"description": "Was there."}},
    dependencies=[needs("dnc.write")],
)
async def add_dnc_entry(
    request: Request, sessions: SessionsOf, now: Now, list_id: Id, entry: DncEntryIn, response: Response
) -> DncAdded:
    """Put a number on a list; it takes effect at once."""
    await _require_open(request, sessions, list_id)
    added = await dnc.add_to_dnc_list(
        sessions,
        list_id,
        phone=entry.phone,
        default_country=entry.default_country,
        now=now,
        reason=entry.reason,
        source="API",
    )
    response.status_code = 201 if added.added else 200
    return added


@router.get("/dnc-check", dependencies=[needs("dnc.read")])
async def check_dnc(
    request: Request,
    sessions: SessionsOf,
    own: OwnClient,
    phone: Annotated[str, Query(max_length=250, description="Best as %2B14155550101.")],
    client: Slug = None,
    campaign_id: CampaignId = None,
    default_country: Country = "US",
) -> DncAnswer:
    """Whether a client may not call a number (in a campaign of its), on which list, and why."""
    its_client = own if client is None else client
    if campaign_id is not None:
        _, its_client = await _find_campaign(request, sessions, campaign_id)
    return await dnc.check_dnc(
        sessions,
        phone=plus_of_query(phone) or "",
        default_country=default_country,
        client=its_client,
        campaign_id=campaign_id,
    )


def _page(found: Sequence[tuple[str, DncEntry | DncPrefix]], limit: int) -> DncEntries:
    items = [
        DncEntryOut(phone=what, reason=each.reason, source=each.source, created_at=each.created_at)
        for what, each in found
    ]
    return DncEntries(items=items, next=items[-1].phone if len(items) == limit else None)


def _require_for_everyone(request: Request) -> None:
    access_of(request).require(request, "dnc.everyone")


async def _find_campaign(request: Request, sessions: Sessions, campaign_id: int) -> tuple[int, str]:
    find: FindCampaign = request.app.state.find_campaign
    return await find(sessions, str(campaign_id))
