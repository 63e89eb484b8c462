"""Appointments over HTTP. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import appointments
from campaigns.stores.appointments import AppointmentFilter
from leads.routes.access import needs
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["appointments"])

Some = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Number = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Begins = Annotated[datetime, Field(description="With an offset; the beginning of a free slot.")]
Reason = Annotated[str, Field(max_length=40)]


class AppointmentOut(BaseModel):
    """A seat of a calendar for a time; `zone` is that on whose clock the person is told of it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    client_id: int
    calendar_id: int
    campaign_id: int
    lead_id: int
    attempt_id: int | None
    """The call in which it is held, or was booked or moved last."""
    agent_id: int | None
    state: str
    """held, booked, rescheduled, canceled, kept or no_show."""
    reason: str
    starts_at: datetime
    ends_at: datetime
    seat: int
    zone: str
    notes: str
    hold_until: datetime | None
    sequence: int
    created_at: datetime
    changed_at: datetime


class NewAppointment(BaseModel):
    """An appointment to be booked for a lead of a campaign, in the campaign's calendar."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: Number
    lead_id: Number
    starts_at: Begins
    notes: Annotated[str, Field(max_length=4000)] = ""


class AnotherSlot(BaseModel):
    """To when an appointment is moved."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Begins
    reason: Reason = ""


class Cancellation(BaseModel):
    """Why an appointment is canceled, and whether the lead is in line again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = ""
    call_again: bool = False


@router.get("/appointments", dependencies=[needs("appointments.read")])
async def list_appointments(
    sessions: SessionsOf,
    calendar_id: Some = None,
    campaign_id: Some = None,
    lead_id: Some = None,
    agent_id: Some = None,
    state: Annotated[str | None, Query(max_length=11)] = None,
    since: Annotated[datetime | None, Query(description="When they begin, at the earliest.")] = None,
    until: Annotated[datetime | None, Query(description="When they begin, at the latest.")] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[AppointmentOut]:
    """Appointments by calendar, campaign, lead, agent, state or time, a page at a time."""
    wanted = AppointmentFilter(calendar_id, campaign_id, lead_id, agent_id, state, since, until)
    found = await appointments.list_appointments(sessions, wanted, after, limit)
    items = [AppointmentOut.model_validate(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/appointments", status_code=201, dependencies=[needs("appointments.write")])
async def book(sessions: SessionsOf, now: Now, wanted: NewAppointment) -> AppointmentOut:
    """Book an appointment besides a call; the lead is not called for one any more."""
    made = await appointments.book(
        sessions, wanted.campaign_id, wanted.lead_id, wanted.starts_at, now, notes=wanted.notes
    )
    return AppointmentOut.model_validate(made)


@router.get("/appointments/{appointment_id}", responses=HAS_ETAG, dependencies=[needs("appointments.read")])
async def get_appointment(response: Response, sessions: SessionsOf, appointment_id: Id) -> AppointmentOut:
    """One appointment."""
    found = await appointments.get_appointment(sessions, appointment_id)
    tag(response, found)
    return AppointmentOut.model_validate(found)


@router.post(
    "/appointments/{appointment_id}/reschedule",
    responses=TAKES_IF_MATCH,
    dependencies=[needs("appointments.write")],
)
async def reschedule(
    response: Response,
    sessions: SessionsOf,
    now: Now,
    appointment_id: Id,
    wanted: AnotherSlot,
    if_match: IfMatch,
) -> AppointmentOut:
    """Move an appointment to another slot; the person gets word of it."""
    moved = await appointments.reschedule(
        sessions, appointment_id, wanted.starts_at, now, reason=wanted.reason, if_match=if_match
    )
    tag(response, moved)
    return AppointmentOut.model_validate(moved)


@router.post("/appointments/{appointment_id}/cancel", dependencies=[needs("appointments.write")])
async def cancel(
    sessions: SessionsOf, now: Now, appointment_id: Id, why: Cancellation | None = None
) -> AppointmentOut:
    """Take an appointment back; the person gets word of it."""
    given = why or Cancellation()
    ended = await appointments.cancel(
        sessions, appointment_id, given.reason, now, call_again=given.call_again
    )
    return AppointmentOut.model_validate(ended)


@router.post("/appointments/{appointment_id}/kept", dependencies=[needs("appointments.write")])
async def say_kept(sessions: SessionsOf, now: Now, appointment_id: Id) -> AppointmentOut:
    """The person came."""
    return AppointmentOut.model_validate(await appointments.say_kept(sessions, appointment_id, now))


@router.post("/appointments/{appointment_id}/no-show", dependencies=[needs("appointments.write")])
async def say_no_show(sessions: SessionsOf, now: Now, appointment_id: Id) -> AppointmentOut:
    """The person did not come; the lead is called again, by the campaign's retry rule for no_show."""
    return AppointmentOut.model_validate(await appointments.say_no_show(sessions, appointment_id, now))
