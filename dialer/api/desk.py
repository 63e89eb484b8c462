"""What an agent's desktop does: shifts, pauses, dispositions, hanging up."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from campaigns import service as campaigns
from campaigns.core.campaign import AGENTLESS
from campaigns.errors import CampaignWithoutAgentsError
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.live import LiveStore
from dialer.engine import Engine
from leads.routes.shared import KnownQuery

router = APIRouter(tags=["agents"], dependencies=[KnownQuery])

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Reason = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")]


class LogIn(BaseModel):
    """Who begins a shift, and for which campaigns."""

    agent_id: Id
    campaign_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class AgentSession(BaseModel):
    """A shift that goes on."""

    id: int
    agent_id: int
    campaign_ids: list[int]
    state: str
    reason: str
    since: datetime


class Pause(BaseModel):
    """Why the agent pauses."""

    reason: Reason


class Disposition(BaseModel):
    """How a call went."""

    disposition: Annotated[str, Field(min_length=1, max_length=20)]
    notes: Annotated[str, Field(max_length=4000)] = ""


class Dispositioned(BaseModel):
    """The disposition that holds now; an opt-out is never replaced."""

    attempt_id: int
    disposition: str


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


@router.post("/agent-sessions", status_code=201)
async def log_in(request: Request, wanted: LogIn) -> AgentSession:
    """Begin a shift: the agent's softphone is called, and calls follow once it has answered."""
    engine = _engine(request)
    async with engine.sessions() as session, session.begin():
        agents, store = AgentStore(session), CampaignStore(session)
        agent = await agents.get(wanted.agent_id)
        for campaign_id in wanted.campaign_ids:
            if (await store.get(campaign_id)).dial_mode == AGENTLESS:
                raise CampaignWithoutAgentsError(
                    f"Campaign {campaign_id} is agentless and has no calls for agents; leave it out."
                )
        shift_id = await agents.open_session(agent.id, wanted.campaign_ids, "unavailable", engine.now())
        (shift,) = await LiveStore(session).open_shifts(shift_id)
    engine.log_in(shift_id, agent.id, shift.client_slug, agent.sip_uri, wanted.campaign_ids)
    return _session_now(engine, shift_id)


@router.get("/agent-sessions/{session_id}")
async def session_now(request: Request, session_id: PathId) -> AgentSession:
    """What the agent is doing."""
    return _session_now(_engine(request), session_id)


@router.post("/agent-sessions/{session_id}/ready")
async def ready(request: Request, session_id: PathId) -> AgentSession:
    """Take calls again, or end the wrap-up."""
    engine = _engine(request)
    engine.ready(session_id)
    return _session_now(engine, session_id)


@router.post("/agent-sessions/{session_id}/pause")
async def pause(request: Request, session_id: PathId, why: Pause) -> AgentSession:
    """Take no more calls, after the present one."""
    engine = _engine(request)
    engine.pause(session_id, why.reason)
    return _session_now(engine, session_id)


@router.post("/agent-sessions/{session_id}/end", status_code=204)
async def log_out(request: Request, session_id: PathId) -> None:
    """End the shift; a call that is up is hung up."""
    engine = _engine(request)
    engine.log_out(session_id)
    await engine.written()


@router.post("/attempts/{attempt_id}/disposition")
async def set_disposition(request: Request, attempt_id: PathId, given: Disposition) -> Dispositioned:
    """Say how a call went; that ends the wrap-up."""
    engine = _engine(request)
    await engine.written()
    code = await campaigns.set_disposition(
        engine.sessions, attempt_id, given.disposition, given.notes, engine.now()
    )
    async with engine.sessions() as session:
        attempt = await AttemptStore(session).get_attempt(attempt_id)
    engine.dispositioned(attempt, code)
    return Dispositioned(attempt_id=attempt_id, disposition=code)


@router.post("/attempts/{attempt_id}/hangup", status_code=202)
async def hang_up(request: Request, attempt_id: PathId) -> None:
    """End a call that is up; nothing happens where it is over."""
    _engine(request).hang_up(attempt_id)


def _session_now(engine: Engine, session_id: int) -> AgentSession:
    agent = engine.agent(session_id)
    return AgentSession(
        id=session_id,
        agent_id=agent.agent,
        campaign_ids=sorted(agent.campaigns),
        state=agent.state.value,
        reason=agent.reason,
        since=engine.instant(agent.since),
    )
