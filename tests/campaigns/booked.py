"""Appointments for tests: a calendar, talks with people, and what is on record."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from campaigns import calendars, service
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.stores.shared import Sessions
from campaigns.tables import Appointment, Message
from leads.tables import Lead
from tests.campaigns.promised import talked
from tests.campaigns.seeds import ALL_DAY, NOW, people, seed_campaign, seed_leads

TOMORROW = NOW + timedelta(days=1)
HOURS = {day: [["09:00", "12:00"]] for day in ALL_DAY}
ADVICE: dict[str, Any] = {
    "zone": "America/New_York",
    "hours": HOURS,
    "organizer_email": "office@acme.example",
}
"""Two slots an hour, from 14:00 to 17:00 UTC in winter."""


async def booking(
    sessions: Sessions, leads: int = 1, *, campaign: Any = None, **values: Any
) -> tuple[int, int, int]:
    """A campaign that books in a calendar for leads with addresses; the campaign, an agent, the calendar."""
    await seed_leads(sessions, people(leads))
    async with sessions() as session, session.begin():
        for lead in (await session.exec(select(Lead))).all():
            lead.email = f"ada{lead.id}@person.example"
    settings = CalendarSettings.parse(ADVICE | values)
    made = await calendars.add_calendar(sessions, "acme", "advice", settings, NOW)
    given = {"kind": "appointment", "calendar": "advice", "lead_order": "oldest"}
    campaign_id = await seed_campaign(sessions, **given | (campaign or {}))
    agent = await service.add_agent(sessions, "acme", "Ann", "sip:ann@pbx.example", NOW)
    return campaign_id, agent, made.id


async def talks(sessions: Sessions, campaign: int, agent: int, count: int, now: datetime = NOW) -> list[int]:
    """Calls that go on, each to the next lead; the attempts."""
    return [await talked(sessions, campaign, agent, now) for _ in range(count)]


async def booked(sessions: Sessions) -> list[Appointment]:
    """Every appointment there is, in order."""
    async with sessions() as session:
        return list((await session.exec(select(Appointment).order_by(col(Appointment.id)))).all())


async def invitations(sessions: Sessions) -> list[Message]:
    """What is in line to be sent, in order."""
    async with sessions() as session:
        return list((await session.exec(select(Message).order_by(col(Message.id)))).all())
