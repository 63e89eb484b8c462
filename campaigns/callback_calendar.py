"""An agent's callbacks as an iCalendar feed (RFC 5545), at a secret address.

Whoever has the address can read it, as a calendar server does. So it holds no phone number and no notes, and
names the lead by its number in the database, or by name where the service is set so.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event

from campaigns.core.callback import CallbackState
from campaigns.errors import CalendarNotFoundError
from campaigns.stores.agents import AgentStore
from campaigns.stores.callbacks import CalendarRow, CallbackStore
from campaigns.stores.shared import Sessions

_PRODUCT = "-//dialer//callbacks//EN"
_LASTS = timedelta(minutes=15)
_REMINDED_BEFORE = timedelta(minutes=5)
_KEPT = timedelta(days=30)
"""So long a callback that is over stays in the calendar: whoever looks seldom learns that it was canceled."""
_A_YEAR = timedelta(days=366)
_MOST = 2000
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Feed:
    """What a calendar holds: whose it is, and the callbacks."""

    agent: str
    rows: Sequence[CalendarRow]


async def new_address(sessions: Sessions, agent_id: int) -> str:
    """A new address of an agent's calendar, of which the database keeps a digest alone; an old one ends.

    Raises AgentNotFoundError.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    async with sessions() as session, session.begin():
        await AgentStore(session).get(agent_id)
        await CallbackStore(session).set_calendar_key(agent_id, _key(token))
    return f"/calendars/{token}.ics"


async def end_address(sessions: Sessions, agent_id: int) -> None:
    """End the address of an agent's calendar. Raises AgentNotFoundError."""
    async with sessions() as session, session.begin():
        await AgentStore(session).get(agent_id)
        await CallbackStore(session).set_calendar_key(agent_id, None)


async def calendar_of(sessions: Sessions, token: str, now: datetime, *, names: bool) -> bytes:
    """The calendar at an address; with `names`, leads by name. Raises CalendarNotFoundError."""
    async with sessions() as session:
        found = await CallbackStore(session).for_calendar(_key(token), now - _KEPT, _MOST)
    if found is None:
        raise CalendarNotFoundError("There is no such calendar; ask for its new address.")
    agent, rows = found
    return calendar_text(Feed(agent.name, rows), names=names)


def calendar_text(feed: Feed, *, names: bool) -> bytes:
    """The feed as iCalendar text, with the rules of each time zone in it."""
    calendar: Any = Calendar.new(prodid=_PRODUCT, name=f"Callbacks of {feed.agent}", method="PUBLISH")
    for row in feed.rows:
        calendar.add_component(_event(row, names=names))
    if feed.rows:
        times = [row.callback.due_at for row in feed.rows]
        first, last = min(times).date() - _A_YEAR, max(times).date() + _A_YEAR
        calendar.add_missing_timezones(first, last)
    text: bytes = calendar.to_ical()
    return text


def _event(row: CalendarRow, *, names: bool) -> Any:
    callback = row.callback
    whom = row.lead_name if names and row.lead_name else f"lead {callback.lead_id}"
    start = callback.due_at.astimezone(ZoneInfo(callback.zone))
    canceled = callback.state == CallbackState.CANCELED
    event: Any = Event.new(
        uid=str(uuid5(NAMESPACE_URL, f"dialer:callback:{callback.id}:{callback.created_at.isoformat()}")),
        stamp=callback.changed_at,
        last_modified=callback.changed_at,
        created=callback.created_at,
        sequence=callback.sequence,
        start=start,
        end=start + _LASTS,
        summary=f"Call back {whom} ({row.campaign})",
    )
    event.add("status", "CANCELLED" if canceled else "CONFIRMED")
    if not canceled and callback.done_attempt_id is None:
        event.add_component(_alarm(whom))
    return event


def _alarm(whom: str) -> Any:
    alarm: Any = Alarm.new(description=f"Call back {whom}")
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -_REMINDED_BEFORE)
    return alarm


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
