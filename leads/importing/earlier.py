"""What earlier loads mean for one that begins: it goes on where one was cut off, or repeats one."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

from leads.errors import ImportCutOffError, LeadFileUnreadableError, NotALeadFileError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.records import RecordReader, count_done, read_through
from leads.importing.report import REPEATS
from leads.stores.imports import ImportStore
from leads.stores.leads import LeadStore
from leads.stores.liveness import held
from leads.stores.shared import Sessions
from leads.tables import LeadImport
from leads.threads import in_thread


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


async def done_loads(sessions: Sessions, target: ListTarget, options: dict[str, Any]) -> list[LeadImport]:
    """Loads into this list with these options that are over and well, the newest first.

    None where duplicates are skipped: then the same rows change nothing anyway.
    """
    if options["duplicates"] == "skip":
        return []
    async with sessions() as session, session.begin():
        client = await LeadStore(session).client(target.client_slug)
        lead_list = await LeadStore(session).lead_list(client.id, target.list_name) if client else None
        done = await ImportStore(session).done(lead_list.id) if lead_list else []
    return [load for load in done if _is_same(load, options)]


async def repeated(
    sessions: Sessions, source: Path, name: str, choices: ImportChoices, done: Sequence[LeadImport]
) -> int | None:
    """The number of the first of these loads that has brought the very same file, if loading it again is to
    change nothing.

    Leads that are brought up to date are so by the load that came last: after another one that changed
    leads, the file is loaded as any other. Raises what reading raises.
    """
    size = await in_thread(lambda: source.stat().st_size if source.is_file() else None)
    likely = [load for load in done if load.total_bytes in (None, size)]
    if not likely:
        return None
    reader = RecordReader(source, name, choices.columns, choices.sheet)
    try:
        whole = await in_thread(lambda: read_through(reader, max(load.rows for load in likely)))
    except NotALeadFileError:
        # The load itself comes upon it, and tells it.
        return None
    load = next((load for load in likely if (load.rows, load.fingerprint) == whole), None)
    if load is None:
        return None
    if choices.duplicates == "update":
        async with sessions() as session, session.begin():
            if not await ImportStore(session).is_last_word(load):
                return None
    first: int = load.options.get(REPEATS) or load.id
    return first
