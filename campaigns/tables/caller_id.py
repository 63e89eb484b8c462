"""Caller IDs, their groups, their calls a day and their rests."""

from datetime import datetime

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key, where
from leads.tables import BigId, instant, key, reference


class CallerIdRest(SQLModel, table=True):
    """A caller ID that a network blocked, and until when nobody is called from it."""

    __tablename__ = "caller_id_rest"

    caller_id: str = Field(max_length=16, primary_key=True)
    until: datetime = instant()
    attempt_id: int = reference("attempt.id", index=False)
    """The call that was blocked last."""


class CallerId(SQLModel, table=True):
    """A number that a client may show, and what shows its right to it. A number is one client's at a time.

    The record stays when the number is given back (`retired_at`), or goes to another client.
    """

    __tablename__ = "caller_id"
    __table_args__ = (
        UniqueConstraint("id", "client_id"),
        Index("uq_caller_id_number", "e164", unique=True, **where("retired_at IS NULL")),
        Index("ix_caller_id_e164", "e164", "id"),
    )

    id: int = key()
    client_id: int = reference("client.id")
    e164: str = Field(max_length=16)
    display_name: str = Field(default="", max_length=32)
    daily_cap: int | None = None
    """Calls a day from it, by all of the client's campaigns; None for no cap."""
    active: bool = True
    timezone: str = Field(max_length=64)
    """The IANA zone whose midnight ends its day."""
    attestation: str = Field(default="", max_length=1)
    """What STIR/SHAKEN attestation its carrier is to give: A, B, C, or empty where nobody said."""
    owner: str = Field(max_length=200)
    """To whom the carrier has assigned it."""
    document: str = Field(max_length=200)
    """What shows the client's right to use it, and where that is kept."""
    owned_from: str = Field(max_length=10)
    """The first day of that right, ISO 8601, in its own zone."""
    owned_until: str = Field(default="", max_length=10)
    """The last one; empty where no end is set."""
    recorded_by: str = Field(max_length=200)
    recorded_at: datetime = instant()
    retired_at: datetime | None = instant(nullable=True)


class CallerIdGroup(SQLModel, table=True):
    """A client's numbers that campaigns choose among. A name is unique within its client."""

    __tablename__ = "caller_id_group"
    __table_args__ = (UniqueConstraint("client_id", "name"), UniqueConstraint("id", "client_id"))

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=100)


class CallerIdMember(SQLModel, table=True):
    """A number in a group. Both are of one client: the keys that it refers to have the client in them."""

    __tablename__ = "caller_id_member"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "client_id"], ["caller_id_group.id", "caller_id_group.client_id"]),
        ForeignKeyConstraint(["number_id", "client_id"], ["caller_id.id", "caller_id.client_id"]),
        Index("ix_caller_id_member_number", "number_id"),
    )

    group_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    number_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    client_id: int = Field(sa_column=Column(BigId, nullable=False))


class CallerIdDay(SQLModel, table=True):
    """How many calls of a client's showed a number, a day of the number's own."""

    __tablename__ = "caller_id_day"

    client_id: int = part_of_key("client.id")
    caller_id: str = Field(max_length=16, primary_key=True)
    day: str = Field(max_length=10, primary_key=True)
    calls: int = 0
