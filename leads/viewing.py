"""Leads as the command line and the API show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from leads.core.lead_filter import LeadFilter
from leads.stores.search import ListSummary, SearchStore
from leads.stores.shared import Session, Sessions
from leads.tables import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """A lead's phone; all of its `zones` have to be open for a call, and none of them means not known."""

    id: int
    phone: str
    extension: str
    label: str
    kind: str
    region: str
    zones: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadView:
    """A lead with its phones, the first to be dialed first."""

    id: int
    list_id: int
    import_id: int
    external_id: str | None
    other_external_ids: list[str]
    """Under which rows came that were merged into it."""
    first_name: str
    last_name: str
    email: str
    country: str
    region: str
    postal_code: str
    timezone: str
    language: str
    owner: str
    priority: int
    rank: int
    best_time: str
    not_before: datetime | None
    custom: dict[str, str]
    created_at: datetime
    erased_at: datetime | None
    phones: list[PhoneView]


async def get_lead(sessions: Sessions, lead_id: int) -> LeadView:
    """A lead, erased or not. Raises UnknownLeadError."""
    async with sessions() as session:
        return await view_lead(session, lead_id)


async def search_leads(sessions: Sessions, wanted: LeadFilter, after: int, limit: int) -> list[LeadView]:
    """The `limit` leads that the filter chooses and that follow number `after`.

    Raises what `SearchStore.choose` raises.
    """
    async with sessions() as session:
        store = SearchStore(session)
        return await view_leads(session, await store.page(await store.choose(wanted), after, limit))


async def list_lead_lists(
    sessions: Sessions, client_slug: str | None, after: int, limit: int
) -> list[ListSummary]:
    """The `limit` lists, of one client or of all, that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        return await SearchStore(session).lists(client_slug, after, limit)


async def view_lead(session: Session, lead_id: int) -> LeadView:
    """A lead, erased or not. Raises UnknownLeadError."""
    return (await view_leads(session, [await SearchStore(session).lead(lead_id)]))[0]


async def view_leads(session: Session, leads: Sequence[Lead]) -> list[LeadView]:
    """Leads with their phones."""
    store = SearchStore(session)
    phones = await store.phones([lead.id for lead in leads])
    zones = await store.zones({phone.zone_group_id for each in phones.values() for phone in each})
    aliases = await store.aliases([lead.id for lead in leads])
    views = []
    for lead in leads:
        own = [
            PhoneView(
                id=phone.id,
                phone=phone.e164,
                extension=phone.extension,
                label=phone.label,
                kind=phone.kind,
                region=phone.region,
                zones=zones[phone.zone_group_id],
            )
            for phone in phones.get(lead.id, ())
        ]
        views.append(LeadView(phones=own, other_external_ids=aliases.get(lead.id, []), **lead.model_dump()))
    return views
