"""Tables of who may do what, and did: users, sign-ins, API keys, what was changed, answers for repeats."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from leads.tables import instant, key, reference


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class User(SQLModel, table=True):
    """Somebody who signs in. A name is unique within its client, and among those who have none."""

    __tablename__ = "user_account"
    __table_args__ = (
        Index("uq_user_account_client_name", "client_id", "name", unique=True),
        Index("uq_user_account_operator_name", "name", unique=True, **_where("client_id IS NULL")),
        Index("uq_user_account_subject", "subject", unique=True, **_where("subject <> ''")),
    )

    unversioned: ClassVar[frozenset[str]] = frozenset({"signed_in_at"})

    id: int = key()
    client_id: int | None = reference("client.id", nullable=True, index=False)
    """The client that they are bound to; null for an operator."""
    name: str = Field(max_length=100)
    """In lower case, as it is compared."""
    role: str = Field(max_length=20)
    agent_id: int | None = reference("agent.id", nullable=True)
    """The agent that they are, for the role agent."""
    password_hash: str = ""
    """Argon2id; empty for who signs in at the identity provider only."""
    subject: str = Field(default="", max_length=500)
    """The identity provider's issuer and subject; empty for who signs in with a password."""
    created_at: datetime = instant()
    signed_in_at: datetime | None = instant(nullable=True)
    """The last time."""
    disabled_at: datetime | None = instant(nullable=True)


class SignIn(SQLModel, table=True):
    """A user who is signed in somewhere; the row goes when they sign out."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_ends_at", "ends_at"),)

    id: int = key()
    user_id: int = reference("user_account.id")
    token_hash: str = Field(max_length=64, unique=True)
    """SHA-256 of the token, which nobody but the user has."""
    address: str = Field(default="", max_length=45)
    began_at: datetime = instant()
    seen_at: datetime = instant()
    """When it was used last, to the minute."""
    ends_at: datetime = instant()
    """When it ends however often it is used."""


class ApiKey(SQLModel, table=True):
    """A key for a job of a client's. Revoked keys stay, for the logs that name them."""

    __tablename__ = "api_key"

    id: int = key()
    client_id: int = reference("client.id")
    name: str = Field(max_length=100)
    role: str = Field(max_length=20)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = instant()
    created_by: str = Field(max_length=200)
    used_at: datetime | None = instant(nullable=True)
    """The last time, to the minute."""
    revoked_at: datetime | None = instant(nullable=True)


class AuditEntry(SQLModel, table=True):
    """Somebody changed something, or was refused. Nothing personal of those who are called is in it."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_client", "client_id", "id"),)

    id: int = key()
    at: datetime = instant()
    actor: str = Field(max_length=200)
    role: str = Field(max_length=20)
    client_id: int | None = reference("client.id", nullable=True, index=False)
    """The actor's; null for an operator."""
    action: str = Field(max_length=100)
    """The route's name: start-campaign, add-dnc-entry."""
    subject: str = Field(max_length=200)
    """What it was done to, as in campaign_id=7."""
    status: int
    """The HTTP status of the answer: 403 was refused."""
    details: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    address: str = Field(max_length=45)


class IdempotentAnswer(SQLModel, table=True):
    """A request that came with an Idempotency-Key, and how it was answered; kept for a day.

    Without the key, which is not kept, nobody can tell whose it is or what is in it.
    """

    __tablename__ = "idempotent_answer"
    __table_args__ = (Index("ix_idempotent_answer_at", "at"),)

    id: str = Field(primary_key=True, max_length=64)
    """SHA-256 of who asks and the key."""
    node: str = Field(max_length=200)
    """Which node has begun it."""
    at: datetime = instant()
    fingerprint: str = Field(default="", max_length=64)
    """Of method, address and body; empty while there is no answer."""
    status: int | None = None
    """The HTTP status; null while there is no answer."""
    answer: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    """Headers and body, encrypted with what is made of the key."""
