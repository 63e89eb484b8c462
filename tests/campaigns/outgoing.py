"""Messages for tests: leads with addresses and consents, a channel, and messages in line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from sqlmodel import col, select

from campaigns.messaging.outbox import NewMessage, enqueue
from campaigns.stores.shared import Sessions
from campaigns.tables import Message, MessageChannel
from leads.tables import Client, Consent, Lead
from tests.campaigns.seeds import NOW, people, seed_campaign, seed_leads

_numbers = count(1)
AGREED = NOW - timedelta(days=30)


@dataclass(frozen=True)
class Outbox:
    """A client with leads and a campaign that runs."""

    client_id: int
    campaign_id: int
    lead_ids: list[int]


async def outbox(sessions: Sessions, count: int = 1, first: int = 0) -> Outbox:
    """Leads who have agreed to e-mail and text messages; their addresses are `lead<number>@example.com`."""
    lead_ids = await seed_leads(sessions, people(count, first))
    campaign_id = await seed_campaign(sessions, f"Autumn {first}")
    async with sessions() as session, session.begin():
        client_id = (await session.exec(select(Client.id).where(Client.slug == "acme"))).one()
        found = (await session.exec(select(Lead).where(col(Lead.id).in_(lead_ids)))).all()
        for number, lead in enumerate(sorted(found, key=lambda lead: lead.id), first):
            lead.email = address(number)
            session.add(lead)
            session.add(consent(client_id, "email", email=address(number)))
            session.add(consent(client_id, "sms", e164=phone(number)))
    return Outbox(client_id, campaign_id, lead_ids)


def address(number: int) -> str:
    """The e-mail address of a lead."""
    return f"lead{number}@example.com"


def phone(number: int) -> str:
    """The number of a lead."""
    return f"+1202{5_550_000 + number}"


def consent(client_id: int, channel: str, **whose: str) -> Consent:
    """A consent that holds."""
    return Consent(
        client_id=client_id,
        channel=channel,
        basis="express_written",
        source="a form",
        given_at=AGREED,
        recorded_at=AGREED,
        **whose,
    )


async def add_channel(
    sessions: Sessions, client_id: int, driver: str = "smtp", **options: Any
) -> MessageChannel:
    """A way to send the client's messages: smtp for mail, http, smpp or file for texts."""
    async with sessions() as session, session.begin():
        channel = MessageChannel(
            client_id=client_id,
            name=f"{driver}-{next(_numbers)}",
            channel="email" if driver == "smtp" else "sms",
            driver=driver,
            sender="Acme <news@acme.example>" if driver == "smtp" else "+12025550100",
            options=options,
            rate_per_s=1000.0,
            created_at=NOW,
        )
        session.add(channel)
        await session.flush()
        return channel


def mail(of: Outbox, place: int = 0, **values: Any) -> NewMessage:
    """A mail to one of the leads, due now; its address is as in a fresh `outbox`."""
    given = {
        "client_id": of.client_id,
        "campaign_id": of.campaign_id,
        "lead_id": of.lead_ids[place],
        "channel": "email",
        "step": "hello",
        "cause": "before_first_call",
        "to_address": address(place),
        "subject": f"Hello {place}",
        "body_text": f"Hello {place}",
        "due_at": NOW,
    }
    return NewMessage(**given | values)


def text(of: Outbox, place: int = 0, **values: Any) -> NewMessage:
    """A text message to one of the leads, due now."""
    return mail(of, place, **{"channel": "sms", "to_address": phone(place)} | values)


async def queue(sessions: Sessions, messages: Sequence[NewMessage]) -> int:
    """Puts messages in line; how many were new."""
    async with sessions() as session, session.begin():
        return await enqueue(session, messages, NOW)


async def states(sessions: Sessions) -> dict[int, tuple[str, str]]:
    """State and reason of each message, by lead, in order."""
    return {each.lead_id: (each.state, each.reason) for each in await rows(sessions)}


async def rows(sessions: Sessions) -> Sequence[Message]:
    """All messages."""
    async with sessions() as session:
        return (await session.exec(select(Message).order_by(col(Message.id)))).all()


async def change(sessions: Sessions, message_id: int, **values: Any) -> None:
    """Sets columns of a message."""
    async with sessions() as session, session.begin():
        message = await session.get(Message, message_id)
        assert message is not None
        for name, value in values.items():
            setattr(message, name, value)
        session.add(message)
