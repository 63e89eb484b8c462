"""Loads a file into a lead list: one pass in chunks, each saved with the load's progress in a transaction."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from leads.errors import ImportTakenOverError, LeadFileUnreadableError, NotALeadFileError
from leads.importing.choices import ImportChoices, ListTarget
from leads.importing.earlier import at_rest, choose, cut_off_loads, done_loads, repeated
from leads.importing.files import ImportFiles
from leads.importing.records import RecordChunk, RecordReader
from leads.importing.report import (
    OTHER_SHEETS,
    REPEATS,
    SHEET,
    ImportProgress,
    ImportReport,
    Tally,
    report_of,
)
from leads.importing.start import Started, begin, give_up, take_back
from leads.importing.stream import read_chunks
from leads.importing.worker import Job, ReadRows
from leads.stores.imports import ImportStore
from leads.stores.liveness import held
from leads.stores.loading import LoadingStore
from leads.stores.shared import Session, Sessions
from leads.tables import LeadImport
from leads.threads import in_thread

CHUNK_ROWS = 5_000
"""Rows in one transaction. A file that has no more is read without worker processes."""

PAUSE_S = 0.03
"""Between two transactions on SQLite, whose other writers look for their turn every 25 to 100 ms."""

STANDARD_INPUT = "standard input"

FollowMerges = Callable[[Session, Sequence[int], datetime], Awaitable[None]]
"""What has to follow, in a chunk's transaction, where rows moved leads that were there; see `Desk.moved`."""


async def import_list(
    sessions: Sessions,
    *,
    client_slug: str,
    list_name: str,
    default_country: str,
    source: Path | BinaryIO,
    now: datetime,
    choices: ImportChoices | None = None,
    rejects_path: Path | None = None,
    follow: FollowMerges | None = None,
    on_progress: Callable[[ImportProgress], None] | None = None,
) -> ImportReport:
    """Loads a file into a client's list; both are created if they are missing.

    Raises BadNameError, UnknownCountryError and what `Import.run` raises.
    """
    target = ListTarget.parse(client_slug, list_name, default_country)
    files = ImportFiles(rejects_path, None)
    load = Import(sessions, target, choices or ImportChoices(), source, files=files, follow=follow)
    return await load.run(lambda: now, on_progress)


class Import:
    """One load of one file, to be run once.

    `started` is set when the load has its place in the database, and `import_id` then is its number.
    """

    def __init__(
        self,
        sessions: Sessions,
        target: ListTarget,
        choices: ImportChoices,
        source: Path | BinaryIO,
        *,
        name: str = "",
        files: ImportFiles | None = None,
        take_up: int | None = None,
        follow: FollowMerges | None = None,
    ) -> None:
        """`take_up` is the one load that this goes on with; else it is found by the file."""
        self._sessions = sessions
        self._target = target
        self._choices = choices
        self._source = source
        self._name = name or (source.name if isinstance(source, Path) else STANDARD_INPUT)
        self._files = files or ImportFiles(None, None)
        self._take_up = take_up
        self._follow = follow
        self._tally = Tally()
        self._reader: RecordReader
        self._state: Started
        self._has_one_writer = False
        self.started = asyncio.Event()
        self.import_id = 0

    async def run(
        self, clock: Callable[[], datetime], on_progress: Callable[[ImportProgress], None] | None = None
    ) -> ImportReport:
        """Loads the file; goes on where an earlier load of it into this list was cut off.

        Of a file that an earlier load has brought as a whole, no row changes a lead that is there.

        Each chunk is a transaction of its own. `on_progress` is called after each. Raises BadMappingError,
        UnknownSheetError, RejectsFileError, LeadFileUnreadableError and ImportCutOffError before anything is
        stored; NotALeadFileError, for which all that this load created is taken out again;
        ImportTakenOverError; RowsReadOtherwiseError; and RowWorkerError, after which the load can be taken
        up. So can one that was cancelled.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(_collecting_later())
            stack.push_async_callback(in_thread, self._files.close)
            now = clock()
            await self._start(stack, now)
            resumed_rows = self._tally.rows
            self._tell(on_progress, self._state.load.read_bytes)
            try:
                job = Job(self._reader.columns, self._target.default_country)
                async with aclosing(read_chunks(self._reader, job, CHUNK_ROWS)) as chunks:
                    async for chunk, read in chunks:
                        await self._save(chunk, read, clock())
                        gc.collect(0)
                        self._tell(on_progress, chunk.read_bytes)
                return await self._finish(clock(), resumed_rows)
            except NotALeadFileError as error:
                raise await self._take_back(error, clock()) from error

    async def _start(self, stack: AsyncExitStack, now: datetime) -> None:
        choices, options = self._choices, self._choices.options(self._target)
        cut_off = await cut_off_loads(self._sessions, self._target)
        if self._take_up is not None:
            cut_off = [load for load in cut_off if load.id == self._take_up]
        earlier, repeats = None, None
        if not choices.from_start:
            earlier, repeats = await self._look_back(stack, options, cut_off)
        if earlier is not None and not await stack.enter_async_context(held(self._sessions, earlier.id)):
            raise ImportTakenOverError(
                "Another load of the same file has just gone on with it; let it finish."
            )
        self._reader = RecordReader(self._source, self._name, choices.columns, choices.sheet)
        stack.push_async_callback(in_thread, self._reader.close)
        await in_thread(self._reader.open)
        last_row = await self._skip(earlier) if earlier else 0
        await in_thread(lambda: self._files.open(self._source, self._reader.header, last_row))
        self._state = await begin(
            self._sessions,
            self._target,
            choices,
            source=self._name,
            options=options
            | {SHEET: self._reader.sheet, OTHER_SHEETS: self._reader.other_sheets, REPEATS: repeats},
            total_bytes=self._reader.total_bytes,
            earlier=earlier,
            now=now,
        )
        if earlier is None:
            await stack.enter_async_context(held(self._sessions, self._state.load.id))
        else:
            self._tally = Tally.of(self._state.load)
        if choices.from_start and cut_off:
            await give_up(self._sessions, cut_off, now)
        self.import_id = self._state.load.id
        self.started.set()

    async def _look_back(
        self, stack: AsyncExitStack, options: dict[str, Any], cut_off: Sequence[LeadImport]
    ) -> tuple[LeadImport | None, int | None]:
        """The load that this one goes on with, or the number of the one that has brought the same file."""
        done = await done_loads(self._sessions, self._target, options)
        if not cut_off and not done:
            return None, None
        self._source = await stack.enter_async_context(at_rest(self._source))
        if cut_off:
            earlier = await choose(self._source, self._name, options, self._choices, cut_off)
            if earlier:
                return earlier, None
        return None, await repeated(self._sessions, self._source, self._name, self._choices, done)

    async def _skip(self, earlier: LeadImport) -> int:
        """Passes over what an earlier load has done; gives the number of the last row of it."""
        last_row = await in_thread(lambda: self._reader.skip(earlier.rows))
        if earlier.rows and self._reader.fingerprint != earlier.fingerprint:
            raise LeadFileUnreadableError("The file changes while it is read; load it when it is complete.")
        return last_row

    async def _save(self, chunk: RecordChunk, read: ReadRows, now: datetime) -> None:
        before = self._tally.rows
        if self._has_one_writer:
            await asyncio.sleep(PAUSE_S)
        load, into = self._state.load, self._state.into
        async with self._sessions() as session, session.begin():
            store = LoadingStore(session)
            self._has_one_writer = store.has_one_writer
            await store.lock(into)
            placed, moved = await store.save(into, read.rows, now)
            self._tally.add(read, placed)
            rows = zip(read.rows, placed, strict=True)
            # Before the commit: a load that goes on cuts them back to the rows that are done.
            await in_thread(lambda: self._files.write(read.rejected, list(rows)))
            if moved and self._follow:
                await self._follow(session, moved, now)
            values = self._tally.values(chunk.fingerprint, chunk.read_bytes, now)
            await ImportStore(session).advance(load.id, before, values)

    async def _finish(self, now: datetime, resumed_rows: int) -> ImportReport:
        async with self._sessions() as session, session.begin():
            store = ImportStore(session)
            over = {"state": "done", "updated_at": now, "finished_at": now}
            await store.advance(self.import_id, self._tally.rows, over)
            load: LeadImport = await store.get(self.import_id)
            await session.refresh(load)
        return report_of(load, self._target.client_slug, self._target.list_name, resumed_rows)

    async def _take_back(self, error: NotALeadFileError, now: datetime) -> NotALeadFileError:
        await in_thread(self._files.remove)
        kept = await take_back(self._sessions, self._state, error, now)
        sentence = str(error)
        if kept:
            sentence += f" {kept:,} leads of it are in use already and stay."
        if self._tally.merged and self._choices.duplicates == "update":
            sentence += " Leads that were there before keep what the rows before it have changed."
        return NotALeadFileError(sentence)

    def _tell(self, on_progress: Callable[[ImportProgress], None] | None, read_bytes: int) -> None:
        if on_progress is None:
            return
        tally = self._tally
        on_progress(
            ImportProgress(
                rows=tally.rows,
                accepted=tally.accepted,
                merged=tally.merged,
                rejected=tally.rejected,
                read_bytes=read_bytes,
                total_bytes=self._reader.total_bytes,
            )
        )


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Spares a load the search for reference cycles: it would take half of the time and find nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
