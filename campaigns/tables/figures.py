"""Tallies, and what nodes say of the moment."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key
from leads.tables import UtcDateTime, instant


class AnswerTally(SQLModel, table=True):
    """What became of answered calls, a quarter of an hour: what the shares of abandoned calls are made of."""

    __tablename__ = "answer_tally"

    campaign_id: int = part_of_key("campaign.id")
    country: str = Field(max_length=2, primary_key=True)
    quarter: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    """When it began."""
    dropped: int = 0
    live: int = 0
    machines_at_agents: int = 0
    machines_by_detection: int = 0


class DialTally(SQLModel, table=True):
    """Calls that are over, and how many a person answered, by list, local hour and attempt."""

    __tablename__ = "dial_tally"

    campaign_id: int = part_of_key("campaign.id")
    list_id: int = part_of_key("lead_list.id")
    hour: int = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    calls: int = 0
    answers: int = 0


class TrunkNow(SQLModel, table=True):
    """How a node's trunk was when the node looked last."""

    __tablename__ = "trunk_now"

    node: str = Field(max_length=64, primary_key=True)
    trunk: str = Field(max_length=32, primary_key=True)
    at: datetime = instant()
    state: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """A `dialer.core.trunks.TrunkStanding` by field name."""


class PacingNow(SQLModel, table=True):
    """What a node's pacer last decided for a campaign, and why."""

    __tablename__ = "pacing_now"

    campaign_id: int = part_of_key("campaign.id")
    node: str = Field(max_length=64, primary_key=True)
    at: datetime = instant()
    state: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """A `dialer.core.pacing_settings.PacingState` by field name."""
