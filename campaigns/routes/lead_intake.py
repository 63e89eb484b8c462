"""Leads that other programs bring, and the hooks through which they do. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from campaigns import lead_hooks
from campaigns.errors import InvalidWebhookError
from campaigns.lead_hooks import HookWish
from leads.receiving import MOST_AT_A_TIME, GivenLead, ReceivedLead
from leads.routes.access import OwnClient, needs, require_own
from leads.routes.shared import After, Id, Limit, Now, Page, SessionsOf

router = APIRouter(tags=["leads"])

Cell = Annotated[str, Field(max_length=32_767)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class LeadIn(BaseModel):
    """A lead, field by field as in a lead file; a further field is custom.

    With an `external_id`, or a number, that the list has, the lead there is changed, not added.
    """

    model_config = ConfigDict(extra="forbid")

    external_id: Cell = ""
    phone: Cell
    phone2: Cell = ""
    phone3: Cell = ""
    phone_code: Cell = ""
    first_name: Cell = ""
    last_name: Cell = ""
    email: Cell = ""
    country: Cell = ""
    region: Cell = ""
    postal_code: Cell = ""
    timezone: Cell = ""
    language: Cell = ""
    owner: Cell = ""
    priority: int | None = None
    rank: int | None = None
    best_time: Cell = ""
    not_before: Cell = ""
    consent_channel: Cell = ""
    consent_basis: Cell = ""
    consent_source: Cell = ""
    consent_at: Cell = ""
    custom: Annotated[dict[Name, Cell], Field(max_length=200)] = {}

    def given(self) -> GivenLead:
        """As a row of a file would have it."""
        values = self.model_dump(exclude={"custom"}, exclude_unset=True)
        return GivenLead(
            {name: "" if text is None else str(text) for name, text in values.items()}, self.custom
        )


class LeadsIn(BaseModel):
    """One lead or some."""

    model_config = ConfigDict(extra="forbid")

    leads: Annotated[list[LeadIn], Field(min_length=1, max_length=MOST_AT_A_TIME)]


class ReceivedOut(BaseModel):
    """What became of each, in the order given, and how many were new, there already, and rejected."""

    leads: list[ReceivedLead]
    accepted: int
    merged: int
    rejected: int


class HookOut(BaseModel):
    """A hook for leads, without its address and its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    name: str
    list_name: str
    default_country: str
    mapping: dict[str, str]
    items: str
    active: bool
    created_at: datetime


class HookMadeOut(HookOut):
    """A hook that was made; `path`, below the address of this service, and `secret` are told this once."""

    path: str
    secret: str


class HookIn(BaseModel):
    """A hook to be made; `client` may be left out by who is bound to one."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(max_length=64)] | None = None
    name: Annotated[str, Field(max_length=100)]
    list: Annotated[str, Field(max_length=200, description="The list's name; made with the first lead.")]
    mapping: dict[Name, Name] = Field(
        description='Field of a lead, or custom.NAME, to its place in the JSON, as in "data.phone".'
    )
    items: Annotated[str, Field(max_length=200, description="Where the leads are; the whole if empty.")] = ""
    default_country: Annotated[str, Field(max_length=60)] = "US"


@router.post("/lead-lists/{lead_list_id}/leads", dependencies=[needs("leads.import")])
async def bring_leads(sessions: SessionsOf, now: Now, lead_list_id: Id, wanted: LeadsIn) -> ReceivedOut:
    """Put leads into a list. The same again, whole or in part, changes nothing."""
    found = await lead_hooks.bring_leads(sessions, lead_list_id, [each.given() for each in wanted.leads], now)
    return received(found)


@router.get("/lead-hooks", dependencies=[needs("webhooks.read")])
async def list_lead_hooks(
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[HookOut]:
    """Hooks for leads, a page at a time."""
    found = await lead_hooks.list_hooks(sessions, client, after, limit)
    items = [HookOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/lead-hooks", status_code=201, dependencies=[needs("webhooks.write")])
async def add_lead_hook(sessions: SessionsOf, now: Now, own: OwnClient, wanted: HookIn) -> HookMadeOut:
    """Open an address at which another program leaves leads for a list."""
    client = own if wanted.client is None else wanted.client
    if client is None:
        raise InvalidWebhookError("A hook is for one client's leads; give its slug.")
    require_own(own, client)
    wish = HookWish(
        client=client,
        name=wanted.name,
        list_name=wanted.list,
        mapping=wanted.mapping,
        items=wanted.items,
        default_country=wanted.default_country,
    )
    made = await lead_hooks.add_hook(sessions, wish, now)
    view = HookOut.model_validate(made.hook)
    return HookMadeOut(**view.model_dump(), path=made.path, secret=made.secret)


@router.delete("/lead-hooks/{lead_hook_id}", status_code=204, dependencies=[needs("webhooks.write")])
async def remove_lead_hook(sessions: SessionsOf, lead_hook_id: Id) -> None:
    """Close an address; the leads that came stay."""
    await lead_hooks.remove_hook(sessions, lead_hook_id)


def received(found: list[ReceivedLead]) -> ReceivedOut:
    """How they are told."""
    results = [each.result for each in found]
    new, rejected = results.count("new"), results.count("rejected")
    return ReceivedOut(leads=found, accepted=new, merged=len(results) - new - rejected, rejected=rejected)
