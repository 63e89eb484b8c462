"""What the API tells of an agent's shift: the state, and the lead that the agent looks at."""

from datetime import datetime

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from campaigns.callbacks import get_callback
from campaigns.lead_history import screen_pop
from campaigns.tables import Callback
from dialer.core.conversation import ConversationError, Mode
from dialer.core.preview import Preview, PreviewThen
from dialer.engine import Engine
from dialer.errors import DialerError
from dialer.records import instant
from leads.stores.shared import Sessions
from leads.viewing import LeadView, get_lead


class PreviewedCallback(BaseModel):
    """What was promised to the lead; `zone` is the one on whose clock the time was named."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    agent_id: int | None
    due_at: datetime
    zone: str
    state: str
    notes: str
    attempt_id: int | None
    """The call in which it was promised."""


class PreviewedLead(BaseModel):
    """The lead that the agent may have dialed or skip, `until` then; null: for as long as they want."""

    campaign_id: int
    lead_id: int
    external_id: str | None
    first_name: str
    last_name: str
    email: str
    country: str
    region: str
    postal_code: str
    timezone: str
    language: str
    custom: dict[str, str]
    phone: str
    """The number to be dialed."""
    attempts: int
    """How often the campaign has called the lead so far."""
    since: datetime
    until: datetime | None
    then: PreviewThen | None
    """What happens to the lead at `until`."""
    callback: PreviewedCallback | None
    """The callback for which it is shown; null where nobody was promised a call."""


class GuestNow(BaseModel):
    """Somebody who was called into a conversation."""

    id: int
    session_id: int | None
    """Of another agent or a supervisor who is logged in; null: a phone was called."""
    mode: Mode
    supervises: bool
    there: bool
    """Whether they have answered."""


class ConversationNow(BaseModel):
    """Who takes part in the agent's conversation, and how: talks, held, muted, listens or whispers."""

    customer: Mode
    agent: Mode
    guests: list[GuestNow]


class AgentSession(BaseModel):
    """A shift that goes on."""

    id: int
    agent_id: int
    campaign_ids: list[int]
    state: str
    reason: str
    since: datetime
    attempt_id: int | None
    """The call that rings for the agent, is talked, or wrapped up."""
    wrap_up_until: datetime | None
    """When the wrap-up ends by itself."""
    preview: PreviewedLead | None
    conversation: ConversationNow | None = None
    """Of the agent who has the call."""


class NoLead(DialerError):
    """The agent looks at no lead and has no call."""

    code = "no-lead"


async def lead_of(request: Request, session_id: int) -> LeadView:
    """The lead on the agent's line, or before their eyes. Raises UnknownSession and NoLead."""
    engine: Engine = request.app.state.engine
    readings: Sessions = request.app.state.readings
    agent = engine.agent(session_id)
    if agent.preview is not None:
        return await get_lead(readings, agent.preview.permitted.lead.lead_id)
    if agent.attempt is None:
        raise NoLead("The agent has no call and looks at no lead.")
    return (await screen_pop(readings, agent.attempt)).lead


async def session_of(request: Request, session_id: int) -> AgentSession:
    """What the agent does now. Raises UnknownSession."""
    engine: Engine = request.app.state.engine
    readings: Sessions = request.app.state.readings
    lead: LeadView | None = None
    callback: Callback | None = None
    while (preview := engine.agent(session_id).preview) is not None:
        if lead is not None and lead.id == preview.permitted.lead.lead_id:
            break
        lead = await get_lead(readings, preview.permitted.lead.lead_id)
        callback_id = preview.permitted.lead.callback_id
        callback = None if callback_id is None else await get_callback(readings, callback_id)
    agent = engine.agent(session_id)
    return AgentSession(
        id=session_id,
        agent_id=agent.agent,
        campaign_ids=sorted(agent.campaigns),
        state=agent.state.value,
        reason=agent.reason,
        since=instant(agent.since),
        attempt_id=agent.attempt,
        wrap_up_until=None if agent.wrap_up_ends_at is None else instant(agent.wrap_up_ends_at),
        preview=_previewed(preview, lead, callback) if preview is not None and lead is not None else None,
        conversation=_conversation(engine, session_id),
    )


def _conversation(engine: Engine, session_id: int) -> ConversationNow | None:
    try:
        _, _, talk = engine.floor.conversations.talk_of(session_id)
    except ConversationError:
        return None
    return ConversationNow(
        customer=talk.customer_mode,
        agent=talk.agent_mode,
        guests=[
            GuestNow(
                id=each.number,
                session_id=each.session,
                mode=each.mode,
                supervises=each.supervises,
                there=each.there,
            )
            for each in talk.guests
        ],
    )


def _previewed(preview: Preview, lead: LeadView, callback: Callback | None) -> PreviewedLead:
    claimed = preview.permitted.lead
    phones = {each.id: each.phone for each in lead.phones}
    return PreviewedLead(
        campaign_id=preview.campaign,
        lead_id=lead.id,
        external_id=lead.external_id,
        first_name=lead.first_name,
        last_name=lead.last_name,
        email=lead.email,
        country=lead.country,
        region=lead.region,
        postal_code=lead.postal_code,
        timezone=lead.timezone,
        language=lead.language,
        custom=lead.custom,
        phone=phones.get(claimed.phone_id, claimed.e164),
        attempts=claimed.attempts,
        since=instant(preview.since),
        until=None if preview.until is None else instant(preview.until),
        then=None if preview.until is None else preview.then,
        callback=None if callback is None else PreviewedCallback.model_validate(callback),
    )
