"""The leads room in the database, SQLite and PostgreSQL alike. Stores never commit: the caller does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from leads.core.intake import LeadDraft
from leads.core.phone import ParsedPhone
from leads.core.suppression import Suppression, suppression_reason
from leads.tables import Client, DncEntry, Lead, LeadList, Phone

Sessions = Callable[[], AsyncSession]
"""Makes a session for one transaction, as an `async_sessionmaker` does."""

ROWS_PER_STATEMENT = 1_000
"""Keeps a statement below the values that a database binds at once (SQLite 32,766, PostgreSQL 65,535)."""

_T = TypeVar("_T")
_TEXT_FIELDS = (
    "first_name",
    "last_name",
    "email",
    "country",
    "region",
    "postal_code",
    "timezone",
    "language",
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of the drafts that were saved; the sum is their number."""

    accepted: int
    merged: int


class LeadStore:
    """Clients, their lists, and the leads with their phones."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def client(self, slug: str) -> Client | None:
        """The client of that slug, if there is one."""
        return (await self._session.exec(select(Client).where(Client.slug == slug))).one_or_none()

    async def ensure_client(self, slug: str, name: str) -> Client:
        """The client of that slug; created under `name` if there is none yet."""
        await _insert_missing(self._session, Client, [{"slug": slug, "name": name}])
        return (await self._session.exec(select(Client).where(Client.slug == slug))).one()

    async def lead_list(self, client_id: int, name: str) -> LeadList | None:
        """The client's list of that name, if there is one."""
        query = select(LeadList).where(LeadList.client_id == client_id, LeadList.name == name)
        return (await self._session.exec(query)).one_or_none()

    async def ensure_list(self, client_id: int, name: str, default_country: str, now: datetime) -> LeadList:
        """The client's list of that name; created if there is none yet, else left as it is."""
        row = {"client_id": client_id, "name": name, "default_country": default_country, "created_at": now}
        await _insert_missing(self._session, LeadList, [row])
        query = select(LeadList).where(LeadList.client_id == client_id, LeadList.name == name)
        return (await self._session.exec(query)).one()

    async def save(self, list_id: int, drafts: Sequence[LeadDraft], now: datetime) -> Saved:
        """Adds drafts to a list, in their order; one that names a phone or external id of the list is merged.

        The lead that owns the draft's first known phone takes it, else the owner of its external id. A merge
        replaces values by those that the draft gives and adds its new phones behind the others; it never
        takes a phone from another lead of the list and never changes an external id. So saving the
        same drafts again changes nothing. Concurrent saves into one list wait for each other.
        """
        await self._lock(list_id)
        desk = _Desk(list_id, now, *await self._owners(list_id, drafts))
        for draft in drafts:
            desk.place(draft)
        positions = await self._last_positions([lead.id for lead, _ in desk.new_phones if lead.id])
        await self._insert_leads(list_id, desk.new_leads)
        rows = []
        for lead, phone in desk.new_phones:
            positions[lead.id] = positions.get(lead.id, 0) + 1
            rows.append(_phone_row(lead.id, positions[lead.id], phone))
        for chunk in _chunks(rows):
            await self._session.exec(insert(Phone), params=chunk)
        return Saved(len(desk.new_leads), len(drafts) - len(desk.new_leads))

    async def _lock(self, list_id: int) -> None:
        """Makes others who write to the list wait: an update that changes nothing locks on every database."""
        lock = update(LeadList).where(col(LeadList.id) == list_id).values(name=col(LeadList.name))
        await self._session.exec(lock.execution_options(synchronize_session=False))

    async def _insert_leads(self, list_id: int, leads: Sequence[Lead]) -> None:
        """Inserts new leads, and gives them the ids that the database chose.

        The session's own way of asking for ids costs SQLite a statement a lead. Ids rise in the order of
        insertion, and the list is locked, so the list's highest ones are those of these leads.
        """
        for chunk in _chunks(leads):
            rows = [lead.model_dump(exclude={"id"}) for lead in chunk]
            insertion = insert(Lead).execution_options(render_nulls=True)
            await self._session.exec(insertion, params=rows)
            newest = select(Lead.id).where(Lead.list_id == list_id).order_by(col(Lead.id).desc())
            ids = (await self._session.exec(newest.limit(len(chunk)))).all()
            for lead, lead_id in zip(chunk, reversed(ids), strict=True):
                lead.id = lead_id

    async def _owners(
        self, list_id: int, drafts: Sequence[LeadDraft]
    ) -> tuple[dict[str, Lead], dict[str, Lead]]:
        """The list's leads that own the drafts' phones and external ids."""
        by_phone: dict[str, Lead] = {}
        for e164s in _chunks(sorted({phone.e164 for draft in drafts for phone in draft.phones})):
            phones = (
                select(Phone.e164, Lead)
                .join(Lead, col(Lead.id) == col(Phone.lead_id))
                .where(Lead.list_id == list_id, col(Phone.e164).in_(e164s))
            )
            by_phone.update((await self._session.exec(phones)).all())
        by_external_id: dict[str, Lead] = {}
        for external_ids in _chunks(sorted({draft.external_id for draft in drafts if draft.external_id})):
            leads = select(Lead).where(Lead.list_id == list_id, col(Lead.external_id).in_(external_ids))
            found = (await self._session.exec(leads)).all()
            by_external_id |= {lead.external_id: lead for lead in found if lead.external_id}
        return by_phone, by_external_id

    async def _last_positions(self, lead_ids: Iterable[int]) -> dict[int, int]:
        last: dict[int, int] = {}
        for chunk in _chunks(sorted(set(lead_ids))):
            query = (
                select(Phone.lead_id, func.max(Phone.position))
                .where(col(Phone.lead_id).in_(chunk))
                .group_by(col(Phone.lead_id))
            )
            last.update((await self._session.exec(query)).all())
        return last


@dataclass(slots=True)
class _Desk:
    """Gives drafts, one by one, to the leads of a list that own them, and opens new leads for the others."""

    list_id: int
    now: datetime
    by_phone: dict[str, Lead]
    by_external_id: dict[str, Lead]
    new_leads: list[Lead] = field(default_factory=list)
    new_phones: list[tuple[Lead, ParsedPhone]] = field(default_factory=list)

    def place(self, draft: LeadDraft) -> None:
        lead = self._owner(draft)
        if lead is None:
            lead = Lead(list_id=self.list_id, created_at=self.now)
            self.new_leads.append(lead)
        if draft.external_id and not lead.external_id and draft.external_id not in self.by_external_id:
            lead.external_id = draft.external_id
            self.by_external_id[draft.external_id] = lead
        for phone in draft.phones:
            if phone.e164 not in self.by_phone:
                self.by_phone[phone.e164] = lead
                self.new_phones.append((lead, phone))
        _fill(lead, draft)

    def _owner(self, draft: LeadDraft) -> Lead | None:
        for phone in draft.phones:
            if phone.e164 in self.by_phone:
                return self.by_phone[phone.e164]
        return self.by_external_id.get(draft.external_id or "")


def _fill(lead: Lead, draft: LeadDraft) -> None:
    for name in _TEXT_FIELDS:
        if value := getattr(draft, name):
            setattr(lead, name, value)
    if draft.priority is not None:
        lead.priority = draft.priority
    if draft.not_before is not None:
        lead.not_before = draft.not_before
    if draft.custom:
        lead.custom = {**lead.custom, **draft.custom}


def _phone_row(lead_id: int, position: int, phone: ParsedPhone) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "position": position,
        "e164": phone.e164,
        "kind": phone.kind,
        "region": phone.region,
        "zones": list(phone.zones),
    }


class DncStore:
    """Numbers that nobody may call: for everyone, or for one client."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, entries: Iterable[Suppression], source: str, now: datetime) -> int:
        """Adds entries and tells how many are new. An entry that is there already stays as it was."""
        rows = [
            {
                "client_id": entry.client_id,
                "e164": entry.e164,
                "reason": entry.reason,
                "source": source,
                "created_at": now,
            }
            for entry in entries
        ]
        return sum([await _insert_missing(self._session, DncEntry, chunk) for chunk in _chunks(rows)])

    async def suppressed(self, client_id: int | None, e164s: Iterable[str]) -> dict[str, str]:
        """Those of the numbers that this client may not call, with the reason as a sentence.

        Without a client (None), only the entries for everyone count.
        """
        reasons: dict[str, str] = {}
        for chunk in _chunks(sorted(set(e164s))):
            query = select(DncEntry).where(
                col(DncEntry.e164).in_(chunk),
                or_(col(DncEntry.client_id).is_(None), col(DncEntry.client_id) == client_id),
            )
            by_number: dict[str, list[Suppression]] = {}
            for entry in (await self._session.exec(query)).all():
                found = Suppression(entry.e164, entry.client_id, entry.reason)
                by_number.setdefault(entry.e164, []).append(found)
            for e164, entries in by_number.items():
                if reason := suppression_reason(e164, client_id, entries):
                    reasons[e164] = reason
        return reasons


async def _insert_missing(
    session: AsyncSession, table: type[Client | LeadList | DncEntry], rows: Sequence[dict[str, Any]]
) -> int:
    """Inserts the rows that violate no unique index, and tells how many those were."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    insertion = postgresql.insert(table) if on_postgresql else sqlite.insert(table)
    statement = insertion.values(list(rows)).on_conflict_do_nothing().returning(col(table.id))
    return len((await session.exec(statement)).all())


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[i : i + ROWS_PER_STATEMENT] for i in range(0, len(items), ROWS_PER_STATEMENT))
