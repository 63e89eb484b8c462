"""Lists with leads for tests, put straight into the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlmodel import select

from leads.stores.shared import Session, Sessions
from leads.tables import Client, Lead, LeadImport, LeadList, Phone, ZoneGroup

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NEW_YORK = ("America/New_York",)


@dataclass(frozen=True)
class Kept:
    """A lead as a test wants it; its phones are in New York."""

    phones: Sequence[str]
    labels: Sequence[str] = ()
    extension: str = ""
    zones: Sequence[str] = NEW_YORK
    values: Mapping[str, object] = field(default_factory=dict)


async def keep(
    sessions: Sessions, leads: Sequence[Kept], slug: str = "acme", list_name: str = "autumn"
) -> list[int]:
    """A client's list with these leads; both are made if they are missing. The leads' ids."""
    async with sessions() as session, session.begin():
        list_id = await _ensure_list(session, slug, list_name)
        loaded = {"created_at": NOW, "import_id": await _load(session, list_id)}
        rows = [Lead(list_id=list_id, **loaded | dict(each.values)) for each in leads]
        session.add_all(rows)
        await session.flush()
        for row, each in zip(rows, leads, strict=True):
            group = await _ensure_group(session, each.zones)
            for position, e164 in enumerate(each.phones):
                session.add(
                    Phone(
                        lead_id=row.id,
                        list_id=list_id,
                        position=position,
                        e164=e164,
                        label=each.labels[position] if each.labels else "",
                        extension=each.extension,
                        kind="fixed_line_or_mobile",
                        region="US",
                        zone_group_id=group,
                    )
                )
        return [row.id for row in rows]


async def _ensure_list(session: Session, slug: str, name: str) -> int:
    client = (await session.exec(select(Client).where(Client.slug == slug))).one_or_none()
    if client is None:
        client = Client(slug=slug, name=slug.title())
        session.add(client)
        await session.flush()
    query = select(LeadList).where(LeadList.client_id == client.id, LeadList.name == name)
    found = (await session.exec(query)).one_or_none()
    if found is None:
        found = LeadList(client_id=client.id, name=name, default_country="US", created_at=NOW)
        session.add(found)
        await session.flush()
    return found.id


async def _load(session: Session, list_id: int) -> int:
    load = LeadImport(
        list_id=list_id, source="kept", state="done", options={}, started_at=NOW, updated_at=NOW
    )
    session.add(load)
    await session.flush()
    return load.id


async def _ensure_group(session: Session, zones: Sequence[str]) -> int:
    code = f"US:{','.join(sorted(zones))}"
    found = (await session.exec(select(ZoneGroup).where(ZoneGroup.code == code))).one_or_none()
    if found is None:
        found = ZoneGroup(code=code, region="US", zones=sorted(zones))
        session.add(found)
        await session.flush()
    return found.id
