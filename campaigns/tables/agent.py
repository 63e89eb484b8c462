"""Agents, their shifts and their time."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import NOT_ENDED, part_of_key
from leads.tables import instant, key, reference


class Agent(SQLModel, table=True):
    """Someone who takes calls on a softphone. A name is unique within its client.

    `sip_uri` is where the softphone is called; empty for one at our registrar, which knows `sip_user`.
    """

    __tablename__ = "agent"
    __table_args__ = (
        Index("uq_agent_client_name", "client_id", "name", unique=True),
        Index("uq_agent_sip_user", "sip_user", unique=True),
        Index("uq_agent_calendar_key", "calendar_key", unique=True),
    )

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    sip_uri: str
    sip_user: str | None = Field(default=None, max_length=40)
    sip_ha1: str | None = Field(default=None, max_length=32)
    """What our registrar checks the softphone's secret by: as good as the secret, and shown nowhere."""
    leg: str = Field(default="persistent", max_length=12)
    auto_answer: bool = False
    """Whether the softphone is asked to answer by itself; one that is rung for each call always is."""
    skills: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """By name, each with its level, 1 to 10."""
    languages: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """BCP 47 tags."""
    ranks: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """By campaign number; 1 comes first."""
    disabled: bool = False
    """Whether the agent begins no more shifts."""
    calendar_key: str | None = Field(default=None, max_length=64)
    """The SHA-256 of the secret in the address of the agent's calendar; None where there is none."""
    created_at: datetime = instant()


class PauseReason(SQLModel, table=True):
    """A reason for pauses that a client has; a client without any has the default ones."""

    __tablename__ = "pause_reason"

    client_id: int = part_of_key("client.id")
    code: str = Field(max_length=40, primary_key=True)
    position: int
    """Its place in the list, from 0 on."""
    name: str = Field(max_length=100)
    paid: bool
    limit_minutes: int | None = None
    """How long one such pause may last; None for no limit."""


class AgentSession(SQLModel, table=True):
    """An agent's shift, from log-in to log-out."""

    __tablename__ = "agent_session"
    __table_args__ = (
        Index(
            "uq_agent_session_open",
            "agent_id",
            unique=True,
            **NOT_ENDED,
        ),
    )

    id: int = key()
    agent_id: int = reference("agent.id")
    campaign_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))
    started_at: datetime = instant()
    seen_at: datetime | None = instant(nullable=True)
    """When an engine last had the shift under way; none in the first seconds."""
    ended_at: datetime | None = instant(nullable=True)
    end_reason: str = Field(default="", max_length=40)
    """Why it ended, where the agent did not end it: softphone_gone, taken_over, dialer_stopped."""


class AgentInterval(SQLModel, table=True):
    """A stretch of a shift spent in one state. A session's intervals follow each other without a gap."""

    __tablename__ = "agent_interval"
    __table_args__ = (
        Index(
            "uq_agent_interval_open",
            "session_id",
            unique=True,
            **NOT_ENDED,
        ),
    )

    id: int = key()
    session_id: int = reference("agent_session.id")
    state: str = Field(max_length=12)
    reason: str = Field(default="", max_length=40)
    attempt_id: int | None = reference("attempt.id", nullable=True, index=False)
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
