"""The audit log over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict

from dialer.access.audit import list_audit
from dialer.access.stores.audit import AuditFilter
from leads.routes.access import needs
from leads.routes.shared import After, Limit, Page, SessionsOf

router = APIRouter(tags=["audit"])

Text = Annotated[str | None, Query(max_length=200)]


class AuditEntryOut(BaseModel):
    """Somebody changed something, or was refused."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str
    role: str
    client_id: int | None
    action: str
    subject: str
    status: int
    details: dict[str, Any]
    address: str


@router.get("/audit-log", dependencies=[needs("audit.read")])
async def audit_log(
    request: Request,
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64)] = None,
    actor: Text = None,
    action: Text = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[AuditEntryOut]:
    """Who changed what, the oldest first, a page at a time: all that was answered before this was asked."""
    await request.app.state.audit.written()
    wanted = AuditFilter(actor=actor, action=action, since=since, until=until)
    found = await list_audit(sessions, client, wanted, after, limit)
    items = [AuditEntryOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)
