"""What people answer to messages, and where the links in messages lead."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key, where
from leads.tables import instant, key, reference


class MessageReply(SQLModel, table=True):
    """Something that a person wrote to a client, and what it ended."""

    __tablename__ = "message_reply"
    __table_args__ = (
        Index("ix_message_reply_client", "client_id", "id"),
        Index("ix_message_reply_lead", "lead_id", "id"),
        Index("ix_message_reply_address", "client_id", "from_address"),
        Index("ix_message_reply_untold", "id", **where("untold")),
        Index(
            "uq_message_reply_provider",
            *("client_id", "channel", "provider_id"),
            unique=True,
            **where("provider_id <> ''"),
        ),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    lead_id: int | None = reference("lead.id", nullable=True, index=False)
    """Who wrote; None for somebody whom no lead has."""
    campaign_id: int | None = reference("campaign.id", nullable=True, index=False)
    """Whose message it answers; None where that is not known."""
    message_id: int | None = reference("message.id", nullable=True)
    agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """To whom it is shown: who owes the person a call, else who talked with them last."""
    channel: str = Field(max_length=10)
    """sms or email."""
    from_address: str = Field(max_length=254)
    """E.164, or an e-mail address in lower case; empty once the person is erased."""
    text: str = ""
    kind: str = Field(max_length=5)
    """stop, help, start or other: what campaigns.core.reply_words read in it."""
    ended: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The channels that it opted out of."""
    provider_id: str = Field(default="", max_length=255)
    """What the other side calls it, so that it counts once; empty where it says nothing."""
    untold: bool = False
    """Whether its agent has not been told yet."""
    received_at: datetime = instant()


class MessageLink(SQLModel, table=True):
    """An address that a message leads to, behind a link of ours."""

    __tablename__ = "message_link"

    message_id: int = part_of_key("message.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """From 1 on, as in the link."""
    url: str = Field(max_length=2000)
