"""Messages to people, the ways they are sent, and addresses that are known to lead nowhere."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key, where
from leads.tables import instant, key, reference


class MessageChannel(SQLModel, table=True):
    """A way to send messages for a client. A name is unique within its client."""

    __tablename__ = "message_channel"
    __table_args__ = (Index("uq_message_channel_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=40)
    channel: str = Field(max_length=10)
    """sms or email."""
    driver: str = Field(max_length=10)
    """A name of campaigns.messaging.drivers.DRIVERS."""
    sender: str = Field(max_length=254)
    """Whom a message is from: an address (with a name before it in <>), a number, or a sender id."""
    options: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The driver's own, as its value class reads them. Secrets are named, never held."""
    rate_per_s: float
    """Messages a second, at most, from each node."""
    receipt_hash: str = Field(default="", max_length=64)
    """SHA-256 of the key in the address that delivery reports come to, in hexadecimal digits."""
    active: bool = True
    """Whether it sends; what waits for it goes on waiting."""
    created_at: datetime = instant()


class Message(SQLModel, table=True):
    """One message to one person. A lead gets a step of a campaign once for each cause."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "uq_message_step",
            *("lead_id", "campaign_id", "step", "cause"),
            unique=True,
            **where("campaign_id IS NOT NULL"),
        ),
        # An empty value equals no other in a unique index.
        Index(
            "uq_message_step_alone",
            *("lead_id", "step", "cause"),
            unique=True,
            **where("campaign_id IS NULL"),
        ),
        Index("uq_message_token", "token", unique=True),
        Index(
            "ix_message_due",
            *("client_id", "channel", "campaign_id", "due_at", "id"),
            **where("state = 'waiting'"),
        ),
        Index("ix_message_sending", "claimed_until", **where("state = 'sending'")),
        Index("ix_message_provider", "message_channel_id", "provider_id", **where("provider_id <> ''")),
        Index("ix_message_campaign", "campaign_id", "state", "id"),
        Index("ix_message_client", "client_id", "state", "id"),
        Index("ix_message_address", "client_id", "to_address"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    campaign_id: int | None = reference("campaign.id", nullable=True, index=False)
    lead_id: int = reference("lead.id", index=False)
    phone_id: int | None = reference("phone.id", nullable=True, index=False)
    """Of a text message, the number it goes to."""
    message_channel_id: int | None = reference("message_channel.id", nullable=True, index=False)
    """The way that it goes; None until then for the client's first of that kind."""
    channel: str = Field(max_length=10)
    """sms or email."""
    step: str = Field(default="", max_length=60)
    """Of the campaign's sequence; empty for a message of no sequence."""
    cause: str = Field(max_length=60)
    """What it was made for, as in attempt:123, before_first_call, appointment:7."""
    to_address: str = Field(max_length=254)
    """E.164, or an e-mail address; empty once the person is erased."""
    subject: str = ""
    body_text: str = ""
    body_html: str = ""
    calendar: str = ""
    """An iCalendar object with its METHOD, sent with an e-mail as an invitation; empty for none."""
    unsubscribe_url: str = ""
    """The address that opts out with one click (RFC 8058); empty for none."""
    state: str = Field(max_length=10)
    """A name of campaigns.core.message_states.MessageState."""
    reason: str = Field(default="", max_length=60)
    """Why it was put off, refused, canceled, or failed: a code."""
    due_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    """When it is of no use any more; it is canceled then."""
    claimed_until: datetime | None = instant(nullable=True)
    """While it is sent: when whoever sends it must have died."""
    tries: int = 0
    provider_id: str = Field(default="", max_length=255)
    """What the other side calls it, for delivery reports."""
    token: str = Field(max_length=43)
    """Unguessable; names it in links."""
    segments: int = 0
    """Of a text message, what is paid for."""
    created_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    delivered_at: datetime | None = instant(nullable=True)
    opened_at: datetime | None = instant(nullable=True)
    clicked_at: datetime | None = instant(nullable=True)


class UnusableAddress(SQLModel, table=True):
    """An address or number that a client's messages cannot reach; nothing more is sent there."""

    __tablename__ = "unusable_address"

    client_id: int = part_of_key("client.id")
    channel: str = Field(max_length=10, primary_key=True)
    address: str = Field(max_length=254, primary_key=True)
    """In lower case."""
    reason: str = Field(max_length=60)
    """The status or code with which it was refused, as in 5.1.1."""
    recorded_at: datetime = instant()
