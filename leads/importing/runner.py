"""The loads that came through the API: their files in the data folder, their tasks, and what they left."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterable, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from leads.core.columns import ColumnChoice
from leads.core.merging import Duplicates, Match
from leads.errors import (
    ImportFileMissingError,
    ImportNotFoundError,
    ImportsBusyError,
    ImportTakenOverError,
    ImportTooLargeError,
    LeadsError,
    RowWorkerError,
)
from leads.importing.choices import ImportChoices, ListTarget, Scope
from leads.importing.files import ImportFiles
from leads.importing.load import FollowMerges, Import
from leads.importing.view import ImportView, failed_view, get_import
from leads.stores.imports import ImportStore
from leads.stores.shared import Sessions
from leads.threads import in_thread

log = structlog.get_logger("imports")

MAX_BYTES = 2 << 30
"""The largest file that is taken: some 15 million rows."""

MAX_LOADS = 2
"""Loads under way at one time."""

_FILE, _JOB, _OUTCOME = "file", "job.json", "outcome.json"
_REJECTS, _ID_MAP = "rejects.csv", "id-map.csv"


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the API was asked to load, as it is kept until it is loaded."""

    client: str
    list_name: str
    default_country: str
    source: str
    columns: dict[str, str] = {}
    preset: str | None = None
    sheet: str | None = None
    duplicates: Duplicates = "update"
    match: Match = "both"
    scope: Scope = "list"
    scope_lists: tuple[int, ...] = ()
    from_start: bool = False

    def target(self) -> ListTarget:
        """Raises BadNameError and UnknownCountryError."""
        return ListTarget.parse(self.client, self.list_name, self.default_country)

    def choices(self) -> ImportChoices:
        """Raises BadImportChoiceError."""
        return ImportChoices(
            columns=ColumnChoice(self.columns, self.preset),
            sheet=self.sheet,
            duplicates=self.duplicates,
            match=self.match,
            scope=self.scope,
            scope_lists=self.scope_lists,
            from_start=self.from_start,
        )


class ImportRunner:
    """Owns the loads of one service. `start` goes on with those that a stop has cut off."""

    def __init__(
        self,
        sessions: Sessions,
        folder: Path,
        now: Callable[[], datetime],
        max_bytes: int = MAX_BYTES,
        *,
        follow: FollowMerges | None = None,
    ) -> None:
        self._sessions = sessions
        self._folder = folder
        self._now = now
        self._max_bytes = max_bytes
        self._follow = follow
        self._tasks: dict[int, asyncio.Task[None]] = {}
        """By the number of the load."""
        self._receiving = 0

    async def start(self) -> None:
        """Makes the folder, and goes on with loads that were cut off."""
        for folder, job in await in_thread(self._left):
            self._own(int(folder.name), self._go_on(folder, job))

    async def stop(self) -> None:
        """Cuts the loads off; they can be taken up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def receive(self, job: ImportJob, body: AsyncIterable[bytes]) -> int:
        """Keeps a file and begins to load it; the load's number.

        Raises ImportsBusyError, ImportTooLargeError, and what `Import.run` raises before anything is stored.
        """
        job.target(), job.choices()
        if len(self._tasks) + self._receiving >= MAX_LOADS:
            raise ImportsBusyError(f"{MAX_LOADS} loads are under way; wait until one is done.")
        self._receiving += 1
        try:
            folder = await in_thread(lambda: Path(tempfile.mkdtemp(prefix="incoming-", dir=self._folder)))
            try:
                await self._keep(folder / _FILE, body)
                await in_thread(lambda: (folder / _JOB).write_bytes(msgspec.json.encode(job)))
                return await self._begin(folder, job)
            except BaseException:
                await in_thread(lambda: shutil.rmtree(folder, ignore_errors=True))
                raise
        finally:
            self._receiving -= 1

    async def view(self, import_id: int) -> ImportView:
        """A load, from wherever. Raises ImportNotFoundError."""
        try:
            return await get_import(self._sessions, import_id)
        except ImportNotFoundError:
            if task := self._tasks.get(import_id):
                # It is being taken back: soon it is known why.
                await asyncio.wait({task})
            outcome = self._folder / str(import_id) / _OUTCOME
            return failed_view(import_id, await in_thread(lambda: _read_json(outcome)))

    async def rejects(self, import_id: int) -> Path:
        """The file of its rejected rows. Raises ImportNotFoundError and ImportFileMissingError."""
        return await self._file(import_id, _REJECTS)

    async def id_map(self, import_id: int) -> Path:
        """The file that tells which lead each row became. Raises as `rejects` does."""
        return await self._file(import_id, _ID_MAP)

    async def _file(self, import_id: int, name: str) -> Path:
        load = await self.view(import_id)
        if load.state == "running":
            raise ImportFileMissingError("The load is not done yet; ask again when it is.")
        path = self._folder / str(import_id) / name
        if not await in_thread(path.is_file):
            raise ImportFileMissingError("The load has no such file: it failed, or was not loaded here.")
        return path

    async def _keep(self, path: Path, body: AsyncIterable[bytes]) -> None:
        size = 0
        file = await in_thread(lambda: path.open("wb"))
        try:
            async for piece in body:
                size += len(piece)
                if size > self._max_bytes:
                    raise ImportTooLargeError(
                        f"The file is larger than {self._max_bytes:,} bytes; split it, or compress it."
                    )
                await in_thread(lambda piece=piece: file.write(piece))  # type: ignore[misc]
        finally:
            await in_thread(file.close)

    async def _begin(self, folder: Path, job: ImportJob) -> int:
        """Starts a load in a task of its own, once its number is known."""
        load = self._load(folder, job)
        running = asyncio.create_task(load.run(self._now))
        started = asyncio.create_task(load.started.wait())
        try:
            await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
            if not load.started.is_set():
                await running
            home = self._folder / str(load.import_id)
            await in_thread(lambda: _move(folder, home))
        except BaseException:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        finally:
            started.cancel()
        self._own(load.import_id, self._watch(running, home, job, load.import_id))
        return load.import_id

    def _load(self, folder: Path, job: ImportJob, take_up: int | None = None) -> Import:
        files = ImportFiles(folder / _REJECTS, folder / _ID_MAP)
        return Import(
            self._sessions,
            job.target(),
            job.choices(),
            folder / _FILE,
            name=job.source,
            files=files,
            take_up=take_up,
            follow=self._follow,
        )

    async def _go_on(self, home: Path, job: ImportJob) -> None:
        number = int(home.name)
        try:
            state = (await self.view(number)).state
        except ImportNotFoundError:
            state = "failed"
        if state != "running":
            await in_thread(lambda: _clear(home, _FILE, _JOB))
            return
        load = self._load(home, job, number)
        await self._watch(asyncio.create_task(load.run(self._now)), home, job, number)

    async def _watch(self, running: asyncio.Task[Any], home: Path, job: ImportJob, number: int) -> None:
        """Sees a load to its end, and keeps what it leaves. One that was cut off can be taken up."""
        try:
            await running
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        except LeadsError as error:
            log.warning("a load has failed", load=number, code=error.code)
            if not isinstance(error, RowWorkerError):
                await self._give_up(home, job, number, error)
        except Exception as error:
            log.error("a load was cut off", load=number, exc_info=error)
        else:
            await in_thread(lambda: _clear(home, _FILE, _JOB))

    async def _give_up(self, home: Path, job: ImportJob, number: int, error: LeadsError) -> None:
        if not isinstance(error, ImportTakenOverError):
            async with self._sessions() as session, session.begin():
                await ImportStore(session).give_up(number, error.code, str(error), self._now())
        await in_thread(lambda: self._keep_outcome(home, job, error))

    def _keep_outcome(self, home: Path, job: ImportJob, error: LeadsError) -> None:
        outcome = {
            "client": job.client,
            "list_name": job.list_name,
            "source": job.source,
            "code": error.code,
            "error": str(error),
            "at": self._now().isoformat(),
        }
        (home / _OUTCOME).write_bytes(msgspec.json.encode(outcome))
        _clear(home, _FILE, _JOB, _REJECTS, _ID_MAP)

    def _left(self) -> list[tuple[Path, ImportJob]]:
        """Makes the folder, clears what never arrived, and finds the loads that were cut off."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = []
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith("incoming-"):
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.name.isdecimal() and (folder / _JOB).is_file():
                with contextlib.suppress(msgspec.DecodeError):
                    left.append((folder, msgspec.json.decode((folder / _JOB).read_bytes(), type=ImportJob)))
        return left

    def _own(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"import-{number}")
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number))


def _move(folder: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    os.rename(folder, home)


def _clear(home: Path, *names: str) -> None:
    for name in names:
        (home / name).unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(msgspec.json.decode(path.read_bytes(), type=dict[str, Any]))
    except (OSError, msgspec.DecodeError):
        return {}
