"""Tables of the campaigns room: campaigns, their leads' progress, attempts, agents and their time."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from leads.tables import instant, key, reference


class Campaign(SQLModel, table=True):
    """What is dialed for one purpose, and how. A name is unique within its client."""

    __tablename__ = "campaign"
    __table_args__ = (Index("uq_campaign_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    kind: str = Field(max_length=20)
    """sales, survey, appointment or collections."""
    state: str = Field(max_length=10)
    """What the manager wants: draft, running, paused or stopped."""
    state_since: datetime = instant()
    dial_mode: str = Field(max_length=12)
    lines_per_agent: float
    max_lines: int
    caller_id: str
    ring_timeout_s: float
    wrap_up_limit_s: float
    abandon_rate_target: float
    max_attempts_per_lead: int
    callable_times: dict[str, list[list[str]]] = Field(sa_column=Column(JSON, nullable=False))
    """Weekday (mon … sun) to its windows in the callee's local time, as in [["09:00", "20:00"]]."""
    retry_rules: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Outcome or disposition to {"delay_s": seconds, "max_attempts": n}."""
    created_at: datetime = instant()


class CampaignList(SQLModel, table=True):
    """A lead list that a campaign dials."""

    __tablename__ = "campaign_list"

    campaign_id: int = Field(foreign_key="campaign.id", primary_key=True)
    list_id: int = Field(foreign_key="lead_list.id", primary_key=True)


class CampaignLead(SQLModel, table=True):
    """How far a campaign has come with a lead."""

    __tablename__ = "campaign_lead"
    __table_args__ = (Index("ix_campaign_lead_next", "campaign_id", "state", "due_at", "priority"),)

    campaign_id: int = Field(foreign_key="campaign.id", primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", primary_key=True)
    state: str = Field(max_length=10)
    """ready (from due_at on), claimed (until claimed_until), calling, or final."""
    reason: str = Field(default="", max_length=40)
    """Why it is in this state: a code such as retry_busy, outside_callable_times, on_dnc_list, completed."""
    due_at: datetime = instant()
    priority: int = 0
    attempts: int = 0
    claimed_until: datetime | None = instant(nullable=True)


class Attempt(SQLModel, table=True):
    """One call to one lead. The row is committed before the INVITE leaves."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_campaign_placed", "campaign_id", "placed_at"),
        Index("ix_attempt_open", "ended_at"),
    )

    id: int = key()
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    phone_id: int = reference("phone.id", index=False)
    e164: str = Field(max_length=16)
    number: int
    """1 for the first attempt of this campaign to this lead."""
    permit: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What compliance was asked and answered just before the call."""
    placed_at: datetime = instant()
    ringing_at: datetime | None = instant(nullable=True)
    answered_at: datetime | None = instant(nullable=True)
    connected_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    outcome: str = Field(default="", max_length=20)
    """Empty while the call lives; then a name from dialer.core.outcome."""
    sip_status: int | None = None
    sip_reason: str = ""
    ended_by: str = Field(default="", max_length=10)
    """customer, agent, dialer or network."""
    agent_id: int | None = reference("agent.id", nullable=True)
    disposition: str = Field(default="", max_length=20)
    disposition_at: datetime | None = instant(nullable=True)
    notes: str = ""


class Agent(SQLModel, table=True):
    """Someone who takes calls, at a SIP address. A name is unique within its client."""

    __tablename__ = "agent"
    __table_args__ = (Index("uq_agent_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    sip_uri: str
    created_at: datetime = instant()


class AgentSession(SQLModel, table=True):
    """An agent's shift, from log-in to log-out."""

    __tablename__ = "agent_session"

    id: int = key()
    agent_id: int = reference("agent.id")
    campaign_ids: list[int] = Field(sa_column=Column(JSON, nullable=False))
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True, index=True)


class AgentInterval(SQLModel, table=True):
    """A stretch of a shift spent in one state. A session's intervals follow each other without a gap."""

    __tablename__ = "agent_interval"

    id: int = key()
    session_id: int = reference("agent_session.id")
    state: str = Field(max_length=12)
    reason: str = Field(default="", max_length=40)
    attempt_id: int | None = reference("attempt.id", nullable=True, index=False)
    started_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
