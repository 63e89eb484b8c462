"""What is announced, as streams of server-sent events; and what an agent sees of a call.

Each event is the envelope that the bus carries, under the message's type, and a stream can be resumed by
`Last-Event-ID`. It begins with what holds now; one that should go on, and cannot without a gap, begins with
the event `missed`: whoever listens reads again what it shows. It ends with the sign-in or the key that opened
it, with the first event after.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from campaigns import service as campaigns
from campaigns.lead_history import ScreenPop, screen_pop
from dialer.api.access import is_still_in
from dialer.api.own_floor import OwnShift, engine_of
from dialer.bus.messages import AgentCall, encode
from dialer.database import is_passing
from dialer.event_feed import EVERYTHING, EventFeed, Subject, Told
from dialer.recording_desk import NoConversation
from leads.routes.access import OwnClient, needs
from leads.routes.shared import LARGEST_ID, KnownQuery, SessionsOf
from leads.stores.shared import Sessions

router = APIRouter(tags=["events"], dependencies=[KnownQuery])

_AGAIN_AFTER_MS = 1000
_STREAM = ServerSentEvent(comment="dialer", retry=_AGAIN_AFTER_MS)
_MISSED = ServerSentEvent(event="missed", raw_data="{}")

LastEventId = Annotated[str, Header(max_length=100)]

log = structlog.get_logger("api")


def _feed(request: Request) -> EventFeed:
    feed: EventFeed = request.app.state.feed
    return feed


async def _subject(
    sessions: SessionsOf,
    own: OwnClient,
    campaign_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Subject:
    if campaign_id is None:
        return EVERYTHING if own is None else ("client", own)
    return "campaign", (await campaigns.get_campaign(sessions, campaign_id)).id


@router.get("/events", response_class=EventSourceResponse, dependencies=[needs("agents.supervise")])
async def events(
    request: Request, subject: Annotated[Subject, Depends(_subject)], last_event_id: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """What happens at this node to one's client, or in one campaign: its state, its figures, its calls."""
    with _feed(request).listen(subject, last_event_id) as listener:
        yield _STREAM
        if listener.missed:
            yield _MISSED
        async for told in listener:
            if not await is_still_in(request):
                return
            yield _event(told)


@router.get(
    "/agent-sessions/{session_id}/events",
    response_class=EventSourceResponse,
    dependencies=[needs("desk.work")],
)
async def session_events(
    request: Request,
    sessions: SessionsOf,
    session_id: OwnShift,
    last_event_id: LastEventId = "",
) -> AsyncIterator[ServerSentEvent]:
    """What happens to an agent on shift: their state, leads to look at, calls; it ends with the shift.

    With each call comes `screen-pop`: the lead, and what has been before. An agent who begins to listen in a
    call gets it at once.
    """
    agents = engine_of(request).floor.agents
    with _feed(request).listen(("agent", agents[session_id].agent), last_event_id) as listener:
        yield _STREAM
        if listener.missed:
            yield _MISSED
        try:
            if (attempt := agents[session_id].attempt) is not None:
                yield _popped(await _screen_pop(request, sessions, session_id, attempt))
            async for told in listener:
                if not await is_still_in(request):
                    return
                yield _event(told)
                if (agent := agents.get(session_id)) is None:
                    return
                if isinstance(told.message, AgentCall) and told.message.attempt_id == agent.attempt:
                    yield _popped(await _screen_pop(request, sessions, session_id, agent.attempt))
        except Exception as error:
            # The listener comes back in a second, and is told again.
            if not is_passing(error):
                raise
            log.warning("a stream ends, since the database is away", session=session_id)


@router.get("/agent-sessions/{session_id}/screen-pop", dependencies=[needs("desk.work")])
async def screen_pop_now(request: Request, sessions: SessionsOf, session_id: OwnShift) -> ScreenPop:
    """Whom the agent talks with, or wraps up, or who rings for them: the lead, and what has been before."""
    attempt = engine_of(request).agent(session_id).attempt
    if attempt is None:
        raise NoConversation("The agent has no call now; the next one is announced on the agent's events.")
    return await _screen_pop(request, sessions, session_id, attempt)


async def _screen_pop(request: Request, sessions: Sessions, session_id: int, attempt: int) -> ScreenPop:
    """With what another agent has noted just now, where one had the call before."""
    engine = engine_of(request)
    call = engine.floor.calls.get(attempt)
    if call is not None and call.handed_over:
        await engine.written()
    return await screen_pop(sessions, attempt, engine.agent(session_id).agent, engine.now())


def _event(told: Told) -> ServerSentEvent:
    payload = encode(told.message, id=told.id, time=told.time, seq=told.number)
    return ServerSentEvent(event=told.message.type_name, id=told.id, raw_data=payload.decode())


def _popped(pop: ScreenPop) -> ServerSentEvent:
    return ServerSentEvent(event="screen-pop", raw_data=msgspec.json.encode(pop).decode())
