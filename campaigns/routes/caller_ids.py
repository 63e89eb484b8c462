"""Clients' caller IDs over HTTP. Errors pass through to the API, which maps them."""

import io
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import caller_ids
from campaigns.caller_id_figures import FIGURES_DAYS, CallerIdFigures
from campaigns.caller_id_figures import campaign_caller_ids as figures_of_campaign
from campaigns.caller_id_import import CallerIdImport, import_caller_ids
from campaigns.caller_ids import CallerIdRecord, CallerIdView, GroupSize, GroupView
from leads.routes.access import needs
from leads.routes.shared import Id, Now, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["caller-ids"])

Client = Annotated[str, Query(max_length=64, description="The client's slug.")]
Country = Annotated[str, Query(max_length=60, description="Of numbers that are written without one.")]
Number = Annotated[str, Path(max_length=250, description="As %2B14155550101.")]
Name = Annotated[str, Path(max_length=100, description="A group's name.")]
Default = Annotated[str | None, Query(max_length=200, description="Where a row does not say.")]
Text = Annotated[str, Field(max_length=200)]
Numbers = Annotated[list[Annotated[str, Field(max_length=250)]], Field(max_length=caller_ids.LARGEST_GROUP)]


class CallerIdIn(BaseModel):
    """A number that a client may show, with what shows its right to it."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field(max_length=64)
    caller_id: str = Field(max_length=250)
    owner: Text = Field(description="To whom its carrier has assigned it.")
    document: Text = Field(description="What shows the right to use it, and where it is kept.")
    recorded_by: Text
    owned_from: date | None = Field(None, description="The first day of the right; else today.")
    owned_until: date | None = Field(None, description="The last one; null where no end is set.")
    timezone: str | None = Field(
        None, max_length=64, description="Whose midnight ends its day; else the number's own."
    )
    attestation: str = Field("", max_length=1, description="A, B or C, as its carrier is to give.")
    display_name: str = Field("", max_length=100)
    daily_cap: int | None = Field(None, description="Calls a day; null for no cap.")
    groups: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=100)
    default_country: str = Field("US", max_length=60)


class CallerIdPatch(BaseModel):
    """What is to change; what is left out stays. What shows the right to a number never changes."""

    model_config = ConfigDict(extra="forbid")

    owned_until: date | None = None
    timezone: str = Field("", max_length=64)
    attestation: str = Field("", max_length=1)
    display_name: str = Field("", max_length=100)
    daily_cap: int | None = None
    active: bool = True


class GroupChange(BaseModel):
    """Numbers of the client's to be put in a group, and to be taken out."""

    model_config = ConfigDict(extra="forbid")

    add: Numbers = []
    remove: Numbers = []


@router.get("/caller-ids", dependencies=[needs("caller-ids.read")])
async def list_caller_ids(
    sessions: SessionsOf,
    now: Now,
    client: Client,
    group: Annotated[str | None, Query(max_length=100)] = None,
    retired: Annotated[bool, Query(description="Also those that were given back.")] = False,
    days: Annotated[
        int, Query(ge=1, le=366, description="Over how many days the figures go.")
    ] = FIGURES_DAYS,
) -> list[CallerIdView]:
    """A client's numbers, with what shows the right to them and how they fare."""
    return await caller_ids.list_caller_ids(sessions, client, now, group=group, retired=retired, days=days)


@router.post("/caller-ids", status_code=201, dependencies=[needs("caller-ids.write")])
async def add_caller_id(sessions: SessionsOf, now: Now, wanted: CallerIdIn) -> CallerIdView:
    """Record a number that a client may show; it is one client's at a time."""
    details = wanted.model_dump(exclude={"client", "caller_id", "groups", "default_country"})
    return await caller_ids.add_caller_id(
        sessions,
        wanted.client,
        wanted.caller_id,
        details,
        wanted.groups,
        now,
        default_country=wanted.default_country,
    )


@router.post("/caller-ids/import", dependencies=[needs("caller-ids.write")])
async def import_file(
    sessions: SessionsOf,
    now: Now,
    client: Client,
    file: Annotated[bytes, Body(media_type="text/csv")],
    owner: Default = None,
    document: Default = None,
    recorded_by: Default = None,
    default_country: Country = "US",
) -> CallerIdImport:
    """Record the numbers of a CSV or Excel file, which is the request's body; its first row names columns."""
    given = {"owner": owner, "document": document, "recorded_by": recorded_by}
    defaults = {name: value for name, value in given.items() if value is not None}
    return await import_caller_ids(
        sessions, client, io.BytesIO(file), defaults, now, default_country=default_country
    )


@router.get("/caller-ids/{number}", responses=HAS_ETAG, dependencies=[needs("caller-ids.read")])
async def get_caller_id(
    response: Response, sessions: SessionsOf, number: Number, client: Client, default_country: Country = "US"
) -> CallerIdRecord:
    """A number that the client has now, as it is on record."""
    found = await caller_ids.get_caller_id(sessions, client, number, default_country=default_country)
    tag(response, found)
    return found


@router.patch("/caller-ids/{number}", responses=TAKES_IF_MATCH, dependencies=[needs("caller-ids.write")])
async def change_caller_id(
    response: Response,
    sessions: SessionsOf,
    now: Now,
    number: Number,
    client: Client,
    patch: CallerIdPatch,
    if_match: IfMatch,
    default_country: Country = "US",
) -> CallerIdView:
    """Change a number's cap, name, or whether it is in use."""
    changes = patch.model_dump(include=patch.model_fields_set)
    changed = await caller_ids.change_caller_id(
        sessions, client, number, changes, now, default_country=default_country, if_match=if_match
    )
    tag(response, changed.on_record())
    return changed


@router.post("/caller-ids/{number}/retire", dependencies=[needs("caller-ids.write")])
async def retire_caller_id(
    sessions: SessionsOf, now: Now, number: Number, client: Client, default_country: Country = "US"
) -> CallerIdView:
    """Give a number back: no call shows it from now on. The record stays."""
    return await caller_ids.retire_caller_id(sessions, client, number, now, default_country=default_country)


@router.get("/caller-id-groups", dependencies=[needs("caller-ids.read")])
async def list_groups(sessions: SessionsOf, client: Client) -> list[GroupSize]:
    """A client's groups of caller IDs."""
    return await caller_ids.list_groups(sessions, client)


@router.post("/caller-id-groups/{name}", dependencies=[needs("caller-ids.write")])
async def change_group(
    sessions: SessionsOf,
    now: Now,
    name: Name,
    client: Client,
    change: GroupChange,
    default_country: Country = "US",
) -> GroupView:
    """Put numbers in a group, which is made if there is none yet, and take some out."""
    return await caller_ids.change_group(
        sessions, client, name, change.add, change.remove, now, default_country=default_country
    )


@router.get("/campaigns/{campaign_id}/caller-ids", dependencies=[needs("caller-ids.read")])
async def campaign_caller_ids(sessions: SessionsOf, now: Now, campaign_id: Id) -> list[CallerIdFigures]:
    """How the numbers fare that the campaign may show."""
    return await figures_of_campaign(sessions, campaign_id, now)
