"""Changes leads in the database; their phones' time zones follow."""

from collections.abc import Mapping, Sequence

import phonenumbers
from sqlalchemy import update
from sqlmodel import col, select

from leads.core.lead_changes import LeadChanges
from leads.core.rows import zone_group_code
from leads.core.timezone import zones_of_phone
from leads.stores.shared import Session, chunks
from leads.stores.zone_groups import ensure_zone_groups
from leads.tables import Lead, Phone

_UNSYNCHRONIZED = {"synchronize_session": False}


class EditStore:
    """Changes leads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def apply(self, lead_ids: Sequence[int], changes: LeadChanges) -> None:
        """Changes these leads."""
        for chunk in chunks(sorted(lead_ids)):
            if changes.values:
                written = update(Lead).where(col(Lead.id).in_(chunk)).values(**changes.values)
                await self._session.exec(written.execution_options(**_UNSYNCHRONIZED))
            if changes.custom:
                await self._set_custom(chunk, changes.custom)
            if "timezone" in changes.values:
                await self._regroup(chunk, changes.values["timezone"])

    async def _set_custom(self, lead_ids: Sequence[int], custom: Mapping[str, str]) -> None:
        query = select(Lead.id, Lead.custom).where(col(Lead.id).in_(lead_ids)).with_for_update(key_share=True)
        rows = []
        for lead_id, before in await self._session.exec(query):
            merged = {name: value for name, value in ({**before, **custom}).items() if value}
            if merged != before:
                rows.append({"id": lead_id, "custom": merged})
        if rows:
            await self._session.exec(update(Lead), params=rows, execution_options=_UNSYNCHRONIZED)

    async def _regroup(self, lead_ids: Sequence[int], timezone: str) -> None:
        """Puts the leads' phones into the groups of the lead's own zone, or else of their numbers' zones."""
        query = select(Phone.id, Phone.e164, Phone.region).where(col(Phone.lead_id).in_(lead_ids))
        moved_to: dict[str, list[int]] = {}
        for phone_id, e164, region in await self._session.exec(query):
            zones = "" if timezone else ",".join(zones_of_phone(phonenumbers.parse(e164)))
            moved_to.setdefault(zone_group_code(region, timezone, zones), []).append(phone_id)
        groups = await ensure_zone_groups(self._session, moved_to)
        for code, phone_ids in moved_to.items():
            for chunk in chunks(phone_ids):
                moved = update(Phone).where(col(Phone.id).in_(chunk)).values(zone_group_id=groups[code])
                await self._session.exec(moved.execution_options(**_UNSYNCHRONIZED))
