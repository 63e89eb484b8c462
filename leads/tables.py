"""Tables of the leads room: clients, lists, leads, phones and the do-not-call entries."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    TypeDecorator,
    text,
)
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key; SQLite numbers rows by itself only where the column is an INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database, to the millisecond on every database.

    Raises ValueError for a naive datetime, which could mean any instant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(microsecond=value.microsecond // 1000 * 1000)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    """A column that holds an instant."""
    return Field(default=None, sa_column=Column(UtcDateTime(), nullable=nullable, index=index))


def key() -> Any:
    """A primary key that the database numbers."""
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def reference(target: str, *, nullable: bool = False, index: bool = True) -> Any:
    """A column that refers to another table's key (`table.column`)."""
    return Field(default=None, sa_column=Column(BigId, ForeignKey(target), nullable=nullable, index=index))


class Client(SQLModel, table=True):
    """A company that the call centre works for; nothing is shared between two of them."""

    __tablename__ = "client"

    id: int = key()
    slug: str = Field(unique=True, max_length=64)
    name: str


class LeadList(SQLModel, table=True):
    """A list of leads as its owner loaded it. A name is unique within its client."""

    __tablename__ = "lead_list"
    __table_args__ = (Index("uq_lead_list_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id")
    name: str
    default_country: str = Field(max_length=2)
    created_at: datetime = instant()


class Lead(SQLModel, table=True):
    """A person or company that may be called."""

    __tablename__ = "lead"
    __table_args__ = (Index("uq_lead_list_external_id", "list_id", "external_id", unique=True),)

    id: int = key()
    list_id: int = reference("lead_list.id")
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    country: str = ""
    region: str = ""
    postal_code: str = ""
    timezone: str = ""
    """The zone that the list's owner gave, an IANA name; empty where none was given."""
    language: str = ""
    priority: int = 0
    """The higher is dialed first."""
    not_before: datetime | None = instant(nullable=True)
    custom: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = instant()


class Phone(SQLModel, table=True):
    """One number of a lead; the lowest position is dialed first."""

    __tablename__ = "phone"
    __table_args__ = (
        Index("ix_phone_e164", "e164"),
        Index("uq_phone_lead_position", "lead_id", "position", unique=True),
    )

    id: int = key()
    lead_id: int = reference("lead.id", index=False)
    position: int
    e164: str = Field(max_length=16)
    kind: str = Field(max_length=20)
    """What phonenumbers takes it for: mobile, fixed_line, fixed_line_or_mobile, voip, …"""
    region: str = Field(max_length=2)
    zones: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Every IANA zone that the number may be in, sorted; empty where none is known."""


class DncEntry(SQLModel, table=True):
    """A number nobody may call: for everyone (no client), for one client."""

    __tablename__ = "dnc_entry"
    __table_args__ = (
        Index("uq_dnc_entry_e164_client", "e164", "client_id", unique=True),
        Index(
            "uq_dnc_entry_e164_everyone",  # two NULLs are not equal to the index above
            "e164",
            unique=True,
            sqlite_where=text("client_id IS NULL"),
            postgresql_where=text("client_id IS NULL"),
        ),
    )

    id: int = key()
    client_id: int | None = reference("client.id", nullable=True)
    e164: str = Field(max_length=16)
    reason: str = ""
    source: str = ""
    created_at: datetime = instant()
