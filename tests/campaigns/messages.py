"""Campaigns with messages, for tests: a way to send, consents, and messages that have come so far."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from campaigns.core.message_states import MessageState
from campaigns.messaging.planning import WarmingUp, on_message
from campaigns.stores.shared import Sessions
from campaigns.tables import Message, MessageChannel
from leads.stores.consents import ConsentStore
from leads.stores.leads import LeadStore
from leads.tables import Consent, Lead, Phone
from tests.campaigns.seeds import NOW, Person, seed_campaign, seed_leads

HELLO: dict[str, Any] = {
    "when": "before_first_call",
    "before_s": 3600,
    "call_waits_s": 7200,
    "channel": "sms",
    "text": "Hello {{ first_name }}, {{ client }} calls you soon. STOP ends this.",
}


async def seed_channels(sessions: Sessions, slug: str = "acme") -> None:
    """A way for the client's text messages and one for its e-mails, that write files."""
    async with sessions() as session, session.begin():
        client = await LeadStore(session).client(slug)
        assert client is not None
        for channel in ("sms", "email"):
            session.add(
                MessageChannel(
                    client_id=client.id,
                    name=f"{slug}-{channel}",
                    channel=channel,
                    driver="file",
                    sender="+12025550100" if channel == "sms" else "sales@acme.example",
                    options={},
                    rate_per_s=1000.0,
                    created_at=NOW,
                )
            )


async def seed_warm_up(
    sessions: Sessions,
    persons: Sequence[Person],
    steps: dict[str, Any],
    *,
    email: str = "",
    sequence: dict[str, Any] | None = None,
    **settings: object,
) -> tuple[int, list[int]]:
    """A running campaign with messages, and its leads; each has `email`, with its number for {}."""
    ids = await seed_leads(sessions, persons)
    await seed_channels(sessions)
    if email:
        async with sessions() as session, session.begin():
            for lead in (await session.exec(select(Lead).where(col(Lead.id).in_(ids)))).all():
                lead.email = email.format(lead.id)
                session.add(lead)
    document = {"steps": steps} | (sequence or {})
    campaign_id = await seed_campaign(sessions, sequence=document, **settings)
    return campaign_id, ids


async def warm(sessions: Sessions, campaign_id: int, now: datetime = NOW) -> int:
    """Puts all that comes before first calls in line; how many messages that are."""
    return await WarmingUp(sessions).look([campaign_id], now)


async def messages(sessions: Sessions, lead_id: int | None = None) -> list[Message]:
    """All messages, or a lead's, as they were made."""
    async with sessions() as session:
        wanted = select(Message).order_by(col(Message.id))
        if lead_id is not None:
            wanted = wanted.where(Message.lead_id == lead_id)
        return list((await session.exec(wanted)).all())


async def came(sessions: Sessions, message_id: int, how: str, now: datetime) -> None:
    """A message was sent, delivered, opened, clicked or refused."""
    async with sessions() as session, session.begin():
        message = (await session.exec(select(Message).where(Message.id == message_id))).one()
        if how == "refused":
            message.state = MessageState.REFUSED.value
        else:
            message.state = MessageState.SENT.value if how == "sent" else MessageState.DELIVERED.value
            message.sent_at = message.sent_at or now
            setattr(message, f"{how}_at", now)
        session.add(message)
        await session.flush()
        await on_message(session, message, now)


async def consent(sessions: Sessions, lead_id: int, *channels: str) -> None:
    """The lead has consented, by its first number and its address."""
    async with sessions() as session, session.begin():
        phone = (await session.exec(select(Phone).where(Phone.lead_id == lead_id))).first()
        lead = (await session.exec(select(Lead).where(Lead.id == lead_id))).one()
        assert phone is not None
        for channel in channels:
            await ConsentStore(session).add(
                Consent(
                    client_id=1,
                    e164=None if channel == "email" else phone.e164,
                    email=lead.email if channel == "email" else None,
                    channel=channel,
                    basis="express_written",
                    source="form",
                    given_at=NOW - timedelta(days=1),
                    recorded_at=NOW,
                )
            )
