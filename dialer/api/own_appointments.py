"""What an agent does about an appointment in a call: look for a slot, hold it, let it go.

What is held is booked with the disposition `appointment_set`.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from campaigns import appointments
from campaigns.appointments import FreeSlot
from campaigns.routes.appointments import AppointmentOut, Begins
from dialer.api.own_floor import PathId, engine_of, require_own_attempt
from leads.routes.access import needs
from leads.routes.shared import KnownQuery, Now, SessionsOf

router = APIRouter(tags=["agents"], dependencies=[KnownQuery, needs("desk.work")])


class WantedSlot(BaseModel):
    """The slot that the person on the line wants."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Begins
    notes: Annotated[str, Field(max_length=4000)] = ""


@router.get("/attempts/{attempt_id}/appointment-slots")
async def slots_for_call(
    request: Request,
    sessions: SessionsOf,
    now: Now,
    attempt_id: PathId,
    since: Annotated[datetime, Query(description="With an offset.")],
    until: Annotated[datetime, Query(description="Within 62 days.")],
) -> list[FreeSlot]:
    """The free slots of the campaign's calendar, on its clock and on that of the person on the line."""
    await require_own_attempt(request, sessions, attempt_id)
    return await appointments.slots_for_call(sessions, attempt_id, since, until, now)


@router.post("/attempts/{attempt_id}/appointment", status_code=201)
async def hold_slot(
    request: Request, sessions: SessionsOf, now: Now, attempt_id: PathId, wanted: WantedSlot
) -> AppointmentOut:
    """Hold a slot while the agent talks, or for longer; another one that the call holds is let go.

    409 (slot-taken): somebody else has it. The disposition `appointment_set` books it; any other one, the end
    of the wrap-up and the calendar's hold_minutes let it go.
    """
    await engine_of(request).written()
    await require_own_attempt(request, sessions, attempt_id)
    held = await appointments.hold_slot(sessions, attempt_id, wanted.starts_at, now, notes=wanted.notes)
    return AppointmentOut.model_validate(held)


@router.delete("/attempts/{attempt_id}/appointment", status_code=204)
async def let_go(request: Request, sessions: SessionsOf, now: Now, attempt_id: PathId) -> None:
    """Let go of the slot that the call holds."""
    await require_own_attempt(request, sessions, attempt_id)
    await appointments.let_go(sessions, attempt_id, now)
