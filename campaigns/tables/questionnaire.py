"""Questionnaires as they were asked, people's ways through them, and how full quotas are."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from campaigns.tables.shared import part_of_key, where
from leads.tables import instant, key, reference


class QuestionnaireDocument(SQLModel, table=True):
    """What was asked. It never changes: a script that is changed is another document."""

    __tablename__ = "questionnaire_document"

    sha256: str = Field(max_length=64, primary_key=True)
    """Of its JSON with sorted keys."""
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class QuestionnaireRun(SQLModel, table=True):
    """A person's way through a questionnaire, on whatever it goes: a call, keys, the web."""

    __tablename__ = "questionnaire_run"
    __table_args__ = (
        Index("uq_questionnaire_run_attempt", "attempt_id", unique=True, **where("attempt_id IS NOT NULL")),
        Index("uq_questionnaire_run_token", "token_sha256", unique=True, **where("token_sha256 <> ''")),
        Index("ix_questionnaire_run_campaign", "campaign_id", "id"),
        Index("ix_questionnaire_run_lead", "lead_id", "campaign_id"),
    )

    id: int = key()
    client_id: int = reference("client.id", index=False)
    campaign_id: int = reference("campaign.id", index=False)
    lead_id: int = reference("lead.id", index=False)
    attempt_id: int | None = reference("attempt.id", nullable=True, index=False)
    """The last call in which it was asked; None where no call was."""
    agent_id: int | None = reference("agent.id", nullable=True, index=False)
    """Who asked last; None where nobody did."""
    document: str = Field(foreign_key="questionnaire_document.sha256", max_length=64)
    channel: str = Field(max_length=5)
    """Where it was answered last: agent, keys or web."""
    passed: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The pages that were answered, in order."""
    page: str = Field(max_length=40)
    """Where it stands."""
    result: str = Field(default="", max_length=12)
    """completed, screened_out or quota_full; empty while it goes on."""
    token_sha256: str = Field(default="", max_length=64)
    """Of its link's secret; empty where it has no link."""
    expires_at: datetime | None = instant(nullable=True)
    """When its link ends."""
    started_at: datetime = instant()
    changed_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class QuestionnaireAnswer(SQLModel, table=True):
    """What somebody has answered to a question."""

    __tablename__ = "questionnaire_answer"

    run_id: int = part_of_key("questionnaire_run.id")
    question: str = Field(max_length=40, primary_key=True)
    value: str
    """JSON, in the one form that campaigns.core.question gives an answer; so that equal answers are equal."""
    answered_at: datetime = instant()


class QuestionnaireSegment(SQLModel, table=True):
    """A quota for which a completed run counts."""

    __tablename__ = "questionnaire_segment"

    run_id: int = part_of_key("questionnaire_run.id")
    quota: str = Field(max_length=40, primary_key=True)


class QuotaCount(SQLModel, table=True):
    """How many completed runs of a campaign count for a quota."""

    __tablename__ = "quota_count"

    campaign_id: int = part_of_key("campaign.id")
    quota: str = Field(max_length=40, primary_key=True)
    completed: int = 0
