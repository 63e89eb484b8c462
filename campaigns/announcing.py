"""Tells web hooks what happens: written in the transaction in which it happens, so that neither is without
the other. Sending is for `campaigns.webhook_delivery`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from campaigns.core.disposition import SaidDisposition
from campaigns.core.webhook import wants
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.shared import Session
from campaigns.stores.webhooks import WebhookStore
from campaigns.tables import Appointment, Callback, Campaign, MessageReply, Webhook, WebhookDelivery
from leads.tables import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that has happened: a type of campaigns.core.webhook.EVENTS, and what there is to say of it.

    About a lead, `data` gets `lead_id` and `external_id`.
    """

    client_id: int
    type: str
    data: Mapping[str, Any]
    lead_id: int | None = None


async def announce(session: Session, news: News, now: datetime) -> None:
    """Puts an event in line for each of the client's web hooks that want it, in the caller's transaction."""
    if wanting := await _wanting(session, news.client_id, news.type):
        await _put_in_line(session, wanting, news, now)


async def disposition_said(session: Session, said: SaidDisposition, now: datetime) -> None:
    """Somebody has said what a call came to; one of campaigns.dispositions.AFTERWARDS."""
    data = {
        "attempt_id": said.attempt_id,
        "campaign_id": said.campaign_id,
        "agent_id": said.agent_id,
        "direction": said.direction,
        "disposition": said.disposition.code,
        "label": said.disposition.label,
        "flags": sorted(each.value for each in said.disposition.flags),
        "by": said.by,
    }
    kind = "disposition.set"
    if said.before is not None:
        kind, data = "disposition.corrected", data | {"before": said.before.code}
    news = News(client_id=said.client_id, type=kind, data=data, lead_id=said.lead_id)
    await announce(session, news, now)


async def call_ended(session: Session, campaign: Campaign, attempt_id: int, now: datetime) -> None:
    """A call is over, whoever called."""
    if not await _wanting(session, campaign.client_id, "call.ended"):
        return
    attempt = await AttemptStore(session).read_attempt(attempt_id)
    await session.refresh(attempt)
    data = {
        "attempt_id": attempt.id,
        "campaign_id": campaign.id,
        "campaign": campaign.name,
        "agent_id": attempt.agent_id,
        "direction": attempt.direction,
        "number": attempt.number,
        "phone": attempt.e164,
        "caller_id": attempt.caller_id,
        "outcome": attempt.outcome,
        "disposition": attempt.disposition,
        "placed_at": attempt.placed_at,
        "answered_at": attempt.answered_at,
        "connected_at": attempt.connected_at,
        "ended_at": attempt.ended_at,
    }
    news = News(client_id=campaign.client_id, type="call.ended", data=data, lead_id=attempt.lead_id)
    await announce(session, news, now)


async def opted_out(
    session: Session,
    client_id: int,
    lead_ids: Collection[int],
    channels: Collection[str],
    source: str,
    now: datetime,
) -> None:
    """A person, whose leads these are, asked not to be called or written to in these channels any more."""
    for lead_id in sorted(lead_ids):
        data = {"channels": sorted(channels), "source": source}
        news = News(client_id=client_id, type="lead.opted_out", data=data, lead_id=lead_id)
        await announce(session, news, now)


async def replied(session: Session, reply: MessageReply, now: datetime) -> None:
    """A person has answered a message."""
    data = {
        "reply_id": reply.id,
        "campaign_id": reply.campaign_id,
        "message_id": reply.message_id,
        "agent_id": reply.agent_id,
        "channel": reply.channel,
        "kind": reply.kind,
        "text": reply.text,
    }
    news = News(client_id=reply.client_id, type="message.replied", data=data, lead_id=reply.lead_id)
    await announce(session, news, now)


async def callback_made(session: Session, callback: Callback, now: datetime) -> None:
    """A call was promised, or the promise given for another time."""
    data = {
        "callback_id": callback.id,
        "campaign_id": callback.campaign_id,
        "agent_id": callback.agent_id,
        "attempt_id": callback.attempt_id,
        "due_at": callback.due_at,
        "zone": callback.zone,
    }
    news = News(client_id=callback.client_id, type="callback.made", data=data, lead_id=callback.lead_id)
    await announce(session, news, now)


async def appointment_booked(session: Session, appointment: Appointment, now: datetime) -> None:
    """An appointment was booked, or moved to another slot."""
    data = {
        "appointment_id": appointment.id,
        "campaign_id": appointment.campaign_id,
        "calendar_id": appointment.calendar_id,
        "agent_id": appointment.agent_id,
        "attempt_id": appointment.attempt_id,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "zone": appointment.zone,
    }
    news = News(
        client_id=appointment.client_id,
        type="appointment.booked",
        data=data,
        lead_id=appointment.lead_id,
    )
    await announce(session, news, now)


async def leads_created(
    session: Session, client_id: int, list_id: int, lead_ids: Sequence[int], source: str, now: datetime
) -> None:
    """Leads have come by themselves, one or a few."""
    wanting = await _wanting(session, client_id, "lead.created")
    for each in lead_ids if wanting else ():
        data = {"list_id": list_id, "source": source}
        news = News(client_id=client_id, type="lead.created", data=data, lead_id=each)
        await _put_in_line(session, wanting, news, now)


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """What is sent: `type`, `timestamp` (UTC, RFC 3339) and `data`, as Standard Webhooks has it."""
    return msgspec.json.encode({"type": kind, "timestamp": at, "data": data}).decode()


def new_event_id() -> str:
    """A name for an event, unique."""
    return f"evt_{uuid4().hex}"


async def _wanting(session: Session, client_id: int, kind: str) -> list[Webhook]:
    listening = await WebhookStore(session).listening(client_id)
    return [each for each in listening if wants(each.events, kind)]


async def _put_in_line(session: Session, wanting: Sequence[Webhook], news: News, now: datetime) -> None:
    data = dict(news.data)
    if news.lead_id is not None:
        lead = await session.get(Lead, news.lead_id)
        data |= {"lead_id": news.lead_id, "external_id": lead.external_id if lead is not None else None}
    event_id, body = new_event_id(), body_of(news.type, now, data)
    rows = [
        WebhookDelivery(
            client_id=webhook.client_id,
            webhook_id=webhook.id,
            lead_id=news.lead_id,
            event_id=event_id,
            type=news.type,
            body=body,
            state="waiting",
            next_at=now,
            created_at=now,
        )
        for webhook in wanting
    ]
    await WebhookStore(session).add_deliveries(rows)
