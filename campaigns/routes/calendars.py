"""Calendars of appointments over HTTP. Errors pass through to the API."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from campaigns import appointments, calendars
from campaigns.appointments import FreeSlot
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.routes.callbacks import CalendarOut as FeedAddress
from campaigns.tables import AppointmentCalendar
from leads.routes.access import OwnClient, needs, require_own
from leads.routes.shared import LARGEST_ID, After, Id, Limit, Now, Page, SessionsOf
from leads.routes.versions import HAS_ETAG, TAKES_IF_MATCH, IfMatch, tag

router = APIRouter(tags=["appointments"])

Name = Annotated[str, Field(max_length=200)]
Hours = Annotated[
    dict[str, Any],
    Field(description='On its own clock: {"mon": [["09:00", "17:00"]]}; a day left out is closed.'),
]
Exceptions = Annotated[
    dict[str, Any],
    Field(description='Days with other hours: {"2026-12-24": [], "2026-12-31": [["09:00", "12:00"]]}.'),
]


class CalendarOut(BaseModel):
    """A calendar, as `docs/appointments.md` explains its settings."""

    id: int
    client_id: int
    name: str
    zone: str
    hours: dict[str, list[list[str]]]
    exceptions: dict[str, list[list[str]]]
    slot_minutes: int
    step_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    capacity: int
    notice_minutes: int
    horizon_days: int
    hold_minutes: int
    reminder_call_minutes: int
    title: str
    location: str
    organizer_name: str
    organizer_email: str
    has_feed: bool
    """Whether it has a feed whose address is not ended."""
    created_at: datetime


class ChangedCalendar(BaseModel):
    """What is to be different; what is left out stays. What is booked stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    zone: str = Field("", max_length=64, description="IANA, as in Europe/Berlin.")
    hours: Hours = {}
    exceptions: Exceptions = {}
    slot_minutes: int = 30
    step_minutes: int = Field(0, description="From one slot to the next; 0: one after another, with buffers.")
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    capacity: int = Field(1, description="How many appointments there may be at once.")
    notice_minutes: int = Field(60, description="How long before it begins a slot is booked, at least.")
    horizon_days: int = Field(60, description="How far ahead slots are booked.")
    hold_minutes: int = Field(15, description="How long a slot is held for somebody on the line.")
    reminder_call_minutes: int = Field(0, description="How long before it a reminder is called; 0: none.")
    title: str = "Appointment"
    location: str = ""
    organizer_name: str = ""
    organizer_email: str = Field("", description="Who invites; empty: nobody gets an invitation.")

    def settings(self) -> dict[str, Any]:
        """The settings that are given."""
        return {each: getattr(self, each) for each in self.model_fields_set - {"client", "name"}}


class NewCalendar(ChangedCalendar):
    """A calendar to be made; `zone` and `hours` are needed."""

    client: Annotated[str, Field(max_length=64)]
    name: Name


@router.get("/calendars", dependencies=[needs("appointments.read")])
async def list_calendars(
    sessions: SessionsOf,
    client: Annotated[str | None, Query(max_length=64)] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Page[CalendarOut]:
    """Calendars by client, a page at a time."""
    found = await calendars.list_calendars(sessions, client, after, limit)
    items = [_out(each) for each in found]
    return Page(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/calendars", status_code=201, dependencies=[needs("calendars.write")])
async def add_calendar(sessions: SessionsOf, own: OwnClient, now: Now, wanted: NewCalendar) -> CalendarOut:
    """Make a calendar; campaigns book in it by its name."""
    require_own(own, wanted.client)
    settings = CalendarSettings.parse(wanted.settings())
    return _out(await calendars.add_calendar(sessions, wanted.client, wanted.name, settings, now))


@router.get("/calendars/{calendar_id}", responses=HAS_ETAG, dependencies=[needs("appointments.read")])
async def get_calendar(response: Response, sessions: SessionsOf, calendar_id: Id) -> CalendarOut:
    """One calendar."""
    found = await calendars.get_calendar(sessions, calendar_id)
    tag(response, found)
    return _out(found)


@router.patch("/calendars/{calendar_id}", responses=TAKES_IF_MATCH, dependencies=[needs("calendars.write")])
async def change_calendar(
    response: Response, sessions: SessionsOf, calendar_id: Id, change: ChangedCalendar, if_match: IfMatch
) -> CalendarOut:
    """Change a calendar."""
    changed = await calendars.change_calendar(
        sessions, calendar_id, change.settings(), name=change.name, if_match=if_match
    )
    tag(response, changed)
    return _out(changed)


@router.delete(
    "/calendars/{calendar_id}",
    status_code=204,
    responses=TAKES_IF_MATCH,
    dependencies=[needs("calendars.write")],
)
async def delete_calendar(sessions: SessionsOf, calendar_id: Id, if_match: IfMatch) -> None:
    """Take out a calendar in which nothing was ever booked."""
    await calendars.delete_calendar(sessions, calendar_id, if_match=if_match)


@router.get("/calendars/{calendar_id}/slots", dependencies=[needs("appointments.read")])
async def free_slots(
    sessions: SessionsOf,
    now: Now,
    calendar_id: Id,
    since: Annotated[datetime, Query(description="With an offset.")],
    until: Annotated[datetime, Query(description="Within 62 days.")],
    lead_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Who sees them, too.")] = None,
) -> list[FreeSlot]:
    """The slots that are free, on the calendar's clock and on the lead's."""
    return await appointments.slots_of_calendar(sessions, calendar_id, since, until, now, lead_id=lead_id)


@router.post("/calendars/{calendar_id}/feed", status_code=201, dependencies=[needs("calendars.write")])
async def new_feed(sessions: SessionsOf, calendar_id: Id) -> FeedAddress:
    """A new secret address of the calendar's feed, told only now; an old one ends."""
    return FeedAddress(path=await calendars.new_address(sessions, calendar_id))


@router.delete("/calendars/{calendar_id}/feed", status_code=204, dependencies=[needs("calendars.write")])
async def no_feed(sessions: SessionsOf, calendar_id: Id) -> None:
    """End the address of the calendar's feed."""
    await calendars.end_address(sessions, calendar_id)


def _out(calendar: AppointmentCalendar) -> CalendarOut:
    row = {name: getattr(calendar, name) for name in ("id", "client_id", "name", "created_at")}
    return CalendarOut(**row, **calendar.settings, has_feed=calendar.feed_key is not None)
