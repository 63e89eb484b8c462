"""Prompts, their sounds, and clients' messages to who was abandoned."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key
from leads.tables import instant, key, reference


class PromptSound(SQLModel, table=True):
    """A sound as the switch plays it. Each node writes itself a file of it when a campaign needs it."""

    __tablename__ = "prompt_sound"

    sha256: str = Field(max_length=64, primary_key=True)
    """Of `wav`, in hexadecimal digits."""
    wav: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """16-bit PCM in one channel at 8 kHz, with its header."""


class Prompt(SQLModel, table=True):
    """A sound that a client's calls play. A name is unique within its client."""

    __tablename__ = "prompt"
    __table_args__ = (Index("uq_prompt_client_name", "client_id", "name", unique=True),)

    id: int = key()
    client_id: int = reference("client.id", index=False)
    name: str = Field(max_length=60)
    language: str = Field(max_length=35)
    """A BCP 47 tag."""
    source: str = Field(max_length=8)
    """uploaded or spoken."""
    text: str = ""
    """What was spoken; empty of a recording."""
    length_s: float
    warnings: list[str] = Field(sa_column=Column(JSON, nullable=False))
    """Codes of campaigns.core.prompt.WARNINGS."""
    sha256: str = Field(sa_column=Column(String(64), ForeignKey("prompt_sound.sha256"), nullable=False))
    created_at: datetime = instant()


class AbandonedMessage(SQLModel, table=True):
    """What a client's people hear who answer and get no agent: by country and language, empty for any."""

    __tablename__ = "abandoned_message"

    client_id: int = part_of_key("client.id")
    country: str = Field(max_length=2, primary_key=True)
    """ISO 3166-1: where the person may be, by number or address."""
    language: str = Field(max_length=35, primary_key=True)
    """A BCP 47 tag, as the lead's."""
    prompt_id: int = reference("prompt.id")
