"""How a load begins (anew, or where an earlier one was cut off), and how it is taken back."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from leads.errors import ImportCutOffError, ImportTakenOverError, LeadFileUnreadableError, LeadsError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.records import RecordReader, count_done
from leads.stores.imports import ImportStore
from leads.stores.leads import LeadStore
from leads.stores.liveness import held
from leads.stores.loading import Into, LoadingStore
from leads.stores.shared import Sessions
from leads.tables import LeadImport
from leads.threads import in_thread

_CREATED = "created"
"""The option that tells what a load had to create: client, list."""


async def cut_off_loads(sessions: Sessions, target: ListTarget) -> list[LeadImport]:
    """Loads into this list whose process died before their end."""
    async with sessions() as session, session.begin():
        client = await LeadStore(session).client(target.client_slug)
        lead_list = await LeadStore(session).lead_list(client.id, target.list_name) if client else None
        running = await ImportStore(session).running(lead_list.id) if lead_list else []
    dead = []
    for load in running:
        async with held(sessions, load.id) as taken:
            if taken:
                dead.append(load)
    return dead


async def choose(
    source: Path, name: str, options: dict[str, Any], choices: ImportChoices, cut_off: Sequence[LeadImport]
) -> LeadImport | None:
    """The load that this one goes on with, if one was cut off in the same file.

    Raises ImportCutOffError where going on from the first row might make doubles, and what reading raises.
    """
    same = [load for load in cut_off if _is_same(load, options)]
    reader = RecordReader(source, name, choices.columns, choices.sheet)
    done = await in_thread(lambda: _count_done(reader, same))
    for load in same:
        if load.rows == done or (done is None and load.rows == 0 and load.source == name):
            return load
    if choices.duplicates == "keep" and any(load.rows for load in cut_off):
        raise ImportCutOffError(
            "An earlier load into this list was cut off, of another file or with other choices. Load that "
            "file again first, or give --from-start to load every row of this one, whatever is there."
        )
    return None


def _count_done(reader: RecordReader, loads: Sequence[LeadImport]) -> int | None:
    done = [(load.rows, load.fingerprint) for load in loads if load.rows]
    return count_done(reader, done) if done else None


def _is_same(load: LeadImport, options: dict[str, Any]) -> bool:
    """Whether a load has these options; beside them it notes what it created and which sheet it reads."""
    return load.options | options == load.options


@asynccontextmanager
async def at_rest(source: Path | BinaryIO) -> AsyncIterator[Path]:
    """A source as a file that can be read twice: a stream is copied to disk."""
    if isinstance(source, Path):
        yield source
        return
    with tempfile.NamedTemporaryFile(prefix="dialer-load-") as copy:
        try:
            await in_thread(lambda: shutil.copyfileobj(source, copy))
            await in_thread(copy.flush)
        except OSError as error:
            raise LeadFileUnreadableError(f"Cannot read the stream: {error.strerror or error}.") from error
        yield Path(copy.name)


@dataclass(frozen=True, slots=True)
class Started:
    """A load that has its place in the database."""

    load: LeadImport
    into: Into
    resumed: bool


async def begin(
    sessions: Sessions,
    target: ListTarget,
    choices: ImportChoices,
    *,
    source: str,
    options: dict[str, Any],
    total_bytes: int | None,
    earlier: LeadImport | None,
    now: datetime,
) -> Started:
    """Makes client, list and load where they are missing. Raises ImportTakenOverError."""
    async with sessions() as session, session.begin():
        store, imports = LeadStore(session), ImportStore(session)
        created = []
        if await store.client(target.client_slug) is None:
            created.append("client")
        client = await store.ensure_client(target.client_slug, target.client_slug)
        if await store.lead_list(client.id, target.list_name) is None:
            created.append("list")
        lead_list = await store.ensure_list(client.id, target.list_name, target.default_country, now)
        if earlier is None:
            load = await imports.begin(lead_list.id, source, options | {_CREATED: created}, total_bytes, now)
        else:
            load = await imports.get(earlier.id)
            if (load.state, load.rows) != ("running", earlier.rows):
                raise ImportTakenOverError("Another load of the same file is under way; let it finish.")
        scope = choices.scope_lists
        if choices.scope == "client":
            scope = tuple(await store.list_ids(client.id))
        into = Into(
            client_id=client.id,
            list_id=lead_list.id,
            import_id=load.id,
            duplicates=choices.duplicates,
            match=choices.match,
            scope=scope,
            source=source,
        )
        return Started(load, into, earlier is not None)


async def give_up(sessions: Sessions, loads: Sequence[LeadImport], now: datetime) -> None:
    """Notes that loads which were cut off will not be taken up; their leads stay."""
    async with sessions() as session, session.begin():
        for load in loads:
            sentence = "The load was cut off, and another one began from the first row."
            await ImportStore(session).give_up(load.id, ImportCutOffError.code, sentence, now)


async def take_back(sessions: Sessions, started: Started, error: LeadsError, now: datetime) -> int:
    """Takes out the leads that a load created, and list and client if it created them and they are empty.

    Leads that something refers to by now stay; tells how many.
    """
    load = started.load
    after, kept = 0, 0
    while True:
        async with sessions() as session, session.begin():
            await LoadingStore(session).lock(started.into)
            store = ImportStore(session)
            if not (ids := await store.leads_of(load.id, after)):
                break
            kept += len(ids) - await store.remove_leads(ids)
            after = ids[-1]
    created = load.options.get(_CREATED, [])
    async with sessions() as session, session.begin():
        store = ImportStore(session)
        await store.give_up(load.id, error.code, str(error), now)
        if "list" in created and await store.remove_list_if_empty(load.list_id) and "client" in created:
            await store.remove_client_if_unused(started.into.client_id)
    return kept
