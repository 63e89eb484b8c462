"""Tallies, and what nodes say of the moment."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import big_count, no_reference, part_of_key
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


class CallCounts(SQLModel):
    """The columns that the tallies of calls share: campaigns.core.tally.Counts."""

    calls: int = big_count()
    answered: int = big_count()
    people: int = big_count()
    contacts: int = big_count()
    right_parties: int = big_count()
    conversions: int = big_count()
    abandoned: int = big_count()
    talks: int = big_count()
    talk_contacts: int = big_count()
    talk_conversions: int = big_count()
    said_person: int = big_count()
    said_person_checked: int = big_count()
    said_person_wrong: int = big_count()
    said_machine: int = big_count()
    said_machine_checked: int = big_count()
    said_machine_wrong: int = big_count()
    ring_ms: int = big_count()
    talk_ms: int = big_count()


class CallTally(CallCounts, table=True):
    """Calls that are over, an hour."""

    __tablename__ = "call_tally"

    campaign_id: int = part_of_key("campaign.id")
    hour: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    """When the hour began, on the client's clock, in which they were placed."""
    direction: str = Field(max_length=3, primary_key=True)
    list_id: int = part_of_key("lead_list.id")
    agent_id: int = no_reference()
    """0 where no agent talked, and so no reference."""
    outcome: str = Field(max_length=20, primary_key=True)
    disposition: str = Field(max_length=20, primary_key=True)


class CallTotal(CallCounts, table=True):
    """Calls that are over, of all time: as many rows after a year as after a week."""

    __tablename__ = "call_total"

    campaign_id: int = part_of_key("campaign.id")
    local_hour: int = Field(primary_key=True)
    """On the callees' clocks."""
    direction: str = Field(max_length=3, primary_key=True)
    list_id: int = part_of_key("lead_list.id")
    agent_id: int = no_reference()
    outcome: str = Field(max_length=20, primary_key=True)
    disposition: str = Field(max_length=20, primary_key=True)


class LeadTotal(SQLModel, table=True):
    """Different leads of a list by how far our calls to them have come, of all time."""

    __tablename__ = "lead_total"

    campaign_id: int = part_of_key("campaign.id")
    list_id: int = part_of_key("lead_list.id")
    attempted: int = 0
    answered: int = 0
    people: int = 0
    contacted: int = 0
    right_parties: int = 0
    converted: int = 0


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
