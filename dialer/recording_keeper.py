"""Puts recordings together when their calls are over, and deletes them when their time is: a task of a node.

It looks at what is on the disk and in the index, and nothing else, so that what a crash left is found too.
Work on files is done in a thread, a call at a time.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from campaigns.recordings import keeping
from campaigns.recordings.folder import RecordingFolder
from campaigns.recordings.sweeping import sweep
from dialer.metrics import Metrics
from leads.stores.shared import Sessions

_LOOK_EVERY_S = 1.0
_TIDY_EVERY_S = 60.0
_SWEEP_EVERY_S = 86400.0
_QUIET_S = 1.0
"""Tracks that have not grown for so long are closed, or will never be."""
_TRY_AGAIN_S = 60.0
_AWAY_S = 10.0

log = structlog.get_logger("recordings")


class RecordingKeeper:
    """Owns the folder of recordings of one node."""

    def __init__(
        self, sessions: Sessions, folder: RecordingFolder, metrics: Metrics, now: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._folder = folder
        self._metrics = metrics
        self._now = now
        self._not_before: dict[int, float] = {}
        self._tidy_at = 0.0
        self._sweep_at = 0.0
        self._claimed = False
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins with what a former run left."""
        self._task = asyncio.create_task(self._run(), name="recordings")

    async def stop(self) -> None:
        """Ends after the file that is being put together; the next start goes on."""
        self._ending.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._ending.is_set():
            rest_s = await self._turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._ending.wait()

    async def _turn(self) -> float:
        """Does what is due; for how long there is nothing to do then."""
        try:
            if not self._claimed:
                await asyncio.to_thread(self._folder.claim)
                self._claimed = True
            spooled = await self._look()
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + _TIDY_EVERY_S
                await self._tidy(spooled)
        except Exception as error:  # noqa: BLE001 - the database or the disk may be away; recordings wait
            log.error("recordings wait", error=str(error))
            return _AWAY_S
        return _LOOK_EVERY_S

    async def _look(self) -> Collection[int]:
        spooled = await asyncio.to_thread(self._folder.spooled)
        quiet = [each for each, written_at in spooled.items() if time.time() - written_at >= _QUIET_S]
        for attempt in quiet:
            if self._not_before.get(attempt, 0.0) <= time.monotonic() and not self._ending.is_set():
                await self._put_together(attempt)
        return spooled

    async def _put_together(self, attempt: int) -> None:
        try:
            state = await keeping.put_together(self._sessions, self._folder, attempt)
        except OSError as error:
            self._not_before[attempt] = time.monotonic() + _TRY_AGAIN_S
            self._metrics.recording_failed()
            log.error("a recording waits for the disk", attempt=attempt, error=str(error))
            await keeping.failed_to_keep(self._sessions, self._folder, attempt, str(error.strerror))
            return
        self._not_before.pop(attempt, None)
        if state == "failed":
            self._metrics.recording_failed()
            log.error("a recording has no sound", attempt=attempt)

    async def _tidy(self, spooled: Collection[int]) -> None:
        """What is rarely due: files whose time is over, recordings without a trace, the room there is."""
        if lost := await keeping.mark_lost(self._sessions, self._folder, spooled):
            log.error("recordings left nothing on the disk", recordings=lost)
        await keeping.delete_expired(self._sessions, self._folder, self._now())
        if time.monotonic() >= self._sweep_at:
            swept = await sweep(self._sessions, self._folder, self._now())
            if swept.deleted:
                log.warning("files were left of recordings that are gone", recordings=swept.deleted)
            if swept.entered:
                log.warning("files were found that had no entry", recordings=swept.entered)
            self._sweep_at = time.monotonic() + _SWEEP_EVERY_S
        self._metrics.recordings_room(await asyncio.to_thread(self._folder.free_bytes))
