"""What an agent's desktop does: shifts, pauses, previews, dispositions, hanging up."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from campaigns import service as campaigns
from campaigns.errors import CampaignWithoutAgentsError
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.live import LiveStore
from dialer.api.own_floor import (
    OwnShift,
    PathId,
    engine_of,
    is_own_call,
    require_own_agent,
    require_own_attempt,
)
from dialer.api.sessions import AgentSession, lead_of, session_of
from leads.routes.access import access_of, needs
from leads.routes.shared import KnownQuery
from leads.viewing import LeadView

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Reason = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")]


class LogIn(BaseModel):
    """Who begins a shift, and for which campaigns."""

    agent_id: Id
    campaign_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class Pause(BaseModel):
    """Why the agent pauses."""

    reason: Reason


class Skip(BaseModel):
    """Why the agent does not call this lead now."""

    reason: Reason | None = None


class Disposition(BaseModel):
    """How a call went."""

    disposition: Annotated[str, Field(min_length=1, max_length=20)]
    notes: Annotated[str, Field(max_length=4000)] = ""


class Dispositioned(BaseModel):
    """The disposition that holds now; an opt-out is never replaced."""

    attempt_id: int
    disposition: str


@router.post("/agent-sessions", status_code=201)
async def log_in(request: Request, wanted: LogIn) -> AgentSession:
    """Begin a shift: the agent's softphone is called, and calls follow once it has answered."""
    engine = engine_of(request)
    require_own_agent(request, wanted.agent_id)
    async with access_of(request).own_rows(request, engine.sessions)() as session, session.begin():
        agents, store = AgentStore(session), CampaignStore(session)
        agent = await agents.get(wanted.agent_id)
        engine.softphones.require_address(agent)
        for campaign_id in wanted.campaign_ids:
            if not settings_of(await store.get(campaign_id)).takes_agents:
                raise CampaignWithoutAgentsError(
                    f"Campaign {campaign_id} is agentless and has no calls for agents; leave it out."
                )
        shift_id = await agents.open_session(agent.id, wanted.campaign_ids, "unavailable", engine.now())
        (shift,) = await LiveStore(session).open_shifts(shift_id)
    engine.log_in(shift)
    return await session_of(request, shift_id)


@router.get("/agent-sessions/{session_id}")
async def session_now(request: Request, session_id: OwnShift) -> AgentSession:
    """What the agent is doing."""
    return await session_of(request, session_id)


@router.get("/agent-sessions/{session_id}/lead")
async def lead_on_line(request: Request, session_id: OwnShift) -> LeadView:
    """The lead whom the agent looks at, talks with, or wraps up; 409 where there is none."""
    return await lead_of(request, session_id)


@router.post("/agent-sessions/{session_id}/ready")
async def ready(request: Request, session_id: OwnShift) -> AgentSession:
    """Take calls again, or end the wrap-up."""
    engine = engine_of(request)
    engine.ready(session_id)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/pause")
async def pause(request: Request, session_id: OwnShift, why: Pause) -> AgentSession:
    """Take no more calls, after the present one."""
    engine = engine_of(request)
    engine.pause(session_id, why.reason)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/preview/dial")
async def dial_preview(request: Request, session_id: OwnShift) -> AgentSession:
    """Dial the lead that the agent looks at; whoever answers is connected with this agent.

    Where compliance does not allow the call any more, the agent is told so (409, preview-denied) and gets
    another lead. 503 (cannot-dial-now): the agent keeps the lead, and asks again.
    """
    engine = engine_of(request)
    engine.agent(session_id)
    await engine.preview_desk.dial(session_id)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/preview/skip")
async def skip_preview(request: Request, session_id: OwnShift, why: Skip | None = None) -> AgentSession:
    """Let the lead go by that the agent looks at: it comes again later, and the agent gets another one."""
    engine = engine_of(request)
    engine.agent(session_id)
    engine.preview_desk.skip(session_id, (why.reason if why else None) or "")
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/end", status_code=204)
async def log_out(request: Request, session_id: OwnShift) -> None:
    """End the shift; a call that is up is hung up."""
    engine = engine_of(request)
    engine.log_out(session_id)
    await engine.written()


@router.post("/attempts/{attempt_id}/disposition")
async def set_disposition(request: Request, attempt_id: PathId, given: Disposition) -> Dispositioned:
    """Say how a call went; that ends the wrap-up."""
    engine = engine_of(request)
    sessions = access_of(request).own_rows(request, engine.sessions)
    await engine.written()
    await require_own_attempt(request, sessions, attempt_id)
    code = await campaigns.set_disposition(sessions, attempt_id, given.disposition, given.notes, engine.now())
    async with sessions() as session:
        attempt = await AttemptStore(session).get_attempt(attempt_id)
    engine.dispositioned(attempt, code)
    return Dispositioned(attempt_id=attempt_id, disposition=code)


@router.post("/attempts/{attempt_id}/hangup", status_code=202)
async def hang_up(request: Request, attempt_id: PathId) -> None:
    """End a call that is up; nothing happens where it is over. 503 (switch-not-told): ask again."""
    if is_own_call(request, attempt_id):
        engine_of(request).hang_up(attempt_id)
