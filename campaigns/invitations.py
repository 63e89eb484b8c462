"""Invitations to appointments by e-mail, as calendar programs take them (RFC 5545 and RFC 5546).

A moved appointment is the same event with a higher SEQUENCE, a canceled one too, with METHOD:CANCEL.
"""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.core.callback_time import clock_text
from campaigns.messaging import planning
from campaigns.messaging.outbox import NewMessage, enqueue
from campaigns.stores.calendars import settings_of_calendar
from campaigns.stores.shared import Session
from campaigns.tables import Appointment, AppointmentCalendar
from leads.tables import Lead

Method = Literal["REQUEST", "CANCEL"]

_PRODUCT = "-//dialer//appointments//EN"
_A_YEAR = timedelta(days=366)
_LONGEST_ADDRESS = 254


async def invite(
    session: Session, calendar: AppointmentCalendar, appointment: Appointment, now: datetime
) -> None:
    """Put the invitation in line, or what has changed of it; nothing where the lead has no address."""
    subject = "{title}: {when}" if appointment.sequence == 0 else "{title}, moved: {when}"
    await _enqueue(session, calendar, appointment, "REQUEST", subject, now)
    await _remind_no_more(session, appointment, appointment.sequence, "moved")
    campaign_id, cause = appointment.campaign_id, _cause(appointment, appointment.sequence)
    await planning.on_appointment(
        session, campaign_id, appointment.lead_id, cause, appointment.starts_at, now, appointment.zone
    )


async def call_off(
    session: Session, calendar: AppointmentCalendar, appointment: Appointment, now: datetime
) -> None:
    """Put the word in line that the appointment does not take place."""
    await _enqueue(session, calendar, appointment, "CANCEL", "{title}, canceled: {when}", now)
    await _remind_no_more(session, appointment, appointment.sequence + 1, "appointment_canceled")


async def _remind_no_more(session: Session, appointment: Appointment, before: int, reason: str) -> None:
    """What the campaign's messages would have reminded of at its earlier times is not sent."""
    for number in range(before):
        await planning.on_appointment_over(
            session, appointment.campaign_id, appointment.lead_id, _cause(appointment, number), reason
        )


def _cause(appointment: Appointment, number: int) -> str:
    """One for each change; asked for again, it is the same."""
    return f"appointment:{appointment.id}:{number}"


async def _enqueue(
    session: Session,
    calendar: AppointmentCalendar,
    appointment: Appointment,
    method: Method,
    subject: str,
    now: datetime,
) -> None:
    settings = settings_of_calendar(calendar)
    lead = await session.get(Lead, appointment.lead_id)
    address = lead.email if lead is not None else ""
    if lead is None or not _may_be_sent(settings, address) or appointment.starts_at <= now:
        return
    name = f"{lead.first_name} {lead.last_name}".strip()
    message = NewMessage(
        # Of no campaign: it is owed whatever becomes of that.
        client_id=appointment.client_id,
        lead_id=appointment.lead_id,
        channel="email",
        cause=_cause(appointment, appointment.sequence),
        to_address=address,
        subject=subject.format(title=settings.title, when=_when(appointment)),
        body_text=_text(settings, appointment, method, name),
        calendar=invitation(settings, appointment, method, address, name),
        due_at=now,
        expires_at=appointment.starts_at,
    )
    await enqueue(session, [message], now)


def invitation(
    settings: CalendarSettings, appointment: Appointment, method: Method, address: str, name: str = ""
) -> str:
    """The iCalendar object that invites the person, or calls the appointment off."""
    event = event_of(settings, appointment, settings.title)
    organizer = vCalAddress(f"mailto:{settings.organizer_email}")
    if settings.organizer_name:
        organizer.params["CN"] = vText(settings.organizer_name)
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    if name:
        attendee.params["CN"] = vText(name)
    if method == "REQUEST":
        attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
        attendee.params["RSVP"] = vText("TRUE")
    event.add("organizer", organizer)
    event.add("attendee", attendee)
    calendar: Any = Calendar.new(prodid=_PRODUCT, method=method)
    calendar.add_component(event)
    first = appointment.starts_at.date() - _A_YEAR
    calendar.add_missing_timezones(first, first + 2 * _A_YEAR)
    text: bytes = calendar.to_ical()
    return text.decode()


def event_of(settings: CalendarSettings, appointment: Appointment, summary: str) -> Any:
    """An appointment as an event, which stays the same when it is moved; its SEQUENCE counts how often."""
    clock = ZoneInfo(settings.zone)
    made = appointment.created_at.isoformat()
    event: Any = Event.new(
        uid=str(uuid5(NAMESPACE_URL, f"dialer:appointment:{appointment.id}:{made}")),
        stamp=appointment.changed_at,
        last_modified=appointment.changed_at,
        created=appointment.created_at,
        sequence=appointment.sequence,
        start=appointment.starts_at.astimezone(clock),
        end=appointment.ends_at.astimezone(clock),
        summary=summary,
        location=settings.location or None,
    )
    event.add("status", "CANCELLED" if appointment.state == "canceled" else "CONFIRMED")
    return event


def _may_be_sent(settings: CalendarSettings, address: str) -> bool:
    """Whether somebody invites and somebody is invited; an address with more in it is none."""
    clean = address.isprintable() and not set(address) & set(' <>,;:"\\')
    return bool(settings.organizer_email) and "@" in address and clean and len(address) <= _LONGEST_ADDRESS


def _text(settings: CalendarSettings, appointment: Appointment, method: Method, name: str) -> str:
    what = f"Your appointment is on {_when(appointment)}."
    if method == "CANCEL":
        what = f"Your appointment on {_when(appointment)} is canceled."
    lines = [f"Dear {name}," if name else "", what, settings.location and f"Where: {settings.location}"]
    return "\n\n".join([each for each in lines if each] + [settings.organizer_name]).strip() + "\n"


def _when(appointment: Appointment) -> str:
    """When it begins, on the person's clock."""
    return clock_text(appointment.starts_at, appointment.zone)
