"""Web hooks that tell other programs what happens, and hooks by which leads come."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import where
from leads.tables import instant, key, reference


class Webhook(SQLModel, table=True):
    """An address that is told of a client's events."""

    __tablename__ = "webhook"

    unversioned: ClassVar = ("failures", "failing_since", "rest_until", "claimed_until")

    id: int = key()
    client_id: int = reference("client.id")
    url: str = Field(max_length=2000)
    events: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """Types of events, as campaigns.core.webhook.parse_events takes them."""
    secret: str = Field(max_length=100)
    """What requests are signed with: whsec_ and base64. Shown once, to whoever made it."""
    former_secret: str = Field(default="", max_length=100)
    """The one before, which still signs until `former_until`."""
    former_until: datetime | None = instant(nullable=True)
    state: str = Field(max_length=10)
    """active or disabled."""
    reason: str = Field(default="", max_length=100)
    """Why it is disabled."""
    created_at: datetime = instant()
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = instant(nullable=True)
    rest_until: datetime | None = instant(nullable=True)
    """Nothing is sent before then."""
    claimed_until: datetime | None = instant(nullable=True)
    """While a node sends: when it must have died."""


class WebhookDelivery(SQLModel, table=True):
    """One event for one web hook, written with what happened."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "webhook_id", "next_at", "id", **where("state = 'waiting'")),
        Index("ix_webhook_delivery_webhook", "webhook_id", "state", "id"),
        Index("ix_webhook_delivery_created", "created_at"),
    )

    id: int = key()
    client_id: int = reference("client.id")
    webhook_id: int = reference("webhook.id", index=False)
    lead_id: int | None = reference("lead.id", nullable=True)
    event_id: str = Field(max_length=40)
    """The header webhook-id: the same for each try, so that a receiver can drop repeats."""
    type: str = Field(max_length=40)
    body: str
    """The JSON that is sent; empty once the person is erased."""
    state: str = Field(max_length=10)
    """waiting, delivered, failed or canceled."""
    tries: int = 0
    next_at: datetime = instant()
    last_status: int | None = None
    """HTTP; None where there was no answer."""
    took_s: float | None = None
    """How long the last try took."""
    problem: str = Field(default="", max_length=200)
    """Why the last try failed."""
    created_at: datetime = instant()
    done_at: datetime | None = instant(nullable=True)


class LeadHook(SQLModel, table=True):
    """An address at which another program leaves leads for a list. A name is unique within its client."""

    __tablename__ = "lead_hook"
    __table_args__ = (
        Index("uq_lead_hook_client_name", "client_id", "name", unique=True),
        Index("uq_lead_hook_token", "token_hash", unique=True),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=100)
    list_name: str = Field(max_length=200)
    default_country: str = Field(max_length=2)
    mapping: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Field of a lead to the place in the JSON, as in {"phone": "data.attributes.phone_mobile"}."""
    items: str = Field(default="", max_length=200)
    """Where in the JSON the leads are, in one object or an array; empty for the whole."""
    token_hash: str = Field(max_length=64)
    """SHA-256 of the token in the address, in hexadecimal digits."""
    secret: str = Field(max_length=100)
    """What requests are signed with: whsec_ and base64. Shown once."""
    active: bool = True
    created_at: datetime = instant()


class LeadHookDelivery(SQLModel, table=True):
    """A request to a lead hook that was taken, so that a repeat of it does nothing."""

    __tablename__ = "lead_hook_delivery"
    __table_args__ = (
        Index("uq_lead_hook_delivery", "client_id", "lead_hook_id", "event_id", unique=True),
        Index("ix_lead_hook_delivery_at", "received_at"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    lead_hook_id: int = reference("lead_hook.id", index=False)
    event_id: str = Field(max_length=64)
    """SHA-256 of the header webhook-id, in hexadecimal digits."""
    received_at: datetime = instant()
