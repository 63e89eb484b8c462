"""The use-cases of the leads room, as the command line and the API call them."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from leads.core.columns import clean_cell
from leads.core.country import country_code
from leads.core.phone import PhoneRejection, parse_phone
from leads.core.suppression import Suppression
from leads.dnc_importing import DncReport, DncTarget, import_numbers
from leads.errors import BadNameError, PhoneRejectedError, UnknownClientError, UnknownCountryError
from leads.importing import ImportProgress, ImportReport, ListTarget, import_leads
from leads.store import DncStore, LeadStore, Sessions

MAX_LIST_NAME_CHARS = 200
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class DncAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A number that nobody may call any more; `added` is false if it was on the list already."""

    phone: str
    client: str | None
    added: bool


class DncAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a number is on a do-not-call list, and why."""

    phone: str
    client: str | None
    suppressed: bool
    reason: str


async def import_list(
    sessions: Sessions,
    *,
    client_slug: str,
    list_name: str,
    default_country: str,
    source: Path | BinaryIO,
    now: datetime,
    rejects_path: Path | None = None,
    on_progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """Loads a CSV file into a client's list; both are created if they are missing.

    Raises BadNameError, UnknownCountryError and what `importing.import_leads` raises; then nothing is stored.
    """
    if not _SLUG.fullmatch(client_slug):
        raise BadNameError("A client's slug has lower-case letters, digits and hyphens, 64 at most.")
    name = list_name.strip()
    if not name or len(name) > MAX_LIST_NAME_CHARS or not name.isprintable():
        raise BadNameError(f"A list needs a name of 1 to {MAX_LIST_NAME_CHARS} printable characters.")
    target = ListTarget(client_slug, name, _country(default_country))
    return await import_leads(
        sessions, target, source, now=now, rejects_path=rejects_path, on_progress=on_progress
    )


async def add_dnc(
    sessions: Sessions,
    *,
    phone: str,
    default_country: str,
    now: datetime,
    client_slug: str | None = None,
    reason: str = "",
    source: str = "",
) -> DncAdded:
    """Puts a number on the do-not-call list of a client, or of everyone (None); there it stays.

    Raises PhoneRejectedError, UnknownClientError, UnknownCountryError.
    """
    e164 = _e164(phone, default_country)
    async with sessions() as session, session.begin():
        client_id = await _client_id(LeadStore(session), client_slug)
        added = await DncStore(session).add([Suppression(e164, client_id, clean_cell(reason))], source, now)
    return DncAdded(phone=e164, client=client_slug, added=added == 1)


async def import_dnc(
    sessions: Sessions,
    *,
    source: Path | BinaryIO,
    default_country: str,
    now: datetime,
    client_slug: str | None = None,
    reason: str = "",
) -> DncReport:
    """Puts every number of a file on the do-not-call list of a client, or of everyone (None).

    Raises UnknownClientError and UnknownCountryError, and what `dnc_importing.import_numbers` raises.
    """
    country = _country(default_country)
    async with sessions() as session, session.begin():
        client_id = await _client_id(LeadStore(session), client_slug)
    source_name = clean_cell(source.name) if isinstance(source, Path) else "stream"
    target = DncTarget(client_id, clean_cell(reason), country)
    return await import_numbers(sessions, target, source, source_name=source_name, now=now)


async def check_dnc(
    sessions: Sessions, *, phone: str, default_country: str, client_slug: str | None = None
) -> DncAnswer:
    """Whether a client may not call a number; without a client, whether nobody may.

    Raises PhoneRejectedError, UnknownClientError, UnknownCountryError.
    """
    e164 = _e164(phone, default_country)
    async with sessions() as session, session.begin():
        client_id = await _client_id(LeadStore(session), client_slug)
        reason = (await DncStore(session).suppressed(client_id, [e164])).get(e164)
    return DncAnswer(phone=e164, client=client_slug, suppressed=reason is not None, reason=reason or "")


async def _client_id(store: LeadStore, slug: str | None) -> int | None:
    if slug is None:
        return None
    client = await store.client(slug)
    if client is None:
        raise UnknownClientError("There is no client of that slug; load a list for it first.")
    return client.id


def _country(text: str) -> str:
    code = country_code(text)
    if code is None:
        raise UnknownCountryError("The default country is not known; give a two-letter code such as US.")
    return code


def _e164(phone: str, default_country: str) -> str:
    parsed = parse_phone(phone, _country(default_country))
    if isinstance(parsed, PhoneRejection):
        raise PhoneRejectedError(f"{parsed.sentence} Give it as +14155550101, for example.")
    return parsed.e164
