"""What the leads room knows of a person, by phone, in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, update
from sqlalchemy.engine import CursorResult
from sqlmodel import col, select

from leads.stores.shared import Session, chunks
from leads.tables import Client, Consent, Lead, LeadAlias, LeadImport, LeadList, Phone

_EMPTY_LEAD: dict[str, Any] = {
    "external_id": None,
    **dict.fromkeys(("first_name", "last_name", "email", "country", "region", "postal_code"), ""),
    **dict.fromkeys(("timezone", "language", "owner", "best_time"), ""),
    "priority": 0,
    "rank": 0,
    "not_before": None,
    "custom": {},
}


async def phones_of_lead(session: Session, lead_id: int) -> list[str]:
    """A lead's numbers in E.164, the one that is dialed first at the front; none if it was erased."""
    query = select(Phone.e164).where(Phone.lead_id == lead_id, Phone.e164 != "").order_by(col(Phone.position))
    return list((await session.exec(query)).all())


class PersonStore:
    """The leads that have a number, and what is kept about them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def leads(self, e164: str, client_id: int | None) -> list[tuple[Lead, LeadList, Client]]:
        """Every lead that has the number, of one client or of all (None), with its list and client."""
        having = select(Phone.lead_id).where(Phone.e164 == e164)
        query = (
            select(Lead, LeadList, Client)
            .join(LeadList, col(LeadList.id) == col(Lead.list_id))
            .join(Client, col(Client.id) == col(LeadList.client_id))
            .where(col(Lead.id).in_(having))
            .order_by(col(Lead.id))
        )
        if client_id is not None:
            query = query.where(LeadList.client_id == client_id)
        return list((await self._session.exec(query)).all())

    async def numbers(self, lead_ids: Sequence[int]) -> list[str]:
        """Every number of these leads."""
        found: set[str] = set()
        for chunk in chunks(lead_ids):
            query = select(Phone.e164).where(col(Phone.lead_id).in_(chunk), Phone.e164 != "")
            found.update((await self._session.exec(query)).all())
        return sorted(found)

    async def imports(self, import_ids: Sequence[int]) -> list[LeadImport]:
        """The loads of these numbers."""
        found: list[LeadImport] = []
        for chunk in chunks(sorted(set(import_ids))):
            query = select(LeadImport).where(col(LeadImport.id).in_(chunk)).order_by(col(LeadImport.id))
            found += (await self._session.exec(query)).all()
        return found

    async def consents(
        self, client_id: int | None, e164s: Sequence[str], emails: Sequence[tuple[int, str]]
    ) -> list[Consent]:
        """The records by any of the numbers, or by an address at the client whose lead has it."""
        found: dict[int, Consent] = {}
        conditions: list[ColumnElement[bool]] = [col(Consent.e164).in_(chunk) for chunk in chunks(e164s)]
        conditions += [
            (col(Consent.client_id) == client) & (col(Consent.email) == at) for client, at in emails
        ]
        for chunk in chunks(conditions):
            query = select(Consent).where(or_(*chunk))
            if client_id is not None:
                query = query.where(Consent.client_id == client_id)
            found |= {each.id: each for each in (await self._session.exec(query)).all()}
        return [found[each] for each in sorted(found)]

    async def erase_leads(self, lead_ids: Sequence[int], now: datetime) -> int:
        """Takes everything personal out of leads and their phones; how many phones those were."""
        phones = 0
        for chunk in chunks(lead_ids):
            leads = update(Lead).where(col(Lead.id).in_(chunk)).values(**_EMPTY_LEAD, erased_at=now)
            await self._session.exec(leads)
            await self._session.exec(delete(LeadAlias).where(col(LeadAlias.lead_id).in_(chunk)))
            emptied = update(Phone).where(col(Phone.lead_id).in_(chunk), col(Phone.e164) != "")
            done: CursorResult[Any] = await self._session.exec(
                emptied.values(e164="", extension="", label="")
            )
            phones += done.rowcount
        return phones

    async def erase_consents(self, consent_ids: Sequence[int]) -> None:
        """Leaves of consents what happened and when, but not whose they were."""
        for chunk in chunks(consent_ids):
            unlinked = update(Consent).where(col(Consent.id).in_(chunk))
            await self._session.exec(
                unlinked.values(e164=None, email=None, source="erased", withdrawn_source="")
            )
