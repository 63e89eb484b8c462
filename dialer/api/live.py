"""What goes on at this node now, for who supervises: shifts, calls, and how many wait for whom."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from dialer.api.access import actor_of
from dialer.api.own_floor import engine_of, is_of_own_client
from dialer.core.conversation import Mode
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.records import instant
from leads.routes.access import needs
from leads.routes.shared import KnownQuery

router = APIRouter(tags=["supervisors"], dependencies=[KnownQuery, needs("agents.supervise")])


class ShiftNow(BaseModel):
    """An agent on shift, and the call that they have or were called into."""

    id: int
    agent_id: int
    campaign_ids: list[int]
    state: str
    reason: str
    since: datetime
    attempt_id: int | None
    waits_since: datetime | None
    """When the agent became free; of one who is available. Who has waited longest is the next."""


class CallNow(BaseModel):
    """A call that has not ended."""

    attempt_id: int
    campaign_id: int
    lead_id: int
    direction: str
    """out, or in where the person has called us."""
    state: str
    answered_at: datetime | None
    session_id: int | None
    """The shift of the agent who is being connected or talks."""
    waits_since: datetime | None
    """Of a person who waits for an agent."""
    on_hold: bool
    parked: bool
    supervised: bool


class QueueNow(BaseModel):
    """How many people of a campaign wait, and how many agents there are for them."""

    campaign_id: int
    waiting: int
    """Who have answered our call, or called us, and wait for an agent."""
    longest_waits_since: datetime | None
    parked: int
    agents: dict[str, int]
    """By state; one who works for several campaigns is in each."""


@router.get("/agent-sessions")
async def shifts(request: Request) -> list[ShiftNow]:
    """The shifts under way at this node, by number."""
    return [
        ShiftNow(
            id=each.session,
            agent_id=each.agent,
            campaign_ids=sorted(each.campaigns),
            state=each.state.value,
            reason=each.reason,
            since=instant(each.since),
            attempt_id=each.attempt,
            waits_since=instant(each.waits_since) if each.is_free else None,
        )
        for each in sorted(_agents(request), key=lambda each: each.session)
    ]


@router.get("/calls")
async def calls(request: Request) -> list[CallNow]:
    """The calls that are up at this node, by number of the attempt."""
    waiting = set(engine_of(request).floor.waiting)
    found = sorted(_calls(request), key=lambda each: each.attempt)
    return [_call(each, waits=each.attempt in waiting) for each in found]


@router.get("/queues")
async def queues(request: Request) -> list[QueueNow]:
    """Who waits for an agent at this node, by campaign; each with agents or calls here."""
    floor = engine_of(request).floor
    own, agents = list(_calls(request)), list(_agents(request))
    campaigns = {each.campaign for each in own} | {one for each in agents for one in each.campaigns}
    return [
        _queue(
            campaign,
            [each for each in own if each.campaign == campaign],
            [each for each in agents if campaign in each.campaigns],
            set(floor.waiting),
        )
        for campaign in sorted(campaigns)
    ]


def _agents(request: Request) -> Iterator[FloorAgent]:
    actor, engine = actor_of(request), engine_of(request)
    for each in engine.floor.agents.values():
        if actor.client_id is None or engine.client_of_shift(each.session) == actor.client:
            yield each


def _calls(request: Request) -> Iterator[FloorCall]:
    calls = engine_of(request).floor.calls.values()
    return (each for each in calls if is_of_own_client(request, each.attempt))


def _call(call: FloorCall, *, waits: bool) -> CallNow:
    talk = call.conversation
    since = call.waits_since if waits else None
    return CallNow(
        attempt_id=call.attempt,
        campaign_id=call.campaign,
        lead_id=call.lead,
        direction="in" if call.came else "out",
        state=call.state.value,
        answered_at=None if call.answered_at is None else instant(call.answered_at),
        session_id=call.session,
        waits_since=None if since is None else instant(since),
        on_hold=talk is not None and talk.customer_mode == Mode.HELD,
        parked=talk is not None and talk.parked is not None,
        supervised=talk is not None and any(each.supervises for each in talk.guests),
    )


def _queue(campaign: int, calls: list[FloorCall], agents: list[FloorAgent], waiting: set[int]) -> QueueNow:
    waits = [each.waits_since for each in calls if each.attempt in waiting and each.waits_since is not None]
    return QueueNow(
        campaign_id=campaign,
        waiting=sum(each.attempt in waiting for each in calls),
        longest_waits_since=instant(min(waits)) if waits else None,
        parked=sum(each.conversation is not None and each.conversation.parked is not None for each in calls),
        agents=dict(sorted(Counter(each.state.value for each in agents).items())),
    )
