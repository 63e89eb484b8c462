"""Attempts over HTTP, and the dispositions that a campaign's may get. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from campaigns import corrections, service
from campaigns.core.disposition import NEEDS, Disposition, flags_of
from campaigns.core.disposition_set import DispositionSet, disposition_of
from campaigns.corrections import AttemptRecord
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, tag

router = APIRouter()


class AttemptOut(BaseModel):
    """One call to one lead; `permit` is what compliance answered just before it.

    With the direction `in` the lead has called, its `number` is 0, and `caller_id` is what they called. The
    disposition's label and flags are those that it had when it was said.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    direction: str
    campaign_id: int
    lead_id: int
    phone: str = Field(validation_alias="e164")
    number: int
    caller_id: str
    permit: dict[str, Any]
    placed_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: str
    sip_status: int | None
    sip_reason: str
    q850_cause: int | None
    heard: str
    ended_by: str
    trunk: str
    attestation: str
    rerouted: list[str]
    agent_id: int | None
    disposition: str
    disposition_label: str
    disposition_flags: list[str]
    disposition_at: datetime | None
    disposition_by: str
    notes: str
    amd_verdict: str
    amd_confidence: float | None
    amd_took_s: float | None

    @field_validator("disposition_flags", mode="before")
    @classmethod
    def _named(cls, bits: int) -> list[str]:
        return sorted(flags_of(bits))


class SoldOut(BaseModel):
    """What was sold of one product; `amount` is for all pieces together, exactly, as text."""

    product: str
    quantity: int
    amount: str
    currency: str


class CorrectionOut(BaseModel):
    """What was said before a correction, who corrected it and when; `becomes` is the code from then on."""

    model_config = ConfigDict(from_attributes=True)

    changed_at: datetime
    who: str
    reason: str
    disposition: str
    disposition_at: datetime | None
    disposition_by: str
    notes: str
    sale: list[SoldOut]
    becomes: str


class AttemptRecordOut(AttemptOut):
    """An attempt with what was sold, and what was said of it before; the oldest correction first."""

    sale: list[SoldOut]
    corrections: list[CorrectionOut]

    @classmethod
    def of(cls, record: AttemptRecord) -> "AttemptRecordOut":
        """From what is on record."""
        more = {
            "sale": [each.to_json() for each in record.sale],
            "corrections": [CorrectionOut.model_validate(each) for each in record.corrections],
        }
        return cls.model_validate(record.attempt.model_dump() | more)


class DispositionOut(BaseModel):
    """A disposition that an agent may give: by its code, an alias, or its key.

    Without a `retry` its flags and the campaign's retry rules say whether the lead is called again.
    """

    code: str
    label: str
    flags: list[str]
    key: str
    needs: Annotated[list[str], Field(description=f"What has to be said besides: {', '.join(NEEDS)}.")]
    aliases: list[str]
    retry: dict[str, Any] | None
    message: str
    campaign: str

    @classmethod
    def of(cls, each: Disposition, said: DispositionSet) -> "DispositionOut":
        """From a campaign's set."""
        aliases = [alias for alias, code in said.aliases.items() if code == each.code]
        return cls(**disposition_of(each), aliases=aliases)


@router.get("/attempts", tags=["attempts"], dependencies=[needs("attempts.read")])
async def list_attempts(
    sessions: SessionsOf,
    campaign_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[AttemptOut]:
    """Attempts, of one campaign or of all, a page at a time."""
    found = await service.list_attempts(sessions, campaign_id, after, limit)
    items = [AttemptOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.get(
    "/attempts/{attempt_id}",
    tags=["attempts"],
    responses=HAS_ETAG,
    dependencies=[needs("attempts.read")],
)
async def get_attempt(response: Response, sessions: SessionsOf, attempt_id: Id) -> AttemptRecordOut:
    """One attempt, with what was sold and how it was corrected."""
    found = await corrections.look_up(sessions, attempt_id)
    tag(response, found.content)
    return AttemptRecordOut.of(found)


@router.get("/campaigns/{campaign_id}/dispositions", tags=["campaigns"], dependencies=[needs("desk.work")])
async def list_dispositions(sessions: SessionsOf, campaign_id: Id) -> list[DispositionOut]:
    """What an agent of the campaign chooses from, with hotkeys, in the order in which it is shown."""
    said = await service.dispositions_of(sessions, campaign_id)
    return [DispositionOut.of(each, said) for each in said.for_agents]
