"""Calendars, and the appointments that are booked in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import where
from leads.tables import instant, key, reference

_TAKES_SEAT = "state <> 'canceled'"
_IS_HELD = "state = 'held'"
_IS_OPEN = "state IN ('booked', 'rescheduled')"


class AppointmentCalendar(SQLModel, table=True):
    """A client's calendar; a name is unique within its client."""

    __tablename__ = "calendar"
    __table_args__ = (
        Index("uq_calendar_client_name", "client_id", "name", unique=True),
        Index("uq_calendar_feed_key", "feed_key", unique=True),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=100)
    settings: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """See campaigns.core.appointment_calendar."""
    feed_key: str | None = Field(default=None, max_length=64)
    """The SHA-256 of the token in the address of its feed."""
    created_at: datetime = instant()


class Appointment(SQLModel, table=True):
    """A seat of a calendar for a time: held while an agent talks with the person, then booked.

    Two never have one seat at one time: whoever takes one has locked the calendar, and the index holds for
    what begins together.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        Index("uq_appointment_seat", "calendar_id", "starts_at", "seat", unique=True, **where(_TAKES_SEAT)),
        Index("uq_appointment_held", "attempt_id", unique=True, **where(_IS_HELD)),
        Index("uq_appointment_open", "campaign_id", "lead_id", unique=True, **where(_IS_OPEN)),
        Index("ix_appointment_busy", "calendar_id", "busy_until", **where(_TAKES_SEAT)),
        Index("ix_appointment_remind", "remind_at", **where("remind_at IS NOT NULL")),
        Index("ix_appointment_starts", "starts_at", **where(_IS_OPEN)),
        Index("ix_appointment_client", "client_id", "id"),
        Index("ix_appointment_campaign", "campaign_id", "id"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    calendar_id: int = reference("calendar.id", index=False)
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    attempt_id: int | None = reference("attempt.id", nullable=True)
    """The call in which it is held, or was booked or moved last."""
    agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who held or booked it."""
    state: str = Field(max_length=11)
    """A name of campaigns.core.appointment.AppointmentState."""
    reason: str = Field(default="", max_length=40)
    """Why it was canceled or moved."""
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    busy_from: datetime = instant()
    busy_until: datetime = instant()
    """With the buffers that the calendar had when it was booked."""
    seat: int
    """From 1 on."""
    zone: str = Field(max_length=64)
    """The IANA zone on whose clock the person is told of it."""
    notes: str = ""
    hold_until: datetime | None = instant(nullable=True)
    """Of one that is held: when the slot is free again."""
    remind_at: datetime | None = instant(nullable=True)
    """When the person is to be called as a reminder; None where that is done, or not wanted."""
    sequence: int = 0
    """How often it was changed since it was booked, as calendars count it."""
    created_at: datetime = instant()
    changed_at: datetime = instant()
