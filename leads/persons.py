"""What the leads room keeps about a person, by phone: to be handed out, or erased."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from leads.consents import ConsentView, view_consent
from leads.core.consent import CALLS, withdrawn
from leads.stores.consents import records_of
from leads.stores.dnc import DncStore
from leads.stores.persons import PersonStore
from leads.stores.shared import Session
from leads.tables import Client, Consent, DncEntry, DncList, Lead, LeadImport, LeadList
from leads.viewing import LeadView, view_leads


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLead:
    """One lead that has the number: in which list of which client."""

    client: str
    list_name: str
    lead: LeadView


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonImport:
    """A load that brought one of the leads."""

    id: int
    list_id: int
    source: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDncEntry:
    """A number of the person on a do-not-call list."""

    phone: str
    level: str
    owner_id: int
    list_name: str
    reason: str
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInLeads:
    """All that the leads room keeps about a person."""

    leads: list[PersonLead]
    imports: list[PersonImport]
    consents: list[ConsentView]
    dnc_entries: list[PersonDncEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedInLeads:
    """What was emptied, by number of rows; `withdrawn` of the consents had been withdrawn before."""

    leads: int
    phones: int
    consents: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose data: the person's with the number, at one client with these campaigns, or at all (None)."""

    e164: str
    client_id: int | None = None
    campaign_ids: frozenset[int] = frozenset()


async def collect(session: Session, scope: Scope) -> PersonInLeads:
    """Everything about a person: their leads, and what is kept by any number or address of those leads."""
    store = PersonStore(session)
    found = await store.leads(scope.e164, scope.client_id)
    views = await view_leads(session, [lead for lead, _, _ in found])
    numbers = await _numbers(store, scope, found)
    loads = await store.imports([lead.import_id for lead, _, _ in found])
    consents = await store.consents(scope.client_id, numbers, _addresses(found))
    dnc = DncStore(session)
    entries = [entry for number in numbers for entry in await dnc.entries_of(number)]
    return PersonInLeads(
        leads=[
            PersonLead(client=client.slug, list_name=lead_list.name, lead=view)
            for (_, lead_list, client), view in zip(found, views, strict=True)
        ],
        imports=[_import(each) for each in loads],
        consents=[view_consent(each) for each in consents],
        dnc_entries=[_entry(dnc_list, entry) for dnc_list, entry in entries if _in_scope(dnc_list, scope)],
    )


async def lead_ids_of(session: Session, scope: Scope) -> list[int]:
    """The leads that have the number."""
    return [lead.id for lead, _, _ in await PersonStore(session).leads(scope.e164, scope.client_id)]


async def keep_withdrawals(session: Session, scope: Scope, now: datetime) -> None:
    """Puts numbers whose consent to calls was withdrawn on their client's do-not-call list.

    Done before the consents are erased, or the withdrawal would be forgotten with them.
    """
    store = PersonStore(session)
    found = await store.leads(scope.e164, scope.client_id)
    numbers = await _numbers(store, scope, found)
    by_number: defaultdict[tuple[int, str], list[Consent]] = defaultdict(list)
    for each in await store.consents(scope.client_id, numbers, []):
        if each.e164 is not None:
            by_number[each.client_id, each.e164].append(each)
    for (client_id, e164), consents in sorted(by_number.items()):
        if not withdrawn(records_of(consents), now).isdisjoint(CALLS):
            await DncStore(session).add_number(
                e164, "client", client_id, reason="consent withdrawn", source="erasure", now=now
            )


async def erase(session: Session, scope: Scope, now: datetime) -> ErasedInLeads:
    """Takes everything personal out of the person's leads, phones and consents. Do-not-call entries stay."""
    store = PersonStore(session)
    found = await store.leads(scope.e164, scope.client_id)
    numbers = await _numbers(store, scope, found)
    consents = await store.consents(scope.client_id, numbers, _addresses(found))
    await store.erase_consents([each.id for each in consents])
    phones = await store.erase_leads([lead.id for lead, _, _ in found], now)
    return ErasedInLeads(
        leads=len(found),
        phones=phones,
        consents=len(consents),
        withdrawn=sum(each.withdrawn_at is not None for each in consents),
    )


async def _numbers(store: PersonStore, scope: Scope, found: list[tuple[Lead, LeadList, Client]]) -> list[str]:
    others = await store.numbers([lead.id for lead, _, _ in found])
    return [scope.e164, *(each for each in others if each != scope.e164)]


def _addresses(found: list[tuple[Lead, LeadList, Client]]) -> list[tuple[int, str]]:
    spelled = {
        (client.id, address)
        for lead, _, client in found
        if lead.email
        for address in (lead.email, lead.email.lower())
    }
    return sorted(spelled)


def _in_scope(dnc_list: DncList, scope: Scope) -> bool:
    """A client is not told what others' lists hold."""
    if scope.client_id is None or dnc_list.level == "everyone":
        return True
    if dnc_list.level == "client":
        return dnc_list.owner_id == scope.client_id
    return dnc_list.owner_id in scope.campaign_ids


def _import(load: LeadImport) -> PersonImport:
    return PersonImport(id=load.id, list_id=load.list_id, source=load.source, started_at=load.started_at)


def _entry(dnc_list: DncList, entry: DncEntry) -> PersonDncEntry:
    return PersonDncEntry(
        phone=entry.e164,
        level=dnc_list.level,
        owner_id=dnc_list.owner_id,
        list_name=dnc_list.name,
        reason=entry.reason,
        source=entry.source,
        created_at=entry.created_at,
    )
