"""What agents do with the recording of their conversation: start, stop, pause for card numbers, consent."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from dialer.api.desk import PathId
from dialer.engine import Engine
from dialer.recording_desk import RecordingNow
from leads.routes.shared import KnownQuery

router = APIRouter(
    prefix="/agent-sessions/{session_id}/recording", tags=["agents"], dependencies=[KnownQuery]
)


class Consent(BaseModel):
    """Whether the person agrees to being recorded."""

    agreed: bool


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


@router.get("")
async def recording_now(request: Request, session_id: PathId) -> RecordingNow:
    """How the recording of the agent's present conversation stands, and whether consent has to be asked."""
    return _engine(request).recordings.now(session_id)


@router.post("/start")
async def start(request: Request, session_id: PathId) -> RecordingNow:
    """Record from now on; 409 where the campaign records nothing, or the person has to agree first."""
    engine = _engine(request)
    engine.recordings.start(session_id)
    return engine.recordings.now(session_id)


@router.post("/stop")
async def stop(request: Request, session_id: PathId) -> RecordingNow:
    """Record no more of this conversation; what was recorded is kept. Not where the campaign records all."""
    engine = _engine(request)
    engine.recordings.stop(session_id)
    return engine.recordings.now(session_id)


@router.post("/pause")
async def pause(request: Request, session_id: PathId) -> RecordingNow:
    """Let nothing of what is said reach the disk, as while a card number is read out."""
    engine = _engine(request)
    engine.recordings.pause(session_id, paused=True)
    return engine.recordings.now(session_id)


@router.post("/resume")
async def resume(request: Request, session_id: PathId) -> RecordingNow:
    """Go on after a pause."""
    engine = _engine(request)
    engine.recordings.pause(session_id, paused=False)
    return engine.recordings.now(session_id)


@router.post("/consent")
async def consent(request: Request, session_id: PathId, said: Consent) -> RecordingNow:
    """What the person said; it is on record when this answers. After a no, what was recorded is deleted."""
    engine = _engine(request)
    try:
        engine.recordings.consent(session_id, agreed=said.agreed)
        now = engine.recordings.now(session_id)
    finally:
        await engine.written()
    return now
