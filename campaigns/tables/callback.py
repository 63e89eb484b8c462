"""Callbacks: calls that are promised for a time."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import where
from leads.tables import instant, key, reference

_OWED = "next_at IS NOT NULL"


class Callback(SQLModel, table=True):
    """A call that is promised to a person for a time. A lead of a campaign has one that is open at most."""

    __tablename__ = "callback"
    __table_args__ = (
        Index("uq_callback_open", "campaign_id", "lead_id", unique=True, **where(_OWED)),
        Index("ix_callback_next", "next_at", **where(_OWED)),
        Index("ix_callback_due", "agent_id", "due_at", **where(_OWED)),
        Index("ix_callback_untold", "id", **where("untold <> ''")),
        Index("ix_callback_campaign", "campaign_id", "state", "id"),
        Index("ix_callback_agent", "agent_id", "id"),
        Index("ix_callback_client", "client_id", "id"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    phone_id: int = reference("phone.id", index=False)
    """The number to be called."""
    agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Its owner, to whom it is offered first; None for anyone."""
    due_at: datetime = instant()
    zone: str = Field(max_length=64)
    """The IANA zone on whose clock the time was named."""
    state: str = Field(max_length=10)
    """A name of campaigns.core.callback.CallbackState."""
    reason: str = Field(default="", max_length=40)
    """Why it was put off last, or canceled."""
    notes: str = ""
    next_at: datetime | None = instant(nullable=True)
    """When time alone brings something: the reminder, that it is missed, that it is given up. None once it is
    over, and never before."""
    untold: str = Field(default="", max_length=10)
    """What happened that its owner has not been told of yet: a name of campaigns.core.callback.TOLD."""
    attempt_id: int | None = reference("attempt.id", nullable=True)
    """The call in which it was promised."""
    done_attempt_id: int | None = reference("attempt.id", nullable=True)
    """The call that was placed for it."""
    sequence: int = 0
    """How often it was changed, as calendars count it."""
    created_at: datetime = instant()
    changed_at: datetime = instant()
