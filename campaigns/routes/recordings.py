"""Recordings over HTTP: found, heard with ranges, checked and deleted. Errors pass through to the API."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict

from campaigns.recordings import library
from campaigns.recordings.library import Verified
from campaigns.routes.shared import RecordingsOf
from campaigns.stores.recordings import RecordingFilter
from leads.routes.access import Who, access_of, needs
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["recordings"])

_RANGE = re.compile(r"bytes=([0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})")
WHOLE, UNCHANGED = "whole", "nothing, unchanged"
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


Some = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]


class PauseOut(BaseModel):
    """A stretch in which nothing was recorded: silence in the file, in seconds of it."""

    from_s: float
    to_s: float


class RecordingOut(BaseModel):
    """What became of the recording of a call; the channels are the agent's (left) and the customer's."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    attempt_id: int
    campaign_id: int
    client_id: int
    node: str
    state: str
    reason: str
    consent: str
    consent_at: datetime | None
    consent_agent_id: int | None
    consent_laws: list[str]
    started_at: datetime | None
    length_s: float
    bytes: int
    sha256: str
    pauses: list[PauseOut]
    failure: str
    delete_after: datetime | None
    deleted_at: datetime | None
    deleted_why: str


class AccessOut(BaseModel):
    """Somebody heard, took away, checked or deleted a recording."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    who: str
    what: str
    detail: str


@router.get("/recordings", dependencies=[needs("recordings.read")])
async def list_recordings(
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64)] = None,
    campaign_id: Some = None,
    attempt_id: Some = None,
    state: Annotated[str | None, Query(max_length=10)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[RecordingOut]:
    """Recordings by client, campaign or call, a page at a time."""
    chosen = RecordingFilter(client, campaign_id, attempt_id, state)
    found = await library.list_recordings(sessions, chosen, after, limit)
    items = [RecordingOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get("/recordings/{recording_id}", responses=HAS_ETAG, dependencies=[needs("recordings.read")])
async def get_recording(response: Response, sessions: SessionsOf, recording_id: Id) -> RecordingOut:
    """One recording."""
    found = await library.get_recording(sessions, recording_id)
    tag(response, found)
    return RecordingOut.model_validate(found)


@router.get(
    "/recordings/{recording_id}/audio", response_class=FileResponse, dependencies=[needs("recordings.listen")]
)
async def hear_recording(
    request: Request, folder: RecordingsOf, now: Now, who: Who, recording_id: Id
) -> Response:
    """The sound: a stereo WAV file, whole or in one range. Each hearing is logged before a byte leaves."""
    sessions = access_of(request).own_rows(request, request.app.state.sessions)
    etag = f'"{(await library.get_recording(sessions, recording_id)).sha256}"'
    served = _served(request, etag)
    recording, file = await library.listen(sessions, folder, recording_id, who, served, now)
    headers = {"ETag": etag, "Cache-Control": "private, no-store"}
    if served == UNCHANGED:
        return Response(status_code=304, headers=headers)
    name = f"recording-{recording.id}.wav"
    return _Sound(served, file, media_type="audio/wav", headers=headers, filename=name)


def _served(request: Request, etag: str) -> str:
    """Which bytes are served: one range of this very file where that is asked for, or all (RFC 9110)."""
    if etag in request.headers.get("If-None-Match", ""):
        return UNCHANGED
    asked = request.headers.get("Range", "")
    same = request.headers.get("If-Range", etag) == etag
    return asked if same and _RANGE.fullmatch(asked) else WHOLE


class _Sound(FileResponse):
    """A file of which exactly those bytes leave that were said to, whatever the request's headers are."""

    def __init__(self, served: str, file: Path, **more: Any) -> None:
        super().__init__(file, **more)
        self._range = [] if served == WHOLE else [(b"range", served.encode())]

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answers a request."""
        others = [each for each in scope["headers"] if each[0] not in (b"range", b"if-range")]
        await super().__call__({**scope, "headers": others + self._range}, receive, send)


@router.get("/recordings/{recording_id}/accesses", dependencies=[needs("recordings.read")])
async def list_accesses(sessions: SessionsOf, recording_id: Id) -> list[AccessOut]:
    """Who heard, took away, checked or deleted it, and when."""
    found = await library.list_accesses(sessions, recording_id)
    return [AccessOut.model_validate(each) for each in found]


@router.post("/recordings/{recording_id}/verify", dependencies=[needs("recordings.listen")])
async def verify_recording(
    sessions: SessionsOf, folder: RecordingsOf, now: Now, who: Who, recording_id: Id
) -> Verified:
    """Count the SHA-256 of the file anew: ok, changed or missing."""
    return await library.verify(sessions, folder, recording_id, who, now)


@router.delete(
    "/recordings/{recording_id}", responses=TAKES_IF_MATCH, dependencies=[needs("recordings.delete")]
)
async def delete_recording(
    sessions: SessionsOf,
    folder: RecordingsOf,
    now: Now,
    who: Who,
    recording_id: Id,
    reason: Annotated[str, Query(min_length=1, max_length=200)],
    if_match: IfMatch,
) -> RecordingOut:
    """Delete the file for good; the row stays, with the reason."""
    deleted = await library.delete(sessions, folder, recording_id, who, reason, now, if_match=if_match)
    return RecordingOut.model_validate(deleted)
