"""The laws' rules and the client's own: rule sets, exemptions, limits, closed days, denials."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key
from leads.tables import instant, key, reference


class RuleSet(SQLModel, table=True):
    """Rules that calls were asked by: the tables' version, places, jurisdictions, rules, exemptions."""

    __tablename__ = "rule_set"

    fingerprint: str = Field(max_length=16, primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    first_used_at: datetime = instant()


class Exemption(SQLModel, table=True):
    """A law's rule that does not hold for a client, who granted that, and where it is written."""

    __tablename__ = "exemption"

    id: int = key()
    client_id: int = reference("client.id")
    rule_id: str = Field(max_length=60)
    granted_by: str
    reference: str = ""
    recorded_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)


class ClientLimit(SQLModel, table=True):
    """What a client asks of all its campaigns; see `campaigns.core.client_limits`."""

    __tablename__ = "client_limit"

    client_id: int = part_of_key("client.id")
    limits: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Its callable times, attempts a day to one person and least gap, as JSON."""
    recorded_at: datetime = instant()


class ClosedDay(SQLModel, table=True):
    """A date on which a client, or one campaign of it, calls nobody."""

    __tablename__ = "closed_day"
    __table_args__ = (Index("ix_closed_day_client", "client_id", "day"),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    campaign_id: int | None = reference("campaign.id", nullable=True, index=False)
    """Only this campaign; None for all of the client's."""
    day: str = Field(max_length=10)
    """ISO 8601, on the callee's calendar."""
    name: str = ""


class DenialTally(SQLModel, table=True):
    """How many times compliance denied a call for one reason, a day (UTC)."""

    __tablename__ = "denial_tally"

    campaign_id: int = part_of_key("campaign.id")
    day: str = Field(max_length=10, primary_key=True)
    rule: str = Field(max_length=60, primary_key=True)
    code: str = Field(max_length=40, primary_key=True)
    denials: int = 0
