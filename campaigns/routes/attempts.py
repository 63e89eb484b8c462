"""Attempts over HTTP, and the dispositions that a campaign's may get. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from campaigns import corrections, service
from campaigns.core.attempt import CallsWanted
from campaigns.core.disposition import NEEDS, Disposition, flags_of
from campaigns.core.disposition_set import DispositionSet, disposition_of
from campaigns.corrections import AttemptRecord
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, Id, Page, SessionsOf
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


class AttemptQuery(BaseModel):
    """Which attempts: those that have all of this. A report's figure names in `calls_of` those it counts."""

    campaign_id: int | None = Field(None, ge=1, le=LARGEST_ID)
    client: str | None = Field(None, max_length=64)
    direction: Literal["out", "in"] | None = None
    list_id: int | None = Field(None, ge=1, le=LARGEST_ID)
    agent_id: int | None = Field(
        None, ge=0, le=LARGEST_ID, description="0 for calls in which no agent talked."
    )
    outcome: str | None = Field(None, max_length=20, description="Empty for calls that go on.")
    disposition: str | None = Field(None, max_length=20)
    trunk: str | None = Field(None, max_length=32)
    caller_id: str | None = Field(None, max_length=16)
    attempt_number: int | None = Field(None, ge=0, le=10_000)
    local_hour: int | None = Field(None, ge=0, le=23, description="On the callee's clock.")
    country: str | None = Field(None, max_length=2)
    placed_from: AwareDatetime | None = None
    placed_before: AwareDatetime | None = None
    after: int = Field(0, ge=0, le=LARGEST_ID, description="The id that the page before ended with.")
    limit: int = Field(100, ge=1, le=500)

    @property
    def wanted(self) -> CallsWanted:
        """Without what pages them."""
        given = self.model_dump(exclude={"campaign_id", "client", "attempt_number", "after", "limit"})
        return CallsWanted(**given, number=self.attempt_number)


@router.get("/attempts", tags=["attempts"], dependencies=[needs("attempts.read")])
async def list_attempts(sessions: SessionsOf, query: Annotated[AttemptQuery, Query()]) -> Page[AttemptOut]:
    """Attempts, of one campaign, of a client's or of all, a page at a time: by their ids, or of a period in
    the order in which they were placed.
    """
    found = await service.list_attempts(
        sessions, query.campaign_id, query.after, query.limit, client=query.client, wanted=query.wanted
    )
    items = [AttemptOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == query.limit else None)


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
