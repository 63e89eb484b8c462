"""What people do with clients' caller IDs: record them, group them, give them back, see how they fare.

Everything is asked for by client, and no client's numbers are shown to, or used by, another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.caller_id_figures import FIGURES_DAYS, CallerIdFigures, figures
from campaigns.core.caller_id_details import CallerIdDetails
from campaigns.core.caller_ids import day_of, zone_of_number
from campaigns.errors import CallerIdNotInUseError, InvalidCallerIdError
from campaigns.stores.caller_id_pool import CallerIdPoolStore, CallsFrom
from campaigns.stores.caller_ids import CallerIdStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import CallerId, CallerIdGroup, Campaign
from leads.checks import checked_number, client_id_of
from leads.stores.versions import Versions, check_version, lock_row

LARGEST_GROUP = 1000
CHANGEABLE = ("owned_until", "timezone", "attestation", "display_name", "daily_cap", "active")
"""What may change on record. What shows the right to a number never does: it is retired, and added anew."""

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdRecord:
    """A number that a client has, or had (`retired_at`), as it is on record."""

    id: int
    caller_id: str
    owner: str
    document: str
    owned_from: date
    owned_until: date | None
    recorded_by: str
    recorded_at: datetime
    retired_at: datetime | None
    timezone: str
    attestation: str
    display_name: str
    daily_cap: int | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdView(CallerIdRecord):
    """A number with its groups, and how it fares."""

    groups: list[str]
    figures: CallerIdFigures

    def on_record(self) -> CallerIdRecord:
        """What does not change with each call."""
        return CallerIdRecord(**{each.name: getattr(self, each.name) for each in fields(CallerIdRecord)})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """A group of a client's numbers."""

    name: str
    caller_ids: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSize:
    """A group, and how many numbers it has."""

    name: str
    caller_ids: int


async def add_caller_id(
    sessions: Sessions,
    client: str,
    number: str,
    details: Mapping[str, Any],
    groups: Sequence[str],
    now: datetime,
    *,
    default_country: str = "US",
) -> CallerIdView:
    """Record a number of a client's, by the fields of CallerIdDetails, and put it in groups.

    The right begins today and the zone is the number's, where nobody says. Raises UnknownClientError,
    PhoneRejectedError, UnknownCountryError, InvalidCallerIdError and CallerIdExistsError.
    """
    e164 = checked_number(number, default_country)
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client)
        record = await add_record(session, client_id, e164, details, now)
        await put_in_groups(session, client_id, [record], groups, now)
        return await _view(session, record, now)


async def get_caller_id(
    sessions: Sessions, client: str, number: str, *, default_country: str = "US"
) -> CallerIdRecord:
    """A number that the client has now.

    Raises UnknownClientError, CallerIdNotFoundError, PhoneRejectedError and UnknownCountryError.
    """
    e164 = checked_number(number, default_country)
    async with sessions() as session:
        record = await CallerIdStore(session).of_client(await client_id_of(session, client), e164)
        return CallerIdRecord(**_on_record(record))


async def add_record(
    session: Session, client_id: int, e164: str, details: Mapping[str, Any], now: datetime
) -> CallerId:
    """See `add_caller_id`; a step in the caller's transaction."""
    given: dict[str, Any] = {"timezone": zone_of_number(e164)}
    given |= {name: value for name, value in details.items() if value is not None}
    given.setdefault("owned_from", date.fromisoformat(day_of(given["timezone"], now)[0]))
    missing = [name for name in ("owner", "document", "recorded_by") if name not in given]
    if missing:
        raise InvalidCallerIdError(f"{missing[0]} is missing: a caller ID is recorded with the right to it.")
    values = _columns(CallerIdDetails(**given))
    record = CallerId(client_id=client_id, e164=e164, recorded_at=now, **values)
    return await CallerIdStore(session).add(record)


async def change_caller_id(
    sessions: Sessions,
    client: str,
    number: str,
    changes: Mapping[str, Any],
    now: datetime,
    *,
    default_country: str = "US",
    if_match: Versions | None = None,
) -> CallerIdView:
    """Change what may change of a number (CHANGEABLE); leads that wait for it are asked about again.

    Raises UnknownClientError, CallerIdNotFoundError, InvalidCallerIdError, PhoneRejectedError,
    UnknownCountryError and ChangedMeanwhileError.
    """
    e164 = checked_number(number, default_country)
    async with sessions() as session, session.begin():
        record = await CallerIdStore(session).of_client(await client_id_of(session, client), e164)
        await lock_row(session, record)
        check_version(CallerIdRecord(**_on_record(record)), if_match)
        await change_record(session, record, changes, now)
        return await _view(session, record, now)


async def change_record(
    session: Session, record: CallerId, changes: Mapping[str, Any], now: datetime
) -> None:
    """See `change_caller_id`; a step in the caller's transaction."""
    if fixed := sorted(changes.keys() - set(CHANGEABLE)):
        raise InvalidCallerIdError(
            f"{fixed[0]} stays as it was recorded; retire the number and add it anew. What may change is "
            f"{', '.join(CHANGEABLE)}."
        )
    for name, value in _columns(replace(details_of(record), **changes)).items():
        setattr(record, name, value)
    await session.flush()
    await CallerIdStore(session).wake(record.e164, now)


async def retire_caller_id(
    sessions: Sessions, client: str, number: str, now: datetime, *, default_country: str = "US"
) -> CallerIdView:
    """The client gives a number back: no call shows it from now on. The record stays.

    Raises UnknownClientError, CallerIdNotFoundError, PhoneRejectedError and UnknownCountryError.
    """
    e164 = checked_number(number, default_country)
    async with sessions() as session, session.begin():
        store = CallerIdStore(session)
        record = await store.of_client(await client_id_of(session, client), e164)
        await store.retire(record, now)
        return await _view(session, record, now)


async def list_caller_ids(
    sessions: Sessions,
    client: str,
    now: datetime,
    *,
    group: str | None = None,
    retired: bool = False,
    days: int = FIGURES_DAYS,
) -> list[CallerIdView]:
    """A client's numbers, or those of a group of it, with how they fare.

    Raises UnknownClientError, CallerIdGroupNotFoundError and InvalidCallerIdError.
    """
    name = None if group is None else _group_name(group)
    async with sessions() as session:
        client_id = await client_id_of(session, client)
        records = await CallerIdStore(session).page(client_id, name, retired=retired)
        return await _views(session, client_id, records, now, days)


async def change_group(
    sessions: Sessions,
    client: str,
    name: str,
    add: Sequence[str],
    remove: Sequence[str],
    now: datetime,
    *,
    default_country: str = "US",
) -> GroupView:
    """Put numbers of a client's in a group of it, which is made if there is none yet, and take some out.

    Raises UnknownClientError, CallerIdNotFoundError, InvalidCallerIdError, PhoneRejectedError and
    UnknownCountryError.
    """
    numbers = [checked_number(each, default_country) for each in (*add, *remove)]
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client)
        store = CallerIdStore(session)
        records = [await store.of_client(client_id, e164) for e164 in numbers]
        group = await store.ensure_group(client_id, _group_name(name))
        await _put_in(session, group, records[: len(add)], now)
        await store.take_out(group, records[len(add) :])
        members = await store.page(client_id, group.name, retired=False)
        return GroupView(name=group.name, caller_ids=[each.e164 for each in members])


async def list_groups(sessions: Sessions, client: str) -> list[GroupSize]:
    """A client's groups by name. Raises UnknownClientError."""
    async with sessions() as session:
        found = await CallerIdStore(session).groups(await client_id_of(session, client))
    return [GroupSize(name=name, caller_ids=count) for name, count in found]


async def put_in_groups(
    session: Session, client_id: int, records: Sequence[CallerId], names: Sequence[str], now: datetime
) -> None:
    """Puts a client's numbers in groups of it, which are made if there are none yet.

    Raises InvalidCallerIdError.
    """
    for name in names:
        group = await CallerIdStore(session).ensure_group(client_id, _group_name(name))
        await _put_in(session, group, records, now)


async def check_caller_id(session: Session, campaign: Campaign, now: datetime, *, starts: bool) -> None:
    """Whether a campaign may show its caller ID, or its client has the group that it names.

    Where it `starts`, the group has to have a number in use, too. Raises CallerIdGroupNotFoundError and
    CallerIdNotInUseError.
    """
    group = campaign.caller_id_group
    if group:
        await CallerIdStore(session).group(campaign.client_id, group)
        if not starts:
            return
    numbers = await CallerIdPoolStore(session).numbers(campaign, now)
    if not any(each.in_use for each in numbers):
        what = f"The group {group} has no caller ID" if group else f"{campaign.caller_id} is no caller ID"
        raise CallerIdNotInUseError(f"{what} that the client has and uses; `caller-id list` shows them.")


def details_of(record: CallerId) -> CallerIdDetails:
    """What is recorded of a number."""
    kept = {each.name: getattr(record, each.name) for each in fields(CallerIdDetails)}
    first, last = date.fromisoformat(record.owned_from), record.owned_until
    return CallerIdDetails(
        **kept | {"owned_from": first, "owned_until": date.fromisoformat(last) if last else None}
    )


def _columns(details: CallerIdDetails) -> dict[str, Any]:
    """The columns that hold them."""
    first, last = details.owned_from.isoformat(), details.owned_until
    return asdict(details) | {"owned_from": first, "owned_until": last.isoformat() if last else ""}


async def _put_in(session: Session, group: CallerIdGroup, records: Sequence[CallerId], now: datetime) -> None:
    store = CallerIdStore(session)
    await store.put_in(group, records)
    if dict(await store.groups(group.client_id))[group.name] > LARGEST_GROUP:
        raise InvalidCallerIdError(f"A group has at most {LARGEST_GROUP} caller IDs; make another.")
    for each in records:
        await store.wake(each.e164, now)


async def _view(session: Session, record: CallerId, now: datetime) -> CallerIdView:
    (view,) = await _views(session, record.client_id, [record], now, FIGURES_DAYS)
    return view


async def _views(
    session: Session, client_id: int, records: Sequence[CallerId], now: datetime, days: int
) -> list[CallerIdView]:
    store = CallerIdPoolStore(session)
    groups = await CallerIdStore(session).groups_of(client_id)
    numbers = await store.known(client_id, [(each.e164, each) for each in records], now)
    calls = await store.calls_from(client_id, {each.e164 for each in records}, now - timedelta(days=days))
    return [
        CallerIdView(
            groups=groups.get(record.id, []),
            figures=figures(number, calls.get(record.e164, CallsFrom()), days, now),
            **_on_record(record),
        )
        for record, number in zip(records, numbers, strict=True)
    ]


def _on_record(record: CallerId) -> dict[str, Any]:
    return asdict(details_of(record)) | {
        "id": record.id,
        "caller_id": record.e164,
        "recorded_at": record.recorded_at,
        "retired_at": record.retired_at,
    }


def _group_name(name: str) -> str:
    clean = name.strip()
    if not clean or len(clean) > _LONGEST_NAME or not clean.isprintable():
        raise InvalidCallerIdError(f"A group's name has 1 to {_LONGEST_NAME} printable characters.")
    return clean
