"""Calls that agents make of their own choice: a lead, a number, or another number of the lead just called."""

from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, model_validator

from campaigns import service as campaigns
from campaigns.errors import CampaignNotFoundError, DispositionMissingError, InvalidInputError
from campaigns.stores.attempts import AttemptStore
from dialer.api.desk import Code, Id, Notes, SoldIn
from dialer.api.own_floor import OwnShift, engine_of
from dialer.api.sessions import AgentSession, session_of
from dialer.core.agent import AgentState
from dialer.core.floor_agent import FloorAgent
from leads.core.phone import ParsedPhone, parse_phone
from leads.errors import PhoneRejectedError
from leads.routes.access import access_of, needs
from leads.routes.shared import KnownQuery

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])


class ManualCall(BaseModel):
    """Whom the agent wants to call: a lead, at one of its phones or the next, or whoever has a number.

    In a wrap-up, `disposition` says how the call before went, with its `notes` and its `sale`.
    """

    lead_id: Id | None = None
    phone: Annotated[str, Field(max_length=40, pattern=r"^\+[0-9 ()./-]+$")] | None = None
    phone_id: Id | None = None
    campaign_id: Id | None = None
    """For which of the shift's campaigns; needed where there are several."""
    disposition: Code | None = None
    notes: Notes = ""
    sale: Annotated[list[SoldIn] | None, Field(max_length=50)] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.lead_id is None) == (self.phone is None):
            raise ValueError("give either lead_id or phone")
        if self.phone is not None and self.phone_id is not None:
            raise ValueError("phone_id goes with lead_id")
        return self


@router.post("/agent-sessions/{session_id}/calls", status_code=201)
async def call(request: Request, session_id: OwnShift, wanted: ManualCall) -> AgentSession:
    """Call a lead of the agent's choice, who is available, paused or in a wrap-up.

    The call is dialed at once, by the same rules as every call: 409 (call-denied) with the reasons where one
    forbids it, and 409 (lead-not-free) where somebody else has the lead. An agent who was paused is paused
    again afterwards.
    """
    engine = engine_of(request)
    agent = engine.agent(session_id)
    campaign_id = _campaign_of(agent, wanted)
    whom = wanted.lead_id or _number(wanted.phone or "")
    if agent.state != AgentState.WRAP_UP or agent.attempt is None:
        await engine.preview_desk.call(session_id, campaign_id, whom, wanted.phone_id)
        return await session_of(request, session_id)
    attempt_id = agent.attempt
    code = await _dispose(request, attempt_id, wanted)
    try:
        await engine.preview_desk.call(session_id, campaign_id, whom, wanted.phone_id)
    finally:
        async with engine.sessions() as session:
            attempt = await AttemptStore(session).get_attempt(attempt_id)
        engine.dispositioned(attempt, code)
    return await session_of(request, session_id)


async def _dispose(request: Request, attempt_id: int, wanted: ManualCall) -> str:
    """Says how the call before went, so that its lead can be called again."""
    if wanted.disposition is None:
        raise DispositionMissingError("Say with `disposition` how the call before went; then call again.")
    engine = engine_of(request)
    await engine.written()
    sessions = access_of(request).own_rows(request, engine.sessions)
    return await campaigns.set_disposition(
        sessions,
        attempt_id,
        wanted.disposition,
        wanted.notes,
        engine.now(),
        rules=request.app.state.rules,
        sale=None if wanted.sale is None else [each.line() for each in wanted.sale],
        who=access_of(request).name(request),
    )


def _number(phone: str) -> ParsedPhone:
    """Raises PhoneRejectedError."""
    parsed = parse_phone(phone, "US")  # it has the country's code
    if not isinstance(parsed, ParsedPhone):
        raise PhoneRejectedError(parsed.sentence)
    return parsed


def _campaign_of(agent: FloorAgent, wanted: ManualCall) -> int:
    """The campaign of the shift for which the call is made."""
    if wanted.campaign_id is not None:
        if wanted.campaign_id not in agent.campaigns:
            raise CampaignNotFoundError(f"The agent does not work for campaign {wanted.campaign_id} now.")
        return wanted.campaign_id
    before = agent.wraps_up_for if agent.state == AgentState.WRAP_UP else None
    if before is not None and before in agent.campaigns:
        return before
    if len(agent.campaigns) > 1:
        raise InvalidInputError("The agent works for several campaigns; name one with campaign_id.")
    return next(iter(agent.campaigns))
