"""Calendars of appointments in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.errors import CalendarExistsError, CalendarNotFoundError
from campaigns.stores.shared import Session
from campaigns.tables import AppointmentCalendar


def settings_of_calendar(calendar: AppointmentCalendar) -> CalendarSettings:
    """The settings in a calendar's row."""
    return CalendarSettings.parse(calendar.settings)


class CalendarStore:
    """The calendars of clients."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(
        self, client_id: int, name: str, settings: CalendarSettings, now: datetime
    ) -> AppointmentCalendar:
        """A new calendar. Raises CalendarExistsError."""
        made = AppointmentCalendar(
            client_id=client_id, name=name, settings=settings.to_json(), created_at=now
        )
        self._session.add(made)
        await self.save(made)
        return made

    async def save(self, calendar: AppointmentCalendar) -> None:
        """Write what was changed. Raises CalendarExistsError."""
        name = calendar.name
        try:
            await self._session.flush()
        except IntegrityError as error:
            message = f"The client has a calendar {name!r}; choose another name."
            raise CalendarExistsError(message) from error

    async def get(self, calendar_id: int, *, lock: bool = False) -> AppointmentCalendar:
        """A calendar as it is now; with `lock`, nobody else takes a seat in it meanwhile.

        Raises CalendarNotFoundError.
        """
        wanted = select(AppointmentCalendar).where(AppointmentCalendar.id == calendar_id)
        return await self._one(wanted, f"There is no calendar {calendar_id}.", lock=lock)

    async def named(self, client_id: int, name: str, *, lock: bool = False) -> AppointmentCalendar:
        """A client's calendar by name; see `get`. Raises CalendarNotFoundError."""
        wanted = select(AppointmentCalendar).where(
            AppointmentCalendar.client_id == client_id, AppointmentCalendar.name == name
        )
        message = f"The client has no calendar {name!r}; `dialer calendar add` makes one."
        return await self._one(wanted, message, lock=lock)

    async def page(self, client_id: int | None, after: int, limit: int) -> Sequence[AppointmentCalendar]:
        """The `limit` calendars that follow number `after`, of a client or of all."""
        wanted = select(AppointmentCalendar).where(AppointmentCalendar.id > after)
        if client_id is not None:
            wanted = wanted.where(AppointmentCalendar.client_id == client_id)
        ordered = wanted.order_by(col(AppointmentCalendar.id)).limit(limit)
        return (await self._session.exec(ordered)).all()

    async def delete(self, calendar: AppointmentCalendar) -> None:
        """Take it out; there is nothing in it."""
        await self._session.delete(calendar)
        await self._session.flush()

    async def at_key(self, key: str) -> AppointmentCalendar | None:
        """The calendar whose feed has this key."""
        wanted = select(AppointmentCalendar).where(AppointmentCalendar.feed_key == key)
        return (await self._session.exec(wanted)).one_or_none()

    async def _one(
        self, wanted: SelectOfScalar[AppointmentCalendar], message: str, *, lock: bool
    ) -> AppointmentCalendar:
        # New rows that refer to the calendar need not wait.
        query = wanted.with_for_update(key_share=True) if lock else wanted
        found = (await self._session.exec(query.execution_options(populate_existing=True))).one_or_none()
        if found is None:
            raise CalendarNotFoundError(message)
        return found
