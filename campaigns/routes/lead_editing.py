"""Changes of leads over HTTP. Errors pass through to the API, which maps them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns.lead_editing import edit_lead, update_leads
from leads.core.lead_changes import BULK_FIELDS, FIELDS, LeadChanges, parse_changes
from leads.editing import BulkUpdate
from leads.routes.access import needs
from leads.routes.leads import Chosen
from leads.routes.shared import Id, Now, SessionsOf
from leads.routes.versions import TAKES_IF_MATCH, IfMatch, tag
from leads.viewing import LeadView

router = APIRouter()


class BulkChanges(BaseModel):
    """New values; what is left out stays, null or an empty text clears."""

    model_config = ConfigDict(extra="forbid")

    owner: str | None = None
    priority: int | None = None
    rank: int | None = None
    language: str | None = None
    best_time: str | None = Field(default=None, description="Local hours of a day, as in 17:00-20:00.")
    not_before: str | None = Field(default=None, description="As in 2026-03-01T09:00+01:00.")
    timezone: str | None = Field(default=None, description="An IANA name; the phones' zones follow.")
    custom: dict[str, str | None] | None = Field(default=None, description="Custom fields; others stay.")

    def changes(self, allowed: tuple[str, ...]) -> LeadChanges:
        """Raises BadLeadChangesError."""
        given = self.model_dump(include=self.model_fields_set - {"custom"})
        values = {name: "" if value is None else str(value) for name, value in given.items()}
        custom = {name: value or "" for name, value in (self.custom or {}).items()}
        return parse_changes(values, custom, allowed)


class LeadPatch(BulkChanges):
    """New values of one lead; what is left out stays, null or an empty text clears."""

    external_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    country: str | None = None
    region: str | None = None
    postal_code: str | None = None


@router.patch(
    "/leads/{lead_id:int}", tags=["leads"], responses=TAKES_IF_MATCH, dependencies=[needs("leads.write")]
)
async def patch_lead(
    sessions: SessionsOf,
    now: Now,
    response: Response,
    lead_id: Id,
    patch: LeadPatch,
    if_match: IfMatch,
) -> LeadView:
    """Change one lead, if it still is as it was read."""
    changed = await edit_lead(sessions, lead_id, patch.changes(FIELDS), now, if_match=if_match)
    tag(response, changed)
    return changed


@router.patch("/leads", tags=["leads"], dependencies=[needs("leads.write")])
async def patch_leads(
    sessions: SessionsOf,
    now: Now,
    wanted: Chosen,
    changes: BulkChanges,
    dry_run: Annotated[bool, Query(description="Only count; false writes.")] = True,
) -> BulkUpdate:
    """Change all leads that meet every condition; counts them first, unless told to write."""
    return await update_leads(sessions, wanted, changes.changes(BULK_FIELDS), now, dry_run=dry_run)
