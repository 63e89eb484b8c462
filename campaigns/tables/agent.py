"""Agents, their shifts and their time."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import NOT_ENDED
from leads.tables import instant, key, reference


class Agent(SQLModel, table=True):
    """Someone who takes calls on a softphone. A name is unique within its client.

    `sip_uri` is where the softphone is called; empty for one at our registrar, which knows `sip_user`.
    """

    __tablename__ = "agent"
    __table_args__ = (
        Index("uq_agent_client_name", "client_id", "name", unique=True),
        Index("uq_agent_sip_user", "sip_user", unique=True),
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
    created_at: datetime = instant()


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
    ended_at: datetime | None = instant(nullable=True)


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
