"""Tables of the leads room: clients, lists, leads, phones, imports, do-not-call lists and consent."""

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
    timezone: str = Field(default="UTC", max_length=64)
    """Whose days and hours its reports speak of; an IANA name."""


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
    __table_args__ = (
        # Not unique: a load that keeps duplicates may bring one twice. Loads into a list wait for each other.
        Index("ix_lead_list_external_id", "list_id", "external_id"),
        Index("ix_lead_list", "list_id", "id"),
        Index("ix_lead_import", "import_id", "id"),
    )

    id: int = key()
    list_id: int = reference("lead_list.id", index=False)
    import_id: int = reference("lead_import.id", index=False)
    """The load that brought it first."""
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
    owner: str = ""
    """Whose lead it is at the client: a seller, a branch."""
    priority: int = 0
    """The higher is dialed first."""
    rank: int = 0
    """What the list's owner scored it with; an order of its own, for campaigns that dial by it."""
    best_time: str = ""
    """When the person likes to be called, in local time, as in 17:00-20:00; empty for any time."""
    not_before: datetime | None = instant(nullable=True)
    custom: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)
    """When everything personal was taken out of it."""


class LeadAlias(SQLModel, table=True):
    """An external id under which rows of a lead came that has another one of its own."""

    __tablename__ = "lead_alias"
    __table_args__ = ({"sqlite_with_rowid": False},)

    list_id: int = Field(default=None, sa_column=Column(BigId, ForeignKey("lead_list.id"), primary_key=True))
    """The lead's list."""
    external_id: str = Field(primary_key=True)
    lead_id: int = reference("lead.id")


class ZoneGroup(SQLModel, table=True):
    """Where a number may be: all numbers of one group may be called at the same times."""

    __tablename__ = "zone_group"

    id: int = key()
    code: str = Field(unique=True)
    """Region and zones in one text, as in US:America/Denver,America/Phoenix."""
    region: str = Field(max_length=2)
    zones: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Every IANA zone that has to be open for a call, sorted; empty where none is known."""


class Phone(SQLModel, table=True):
    """One number of a lead; the lowest position is dialed first."""

    __tablename__ = "phone"
    __table_args__ = (
        Index("ix_phone_e164_list", "e164", "list_id"),
        Index("uq_phone_lead_position", "lead_id", "position", unique=True),
    )

    id: int = key()
    lead_id: int = reference("lead.id", index=False)
    list_id: int = reference("lead_list.id", index=False)
    """The lead's list, here as well, so that duplicates are found by one index."""
    position: int
    e164: str = Field(max_length=16)
    extension: str = Field(default="", max_length=20)
    label: str = Field(default="", max_length=20)
    """What the list's owner calls it: mobile, home, work, …; empty where nothing was said."""
    kind: str = Field(max_length=20)
    """What phonenumbers takes it for: mobile, fixed_line, fixed_line_or_mobile, voip, …"""
    region: str = Field(max_length=2)
    zone_group_id: int = reference("zone_group.id", index=False)
    """Of the lead's own zone where that is known, else of the zones that the number may be in."""


class LeadImport(SQLModel, table=True):
    """One load of a file into a list, under way or over. rows = accepted + merged + rejected."""

    __tablename__ = "lead_import"
    __table_args__ = (Index("ix_lead_import_list_state", "list_id", "state"),)

    id: int = key()
    list_id: int = reference("lead_list.id", index=False)
    source: str
    """The file's name, or "standard input"."""
    state: str = Field(max_length=10)
    """running, done, or failed. One whose process died stays running and is taken up by the next load."""
    options: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The mapping and the choices that it was started with."""
    fingerprint: str = Field(default="", max_length=64)
    """SHA-256 over the header and all rows that are done: the same file goes on where it was cut off."""
    rows: int = 0
    accepted: int = 0
    merged: int = 0
    rejected: int = 0
    total_bytes: int | None = None
    """Size of the source, where it is known; progress is read_bytes of it."""
    read_bytes: int = 0
    reasons: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    notes: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    examples: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    error_code: str = ""
    error: str = ""
    """Why it failed, in a sentence."""
    started_at: datetime = instant()
    updated_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class ColumnMapping(SQLModel, table=True):
    """A saved mapping of a file's columns. A name is unique within its client."""

    __tablename__ = "column_mapping"
    __table_args__ = (Index("uq_column_mapping_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str
    columns: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = instant()


class DncList(SQLModel, table=True):
    """A do-not-call list: for everyone, for one client, or for one campaign."""

    __tablename__ = "dnc_list"
    __table_args__ = (Index("uq_dnc_list_level_owner_name", "level", "owner_id", "name", unique=True),)

    id: int = key()
    level: str = Field(max_length=10)
    """everyone, client or campaign; loading or replaced while a new version of a list takes its place."""
    owner_id: int = Field(default=0, sa_column=Column(BigId, nullable=False))
    """The client's or campaign's number; 0 for everyone."""
    name: str
    created_at: datetime = instant()


class DncEntry(SQLModel, table=True):
    """A number on a do-not-call list."""

    __tablename__ = "dnc_entry"
    __table_args__ = ({"sqlite_with_rowid": False},)

    e164: str = Field(max_length=16, primary_key=True)
    list_id: int = Field(
        default=None, sa_column=Column(BigId, ForeignKey("dnc_list.id"), primary_key=True, index=True)
    )
    reason: str = ""
    source: str = ""
    created_at: datetime = instant()


class DncPrefix(SQLModel, table=True):
    """The beginning of numbers, all of which are on a do-not-call list, as in +1900."""

    __tablename__ = "dnc_prefix"

    prefix: str = Field(max_length=16, primary_key=True)
    list_id: int = Field(
        default=None, sa_column=Column(BigId, ForeignKey("dnc_list.id"), primary_key=True, index=True)
    )
    reason: str = ""
    source: str = ""
    created_at: datetime = instant()


class Consent(SQLModel, table=True):
    """A person's consent to be contacted, by number or address. Kept when it is withdrawn, with when."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_e164_client", "e164", "client_id"),
        Index("ix_consent_email_client", "email", "client_id"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    e164: str | None = Field(default=None, max_length=16)
    email: str | None = None
    channel: str = Field(max_length=20)
    """call, automated_call, sms or email."""
    basis: str = Field(max_length=40)
    """express_written, express, existing_relationship, legitimate_interest, …"""
    source: str
    """Where it was given: a form's address, a recording, a file."""
    given_at: datetime = instant()
    withdrawn_at: datetime | None = instant(nullable=True)
    withdrawn_source: str = ""
    recorded_at: datetime = instant()
