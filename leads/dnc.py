"""What people do with do-not-call lists. An opt-out is never taken back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from leads.checks import (
    checked_country,
    checked_list_name,
    checked_number,
    checked_number_or_prefix,
    client_id_of,
    short_text,
)
from leads.core.columns import clean_cell
from leads.core.suppression import INTERNAL, Level, is_prefix
from leads.errors import DncListNotFoundError, OptOutStaysError
from leads.importing.numbers import DncProgress, DncReport, DncTarget, clear_leftovers, import_numbers
from leads.stores.dnc import DncStore
from leads.stores.dnc_loading import DncLoadingStore
from leads.stores.shared import Session, Sessions
from leads.tables import DncEntry, DncList, DncPrefix


@dataclass(frozen=True, slots=True, kw_only=True)
class DncAdded:
    """A number, or all that begin with a prefix, that nobody may call any more.

    `added` is false if it was on the list already.
    """

    phone: str
    level: str
    list_name: str
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DncAnswer:
    """Whether a number is on a do-not-call list, on which, and why as a sentence."""

    phone: str
    suppressed: bool
    level: str = ""
    list_name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DncListInfo:
    """A do-not-call list, whom it binds, and how many numbers and prefixes it holds."""

    id: int
    level: str
    owner_id: int
    name: str
    numbers: int
    prefixes: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DncListRef:
    """A do-not-call list by whom it binds: a campaign, else a client (by its slug), else everyone."""

    client: str | None = None
    campaign_id: int | None = None
    name: str = INTERNAL

    @property
    def level(self) -> Level:
        """How far the list reaches."""
        if self.campaign_id is not None:
            return "campaign"
        return "everyone" if self.client is None else "client"


async def add_dnc(
    sessions: Sessions,
    ref: DncListRef,
    *,
    phone: str,
    default_country: str,
    now: datetime,
    reason: str = "",
    source: str = "",
) -> DncAdded:
    """Puts a number, or with a * behind it all that begin so, on a list, which is created if it is missing.

    Raises PhoneRejectedError, BadDncEntryError, BadNameError, UnknownClientError, UnknownCountryError.
    """
    what = checked_number_or_prefix(phone, default_country)
    name = checked_list_name(ref.name)
    async with sessions() as session, session.begin():
        store, owner_id = DncStore(session), await _owner_id(session, ref)
        add = store.add_prefix if is_prefix(phone) else store.add_number
        why = short_text(reason)
        added = await add(what, ref.level, owner_id, list_name=name, reason=why, source=source, now=now)
    return DncAdded(phone=what, level=ref.level, list_name=name, added=added)


async def import_dnc(
    sessions: Sessions,
    ref: DncListRef,
    *,
    source: Path | BinaryIO,
    default_country: str,
    now: datetime,
    reason: str = "",
    replace: bool = False,
    sheet: str | None = None,
    on_progress: Callable[[DncProgress], object] | None = None,
) -> DncReport:
    """Puts every number of a file on a list, which is created if it is missing; or has the file replace it.

    Raises OptOutStaysError where the list of those who asked us would be replaced, BadNameError,
    UnknownClientError and UnknownCountryError, and what `importing.numbers.import_numbers` raises.
    """
    country, name = checked_country(default_country), checked_list_name(ref.name)
    if replace and name == INTERNAL:
        raise OptOutStaysError(
            f'The list "{INTERNAL}" holds opt-outs and is only added to; name another list.'
        )
    async with sessions() as session, session.begin():
        owner_id = await _owner_id(session, ref)
    source_name = clean_cell(source.name) if isinstance(source, Path) else "standard input"
    target = DncTarget(ref.level, owner_id, name, short_text(reason), country, replace, sheet)
    return await import_numbers(
        sessions, target, source, source_name=source_name, now=now, on_progress=on_progress
    )


async def check_dnc(
    sessions: Sessions,
    *,
    phone: str,
    default_country: str,
    client: str | None = None,
    campaign_id: int | None = None,
) -> DncAnswer:
    """Whether a client may not call a number, in a campaign of its; without a client, whether nobody may.

    Raises PhoneRejectedError, UnknownClientError, UnknownCountryError.
    """
    e164 = checked_number(phone, default_country)
    async with sessions() as session, session.begin():
        client_id = None if client is None else await client_id_of(session, client)
        found = (await DncStore(session).suppressed([e164], client_id, campaign_id)).get(e164)
    if found is None:
        return DncAnswer(phone=e164, suppressed=False)
    return DncAnswer(
        phone=e164, suppressed=True, level=found.level, list_name=found.list_name, reason=found.sentence
    )


async def dnc_lists(sessions: Sessions, after: int = 0, limit: int | None = None) -> list[DncListInfo]:
    """The do-not-call lists that follow number `after`."""
    async with sessions() as session:
        found = await DncStore(session).lists(after, limit)
    return [_info(each, numbers, prefixes) for each, numbers, prefixes in found]


async def create_dnc_list(sessions: Sessions, ref: DncListRef, now: datetime) -> DncListInfo:
    """The list of that name; created if there is none yet. Raises BadNameError and UnknownClientError."""
    name = checked_list_name(ref.name)
    async with sessions() as session, session.begin():
        store, owner_id = DncStore(session), await _owner_id(session, ref)
        made = await store.ensure_list(ref.level, owner_id, name, now)
        return _info(made, *await store.size(made.id))


async def level_of_list(sessions: Sessions, list_id: int) -> str:
    """For whom a list is: everyone, client or campaign. Raises DncListNotFoundError."""
    async with sessions() as session:
        return (await _existing(session, list_id)).level


async def dnc_entries(sessions: Sessions, list_id: int, after: str, limit: int) -> Sequence[DncEntry]:
    """The list's `limit` numbers that follow `after`. Raises DncListNotFoundError."""
    async with sessions() as session:
        await _existing(session, list_id)
        return await DncStore(session).entries(list_id, after, limit)


async def dnc_prefixes(sessions: Sessions, list_id: int, after: str, limit: int) -> Sequence[DncPrefix]:
    """The list's `limit` prefixes that follow `after`. Raises DncListNotFoundError."""
    async with sessions() as session:
        await _existing(session, list_id)
        return await DncStore(session).prefixes(list_id, after, limit)


async def add_to_dnc_list(
    sessions: Sessions,
    list_id: int,
    *,
    phone: str,
    default_country: str,
    now: datetime,
    reason: str = "",
    source: str = "",
) -> DncAdded:
    """As `add_dnc`, to a list by its number. Raises DncListNotFoundError as well."""
    what, why = checked_number_or_prefix(phone, default_country), short_text(reason)
    async with sessions() as session, session.begin():
        found = await _existing(session, list_id)
        store, level = DncStore(session), cast(Level, found.level)
        add = store.add_prefix if is_prefix(phone) else store.add_number
        added = await add(
            what, level, found.owner_id, list_name=found.name, reason=why, source=source, now=now
        )
    return DncAdded(phone=what, level=level, list_name=found.name, added=added)


async def remove_dnc(sessions: Sessions, ref: DncListRef, *, phone: str, default_country: str) -> bool:
    """Takes a number, or with a * behind it a prefix, off a list; False if it was not on it.

    Opt-outs stay: raises OptOutStaysError for their list, DncListNotFoundError, and what `add_dnc` raises.
    """
    what = checked_number_or_prefix(phone, default_country)
    async with sessions() as session, session.begin():
        dnc_list = await _removable(session, ref)
        store = DncStore(session)
        remove = store.remove_prefix if is_prefix(phone) else store.remove_number
        return await remove(dnc_list.id, what)


async def remove_dnc_list(sessions: Sessions, ref: DncListRef) -> None:
    """Takes a whole list out of force at once, and deletes it. Raises as `remove_dnc` does."""
    async with sessions() as session, session.begin():
        dnc_list = await _removable(session, ref)
        await DncLoadingStore(session).retire(dnc_list.id)
    await clear_leftovers(sessions)


async def _removable(session: Session, ref: DncListRef) -> DncList:
    name = checked_list_name(ref.name)
    if name == INTERNAL:
        raise OptOutStaysError(f'The list "{INTERNAL}" holds opt-outs, which stay; name another list.')
    dnc_list = await DncStore(session).find_list(ref.level, await _owner_id(session, ref), name)
    if dnc_list is None:
        raise DncListNotFoundError("There is no such do-not-call list; `dialer dnc lists` shows them.")
    return dnc_list


async def _existing(session: Session, list_id: int) -> DncList:
    found = await DncStore(session).get_list(list_id)
    if found is None:
        raise DncListNotFoundError(f"There is no do-not-call list {list_id}.")
    return found


def _info(dnc_list: DncList, numbers: int, prefixes: int) -> DncListInfo:
    return DncListInfo(
        id=dnc_list.id,
        level=dnc_list.level,
        owner_id=dnc_list.owner_id,
        name=dnc_list.name,
        numbers=numbers,
        prefixes=prefixes,
        created_at=dnc_list.created_at,
    )


async def _owner_id(session: Session, ref: DncListRef) -> int:
    if ref.campaign_id is not None:
        return ref.campaign_id
    return 0 if ref.client is None else await client_id_of(session, ref.client)
