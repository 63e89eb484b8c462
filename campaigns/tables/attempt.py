"""Attempts, their answers to menus, and their recordings."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
)
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import NOT_ENDED, part_of_key, where
from leads.tables import instant, key, reference


class Attempt(SQLModel, table=True):
    """One call to one lead, or of one to us. The row is committed before the INVITE leaves or is answered."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index(
            "uq_attempt_number",
            *("campaign_id", "lead_id", "number"),
            unique=True,
            **where("direction = 'out'"),
        ),
        Index("ix_attempt_in", "campaign_id", "id", **where("direction = 'in'")),
        Index("ix_attempt_campaign", "campaign_id", "id"),
        Index("ix_attempt_campaign_placed", "campaign_id", "placed_at"),
        Index("ix_attempt_e164", "e164", "placed_at"),
        Index("ix_attempt_debt", "debt", "placed_at", **where("debt <> ''")),
        Index("ix_attempt_open", "id", **NOT_ENDED),
        Index("ix_attempt_caller_id", "caller_id", "placed_at"),
    )

    id: int = key()
    direction: str = Field(default="out", max_length=3)
    """out: we called; in: the person called the number that they had seen, and only agents' figures and the
    person's history have it beside the calls that we placed."""
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id")
    phone_id: int = reference("phone.id", index=False)
    list_id: int = reference("lead_list.id", index=False)
    """The list that the lead was on when it was called."""
    local_hour: int = 0
    """0 to 23, on the callee's clock when the call was placed; the first zone's where there are several."""
    e164: str = Field(max_length=16)
    number: int
    """1 for the first attempt of this campaign to this lead; 0 where the person called."""
    country: str = Field(default="", max_length=2)
    """Of the number, ISO 3166-1: whose law it was called under, beside that of the lead's address."""
    address_country: str = Field(default="", max_length=2)
    """Of the lead's address, where it is in another country: whose law the call was under as well."""
    subject: str = Field(default="", max_length=100)
    debt: str = Field(default="", max_length=100)
    caller_id: str = Field(default="", max_length=16)
    """The number that the person saw, or has called."""
    permit: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What compliance was asked and answered just before the call; rule_set is a RuleSet's fingerprint.
    Nothing where the person called."""
    placed_at: datetime = instant()
    """When it was placed, or came."""
    ringing_at: datetime | None = instant(nullable=True)
    answered_at: datetime | None = instant(nullable=True)
    connected_at: datetime | None = instant(nullable=True)
    message_at: datetime | None = instant(nullable=True)
    """When the message began: an agentless campaign's, or that of a person who gets no agent in time."""
    ended_at: datetime | None = instant(nullable=True)
    outcome: str = Field(default="", max_length=20)
    """Empty while the call lives; then a name from dialer.core.outcome."""
    sip_status: int | None = None
    sip_reason: str = ""
    """The words of the last answer, and what its Reason headers say besides."""
    q850_cause: int | None = None
    heard: str = Field(default="", max_length=20)
    """The network's tone that said most of what was heard: busy, sit_vacant, ringing, …"""
    """The telephone network's own cause, where a gateway told it."""
    ended_by: str = Field(default="", max_length=10)
    """customer, agent, dialer or network."""
    trunk: str = Field(default="", max_length=32)
    """Which had the call last; empty where that is not known."""
    attestation: str = Field(default="", max_length=1)
    """How that trunk signs our calls (STIR/SHAKEN): A, B, C, or empty where nobody said."""
    rerouted: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The trunks that failed it before anything rang, in order, each with what it said."""
    agent_id: int | None = reference("agent.id", nullable=True)
    disposition: str = Field(default="", max_length=20)
    disposition_label: str = Field(default="", max_length=100)
    """What people read of it when it was said."""
    disposition_flags: int = 0
    """What it meant when it was said, whatever its campaign calls it by now; bits of
    campaigns.core.disposition.Flag."""
    disposition_at: datetime | None = instant(nullable=True)
    disposition_by: str = Field(default="", max_length=6)
    """Who said so: agent, dialer, or nobody (it is the campaign's default); empty where that was not kept."""
    notes: str = ""
    amd_verdict: str = Field(default="", max_length=8)
    """What answering-machine detection heard: human, machine, fax or unsure; empty where it was off."""
    amd_confidence: float | None = None
    """Of the verdict, 0 to 1."""
    amd_took_s: float | None = None
    """From the answer to the verdict."""


class DispositionChange(SQLModel, table=True):
    """A disposition that was corrected: by whom, and what had been said before."""

    __tablename__ = "disposition_change"

    id: int = key()
    attempt_id: int = reference("attempt.id")
    changed_at: datetime = instant()
    who: str = Field(max_length=100)
    """The user or the key, or the user of the command line."""
    reason: str = Field(default="", max_length=200)
    disposition: str = Field(max_length=20)
    """What it was before, as the two that follow."""
    disposition_label: str = Field(default="", max_length=100)
    disposition_flags: int = 0
    disposition_at: datetime | None = instant(nullable=True)
    disposition_by: str = Field(default="", max_length=6)
    notes: str = ""
    sale: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What had been sold, as {"product": "Blue one", "quantity": 2, "amount": "39.80", "currency": "EUR"}."""
    becomes: str = Field(max_length=20)
    """What it was corrected to."""


class SaleLine(SQLModel, table=True):
    """What was sold in a call: one product, and its amount for all pieces together."""

    __tablename__ = "sale_line"

    attempt_id: int = part_of_key("attempt.id")
    number: int = Field(primary_key=True)
    """1 for the first."""
    product: str = Field(max_length=100)
    quantity: int = 1
    currency: str = Field(max_length=3)
    """ISO 4217."""
    amount_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    """In the currency's smallest unit."""


class AttemptAnswer(SQLModel, table=True):
    """The key by which a person has answered a question of a menu; the last one where it was asked twice."""

    __tablename__ = "attempt_answer"

    attempt_id: int = part_of_key("attempt.id")
    question: str = Field(max_length=40, primary_key=True)
    key: str = Field(max_length=1)
    answered_at: datetime = instant()


class Recording(SQLModel, table=True):
    """What became of the recording of one call; where it was kept, which file it is."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("uq_recording_attempt", "attempt_id", unique=True),
        Index("ix_recording_client", "client_id", "id"),
        Index("ix_recording_campaign", "campaign_id", "id"),
        Index("ix_recording_open", "id", **where("state = 'recording'")),
        Index("ix_recording_due", "delete_after", **where("state = 'kept'")),
        Index("ix_recording_deleting", "id", **where("state = 'deleting'")),
    )

    id: int = key()
    attempt_id: int = reference("attempt.id", index=False)
    campaign_id: int = reference("campaign.id", index=False)
    client_id: int = reference("client.id", index=False)
    node: str = Field(max_length=64)
    """Whose folder has the file."""
    state: str = Field(max_length=10)
    """A name of campaigns.core.recording.STATES."""
    reason: str = Field(default="", max_length=10)
    """Why it was recorded: always or on_demand, as the campaign's setting says."""
    consent: str = Field(default="", max_length=10)
    """given, refused or announced; empty where nobody had to be asked."""
    consent_at: datetime | None = instant(nullable=True)
    consent_agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who heard it."""
    consent_laws: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Whose laws asked for it, as in US-CA; ? where nobody knew where the person was."""
    started_at: datetime | None = instant(nullable=True)
    length_s: float = 0.0
    bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(default="", max_length=64)
    path: str = Field(default="", max_length=100)
    """Below the node's folder of recordings."""
    pauses: list[dict[str, float]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Stretches in which nothing was recorded, as {"from_s": 12.5, "to_s": 30.0}; silent in the file."""
    failure: str = Field(default="", max_length=200)
    """What went wrong, where something did."""
    delete_after: datetime | None = instant(nullable=True)
    deleted_at: datetime | None = instant(nullable=True)
    deleted_why: str = Field(default="", max_length=200)


class RecordingAccess(SQLModel, table=True):
    """Somebody heard, took away, checked or deleted a recording."""

    __tablename__ = "recording_access"

    id: int = key()
    recording_id: int = reference("recording.id")
    at: datetime = instant()
    who: str = Field(max_length=100)
    """The user or the key, or the user of the command line."""
    what: str = Field(max_length=10)
    """heard, exported, verified or deleted."""
    detail: str = Field(default="", max_length=200)
    """The range of bytes, the folder, the result, or the reason."""
