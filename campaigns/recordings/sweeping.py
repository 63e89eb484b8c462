"""Makes a node's folder of recordings and the index agree: once a day, and when a dialer starts."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.core.campaign import LONGEST_KEPT_DAYS, NEVER
from campaigns.recordings.folder import RecordingFolder, date_of
from campaigns.recordings.keeping import enter
from campaigns.stores.recordings import RecordedCall, RecordingStore
from campaigns.stores.shared import Sessions

_FOUND = "the file was found without an entry; its pauses are not known"
_NOT_THERE = ("refused", "deleted")
"""States of recordings that have no file."""
_SETTLED = ("kept", "deleting", *_NOT_THERE)
_CLOCKS_DIFFER_S = 2.0


@dataclass(frozen=True, slots=True)
class Swept:
    """Of how many calls files were deleted, and of how many entered in the index."""

    deleted: int = 0
    entered: int = 0


async def sweep(sessions: Sessions, folder: RecordingFolder, now: datetime) -> Swept:
    """Makes the folder and the index agree, as after a power cut or a restored database.

    What the index says is gone is deleted. A file that it does not know is entered, and kept for as long as
    if it had been there from the start; one that fits no call stays, since it may be of use to whoever
    restores the database, until no campaign could keep it any longer. On a machine that has not the node's
    folder nothing happens. Raises OSError.
    """
    if not folder.is_here:
        return Swept()
    deleted = entered = 0
    for day in await asyncio.to_thread(folder.days):
        there = await asyncio.to_thread(folder.calls_of, day)
        async with sessions() as session:
            states = await RecordingStore(session).states(there)
        outdated = now.date() - date_of(day) > timedelta(days=LONGEST_KEPT_DAYS + 1)
        for attempt_id in there:
            state = states.get(attempt_id, "")
            if state not in _SETTLED and not folder.spool_of(attempt_id).exists():
                state = await _enter_found(sessions, folder, attempt_id, day)
                entered += state == "kept"
            if state in _NOT_THERE or (outdated and state not in _SETTLED):
                await asyncio.to_thread(folder.delete_call, attempt_id)
                deleted += 1
    return Swept(deleted, entered)


async def _enter_found(sessions: Sessions, folder: RecordingFolder, attempt_id: int, day: Path) -> str:
    """Enters a file that the index does not know; the state that holds now, empty where it fits no call."""
    async with sessions() as session:
        call = await RecordingStore(session).call(attempt_id)
    if call is not None and call.erased:
        return "deleted"
    if call is None or call.answered_at is None or not _fits(call, folder, day):
        return ""
    kept = await asyncio.to_thread(folder.found, attempt_id, day, call.answered_at)
    if kept is None or kept.length_s > _lasted_s(call) + _CLOCKS_DIFFER_S:
        return ""
    return await enter(sessions, folder, call, kept, _FOUND)


def _fits(call: RecordedCall, folder: RecordingFolder, day: Path) -> bool:
    """Whether the file can be that call's: a restored database may give its number to another call."""
    if call.recording == NEVER or call.answered_at is None or call.ended_at is None:
        return False
    days = {(call.answered_at + timedelta(seconds=each)).date() for each in (0, _lasted_s(call))}
    written_at = folder.written_at(call.attempt_id, day)
    return date_of(day) in days and written_at >= call.ended_at.timestamp() - _CLOCKS_DIFFER_S


def _lasted_s(call: RecordedCall) -> float:
    if call.answered_at is None or call.ended_at is None:
        return 0.0
    return (call.ended_at - call.answered_at).total_seconds()
