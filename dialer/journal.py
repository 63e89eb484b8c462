"""Writes what happened, in order and several at a time, without making the calls wait for the database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

Entry = TypeVar("Entry")

_BATCH = 25
"""So many ends of calls take a quarter of a second, while nobody else writes on SQLite: where a switch has
died with all its calls, the next ones are dialed before all that is on record."""
_LONGEST_PAUSE_S = 1.0
"""So that what waits is on record soon after the database is back."""

log = structlog.get_logger("journal")


class Journal(Generic[Entry]):
    """A queue in front of the database, owned by the engine.

    `write` stores a batch in one transaction; it raises what `is_passing` calls passing (the database is
    away for a while), and then the same batch is tried again until it is stored. Where a batch fails for
    good, its entries are written one by one, and the one at fault is logged and counted, so that one bad
    entry costs no other.
    """

    def __init__(
        self, write: Callable[[Sequence[Entry]], Awaitable[None]], is_passing: Callable[[Exception], bool]
    ) -> None:
        self._write = write
        self._is_passing = is_passing
        self._waiting: list[Entry] = []
        self._arrived = asyncio.Event()
        self._added = self._done = 0
        self._stored = asyncio.Condition()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.refused = 0
        """How many entries the database would not take."""
        self.behind = False
        """Whether the database is away, so that entries wait."""

    def start(self) -> None:
        """Begins to write."""
        self._task = asyncio.create_task(self._run(), name="journal")

    def add(self, entry: Entry) -> None:
        """Has an entry written after all that were added before it."""
        self._waiting.append(entry)
        self._added += 1
        self._arrived.set()

    async def written(self) -> None:
        """Returns when all that was added so far has been written."""
        goal = self._added
        async with self._stored:
            await self._stored.wait_for(lambda: self._done >= goal)

    async def close(self, within_s: float | None = None) -> None:
        """Writes what waits, and ends; what cannot be written in that time, if one is given, is lost.

        How many entries were lost is in the log.
        """
        self._closing = True
        self._arrived.set()
        if self._task is None:
            return
        _, late = await asyncio.wait({self._task}, timeout=within_s)
        if late:
            self._task.cancel()
            await asyncio.wait(late)
            log.error("the database stayed away; entries are lost", entries=self._added - self._done)
        else:
            self._task.result()

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                await self._store(batch)
                self._done += len(batch)
                async with self._stored:
                    self._stored.notify_all()

    async def _store(self, batch: list[Entry]) -> None:
        pause = 0.1
        while True:
            try:
                await self._write(batch)
                self.behind = False
                return
            except Exception as error:  # noqa: BLE001 - whatever went wrong, no entry may be lost silently
                if not self._is_passing(error):
                    self.behind = False
                    await self._store_singly(batch, error)
                    return
                if not self.behind:
                    log.error("the database is away; entries wait", error=str(error))
                self.behind = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _store_singly(self, batch: list[Entry], error: Exception) -> None:
        if len(batch) == 1:
            self.refused += 1
            log.error("an entry could not be written", entry=type(batch[0]).__name__, error=repr(error))
            return
        for entry in batch:
            await self._store([entry])
