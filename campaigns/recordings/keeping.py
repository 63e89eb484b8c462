"""What the engine and the keeper of a node write about recordings: from the first word to the last byte."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from campaigns.core.recording import GIVEN, REFUSED, delete_after, keep_days
from campaigns.recordings.folder import Kept, RecordingFolder
from campaigns.stores.recordings import RecordedCall, RecordingStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Recording

FILES_AT_A_TIME = 100
EXPIRED = "kept for as long as the campaign says"
_NO_SOUND = "nothing of the conversation is on the disk"
_NOT_YET = "not kept yet: "
_MAX_TEXT = 200
_GONE = ("refused", "deleting", "deleted")


async def began(
    session: Session, attempt_id: int, node: str, consent: str, laws: list[str], at: datetime
) -> None:
    """A conversation is being recorded from now on, or again."""
    if row := await _row(session, attempt_id, node):
        if row.state in ("none", "failed"):
            row.state = "recording"
        row.started_at = row.started_at or at
        row.consent, row.consent_laws = row.consent or consent, row.consent_laws or laws
        await session.flush()


async def failed(session: Session, attempt_id: int, node: str, why: str) -> None:
    """A conversation should be recorded, and is not or not wholly."""
    if row := await _row(session, attempt_id, node):
        row.failure = why[:_MAX_TEXT]
        if row.state in ("none", "recording"):
            row.state = "failed"
        await session.flush()


async def consent_said(
    session: Session,
    attempt_id: int,
    node: str,
    agent_id: int,
    laws: list[str],
    at: datetime,
    *,
    agreed: bool,
) -> None:
    """What the person said about being recorded; after a no, nothing is kept."""
    if row := await _row(session, attempt_id, node):
        row.consent, row.consent_at = GIVEN if agreed else REFUSED, at
        row.consent_agent_id, row.consent_laws = agent_id, laws
        if not agreed:
            row.state = "refused"
        await session.flush()


async def put_together(sessions: Sessions, folder: RecordingFolder, attempt_id: int) -> str:
    """Makes a call's tracks into its file, and says so in the index; the state that holds now.

    Cut off anywhere it has done no harm, and done again it goes on: the tracks go last. Empty where the call
    is not over; what was refused goes at once, and so does all that there is of a call that was deleted or
    whose person was erased. Raises OSError where the disk does not take it; the tracks stay.
    """
    async with sessions() as session, session.begin():
        store = RecordingStore(session)
        call = await store.call(attempt_id)
        state = "deleted" if call is None or call.erased else (await store.of_call(call, folder.node)).state
    if call is not None and call.ended_at is None and state != "refused":
        return ""
    if state in _GONE:
        await asyncio.to_thread(folder.delete_call, attempt_id)
        return state
    if call is not None and state != "kept":
        kept = await asyncio.to_thread(folder.put_together, attempt_id)
        state = await enter(sessions, folder, call, kept)
    await asyncio.to_thread(folder.drop_spool, attempt_id)
    return state


async def enter(
    sessions: Sessions, folder: RecordingFolder, call: RecordedCall, kept: Kept | None, note: str = ""
) -> str:
    """Says in the index what a call's file is, or that it has none; the state that holds now."""
    async with sessions() as session, session.begin():
        row = await RecordingStore(session).of_call(call, folder.node)
        if row.state in _GONE:
            # Erased or deleted while it was put together: the file has to go again.
            row.state, row.path = "deleting", kept.path if kept else row.path
        elif kept is None:
            row.state, row.failure = "failed", row.failure or _NO_SOUND
        else:
            _fill(row, call, kept, note)
        await session.flush()
        return row.state


def _fill(row: Recording, call: RecordedCall, kept: Kept, note: str) -> None:
    assert call.ended_at is not None  # noqa: S101 - only calls that are over are put together
    row.state, row.path, row.sha256, row.bytes = "kept", kept.path, kept.sha256, kept.bytes
    row.started_at, row.length_s, row.pauses = kept.started_at, kept.length_s, kept.pauses
    outdated = row.failure == _NO_SOUND or row.failure.startswith(_NOT_YET)
    row.failure = note if outdated or note else row.failure
    row.delete_after = delete_after(call.ended_at, keep_days(call.kind, call.countries, call.days))


async def failed_to_keep(sessions: Sessions, folder: RecordingFolder, attempt_id: int, why: str) -> None:
    """A recording could not be put together, or there was nothing to put together."""
    async with sessions() as session, session.begin():
        await failed(session, attempt_id, folder.node, _NOT_YET + why)


async def mark_lost(sessions: Sessions, folder: RecordingFolder, spooled: Collection[int]) -> int:
    """Says of calls that are over, and left no tracks on this node, that their recording failed; how many."""
    async with sessions() as session, session.begin():
        lost = await RecordingStore(session).lost(folder.node, spooled)
        for attempt_id in lost:
            await failed(session, attempt_id, folder.node, _NO_SOUND)
    return len(lost)


async def delete_expired(sessions: Sessions, folder: RecordingFolder, now: datetime) -> int:
    """Deletes files of this node that were kept long enough, and those that are marked; how many."""
    if not folder.is_here:
        return 0
    async with sessions() as session, session.begin():
        store = RecordingStore(session)
        due = [each.id for each in await store.due(folder.node, now, FILES_AT_A_TIME)]
        await store.to_delete(due, EXPIRED)
    return await delete_marked(sessions, folder, now)


async def delete_marked(sessions: Sessions, folder: RecordingFolder, now: datetime) -> int:
    """Deletes the files of this node that are marked for it, and says so in the index; how many.

    The file and what there is of its tracks go first, so that what the index calls deleted is gone. On a
    machine that has not the node's folder nothing happens. Raises OSError.
    """
    if not folder.is_here:
        return 0
    done = 0
    while True:
        async with sessions() as session, session.begin():
            marked = await RecordingStore(session).deleting(folder.node, FILES_AT_A_TIME)
            for row in marked:
                await asyncio.to_thread(folder.delete_call, row.attempt_id, row.path)
                row.state, row.deleted_at, row.path = "deleted", now, ""
            await session.flush()
        done += len(marked)
        if len(marked) < FILES_AT_A_TIME:
            return done


async def _row(session: Session, attempt_id: int, node: str) -> Recording | None:
    store = RecordingStore(session)
    call = await store.call(attempt_id)
    return None if call is None else await store.of_call(call, node)
