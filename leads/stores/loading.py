"""Saves rows of a file into a list, a chunk at a time, in bulk."""

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, text, update
from sqlmodel import bindparam, col, select

from leads.core.merging import Desk, Placed, owners_of
from leads.core.rows import TEXT_FIELDS, LeadRecord, LeadRow, zone_group_code
from leads.stores.bulk import among, insert_rows, instants_for
from leads.stores.consent_loading import ConsentLoadingStore
from leads.stores.known_leads import Into, KnownLeadStore
from leads.stores.shared import Session, on_postgresql
from leads.stores.zone_groups import ensure_zone_groups
from leads.tables import Lead, LeadAlias, LeadList, Phone
from leads.threads import in_thread

_LEAD_COLUMNS = (
    *("id", "list_id", "import_id", "external_id", "first_name", "last_name", "email", "country"),
    *("region", "postal_code", "timezone", "language", "owner", "priority", "rank", "best_time"),
    *("not_before", "custom", "created_at"),
)
_PHONE_COLUMNS = (
    *("lead_id", "list_id", "position", "e164", "extension", "label", "kind", "region", "zone_group_id"),
)
_ALIAS_COLUMNS = ("list_id", "external_id", "lead_id")
_BEST_TIME = TEXT_FIELDS.index("best_time")


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
        store = KnownLeadStore(self._session)
        if into.repeat and into.duplicates == "keep":
            lead_ids = await store.next_of(into.repeat, rows)
            return Saved([Placed(lead_id, "duplicate-unchanged") for lead_id in lead_ids], [])
        known = await store.of(into, rows)
        ids = await self._new_ids(sum(not any(owners_of(row, into.match, known)) for row in rows))
        desk = Desk(into.duplicates, into.match, into.list_id, ids, known)
        placed = await in_thread(lambda: desk.place_all(rows))
        await self._write(into, desk, now)
        taken = [row for row, place in zip(rows, placed, strict=True) if place.reason != "duplicate-skipped"]
        consents = ConsentLoadingStore(self._session)
        await consents.save(into.client_id, into.source, taken, now)
        return Saved(placed, sorted(desk.moved))

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
        aliases = [(lead.list_id, name, lead.id) for name, lead in sorted(desk.aliases.items())]
        await insert_rows(self._session, LeadAlias, _ALIAS_COLUMNS, aliases)
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
        # In the order of the index, so that each of its pages is touched once; of one number, as they came.
        new = sorted(desk.new_phones, key=lambda pair: pair[1].e164)
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
