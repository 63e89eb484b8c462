"""What agents and supervisors do on a call: hold, consult, hand over, park, listen, whisper, take over."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, model_validator

from campaigns.errors import AttemptNotFoundError
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.conversations import ConversationStore
from dialer.api.desk import Id
from dialer.api.own_floor import (
    OwnShift,
    PathId,
    engine_of,
    is_of_own_client,
    own_shift,
    require_own_attempt,
)
from dialer.api.sessions import AgentSession, session_of
from dialer.core.conversation import Mode
from dialer.core.effects import Effect
from dialer.core.floor_conversations import FloorConversations
from dialer.records import instant
from leads.core.phone import ParsedPhone, parse_phone
from leads.routes.access import Who, access_of, needs
from leads.routes.shared import KnownQuery

router = APIRouter(tags=["conversations"], dependencies=[KnownQuery, needs("desk.work")])
supervisors = APIRouter(tags=["supervisors"], dependencies=[KnownQuery, needs("agents.supervise")])

Number = Annotated[str, Field(max_length=40, pattern=r"^\+[0-9 ()./-]+$", examples=["+12025550177"])]
SipUri = Annotated[str, Field(max_length=255, pattern=r"^sips?:[^\s<>@]+@[^\s<>]+$")]
Notes = Annotated[str, Field(max_length=4000)]
Wish = Callable[[FloorConversations, float], list[Effect]]
"""What is asked of the floor, and when."""
MODES = {"listen": Mode.LISTENS, "whisper": Mode.WHISPERS, "barge": Mode.TALKS}


class Keys(BaseModel):
    """Keys to be pressed for the far end; they are neither stored nor logged."""

    digits: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[0-9*#A-D]+$")]


class Remark(BaseModel):
    """What the next agent should know."""

    notes: Notes = ""


class _To(BaseModel):
    number: Number | None = None
    """Somebody outside; with the country's code."""
    agent_id: Id | None = None
    notes: Notes = ""


class Consultation(_To):
    """Who is called for the agent: a number, or another agent of the campaign."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.number is None) == (self.agent_id is None):
            raise ValueError("give either number or agent_id")
        return self


class Transfer(_To):
    """Who gets the customer: a number, an agent, whoever of these agents is free, or whoever at all is."""

    agent_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    anyone: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [self.number is not None, self.agent_id is not None, self.agent_ids is not None, self.anyone]
        if sum(given) != 1:
            raise ValueError("give one of number, agent_id, agent_ids and anyone")
        return self


class HandUp(Remark):
    """The level of agents that gets the call; `attended`: after the two agents have talked."""

    tier: Annotated[str, Field(min_length=1, max_length=40)]
    attended: bool = False


class SupervisorMode(BaseModel):
    """How a supervisor takes part."""

    mode: Literal["listen", "whisper", "barge"]


class Supervision(SupervisorMode):
    """Who supervises: whoever answers at a SIP address, or an agent who is logged in and free."""

    sip_uri: SipUri | None = None
    agent_id: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sip_uri is None) == (self.agent_id is None):
            raise ValueError("give either sip_uri or agent_id")
        return self


class Written(BaseModel):
    """What an agent is told."""

    text: Annotated[str, Field(min_length=1, max_length=500)]


class Taker(BaseModel):
    """Who takes a parked call."""

    session_id: Id


class ParkedCall(BaseModel):
    """A call whose customer hears music until somebody takes it."""

    attempt_id: int
    campaign_id: int
    lead_id: int
    parked_by_session_id: int
    since: datetime
    until: datetime
    """When it is offered to who parked it, or else to the next who is free."""


class Step(BaseModel):
    """What was done with a call."""

    at: datetime
    kind: str
    agent_id: int | None
    to_agent_id: int | None
    guest_id: int | None
    notes: str


def _floor(request: Request) -> FloorConversations:
    return engine_of(request).floor.conversations


async def _wish(request: Request, session_id: int, wished: Wish) -> AgentSession:
    """Has the floor do what is wished, which calls nobody, and says how the shift is then."""
    engine_of(request).conversations.wish(lambda at: wished(_floor(request), at))
    return await session_of(request, session_id)


# --- with the customer ----------------------------------------------------------------------------


@router.post("/agent-sessions/{session_id}/hold")
async def hold(request: Request, session_id: OwnShift) -> AgentSession:
    """Music for the customer, who hears nobody and is heard by nobody; nothing is recorded meanwhile."""
    return await _wish(request, session_id, lambda floor, at: floor.hold(session_id, at))


@router.post("/agent-sessions/{session_id}/resume")
async def resume(request: Request, session_id: OwnShift) -> AgentSession:
    """Back to the customer; somebody who is consulted is on hold meanwhile."""
    return await _wish(request, session_id, lambda floor, at: floor.resume(session_id, at))


@router.post("/agent-sessions/{session_id}/mute")
async def mute(request: Request, session_id: OwnShift) -> AgentSession:
    """The agent hears and is not heard."""
    return await _wish(request, session_id, lambda floor, at: floor.mute(session_id, at))


@router.post("/agent-sessions/{session_id}/unmute")
async def unmute(request: Request, session_id: OwnShift) -> AgentSession:
    """The agent is heard again."""
    return await _wish(request, session_id, lambda floor, at: floor.unmute(session_id, at))


@router.post("/agent-sessions/{session_id}/dtmf", status_code=202)
async def press_keys(request: Request, session_id: OwnShift, keys: Keys) -> None:
    """Press keys for whom the agent talks with, as for another company's menu."""
    engine_of(request).conversations.wish(lambda _: _floor(request).press(session_id, keys.digits))


# --- with others ----------------------------------------------------------------------------------


@router.post("/agent-sessions/{session_id}/consult")
async def consult(request: Request, session_id: OwnShift, who: Consultation) -> AgentSession:
    """Talk with somebody else first, while the customer is on hold."""
    desk = engine_of(request).conversations
    if who.number is not None:
        await desk.consult(session_id, _plain(who.number), who.notes)
    elif who.agent_id is not None:
        await desk.consult_agent(session_id, who.agent_id, who.notes)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/consult/join")
async def join(request: Request, session_id: OwnShift) -> AgentSession:
    """All three hear each other."""
    return await _wish(request, session_id, lambda floor, at: floor.join(session_id, at))


@router.post("/agent-sessions/{session_id}/consult/complete")
async def complete(request: Request, session_id: OwnShift, said: Remark | None = None) -> AgentSession:
    """Hand the customer over to who is consulted, or as soon as they answer."""
    notes = said.notes if said else ""
    return await _wish(request, session_id, lambda floor, at: floor.complete(session_id, at, notes))


@router.post("/agent-sessions/{session_id}/consult/end")
async def end_consultation(request: Request, session_id: OwnShift) -> AgentSession:
    """Go back to the customer alone."""
    return await _wish(request, session_id, lambda floor, at: floor.end_consultation(session_id, at))


@router.post("/agent-sessions/{session_id}/transfer")
async def transfer(request: Request, session_id: OwnShift, to: Transfer) -> AgentSession:
    """Give the customer away without talking first.

    A number is called while the customer hears music; where nobody answers, the agent has the customer back.
    """
    desk = engine_of(request).conversations
    if to.number is not None:
        await desk.consult(session_id, _plain(to.number), to.notes, takes_over=True)
    else:
        chosen = [to.agent_id] if to.agent_id is not None else to.agent_ids
        desk.hand_over(session_id, chosen, to.notes)
    return await session_of(request, session_id)


@router.post("/agent-sessions/{session_id}/hand-up")
async def hand_up(request: Request, session_id: OwnShift, to: HandUp) -> AgentSession:
    """Give the call to whoever of a level has waited longest; 409 (agent-not-free) where nobody is free.

    Attended, they are consulted first, and get the customer with `consult/complete`.
    """
    desk = engine_of(request).conversations
    await desk.hand_up(session_id, to.tier, to.notes, attended=to.attended)
    return await session_of(request, session_id)


# --- parking --------------------------------------------------------------------------------------


@router.post("/agent-sessions/{session_id}/park")
async def park(request: Request, session_id: OwnShift, said: Remark | None = None) -> AgentSession:
    """Music for the customer until any agent of the campaign takes the call; the agent is free at once."""
    notes = said.notes if said else ""
    return await _wish(request, session_id, lambda floor, at: floor.park(session_id, at, notes))


@router.get("/parked-calls")
async def parked_calls(request: Request) -> list[ParkedCall]:
    """The calls that are parked on this node, the longest parked first."""
    mine = [call for call in _floor(request).parked() if is_of_own_client(request, call.attempt)]
    found = [(call, call.conversation.parked) for call in mine if call.conversation]
    parked = [
        ParkedCall(
            attempt_id=call.attempt,
            campaign_id=call.campaign,
            lead_id=call.lead,
            parked_by_session_id=each.session,
            since=instant(each.at),
            until=instant(each.until),
        )
        for call, each in found
        if each is not None
    ]
    return sorted(parked, key=lambda each: each.since)


@router.post("/parked-calls/{attempt_id}/take")
async def take(request: Request, attempt_id: PathId, taker: Taker) -> AgentSession:
    """Connect a parked customer with this agent, who is free."""
    session_id = await own_shift(request, taker.session_id)
    if not is_of_own_client(request, attempt_id):
        raise AttemptNotFoundError(f"There is no attempt {attempt_id}.")
    return await _wish(request, session_id, lambda floor, at: floor.take(session_id, attempt_id, at))


@router.get("/attempts/{attempt_id}/steps")
async def steps(request: Request, attempt_id: PathId) -> list[Step]:
    """All that agents and supervisors did with a call, in order, with their notes."""
    readings = access_of(request).own_rows(request, request.app.state.readings)
    await require_own_attempt(request, readings, attempt_id, as_guest=True)
    async with readings() as session:
        await AttemptStore(session).read_attempt(attempt_id)
        found = await ConversationStore(session).steps(attempt_id)
        return [Step.model_validate(each, from_attributes=True) for each in found]


# --- supervisors ----------------------------------------------------------------------------------


@supervisors.post("/agent-sessions/{session_id}/supervise")
async def supervise(request: Request, session_id: OwnShift, wanted: Supervision, who: Who) -> AgentSession:
    """Listen to an agent's conversation, whisper to the agent alone, or talk with both."""
    desk, mode = engine_of(request).conversations, MODES[wanted.mode]
    if wanted.sip_uri is not None:
        await desk.supervise(session_id, mode, wanted.sip_uri, who)
    elif wanted.agent_id is not None:
        await desk.supervise_from(session_id, mode, wanted.agent_id, who)
    return await session_of(request, session_id)


@supervisors.post("/agent-sessions/{session_id}/supervise/mode")
async def supervise_as(
    request: Request, session_id: OwnShift, wanted: SupervisorMode, who: Who
) -> AgentSession:
    """Listen, whisper or talk from now on."""
    mode = MODES[wanted.mode]
    return await _wish(request, session_id, lambda floor, at: floor.supervise_as(session_id, mode, at, who))


@supervisors.post("/agent-sessions/{session_id}/supervise/take-over")
async def take_over(request: Request, session_id: OwnShift, who: Who) -> AgentSession:
    """The supervisor, who is logged in, has the customer; the agent is free at once."""
    return await _wish(request, session_id, lambda floor, at: floor.take_over(session_id, at, who))


@supervisors.post("/agent-sessions/{session_id}/supervise/end")
async def stop_supervising(request: Request, session_id: OwnShift, who: Who) -> AgentSession:
    """The supervisor leaves."""
    return await _wish(request, session_id, lambda floor, at: floor.stop_supervising(session_id, at, who))


@supervisors.post("/agent-sessions/{session_id}/messages", status_code=202)
async def write_to_agent(request: Request, session_id: OwnShift, written: Written) -> None:
    """Write to an agent on shift, whose desktop hears it as `agent.message`; it is kept nowhere."""
    engine_of(request).write_to(session_id, written.text)


def _plain(number: str) -> str:
    """A number in E.164; one that is none, as far as anybody knows, without what stands between its digits.

    Whether it may be called is asked at the desk.
    """
    parsed = parse_phone(number, "US")  # the country's code is there, so that no default is used
    if isinstance(parsed, ParsedPhone):
        return parsed.e164
    return "+" + "".join(each for each in number if each.isdigit())
