"""Mappings of a file's columns that are kept under a name, to be used again."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from leads.core.columns import ColumnChoice
from leads.errors import BadMappingError, BadNameError, UnknownMappingError
from leads.stores.leads import LeadStore
from leads.stores.mappings import MappingStore
from leads.stores.shared import Session, Sessions
from leads.tables import Client, ColumnMapping

MAX_NAME_CHARS = 100


class SavedMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A saved mapping; `columns` is field to header, as its user wrote them."""

    client: str
    name: str
    columns: dict[str, str]
    preset: str | None
    created_at: datetime


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """`field=header` pairs, as `--map` gives them. Raises BadMappingError."""
    columns: dict[str, str] = {}
    for pair in pairs:
        field, equals, header = pair.partition("=")
        field = field.strip()
        if not (equals and field and header.strip()):
            raise BadMappingError('A mapping is FIELD=COLUMN, as in phone="Mobile No".')
        if field in columns:
            raise BadMappingError(f'"{field}" is mapped twice; give it one column.')
        columns[field] = header.strip()
    return columns


def check_name(name: str) -> str:
    """The name of a mapping, without outer spaces. Raises BadNameError."""
    name = name.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise BadNameError(f"A mapping needs a name of 1 to {MAX_NAME_CHARS} printable characters.")
    return name


async def choose_columns(
    sessions: Sessions,
    client_slug: str,
    *,
    columns: dict[str, str] | None = None,
    preset: str | None = None,
    name: str | None = None,
) -> ColumnChoice:
    """What is chosen here, over what the saved mapping says. Raises UnknownMappingError."""
    saved = ColumnChoice()
    if name is not None:
        async with sessions() as session, session.begin():
            client = await LeadStore(session).client(client_slug)
            found = await MappingStore(session).find(client.id, name.strip()) if client else None
        if found is None:
            raise UnknownMappingError(
                "The client has no mapping of that name; `dialer leads mappings` shows those there are."
            )
        saved = ColumnChoice(found.columns.get("mapping", {}), found.columns.get("preset"))
    return ColumnChoice({**saved.mapping, **(columns or {})}, preset or saved.preset)


async def save_mapping(
    sessions: Sessions, client_slug: str, name: str, choice: ColumnChoice, now: datetime
) -> None:
    """Keeps a choice of columns under a name. Raises BadNameError; a client that is not there is created."""
    name = check_name(name)
    async with sessions() as session, session.begin():
        client = await LeadStore(session).ensure_client(client_slug, client_slug)
        kept = {"mapping": dict(choice.mapping), "preset": choice.preset}
        await MappingStore(session).save(client.id, name, kept, now)


async def saved_mappings(sessions: Sessions, client_slug: str) -> list[SavedMapping]:
    """A client's mappings, by name; none where there is no such client."""
    async with sessions() as session, session.begin():
        client = await LeadStore(session).client(client_slug)
        return await _of(session, client) if client else []


async def _of(session: Session, client: Client) -> list[SavedMapping]:
    return [_view(client.slug, mapping) for mapping in await MappingStore(session).all(client.id)]


def _view(client: str, mapping: ColumnMapping) -> SavedMapping:
    columns = mapping.columns
    return SavedMapping(
        client=client,
        name=mapping.name,
        columns=columns.get("mapping", {}),
        preset=columns.get("preset"),
        created_at=mapping.created_at,
    )
