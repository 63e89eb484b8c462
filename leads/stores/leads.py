"""Clients and their lists in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from leads.errors import UnknownListError
from leads.stores.shared import Session, insert_missing
from leads.tables import Client, LeadList


class LeadStore:
    """Clients and their lists."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def client(self, slug: str) -> Client | None:
        """The client of that slug, if there is one."""
        return (await self._session.exec(select(Client).where(Client.slug == slug))).one_or_none()

    async def ensure_client(self, slug: str, name: str) -> Client:
        """The client of that slug; created under `name` if there is none yet."""
        await insert_missing(self._session, Client, [{"slug": slug, "name": name}])
        return (await self._session.exec(select(Client).where(Client.slug == slug))).one()

    async def lead_list(self, client_id: int, name: str) -> LeadList | None:
        """The client's list of that name, if there is one."""
        query = select(LeadList).where(LeadList.client_id == client_id, LeadList.name == name)
        return (await self._session.exec(query)).one_or_none()

    async def get_list(self, list_id: int) -> LeadList:
        """Raises UnknownListError."""
        query = select(LeadList).where(LeadList.id == list_id)
        found = (await self._session.exec(query)).one_or_none()
        if found is None:
            raise UnknownListError(f"There is no lead list {list_id}.")
        return found

    async def list_ids(self, client_id: int) -> Sequence[int]:
        """All lists of a client, by number."""
        query = select(LeadList.id).where(LeadList.client_id == client_id)
        return (await self._session.exec(query.order_by(col(LeadList.id)))).all()

    async def ensure_list(self, client_id: int, name: str, default_country: str, now: datetime) -> LeadList:
        """The client's list of that name; created if there is none yet, else left as it is."""
        row = {"client_id": client_id, "name": name, "default_country": default_country, "created_at": now}
        await insert_missing(self._session, LeadList, [row])
        query = select(LeadList).where(LeadList.client_id == client_id, LeadList.name == name)
        return (await self._session.exec(query)).one()
