"""What the database has of the leads that a file's rows are about."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from leads.core.merging import Duplicates, Match
from leads.core.rows import TEXT_FIELDS, Known, LeadRecord, LeadRow, PhoneRecord
from leads.errors import RowsReadOtherwiseError
from leads.stores.bulk import among
from leads.stores.shared import Session
from leads.tables import Lead, LeadAlias, Phone


@dataclass(slots=True)
class Repeat:
    """The load that has brought the same file before, and the last lead of it that was met again."""

    import_id: int
    lead_id: int = 0


@dataclass(frozen=True, slots=True)
class Into:
    """Where rows go, and what is a duplicate there."""

    client_id: int
    list_id: int
    import_id: int
    duplicates: Duplicates = "update"
    match: Match = "both"
    scope: tuple[int, ...] = ()
    """Other lists that are searched for duplicates."""
    source: str = ""
    """Where a consent was given, if the row does not say."""
    repeat: Repeat | None = None
    """Set where the same file was loaded before; then only what this load itself opens is changed."""
    zone_groups: dict[str, int] = field(default_factory=dict)
    """Code to number of those that are known; filled while rows are saved."""

    @property
    def list_ids(self) -> list[int]:
        """All lists that are searched, in order, each once."""
        return sorted({self.list_id, *self.scope})


class KnownLeadStore:
    """Finds the leads that rows are about."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, into: Into, rows: Sequence[LeadRow]) -> Known:
        """What some rows may be about, and what may be changed of it."""
        if into.duplicates == "keep":
            return Known({}, {}, {})
        by_phone: dict[str, int] = {}
        by_external_id: dict[str, int] = {}
        if into.match != "external-id":
            by_phone = await self._by_phone(into, rows)
        elif without := [row for row in rows if not row.external_id]:
            by_phone = await self._by_phone(into, without)
        if into.match != "phone" or into.duplicates == "update":
            by_external_id = await self._by_external_id(into, rows)
        leads: dict[int, LeadRecord] = {}
        if into.duplicates == "update":
            matched = () if into.match == "phone" else by_external_id.values()
            leads = await self._leads({*by_phone.values(), *matched}, into)
        return Known(by_phone, by_external_id, leads)

    async def _by_phone(self, into: Into, rows: Iterable[LeadRow]) -> dict[str, int]:
        e164s = sorted({phone.e164 for row in rows for phone in row.phones})
        if not e164s:
            return {}
        query = select_columns(col(Phone.e164), col(Phone.lead_id), col(Phone.id)).where(
            among(self._session, col(Phone.e164), e164s),
            among(self._session, col(Phone.list_id), into.list_ids),
        )
        found = (await (await self._session.connection()).execute(query)).all()
        # The first that came has the number: of several, the one whose phone is the oldest.
        return {e164: lead_id for e164, lead_id, _ in sorted(found, key=lambda row: -row[2])}

    async def _by_external_id(self, into: Into, rows: Iterable[LeadRow]) -> dict[str, int]:
        external_ids = sorted({row.external_id for row in rows if row.external_id})
        if not external_ids:
            return {}
        found: dict[str, int] = {}
        # The later holds: a lead's own id before another one beside it, and the oldest lead.
        for table, lead_id in ((LeadAlias, LeadAlias.lead_id), (Lead, Lead.id)):
            query = select_columns(col(table.external_id), col(lead_id)).where(
                among(self._session, col(table.external_id), external_ids),
                among(self._session, col(table.list_id), into.list_ids),
            )
            pairs: Any = (await (await self._session.connection()).execute(query)).all()
            found |= dict(sorted(pairs, key=lambda pair: -pair[1]))
        return found

    async def _leads(self, lead_ids: set[int], into: Into) -> dict[int, LeadRecord]:
        if not lead_ids:
            return {}
        connection = await self._session.connection()
        ids = sorted(lead_ids)
        texts = [col(getattr(Lead, name)) for name in TEXT_FIELDS]
        rest = [col(Lead.priority), col(Lead.rank), col(Lead.not_before), col(Lead.custom)]
        query = select_columns(col(Lead.id), col(Lead.list_id), col(Lead.external_id), *rest, *texts)
        query = query.where(among(self._session, col(Lead.id), ids))
        if into.repeat:
            query = query.where(col(Lead.import_id) == into.import_id)
        leads: dict[int, LeadRecord] = {}
        row: Any
        for row in await connection.execute(query):
            lead_id, list_id, external_id, priority, rank, not_before, custom, *values = row
            leads[lead_id] = LeadRecord(
                lead_id, list_id, external_id, tuple(values), priority, rank, not_before, json.dumps(custom)
            )
        if not leads:
            return {}
        phones = select_columns(
            col(Phone.lead_id), col(Phone.e164), col(Phone.position), col(Phone.extension), col(Phone.label),
            col(Phone.kind), col(Phone.region), col(Phone.id),
        )  # fmt: skip
        for lead_id, e164, position, extension, label, kind, region, phone_id in await connection.execute(
            phones.where(among(self._session, col(Phone.lead_id), sorted(leads))).order_by(
                col(Phone.id).desc()
            )
        ):
            leads[lead_id].phones[e164] = PhoneRecord(
                e164, position, extension, label, kind, region, id=phone_id
            )
        return leads

    async def next_of(self, repeat: Repeat, rows: Sequence[LeadRow]) -> list[int]:
        """The leads that these rows opened when the file was loaded for the first time, each its own.

        Raises RowsReadOtherwiseError.
        """
        first = and_(col(Phone.lead_id) == col(Lead.id), col(Phone.position) == 1)
        query = (
            select(Lead.id, Phone.e164)
            .join(Phone, first, isouter=True)
            .where(Lead.import_id == repeat.import_id, Lead.id > repeat.lead_id)
            .order_by(col(Lead.id))
            .limit(len(rows))
        )
        found = (await self._session.exec(query)).all() if rows else []
        # Of a person who was erased, the number is gone.
        if len(found) < len(rows) or any(
            e164 and e164 != row.phones[0].e164 for (_, e164), row in zip(found, rows, strict=True)
        ):
            raise RowsReadOtherwiseError(
                "The file was loaded into this list before, and its rows were read otherwise then; give "
                "--from-start to load every row of it again."
            )
        if found:
            repeat.lead_id = found[-1][0]
        return [lead_id for lead_id, _ in found]
