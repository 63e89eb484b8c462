"""Appointments in the database.

Whoever changes one has locked its lead in the campaign before, where it is to go another way; whoever takes a
seat, the calendar after that. So nobody waits in a circle.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column, or_, update
from sqlalchemy import select as select_rows
from sqlmodel import col, select

from campaigns.core.appointment import HOLD_OVER, AppointmentEvent, AppointmentState, after
from campaigns.core.appointment_slots import Span, Taken
from campaigns.errors import AppointmentNotFoundError
from campaigns.stores.shared import Session, read, write
from campaigns.tables import Appointment, AppointmentCalendar, Campaign
from leads.stores.shared import chunks
from leads.tables import Lead, Phone, ZoneGroup

_CANCELED = AppointmentState.CANCELED.value


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """Which appointments are wanted; None for any."""

    calendar_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    agent_id: int | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """An appointment as the feed of its calendar shows it."""

    appointment: Appointment
    campaign: str
    lead_name: str


class AppointmentStore:
    """Who has which seat when."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, appointment: Appointment) -> Appointment:
        """A seat that is taken from now on."""
        self._session.add(appointment)
        await self._session.flush()
        return appointment

    async def get(self, appointment_id: int, *, lock: bool = False) -> Appointment:
        """An appointment as it is now. Raises AppointmentNotFoundError."""
        found = await self._session.get(
            Appointment, appointment_id, populate_existing=True, with_for_update=lock
        )
        if found is None:
            raise AppointmentNotFoundError(f"There is no appointment {appointment_id}.")
        return found

    async def page(self, wanted: AppointmentFilter, after_id: int, limit: int) -> Sequence[Appointment]:
        """The `limit` appointments that follow number `after_id`."""
        query = select(Appointment).where(Appointment.id > after_id).order_by(col(Appointment.id))
        for name in ("calendar_id", "campaign_id", "lead_id", "agent_id", "state"):
            if (value := getattr(wanted, name)) is not None:
                query = query.where(getattr(Appointment, name) == value)
        if wanted.since is not None:
            query = query.where(Appointment.starts_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(Appointment.starts_at < wanted.until)
        return (await self._session.exec(query.limit(limit))).all()

    async def taken(
        self, calendar_id: int, period: Span, now: datetime, *, but: int | None = None
    ) -> list[Taken]:
        """The seats that are booked or held in a period, with their buffers; without appointment `but`."""
        wanted = select_rows(
            col(Appointment.seat), col(Appointment.busy_from), col(Appointment.busy_until)
        ).where(
            col(Appointment.calendar_id) == calendar_id,
            _takes_seat(now),
            col(Appointment.busy_until) > period.start,
            col(Appointment.busy_from) < period.end,
            col(Appointment.id) != (but or 0),
        )
        return [Taken(seat, Span(start, end)) for seat, start, end in await read(self._session, wanted)]

    async def end_holds(self, calendar_id: int, now: datetime) -> None:
        """Free the seats of a calendar, which is locked, that were held for too long."""
        over = update(Appointment).where(
            col(Appointment.calendar_id) == calendar_id, _is_held(), col(Appointment.hold_until) <= now
        )
        await write(
            self._session, over.values(state=_CANCELED, reason=HOLD_OVER, hold_until=None, changed_at=now)
        )

    async def held_in(self, attempt_id: int, *, lock: bool = False) -> Appointment | None:
        """The slot that is held in a call."""
        wanted = select(Appointment).where(Appointment.attempt_id == attempt_id, _is_held())
        return await self._first(wanted, lock=lock)

    async def let_go(self, attempt_id: int, reason: str, now: datetime) -> int:
        """Free the slot that is held in a call; how many that were."""
        mine = update(Appointment).where(col(Appointment.attempt_id) == attempt_id, _is_held())
        values = {"state": _CANCELED, "reason": reason, "hold_until": None, "changed_at": now}
        return (await write(self._session, mine.values(values))).rowcount

    async def shorten_hold(self, attempt_id: int, until: datetime) -> None:
        """Have what is held in a call end then, unless it ends sooner."""
        mine = update(Appointment).where(
            col(Appointment.attempt_id) == attempt_id, _is_held(), col(Appointment.hold_until) > until
        )
        await write(self._session, mine.values(hold_until=until))

    async def open_of(self, campaign_id: int, lead_id: int, *, lock: bool = False) -> Appointment | None:
        """The appointment that a lead has in a campaign, if it is expected."""
        wanted = select(Appointment).where(
            Appointment.campaign_id == campaign_id, Appointment.lead_id == lead_id, is_open()
        )
        return await self._first(wanted, lock=lock)

    async def of_leads(self, lead_ids: Collection[int]) -> list[Appointment]:
        """Every appointment of these leads, also what was only held, in order."""
        found: list[Appointment] = []
        for chunk in chunks(sorted(lead_ids)):
            wanted = select(Appointment).where(col(Appointment.lead_id).in_(chunk))
            found += (await self._session.exec(wanted)).all()
        return sorted(found, key=lambda each: each.id)

    async def any_in(self, calendar_id: int) -> bool:
        """Whether anything was ever held or booked in a calendar."""
        wanted = select(Appointment.id).where(Appointment.calendar_id == calendar_id).limit(1)
        return (await self._session.exec(wanted)).first() is not None

    async def starting(
        self, since: datetime, until: datetime, *, campaign_id: int | None = None, limit: int = 1000
    ) -> Sequence[Appointment]:
        """Those that are booked and begin from `since` to before `until`, the next first: for reminders."""
        wanted = select(Appointment).where(
            is_open(), Appointment.starts_at >= since, Appointment.starts_at < until
        )
        if campaign_id is not None:
            wanted = wanted.where(Appointment.campaign_id == campaign_id)
        ordered = wanted.order_by(col(Appointment.starts_at), col(Appointment.id)).limit(limit)
        return (await self._session.exec(ordered)).all()

    async def to_remind(self, now: datetime, limit: int) -> Sequence[int]:
        """Those whose person is to be called now as a reminder."""
        wanted = (
            select(Appointment.id)
            .where(col(Appointment.remind_at).is_not(None), col(Appointment.remind_at) <= now)
            .order_by(col(Appointment.remind_at), col(Appointment.id))
            .limit(limit)
        )
        return (await self._session.exec(wanted)).all()

    async def for_feed(self, calendar_id: int, since: datetime, limit: int) -> list[FeedRow]:
        """What was booked in a calendar and begins after `since`; the newest where there are more."""
        wanted = (
            select_rows(Appointment, col(Campaign.name), col(Lead.first_name), col(Lead.last_name))
            .join(Campaign, col(Campaign.id) == col(Appointment.campaign_id))
            .join(Lead, col(Lead.id) == col(Appointment.lead_id))
            .where(
                col(Appointment.calendar_id) == calendar_id,
                col(Appointment.starts_at) >= since,
                # What was held and let go was never booked.
                or_(col(Appointment.sequence) > 0, is_booked()),
            )
            .order_by(col(Appointment.starts_at).desc(), col(Appointment.id).desc())
            .limit(limit)
        )
        rows = [
            FeedRow(each, campaign, f"{first} {last}".strip())
            for each, campaign, first, last in await read(self._session, wanted)
        ]
        return rows[::-1]

    async def zones_of(self, lead_id: int, phone_id: int | None) -> tuple[str, ...]:
        """Where a lead may be: by one of its numbers, or by the first."""
        wanted = (
            select_rows(col(ZoneGroup.zones))
            .join(Phone, col(Phone.zone_group_id) == col(ZoneGroup.id))
            .where(col(Phone.lead_id) == lead_id)
            .order_by((col(Phone.id) != (phone_id or 0)), col(Phone.position))
            .limit(1)
        )
        row = (await read(self._session, wanted)).first()
        return tuple(row[0]) if row is not None else ()

    async def erase(self, lead_ids: Collection[int]) -> None:
        """Leaves of appointments when they were and what became of them, but not what was noted."""
        for chunk in chunks(sorted(lead_ids)):
            mine = update(Appointment).where(col(Appointment.lead_id).in_(chunk))
            await write(self._session, mine.values(notes=""))

    async def calendar_of(self, appointment: Appointment, *, lock: bool = False) -> AppointmentCalendar:
        """The calendar in which it is."""
        return await self._session.get_one(
            AppointmentCalendar,
            appointment.calendar_id,
            with_for_update={"key_share": True} if lock else None,
        )

    async def _first(self, wanted: Any, *, lock: bool) -> Appointment | None:
        query = wanted.with_for_update() if lock else wanted
        found: Appointment | None = (
            await self._session.exec(query.execution_options(populate_existing=True))
        ).first()
        return found


def change(appointment: Appointment, event: AppointmentEvent, now: datetime, *, reason: str = "") -> None:
    """Something happened to an appointment. Raises AppointmentStateError where the table does not know it."""
    before = appointment.state
    appointment.state = after(AppointmentState(before), event).value
    appointment.reason = reason
    appointment.changed_at = now
    appointment.hold_until = None
    if before != AppointmentState.HELD and event in (AppointmentEvent.RESCHEDULE, AppointmentEvent.CANCEL):
        appointment.sequence += 1
    if event in (AppointmentEvent.CANCEL, AppointmentEvent.KEEP, AppointmentEvent.MISS):
        appointment.remind_at = None


# Spelled out in the statements: only so are the partial indexes used.


def is_open() -> ColumnElement[bool]:
    """Appointments whose person is expected."""
    return col(Appointment.state).in_([literal_column("'booked'"), literal_column("'rescheduled'")])


def is_booked() -> ColumnElement[bool]:
    """Appointments that were more than held, and not canceled."""
    return col(Appointment.state).not_in([literal_column("'held'"), literal_column("'canceled'")])


def _is_held() -> ColumnElement[bool]:
    return col(Appointment.state) == literal_column("'held'")


def _takes_seat(now: datetime) -> ColumnElement[bool]:
    hold_is_over = and_(_is_held(), col(Appointment.hold_until) <= now)
    return and_(col(Appointment.state) != literal_column("'canceled'"), ~hold_is_over)
