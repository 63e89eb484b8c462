"""Adds one lead to a list, as a load of a file with one row would."""

from dataclasses import dataclass
from datetime import datetime

from leads.core.phone import ParsedPhone
from leads.core.rows import zone_group_code
from leads.stores.leads import LeadStore
from leads.stores.shared import Session
from leads.stores.zone_groups import ensure_zone_groups
from leads.tables import Lead, LeadImport, Phone


@dataclass(frozen=True, slots=True)
class AddedLead:
    """Where a new lead stands."""

    lead_id: int
    phone_id: int
    list_id: int


async def add_lead(
    session: Session, client_id: int, list_name: str, phone: ParsedPhone, source: str, now: datetime
) -> AddedLead:
    """A new lead with one phone, in the client's list of that name, which is made where it is missing.

    It comes as a load of its own, which is over, so that campaigns that dial the list take it up.
    """
    lead_list = await LeadStore(session).ensure_list(client_id, list_name, phone.region or "US", now)
    load = LeadImport(
        list_id=lead_list.id,
        source=source,
        state="done",
        options={},
        rows=1,
        accepted=1,
        started_at=now,
        updated_at=now,
        finished_at=now,
    )
    session.add(load)
    await session.flush()
    lead = Lead(list_id=lead_list.id, import_id=load.id, created_at=now)
    session.add(lead)
    await session.flush()
    code = zone_group_code(phone.region, "", ",".join(phone.zones))
    groups = await ensure_zone_groups(session, [code])
    row = Phone(
        lead_id=lead.id,
        list_id=lead_list.id,
        position=0,
        e164=phone.e164,
        kind=phone.kind,
        region=phone.region,
        zone_group_id=groups[code],
    )
    session.add(row)
    await session.flush()
    return AddedLead(lead.id, row.id, lead_list.id)
