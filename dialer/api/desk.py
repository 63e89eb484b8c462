"""What an agent's desktop does: shifts, pauses, previews, dispositions, hanging up."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from campaigns import agents, corrections
from campaigns import service as campaigns
from campaigns.promises import CallbackWish
from campaigns.stores.agents import AgentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.live import LiveStore
from dialer.access.core.roles import Permission
from dialer.api.access import actor_of
from dialer.api.own_floor import (
    OwnShift,
    PathId,
    called_in,
    engine_of,
    is_own_call,
    require_own_agent,
    require_own_attempt,
)
from dialer.api.sessions import AgentSession, lead_of, session_of
from dialer.engine import Engine
from leads.routes.access import access_of, needs
from leads.routes.shared import KnownQuery
from leads.routes.versions import tag
from leads.stores.shared import Sessions
from leads.viewing import LeadView

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Code = Annotated[str, Field(min_length=1, max_length=20)]
Notes = Annotated[str, Field(max_length=4000)]
Reason = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")]


class LogIn(BaseModel):
    """Who begins a shift, and for which campaigns."""

    agent_id: Id
    campaign_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    take_over: bool = Field(
        False,
        description="End the shift that the agent has under way elsewhere, with its call.",
    )


class Pause(BaseModel):
    """Why the agent pauses."""

    reason: Reason


class Skip(BaseModel):
    """Why the agent does not call this lead now."""

    reason: Reason | None = None


class Number(BaseModel):
    """Which of the lead's numbers is dialed; null: the next."""

    phone_id: Id | None = None


class PromisedCallback(BaseModel):
    """For when the person asks to be called back: without an offset, on the lead's own clock.

    `zone` says on which, where the lead may be in several. `mine`: by the agent of this call; else by anyone.
    """

    at: datetime
    zone: Annotated[str, Field(max_length=64)] = ""
    mine: bool = True
    phone: Annotated[str, Field(max_length=20, description="One of the lead's; else that of the call.")] = ""


class SoldIn(BaseModel):
    """One product that was sold; `amount` is that of all pieces together, in the campaign's currency."""

    product: Annotated[str, Field(max_length=100)] = ""
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    amount: Annotated[str, Field(max_length=20, description='As in "19.90"; never rounded.')]

    def line(self) -> dict[str, object]:
        """As `campaigns.core.sales.parse_sale` takes it."""
        return self.model_dump()


class Disposition(BaseModel):
    """How a call went: a code of the campaign, or an alias of one.

    A `callback` goes with dispositions that ask for one, and has the notes, too; a `sale` with conversions.
    422 (disposition-incomplete) says in `missing` what the campaign asks for besides.
    """

    disposition: Code
    notes: Notes = ""
    sale: Annotated[list[SoldIn] | None, Field(max_length=50)] = None
    callback: PromisedCallback | None = None


class Dispositioned(BaseModel):
    """The disposition that holds now; an opt-out is never replaced."""

    attempt_id: int
    disposition: str


@router.post("/agent-sessions", status_code=201)
async def log_in(request: Request, wanted: LogIn) -> AgentSession:
    """Begin a shift: the agent's softphone is called, and calls follow once it has answered.

    An agent who is logged in already gets 409 (agent-logged-in), with that shift's number as `session_id`.
    """
    engine = engine_of(request)
    require_own_agent(request, wanted.agent_id)
    own_rows = access_of(request).own_rows(request, engine.sessions)
    if wanted.take_over:
        await _end_other_shift(engine, own_rows, wanted)
    async with own_rows() as session, session.begin():
        store = AgentStore(session)
        agent = await store.get(wanted.agent_id)
        engine.softphones.require_address(agent)
        await agents.admit(session, agent, wanted.campaign_ids)
        shift_id = await store.open_session(agent.id, wanted.campaign_ids, "unavailable", engine.now())
        (shift,) = await LiveStore(session).open_shifts(shift_id)
    engine.log_in(shift)
    return await session_of(request, shift_id)


async def _end_other_shift(engine: Engine, own_rows: Sessions, wanted: LogIn) -> None:
    """Ends the shift that the agent has under way, unless the new one would be refused."""
    async with own_rows() as session:
        store = AgentStore(session)
        await agents.admit(session, await store.get(wanted.agent_id), wanted.campaign_ids)
        shift_id = await store.open_session_of(wanted.agent_id)
    if shift_id in engine.floor.agents:
        engine.log_out(shift_id, "taken_over")
        await engine.written()


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
    """Take no more calls, after the present one; `reason` is one of the client's `pause-reasons`."""
    engine = engine_of(request)
    await agents.check_pause_reason(request.app.state.readings, engine.agent(session_id).agent, why.reason)
    engine.pause(session_id, why.reason)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/wrap-up/extend")
async def extend_wrap_up(request: Request, session_id: OwnShift) -> AgentSession:
    """Take more time for the wrap-up, by the campaign's wrap_up_extension_s, once."""
    engine = engine_of(request)
    engine.extend_wrap_up(session_id)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/preview/dial")
async def dial_preview(request: Request, session_id: OwnShift, where: Number | None = None) -> AgentSession:
    """Dial the lead that the agent looks at; whoever answers is connected with this agent.

    `phone_id`: at another of its numbers; where compliance does not allow that (409, call-denied), the agent
    keeps the lead.

    Where compliance does not allow the call any more, the agent is told so (409, preview-denied) and gets
    another lead. 503 (cannot-dial-now): the agent keeps the lead, and asks again.
    """
    engine = engine_of(request)
    engine.agent(session_id)
    await engine.preview_desk.dial(session_id, where.phone_id if where else None)
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
async def set_disposition(
    request: Request, response: Response, attempt_id: PathId, given: Disposition
) -> Dispositioned:
    """Say how a call went; that ends the wrap-up. Nothing is recorded if its callback cannot be promised.

    The ETag is for a correction.
    """
    engine = engine_of(request)
    sessions = access_of(request).own_rows(request, engine.sessions)
    await engine.written()
    await require_own_attempt(request, sessions, attempt_id)
    code = await campaigns.set_disposition(
        sessions,
        attempt_id,
        given.disposition,
        given.notes,
        engine.now(),
        rules=request.app.state.rules,
        wish=await wish_of(sessions, attempt_id, given.callback, given.notes),
        sale=None if given.sale is None else [each.line() for each in given.sale],
        who=access_of(request).name(request),
        limited=not actor_of(request).may(Permission.AGENTS_SUPERVISE),
    )
    record = await corrections.look_up(sessions, attempt_id)
    engine.dispositioned(record.attempt, code)
    tag(response, record.content)
    return Dispositioned(attempt_id=attempt_id, disposition=code)


async def wish_of(
    sessions: Sessions, attempt_id: int, promised: PromisedCallback | None, notes: str
) -> CallbackWish | None:
    """The callback that is asked for, of the agent of the call or of anyone."""
    if promised is None:
        return None
    owner = None
    if promised.mine:
        async with sessions() as session:
            owner = (await AttemptStore(session).read_attempt(attempt_id)).agent_id
    return CallbackWish(promised.at, promised.zone, owner, notes, promised.phone)


@router.post("/attempts/{attempt_id}/hangup", status_code=202)
async def hang_up(request: Request, attempt_id: PathId) -> None:
    """End a call that is up; nothing happens where it is over. 503 (switch-not-told): ask again.

    An agent who was called into it leaves it, and the others go on.
    """
    engine = engine_of(request)
    if (guest := called_in(request, attempt_id)) is not None:
        engine.conversations.wish(lambda at: engine.floor.conversations.leave(guest, attempt_id, at))
    elif is_own_call(request, attempt_id):
        engine.hang_up(attempt_id)
