"""What people do with recordings: find, hear, check, take away and delete them. All of it is logged."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from campaigns.errors import InvalidInputError, RecordingGoneError
from campaigns.recordings.folder import RecordingFolder
from campaigns.recordings.keeping import delete_marked
from campaigns.stores.recordings import RecordingFilter, RecordingStore
from campaigns.stores.shared import Sessions
from campaigns.tables import Recording, RecordingAccess
from leads.checks import client_id_of
from leads.stores.versions import Versions, check_version

HEARD, EXPORTED, VERIFIED, DELETED = "heard", "exported", "verified", "deleted"
_MAX_REASON = 200
_PAGE = 200
_WHY = {
    "none": "nothing was recorded",
    "recording": "the conversation goes on, or has only just ended",
    "failed": "it could not be recorded or kept",
    "refused": "the person did not agree",
    "deleting": "it is being deleted",
    "deleted": "it was deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Whether a file is what was kept: ok, changed, or missing."""

    id: int
    attempt_id: int
    result: str
    sha256: str
    """Of the file now; empty where it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A recording as it was taken away."""

    id: int
    attempt_id: int
    campaign_id: int
    file: str
    started_at: datetime | None
    length_s: float
    sha256: str
    consent: str
    pauses: list[dict[str, float]]


async def list_recordings(
    sessions: Sessions, chosen: RecordingFilter, after: int, limit: int
) -> Sequence[Recording]:
    """The `limit` recordings that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        if chosen.client is not None:
            await client_id_of(session, chosen.client)
        return await RecordingStore(session).page(chosen, after, limit)


async def get_recording(sessions: Sessions, recording_id: int) -> Recording:
    """A recording. Raises RecordingNotFoundError."""
    async with sessions() as session:
        return await RecordingStore(session).get(recording_id)


async def list_accesses(sessions: Sessions, recording_id: int) -> Sequence[RecordingAccess]:
    """Who did what with a recording, in order. Raises RecordingNotFoundError."""
    async with sessions() as session:
        store = RecordingStore(session)
        await store.get(recording_id)
        return await store.accesses(recording_id)


async def listen(
    sessions: Sessions, folder: RecordingFolder, recording_id: int, who: str, detail: str, now: datetime
) -> tuple[Recording, Path]:
    """A recording and its file, once it is on record that somebody hears it.

    Raises RecordingNotFoundError and RecordingGoneError.
    """
    async with sessions() as session, session.begin():
        store = RecordingStore(session)
        recording = await store.get(recording_id)
        file = _file(recording, folder)
        await store.log(recording_id, who, HEARD, detail, now)
    return recording, file


async def verify(
    sessions: Sessions, folder: RecordingFolder, recording_id: int, who: str, now: datetime
) -> Verified:
    """Counts the SHA-256 of the file anew. Raises RecordingNotFoundError and RecordingGoneError."""
    recording = await get_recording(sessions, recording_id)
    _require_here(recording, folder)
    digest = await asyncio.to_thread(folder.hash, recording.path)
    result = "missing" if digest is None else "ok" if digest == recording.sha256 else "changed"
    async with sessions() as session, session.begin():
        await RecordingStore(session).log(recording_id, who, VERIFIED, result, now)
    return Verified(id=recording.id, attempt_id=recording.attempt_id, result=result, sha256=digest or "")


async def delete(
    sessions: Sessions,
    folder: RecordingFolder,
    recording_id: int,
    who: str,
    why: str,
    now: datetime,
    *,
    if_match: Versions | None = None,
) -> Recording:
    """Deletes a file for good; the row stays, with the reason. Raises RecordingNotFoundError,
    RecordingGoneError, InvalidInputError and ChangedMeanwhileError.
    """
    reason = why.strip()
    if not reason or len(reason) > _MAX_REASON or not reason.isprintable():
        raise InvalidInputError(f"Say why, in 1 to {_MAX_REASON} printable characters on one line.")
    async with sessions() as session, session.begin():
        store = RecordingStore(session)
        recording = await store.get(recording_id, lock=True)
        check_version(recording, if_match)
        _require_here(recording, folder)
        recording.state, recording.deleted_why = "deleting", reason
        await store.log(recording_id, who, DELETED, reason, now)
    await delete_marked(sessions, folder, now)
    return await get_recording(sessions, recording_id)


async def export(
    sessions: Sessions, folder: RecordingFolder, chosen: RecordingFilter, to: Path, who: str, now: datetime
) -> list[Exported]:
    """Copies the files of recordings that are kept into a folder, each checked against its SHA-256.

    A file that is missing or changed raises RecordingGoneError. Raises OSError and UnknownClientError.
    """
    await asyncio.to_thread(to.mkdir, parents=True, exist_ok=True)
    return [
        await _export(sessions, folder, recording, to, who, now)
        for recording in await kept(sessions, folder, chosen)
    ]


def index_of(exported: Sequence[Exported]) -> bytes:
    """What was taken away, as JSON."""
    return msgspec.json.format(msgspec.json.encode(exported), indent=2)


async def kept(sessions: Sessions, folder: RecordingFolder, chosen: RecordingFilter) -> list[Recording]:
    """The recordings whose files this node keeps. Raises UnknownClientError."""
    found: list[Recording] = []
    after = 0
    while page := await list_recordings(sessions, chosen, after, _PAGE):
        found += [each for each in page if each.state == "kept" and each.node == folder.node]
        after = page[-1].id
    return found


async def _export(
    sessions: Sessions, folder: RecordingFolder, recording: Recording, to: Path, who: str, now: datetime
) -> Exported:
    checked = await asyncio.to_thread(folder.hash, recording.path)
    if checked != recording.sha256:
        wrong = "missing" if checked is None else "not what was kept"
        raise RecordingGoneError(
            f"The file of recording {recording.id} is {wrong}; restore it from a backup."
        )
    async with sessions() as session, session.begin():
        await RecordingStore(session).log(recording.id, who, EXPORTED, str(to), now)
    name = f"recording-{recording.id}.wav"
    await asyncio.to_thread(shutil.copyfile, folder.file(recording.path), to / name)
    return Exported(
        id=recording.id,
        attempt_id=recording.attempt_id,
        campaign_id=recording.campaign_id,
        file=name,
        started_at=recording.started_at,
        length_s=recording.length_s,
        sha256=recording.sha256,
        consent=recording.consent,
        pauses=recording.pauses,
    )


def _file(recording: Recording, folder: RecordingFolder) -> Path:
    _require_here(recording, folder)
    file = folder.file(recording.path)
    if not file.is_file():
        raise RecordingGoneError(
            f"The file of recording {recording.id} is missing; restore it from a backup."
        )
    return file


def _require_here(recording: Recording, folder: RecordingFolder) -> None:
    if recording.state != "kept":
        raise RecordingGoneError(f"Recording {recording.id} has no sound: {_WHY[recording.state]}.")
    if recording.node != folder.node or not folder.is_here:
        raise RecordingGoneError(f"Recording {recording.id} is on the node {recording.node}; ask there.")
