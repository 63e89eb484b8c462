"""Changes leads in the database; their phones' time zones follow."""

from collections.abc import Iterable, Mapping, Sequence

import phonenumbers
from sqlalchemy import update
from sqlmodel import col, select

from leads.core.lead_changes import LeadChanges
from leads.core.timezone import zones_of_phone
from leads.stores.shared import Session, chunks, insert_missing
from leads.tables import Lead, Phone, ZoneGroup

Place = tuple[str, tuple[str, ...]]
"""A region, and the zones that have to be open for a call to it, sorted."""

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
        places: dict[Place, list[int]] = {}
        for phone_id, e164, region in await self._session.exec(query):
            zones = (timezone,) if timezone else zones_of_phone(phonenumbers.parse(e164))
            places.setdefault((region, zones), []).append(phone_id)
        groups = await self.ensure_groups(places)
        for place, phone_ids in places.items():
            for chunk in chunks(phone_ids):
                moved = update(Phone).where(col(Phone.id).in_(chunk)).values(zone_group_id=groups[place])
                await self._session.exec(moved.execution_options(**_UNSYNCHRONIZED))

    async def ensure_groups(self, places: Iterable[Place]) -> dict[Place, int]:
        """The zone group of each region and its sorted zones; created where there is none yet."""
        codes = {f"{region}:{','.join(zones)}": (region, zones) for region, zones in places}
        rows = [
            {"code": code, "region": region, "zones": list(zones)} for code, (region, zones) in codes.items()
        ]
        found: dict[Place, int] = {}
        for chunk in chunks(rows):
            await insert_missing(self._session, ZoneGroup, chunk)
            wanted = [row["code"] for row in chunk]
            query = select(ZoneGroup.code, ZoneGroup.id).where(col(ZoneGroup.code).in_(wanted))
            found |= {codes[code]: group_id for code, group_id in await self._session.exec(query)}
        return found
