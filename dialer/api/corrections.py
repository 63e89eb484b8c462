"""An agent, or a supervisor, corrects what was said of a call."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import corrections
from campaigns.dispositions import Words
from campaigns.routes.attempts import AttemptRecordOut
from dialer.access.core.roles import Permission
from dialer.api.access import actor_of
from dialer.api.desk import Code, Notes, PromisedCallback, SoldIn, wish_of
from dialer.api.own_floor import PathId, engine_of, require_own_attempt
from leads.routes.access import access_of, needs
from leads.routes.shared import KnownQuery
from leads.routes.versions import TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["attempts"], dependencies=[KnownQuery, needs("desk.work")])


class Correction(BaseModel):
    """What is to be said instead; what is left out stays. `reason` is for the record."""

    model_config = ConfigDict(extra="forbid")

    disposition: Code | None = None
    notes: Notes = ""
    sale: Annotated[list[SoldIn] | None, Field(max_length=50, description="In place of all lines.")] = None
    callback: PromisedCallback | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


@router.patch("/attempts/{attempt_id}", responses=TAKES_IF_MATCH)
async def correct_attempt(
    request: Request, response: Response, attempt_id: PathId, given: Correction, if_match: IfMatch
) -> AttemptRecordOut:
    """Correct what was said of a call: the lead goes the new way, once, unless it was called again since.

    Agents correct their own calls, for as long as the campaign lets them (409, correction-too-late). What was
    said before is kept, with who corrected it. An opt-out stays, whatever is said later.
    """
    engine = engine_of(request)
    sessions = access_of(request).own_rows(request, engine.sessions)
    await engine.written()
    await require_own_attempt(request, sessions, attempt_id)
    words = Words(
        code=given.disposition or "",
        notes=given.notes,
        sale=None if given.sale is None else [each.line() for each in given.sale],
        wish=await wish_of(sessions, attempt_id, given.callback, given.notes),
        who=access_of(request).name(request),
        reason=given.reason,
        limited=not actor_of(request).may(Permission.AGENTS_SUPERVISE),
    )
    record = await corrections.correct(
        sessions, attempt_id, words, engine.now(), rules=request.app.state.rules, if_match=if_match
    )
    engine.dispositioned(record.attempt, record.attempt.disposition)
    tag(response, record.content)
    return AttemptRecordOut.of(record)
