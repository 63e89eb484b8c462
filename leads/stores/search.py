"""Finds leads in the database, a page at a time: by phone, external id and list through indexes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, true
from sqlmodel import col, select

from leads.core.lead_filter import LARGEST_ID, LeadFilter
from leads.errors import UnknownClientError, UnknownLeadError, UnknownListError
from leads.stores.shared import Session, chunks, on_postgresql
from leads.tables import Client, Lead, LeadAlias, LeadList, Phone, ZoneGroup

_EQUALS = ("country", "region", "owner", "language", "import_id")


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A lead list with its client and how many leads it holds."""

    id: int
    client: str
    name: str
    default_country: str
    created_at: datetime
    leads: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter as a condition on leads; made by `SearchStore.choose`."""

    condition: ColumnElement[bool]


class SearchStore:
    """Finds leads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def choose(self, wanted: LeadFilter) -> Chosen:
        """The filter, with its client and list looked up. Raises UnknownClientError and UnknownListError."""
        conditions: list[ColumnElement[bool]] = [col(Lead.erased_at).is_(None)]
        lists = await self._list_ids(wanted)
        if lists is not None:
            conditions.append(_among(lists))
        if wanted.external_id is not None:
            conditions.append(_has_external_id(wanted.external_id))
        if wanted.phone is not None:
            owners = select(Phone.lead_id).where(Phone.e164 == wanted.phone)
            conditions.append(col(Lead.id).in_(owners))
        for name in _EQUALS:
            if (value := getattr(wanted, name)) is not None:
                conditions.append(_is(name, value))
        conditions += self._by_text(wanted) + _by_range(wanted)
        return Chosen(and_(true(), *conditions))

    async def page(self, chosen: Chosen, after: int, limit: int) -> Sequence[Lead]:
        """The `limit` chosen leads that follow number `after`, by id."""
        query = select(Lead).where(chosen.condition, col(Lead.id) > after).order_by(col(Lead.id)).limit(limit)
        return (await self._session.exec(query)).all()

    async def ids(self, chosen: Chosen, after: int, limit: int) -> Sequence[int]:
        """As `page`, the ids alone."""
        query = select(Lead.id).where(chosen.condition, col(Lead.id) > after)
        return (await self._session.exec(query.order_by(col(Lead.id)).limit(limit))).all()

    async def count(self, chosen: Chosen) -> int:
        """How many leads are chosen."""
        return (
            await self._session.exec(select(func.count()).select_from(Lead).where(chosen.condition))
        ).one()

    async def lead(self, lead_id: int, *, lock: bool = False) -> Lead:
        """A lead, erased or not; locked to the end of the transaction, if wanted. Raises UnknownLeadError."""
        query = select(Lead).where(Lead.id == lead_id).execution_options(populate_existing=True)
        found = (
            await self._session.exec(query.with_for_update(key_share=True) if lock else query)
        ).one_or_none()
        if found is None:
            raise UnknownLeadError(f"There is no lead {lead_id}; `dialer leads search` finds leads.")
        return found

    async def phones(self, lead_ids: Collection[int]) -> dict[int, list[Phone]]:
        """Each lead's phones in the order in which they are dialed; leads without any are left out."""
        found: dict[int, list[Phone]] = {}
        for chunk in chunks(sorted(set(lead_ids))):
            query = (
                select(Phone).where(col(Phone.lead_id).in_(chunk)).execution_options(populate_existing=True)
            )
            for phone in await self._session.exec(query.order_by(col(Phone.lead_id), col(Phone.position))):
                found.setdefault(phone.lead_id, []).append(phone)
        return found

    async def aliases(self, lead_ids: Collection[int]) -> dict[int, list[str]]:
        """The external ids that leads have beside their own, sorted; leads without any are left out."""
        found: dict[int, list[str]] = {}
        for chunk in chunks(sorted(set(lead_ids))):
            query = select(LeadAlias.lead_id, LeadAlias.external_id).where(col(LeadAlias.lead_id).in_(chunk))
            for lead_id, external_id in await self._session.exec(query):
                found.setdefault(lead_id, []).append(external_id)
        return {lead_id: sorted(each) for lead_id, each in found.items()}

    async def zones(self, group_ids: Collection[int]) -> dict[int, list[str]]:
        """The zones of each zone group."""
        query = select(ZoneGroup.id, ZoneGroup.zones).where(col(ZoneGroup.id).in_(group_ids))
        return {group_id: list(zones) for group_id, zones in await self._session.exec(query)}

    async def lists(self, client: str | None, after: int, limit: int) -> list[ListSummary]:
        """The `limit` lists, of one client or of all, that follow number `after`.

        Raises UnknownClientError.
        """
        leads = select(func.count()).where(col(Lead.list_id) == col(LeadList.id)).scalar_subquery()
        query = (
            select(LeadList, Client.slug, leads)
            .join(Client, col(Client.id) == col(LeadList.client_id))
            .where(col(LeadList.id) > after)
            .order_by(col(LeadList.id))
            .limit(limit)
        )
        if client is not None:
            query = query.where(LeadList.client_id == await self._client_id(client))
        return [
            ListSummary(each.id, slug, each.name, each.default_country, each.created_at, count)
            for each, slug, count in await self._session.exec(query)
        ]

    async def custom_names(self, chosen: Chosen) -> list[str]:
        """The names of all custom fields that the chosen leads have, sorted."""
        each = self._custom_fields()
        query = select(each.c.key).select_from(Lead).join(each, true()).where(chosen.condition).distinct()
        return sorted((await self._session.exec(query)).all())

    async def phone_columns(self, chosen: Chosen) -> list[tuple[int, str]]:
        """Every (rank, label) that phones of the chosen leads have; the first phone's rank is 1."""
        rank = func.row_number().over(partition_by=col(Phone.lead_id), order_by=col(Phone.position))
        ranked = (
            select(rank.label("rank"), col(Phone.label).label("label"))
            .join(Lead, col(Lead.id) == col(Phone.lead_id))
            .where(chosen.condition)
            .subquery()
        )
        query = select(ranked.c.rank, ranked.c.label).distinct()
        return sorted((rank, label) for rank, label in await self._session.exec(query))

    async def _list_ids(self, wanted: LeadFilter) -> list[int] | None:
        """The lists that the filter names, or those of its client; None for all."""
        if wanted.client is None and wanted.list is None:
            return None
        query = select(LeadList.id)
        if wanted.client is not None:
            query = query.where(LeadList.client_id == await self._client_id(wanted.client))
        if wanted.list is None:
            return list((await self._session.exec(query)).all())
        found = (await self._session.exec(query.where(LeadList.name == wanted.list))).all()
        if not found and (number := _as_id(wanted.list)) is not None:
            found = (await self._session.exec(query.where(LeadList.id == number))).all()
        if not found:
            raise UnknownListError(
                f"There is no list {wanted.list[:100]!r}; `dialer leads lists` shows them."
            )
        return list(found)

    async def _client_id(self, slug: str) -> int:
        found = (await self._session.exec(select(Client.id).where(Client.slug == slug))).one_or_none()
        if found is None:
            raise UnknownClientError(f"There is no client {slug[:64]!r}; importing leads for it creates it.")
        return found

    def _by_text(self, wanted: LeadFilter) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.name is not None:
            conditions.append(_begins_with(wanted.name))
        if wanted.email is not None:
            # Databases do not agree on the small letters of other alphabets.
            spellings = {wanted.email.lower(), _ascii_lower(wanted.email)}
            conditions.append(func.lower(col(Lead.email)).in_(spellings))
        for name, value in wanted.custom:
            each = self._custom_fields()
            conditions.append(exists().select_from(each).where(each.c.key == name, each.c.value == value))
        return conditions

    def _custom_fields(self) -> Any:
        """A lead's custom fields as a table of keys and values."""
        each = func.json_each_text if on_postgresql(self._session) else func.json_each
        return each(col(Lead.custom)).table_valued("key", "value")


def _among(list_ids: Sequence[int]) -> ColumnElement[bool]:
    list_id = col(Lead.list_id)
    return list_id == list_ids[0] if len(list_ids) == 1 else list_id.in_(list_ids)


def _is(name: str, value: object) -> ColumnElement[bool]:
    column: ColumnElement[Any] = getattr(Lead, name)
    return column == value


def _has_external_id(wanted: str) -> ColumnElement[bool]:
    """As its own or beside it; an empty one means leads that have none."""
    own, lists = col(Lead.external_id), select(LeadList.id)
    if wanted == "":
        return or_(own.is_(None), own == "")
    # The indexes over external ids begin with the list.
    owners = select(Lead.id).where(own == wanted, col(Lead.list_id).in_(lists))
    others = select(LeadAlias.lead_id).where(
        LeadAlias.external_id == wanted, col(LeadAlias.list_id).in_(lists)
    )
    return col(Lead.id).in_(owners.union_all(others))


def _by_range(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.min_priority is not None:
        conditions.append(col(Lead.priority) >= wanted.min_priority)
    if wanted.max_priority is not None:
        conditions.append(col(Lead.priority) <= wanted.max_priority)
    if wanted.created_from is not None:
        conditions.append(col(Lead.created_at) >= wanted.created_from)
    if wanted.created_before is not None:
        conditions.append(col(Lead.created_at) < wanted.created_before)
    return conditions


def _begins_with(prefix: str) -> ColumnElement[bool]:
    """Spelled out, since databases do not agree on the small letters of other alphabets."""
    spellings = {prefix, prefix.lower(), prefix.upper(), prefix.title()}
    return or_(
        *(
            func.substr(col(column), 1, len(each)) == each
            for column in (Lead.first_name, Lead.last_name)
            for each in sorted(spellings)
        )
    )


def _ascii_lower(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


def _as_id(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
    return number if 1 <= number <= LARGEST_ID else None
