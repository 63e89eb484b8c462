"""What agents did on calls, and who was called into them."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from leads.tables import instant, key, reference


class CallGuest(SQLModel, table=True):
    """Somebody who was called into a conversation. The row is committed before the INVITE leaves."""

    __tablename__ = "call_guest"

    id: int = key()
    attempt_id: int = reference("attempt.id")
    to: str = Field(default="", max_length=255)
    """The number in E.164 or the SIP address; empty where another agent was."""
    supervises: bool = False
    called_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)
    left_at: datetime | None = instant(nullable=True)
    outcome: str = Field(default="", max_length=20)
    """A name from dialer.core.outcome; of an agent gone, returned or took_over; empty while there."""


class CallStep(SQLModel, table=True):
    """What an agent or a supervisor did with a conversation: hold, resume, transfer, park, …"""

    __tablename__ = "call_step"

    id: int = key()
    attempt_id: int = reference("attempt.id")
    at: datetime = instant()
    kind: str = Field(max_length=20)
    agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who had the call."""
    to_agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who got it, was consulted, or supervised."""
    guest_id: int | None = reference("call_guest.id", nullable=True, index=False)
    notes: str = ""
    """For whoever gets the call."""
