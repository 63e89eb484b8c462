"""Calendars in which appointments are booked, and their feeds, which calendar programs subscribe to.

Whoever has a feed's address can read it, as a calendar server does. So it holds no phone number, no e-mail
address and no notes, and names the lead by its number in the database, or by name where the service is set
so.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from icalendar import Calendar

from campaigns.checks import checked_name
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.errors import CalendarInUseError, CalendarNotFoundError
from campaigns.invitations import event_of
from campaigns.stores.appointments import AppointmentStore, FeedRow
from campaigns.stores.calendars import CalendarStore, settings_of_calendar
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.shared import Sessions
from campaigns.tables import AppointmentCalendar
from leads.checks import client_id_of
from leads.stores.versions import Versions, require_version

_PRODUCT = "-//dialer//appointments//EN"
_KEPT = timedelta(days=30)
"""So long an appointment that is over stays in the feed."""
_A_YEAR = timedelta(days=366)
_MOST = 2000
_TOKEN_BYTES = 32


async def add_calendar(
    sessions: Sessions, client_slug: str, name: str, settings: CalendarSettings, now: datetime
) -> AppointmentCalendar:
    """A new calendar of a client. Raises UnknownClientError, InvalidInputError and CalendarExistsError."""
    async with sessions() as session, session.begin():
        client_id = await client_id_of(session, client_slug)
        return await CalendarStore(session).add(client_id, checked_name(name), settings, now)


async def change_calendar(
    sessions: Sessions,
    calendar_id: int,
    changes: Mapping[str, Any],
    *,
    name: str | None = None,
    if_match: Versions | None = None,
) -> AppointmentCalendar:
    """Change a calendar by the settings that are given; what is booked stays as it is.

    Raises CalendarNotFoundError, CalendarExistsError, CalendarInUseError for a new name while campaigns book
    by the old one, InvalidCalendarError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        store = CalendarStore(session)
        calendar = await store.get(calendar_id, lock=True)
        await require_version(session, calendar, if_match)
        if name is not None and checked_name(name) != calendar.name:
            await _require_unused(CampaignStore(session), calendar)
            calendar.name = checked_name(name)
        calendar.settings = CalendarSettings.parse(calendar.settings | dict(changes)).to_json()
        await store.save(calendar)
        return calendar


async def delete_calendar(sessions: Sessions, calendar_id: int, *, if_match: Versions | None = None) -> None:
    """Take out a calendar in which nothing was ever booked, and in which no campaign books.

    Raises CalendarNotFoundError, CalendarInUseError and ChangedMeanwhileError.
    """
    async with sessions() as session, session.begin():
        calendar = await CalendarStore(session).get(calendar_id, lock=True)
        await require_version(session, calendar, if_match)
        if await AppointmentStore(session).any_in(calendar.id):
            raise CalendarInUseError("There are appointments in the calendar, which stay on record.")
        await _require_unused(CampaignStore(session), calendar)
        await CalendarStore(session).delete(calendar)


async def get_calendar(sessions: Sessions, calendar_id: int) -> AppointmentCalendar:
    """A calendar. Raises CalendarNotFoundError."""
    async with sessions() as session:
        return await CalendarStore(session).get(calendar_id)


async def find_calendar(sessions: Sessions, reference: str, client_slug: str | None) -> AppointmentCalendar:
    """A calendar by its id, or by its name at a client. Raises CalendarNotFoundError, UnknownClientError."""
    async with sessions() as session:
        store = CalendarStore(session)
        if reference.isascii() and reference.isdigit() and len(reference) < 10:
            return await store.get(int(reference))
        if client_slug is None:
            raise CalendarNotFoundError("A calendar is named by its id, or by its name and its --client.")
        return await store.named(await client_id_of(session, client_slug), reference)


async def list_calendars(
    sessions: Sessions, client_slug: str | None, after: int, limit: int
) -> Sequence[AppointmentCalendar]:
    """The `limit` calendars that follow number `after`. Raises UnknownClientError."""
    async with sessions() as session:
        client_id = await client_id_of(session, client_slug) if client_slug is not None else None
        return await CalendarStore(session).page(client_id, after, limit)


# --- feeds --------------------------------------------------------------------------------------


async def new_address(sessions: Sessions, calendar_id: int) -> str:
    """A new address of a calendar's feed, of which the database keeps a digest alone; an old one ends.

    Raises CalendarNotFoundError.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    async with sessions() as session, session.begin():
        (await CalendarStore(session).get(calendar_id, lock=True)).feed_key = _key(token)
    return f"/appointments/{token}.ics"


async def end_address(sessions: Sessions, calendar_id: int) -> None:
    """End the address of a calendar's feed. Raises CalendarNotFoundError."""
    async with sessions() as session, session.begin():
        (await CalendarStore(session).get(calendar_id, lock=True)).feed_key = None


async def feed_at(sessions: Sessions, token: str, now: datetime, *, names: bool) -> bytes:
    """The feed at an address; with `names`, leads by name. Raises CalendarNotFoundError."""
    async with sessions() as session:
        calendar = await CalendarStore(session).at_key(_key(token))
        if calendar is None:
            raise CalendarNotFoundError("There is no such calendar; ask for its new address.")
        rows = await AppointmentStore(session).for_feed(calendar.id, now - _KEPT, _MOST)
    return feed_text(calendar, rows, names=names)


def feed_text(calendar: AppointmentCalendar, rows: Sequence[FeedRow], *, names: bool) -> bytes:
    """The feed as iCalendar text, with the rules of its time zone in it."""
    settings = settings_of_calendar(calendar)
    feed: Any = Calendar.new(prodid=_PRODUCT, name=calendar.name, method="PUBLISH")
    for row in rows:
        whom = row.lead_name if names and row.lead_name else f"lead {row.appointment.lead_id}"
        feed.add_component(event_of(settings, row.appointment, f"{settings.title}: {whom} ({row.campaign})"))
    if rows:
        times = [row.appointment.starts_at.date() for row in rows]
        feed.add_missing_timezones(min(times) - _A_YEAR, max(times) + _A_YEAR)
    text: bytes = feed.to_ical()
    return text


async def _require_unused(store: CampaignStore, calendar: AppointmentCalendar) -> None:
    if used := await store.booking_in(calendar.client_id, calendar.name):
        raise CalendarInUseError(f"The campaign {used!r} books in the calendar; stop it first.")


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
