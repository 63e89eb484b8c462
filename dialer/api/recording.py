"""What agents do with the recording of their conversation: start, stop, pause for card numbers, consent."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from dialer.api.own_floor import OwnShift, engine_of
from dialer.recording_desk import RecordingNow
from leads.routes.access import needs
from leads.routes.shared import KnownQuery

router = APIRouter(
    prefix="/agent-sessions/{session_id}/recording",
    tags=["agents"],
    dependencies=[KnownQuery, needs("desk.work")],
)


class Consent(BaseModel):
    """Whether the person agrees to being recorded."""

    agreed: bool


@router.get("")
async def recording_now(request: Request, session_id: OwnShift) -> RecordingNow:
    """How the recording of the agent's present conversation stands, and whether consent has to be asked."""
    return engine_of(request).recordings.now(session_id)


@router.post("/start")
async def start(request: Request, session_id: OwnShift) -> RecordingNow:
    """Record from now on; 409 where the campaign records nothing, or the person has to agree first."""
    engine = engine_of(request)
    engine.recordings.start(session_id)
    return engine.recordings.now(session_id)


@router.post("/stop")
async def stop(request: Request, session_id: OwnShift) -> RecordingNow:
    """Record no more of this conversation; what was recorded is kept. Not where the campaign records all."""
    engine = engine_of(request)
    engine.recordings.stop(session_id)
    return engine.recordings.now(session_id)


@router.post("/pause")
async def pause(request: Request, session_id: OwnShift) -> RecordingNow:
    """Let nothing of what is said reach the disk, as while a card number is read out."""
    engine = engine_of(request)
    engine.recordings.pause(session_id, paused=True)
    return engine.recordings.now(session_id)


@router.post("/resume")
async def resume(request: Request, session_id: OwnShift) -> RecordingNow:
    """Go on after a pause."""
    engine = engine_of(request)
    engine.recordings.pause(session_id, paused=False)
    return engine.recordings.now(session_id)


@router.post("/consent")
async def consent(request: Request, session_id: OwnShift, said: Consent) -> RecordingNow:
    """What the person said; it is on record when this answers. After a no, what was recorded is deleted."""
    engine = engine_of(request)
    try:
        engine.recordings.consent(session_id, agreed=said.agreed)
        now = engine.recordings.now(session_id)
    finally:
        await engine.written()
    return now
