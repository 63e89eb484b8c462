"""Saves rows of a file into a list, a chunk at a time, in bulk."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, text, update
from sqlalchemy import select as select_columns
from sqlmodel import bindparam, col, select

from leads.core.merging import (
    TEXT_FIELDS,
    Desk,
    Duplicates,
    Known,
    LeadRecord,
    LeadRow,
    Match,
    PhoneRecord,
    Placed,
    owner_of,
    zone_group_code,
)
from leads.stores.bulk import among, insert_rows, instants_for
from leads.stores.consent_loading import ConsentLoadingStore
from leads.stores.shared import Session, on_postgresql
from leads.stores.zone_groups import ensure_zone_groups
from leads.tables import Lead, LeadList, Phone
from leads.threads import in_thread

_LEAD_COLUMNS = (
    *("id", "list_id", "import_id", "external_id", "first_name", "last_name", "email", "country"),
    *("region", "postal_code", "timezone", "language", "owner", "priority", "rank", "best_time"),
    *("not_before", "custom", "created_at"),
)
_PHONE_COLUMNS = (
    *("lead_id", "list_id", "position", "e164", "extension", "label", "kind", "region", "zone_group_id"),
)
_BEST_TIME = TEXT_FIELDS.index("best_time")


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
    zone_groups: dict[str, int] = field(default_factory=dict)
    """Code to number of those that are known; filled while rows are saved."""

    @property
    def list_ids(self) -> list[int]:
        """All lists that are searched, in order, each once."""
        return sorted({self.list_id, *self.scope})


class Saved(NamedTuple):
    """What became of each row, and the leads that were there before and moved, by number.

    See `leads.core.merging.Desk.moved`.
    """

    placed: list[Placed]
    moved: list[int]


class LoadingStore:
    """Saves rows into a list; concurrent saves into one list wait for each other."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def has_one_writer(self) -> bool:
        """Whether everybody else who writes has to wait for a load's transaction, as with SQLite."""
        return not on_postgresql(self._session)

    async def lock(self, into: Into) -> None:
        """Makes others who load into these lists wait until the transaction is over.

        SQLite has one writer anyway.
        """
        lists = select(LeadList.id).where(among(self._session, col(LeadList.id), into.list_ids))
        await self._session.exec(lists.order_by(col(LeadList.id)).with_for_update(key_share=True))

    async def save(self, into: Into, rows: Sequence[LeadRow], now: datetime) -> Saved:
        """Adds rows to a list, in their order, or merges them; see `leads.core.merging.Desk`.

        The lists have to be locked.
        """
        known = await self._known(into, rows)
        ids = await self._new_ids(sum(owner_of(row, into.match, known) is None for row in rows))
        desk = Desk(into.duplicates, into.match, into.list_id, ids, known)
        placed = await in_thread(lambda: desk.place_all(rows))
        await self._write(into, desk, now)
        taken = [row for row, place in zip(rows, placed, strict=True) if place.reason != "duplicate-skipped"]
        consents = ConsentLoadingStore(self._session)
        await consents.save(into.client_id, into.source, taken, now)
        return Saved(placed, sorted(desk.moved))

    async def _known(self, into: Into, rows: Sequence[LeadRow]) -> Known:
        if into.duplicates == "keep":
            return Known({}, {}, {})
        by_phone: dict[str, int] = {}
        by_external_id: dict[str, int] = {}
        if into.match != "external-id":
            by_phone = await self._by_phone(into, rows)
        elif without := [row for row in rows if not row.external_id]:
            by_phone = await self._by_phone(into, without)
        if into.match != "phone":
            by_external_id = await self._by_external_id(into, rows)
        leads: dict[int, LeadRecord] = {}
        if into.duplicates == "update":
            leads = await self._leads({*by_phone.values(), *by_external_id.values()})
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
        query = select_columns(col(Lead.external_id), col(Lead.id)).where(
            among(self._session, col(Lead.external_id), external_ids),
            among(self._session, col(Lead.list_id), into.list_ids),
        )
        found = (await (await self._session.connection()).execute(query)).all()
        return dict(sorted(found, key=lambda row: -row[1]))  # type: ignore[arg-type]

    async def _leads(self, lead_ids: set[int]) -> dict[int, LeadRecord]:
        if not lead_ids:
            return {}
        connection = await self._session.connection()
        ids = sorted(lead_ids)
        texts = [col(getattr(Lead, name)) for name in TEXT_FIELDS]
        rest = [col(Lead.priority), col(Lead.rank), col(Lead.not_before), col(Lead.custom)]
        query = select_columns(col(Lead.id), col(Lead.list_id), col(Lead.external_id), *rest, *texts)
        leads: dict[int, LeadRecord] = {}
        row: Any
        for row in await connection.execute(query.where(among(self._session, col(Lead.id), ids))):
            lead_id, list_id, external_id, priority, rank, not_before, custom, *values = row
            leads[lead_id] = LeadRecord(
                lead_id, list_id, external_id, tuple(values), priority, rank, not_before, json.dumps(custom)
            )
        phones = select_columns(
            col(Phone.lead_id), col(Phone.e164), col(Phone.position), col(Phone.extension), col(Phone.label),
            col(Phone.kind), col(Phone.region), col(Phone.id),
        )  # fmt: skip
        for lead_id, e164, position, extension, label, kind, region, phone_id in await connection.execute(
            phones.where(among(self._session, col(Phone.lead_id), ids)).order_by(col(Phone.id).desc())
        ):
            leads[lead_id].phones[e164] = PhoneRecord(
                e164, position, extension, label, kind, region, id=phone_id
            )
        return leads

    async def _new_ids(self, count: int) -> Iterator[int]:
        """Numbers for so many leads at least."""
        if not on_postgresql(self._session):
            last = (await self._session.exec(select(func.max(Lead.id)))).one()
            return itertools.count((last or 0) + 1)
        connection = await self._session.connection()
        drawn = text(
            "SELECT array_agg(nextval(pg_get_serial_sequence('lead', 'id'))) FROM generate_series(1, :count)"
        )
        return iter((await connection.execute(drawn, {"count": count})).scalar() or [])

    async def _write(self, into: Into, desk: Desk, now: datetime) -> None:
        instant = instants_for(self._session)
        created_at = instant(now)
        await insert_rows(
            self._session,
            Lead,
            _LEAD_COLUMNS,
            [
                (
                    *(lead.id, lead.list_id, into.import_id, lead.external_id),
                    *lead.texts[:_BEST_TIME],
                    *(lead.priority, lead.rank, lead.texts[_BEST_TIME], instant(lead.not_before)),
                    *(lead.custom, created_at),
                )
                for lead in desk.new.values()
            ],
        )
        await self._update_leads(desk.changed)
        await self._write_phones(into, desk)

    async def _update_leads(self, leads: dict[int, LeadRecord]) -> None:
        if not leads:
            return
        names = (*TEXT_FIELDS, "external_id", "priority", "rank", "not_before", "custom")
        statement = update(Lead).where(col(Lead.id) == bindparam("lead"))
        await (await self._session.connection()).execute(
            statement.values({name: bindparam(f"new_{name}") for name in names}),
            [
                {f"new_{name}": value for name, value in zip(TEXT_FIELDS, lead.texts, strict=True)}
                | {"lead": lead.id, "new_external_id": lead.external_id, "new_priority": lead.priority}
                | {"new_rank": lead.rank, "new_not_before": lead.not_before}
                | {"new_custom": json.loads(lead.custom)}
                for _, lead in sorted(leads.items())
            ],
        )

    async def _write_phones(self, into: Into, desk: Desk) -> None:
        new = [
            (lead, phone)
            for lead in itertools.chain(desk.new.values(), desk.changed.values())
            for phone in lead.phones.values()
            if phone.id is None
        ]
        # In the order of the index, so that each of its pages is touched once.
        new.sort(key=lambda pair: pair[1].e164)
        codes = {
            zone_group_code(phone.region, lead.timezone, phone.zones)
            for lead, phone in itertools.chain(new, desk.changed_phones.values())
        }
        groups = await self._zone_groups(into, codes)
        await insert_rows(
            self._session,
            Phone,
            _PHONE_COLUMNS,
            [
                (
                    *(lead.id, lead.list_id, phone.position, phone.e164, phone.extension, phone.label),
                    *(phone.kind, phone.region),
                    groups[zone_group_code(phone.region, lead.timezone, phone.zones)],
                )
                for lead, phone in new
            ],
        )
        await self._update_phones(desk, groups)

    async def _update_phones(self, desk: Desk, groups: dict[str, int]) -> None:
        if not desk.changed_phones:
            return
        statement = update(Phone).where(col(Phone.id) == bindparam("phone"))
        connection = await self._session.connection()
        await connection.execute(
            statement.values(extension=bindparam("new_extension"), label=bindparam("new_label")),
            [
                {"phone": key, "new_extension": phone.extension, "new_label": phone.label}
                for key, (_, phone) in desk.changed_phones.items()
            ],
        )
        placed = {key: pair for key, pair in desk.changed_phones.items() if pair[0].timezone}
        if placed:
            await connection.execute(
                statement.values(zone_group_id=bindparam("group")),
                [
                    {"phone": key, "group": groups[zone_group_code(phone.region, lead.timezone, "")]}
                    for key, (lead, phone) in placed.items()
                ],
            )

    async def _zone_groups(self, into: Into, codes: set[str]) -> dict[str, int]:
        missing = codes - into.zone_groups.keys()
        into.zone_groups.update(await ensure_zone_groups(self._session, missing))
        return into.zone_groups
