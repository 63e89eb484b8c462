"""What people do with appointments: look for free slots, hold, book, move and cancel them, say who came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns import bookings
from campaigns.bookings import Whose
from campaigns.checks import checked_instant
from campaigns.core.appointment import SET, AppointmentState
from campaigns.core.appointment_slots import Slot, Span, free_slots
from campaigns.core.calendar import known_clocks
from campaigns.core.retry import Final, RetryAt
from campaigns.errors import (
    AppointmentNotFoundError,
    AppointmentStateError,
    InvalidInputError,
    LeadNotInCampaignError,
)
from campaigns.promises import end_all
from campaigns.stores.appointments import AppointmentFilter, AppointmentStore
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.calendars import CalendarStore, settings_of_calendar
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.promised import PromisedStore
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Appointment, AppointmentCalendar
from leads.stores.versions import Versions, require_version

_MAX_REASON = 40
_A_DAY = timedelta(days=1)
_AS_ASKED = "call_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlot:
    """A slot that can be booked: on the calendar's clock, and on the clocks that the person may have."""

    starts_at: datetime
    """On the calendar's clock."""
    ends_at: datetime
    free: int
    """Seats."""
    person_times: dict[str, datetime]
    """By zone, when it begins on the person's clock; one zone of those whose clocks agree."""


async def slots_of_calendar(
    sessions: Sessions,
    calendar_id: int,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    lead_id: int | None = None,
) -> list[FreeSlot]:
    """The free slots of a calendar that begin from `since` to before `until`, as a lead sees them, too.

    Raises CalendarNotFoundError and InvalidInputError.
    """
    async with sessions() as session:
        calendar = await CalendarStore(session).get(calendar_id)
        zones = await AppointmentStore(session).zones_of(lead_id, None) if lead_id is not None else ()
        return await _free_slots(session, calendar, zones, since, until, now)


async def slots_for_call(
    sessions: Sessions, attempt_id: int, since: datetime, until: datetime, now: datetime
) -> list[FreeSlot]:
    """The free slots of the calendar of a call's campaign, as the person on the line sees them, too.

    Raises AttemptNotFoundError, AppointmentStateError, CalendarNotFoundError and InvalidInputError.
    """
    async with sessions() as session:
        attempt = await AttemptStore(session).read_attempt(attempt_id)
        campaign = await CampaignStore(session).get(attempt.campaign_id)
        calendar = await bookings.calendar_of(session, campaign)
        zones = await AppointmentStore(session).zones_of(attempt.lead_id, attempt.phone_id)
        return await _free_slots(session, calendar, zones, since, until, now)


async def hold_slot(
    sessions: Sessions, attempt_id: int, starts_at: datetime, now: datetime, *, notes: str = ""
) -> Appointment:
    """Keep a slot for the person on the line; see `bookings.hold`."""
    at = _aware(starts_at)
    async with sessions() as session, session.begin():
        return await bookings.hold(session, attempt_id, at, now, notes=notes)


async def let_go(sessions: Sessions, attempt_id: int, now: datetime) -> None:
    """Free the slot that is held in a call. Raises AppointmentNotFoundError."""
    async with sessions() as session, session.begin():
        if not await AppointmentStore(session).let_go(attempt_id, "let_go", now):
            raise AppointmentNotFoundError(f"Nothing is held for the call {attempt_id}.")


async def book(
    sessions: Sessions, campaign_id: int, lead_id: int, starts_at: datetime, now: datetime, *, notes: str = ""
) -> Appointment:
    """Book an appointment for a lead of a campaign, who is not called for one any more.

    Raises CampaignNotFoundError, LeadNotInCampaignError, AppointmentStateError, CalendarNotFoundError and
    SlotTakenError.
    """
    at = _aware(starts_at)
    async with sessions() as session, session.begin():
        campaign = await CampaignStore(session).get(campaign_id)
        if await PromisedStore(session).lock(campaign.id, lead_id) is None:
            raise LeadNotInCampaignError(f"Campaign {campaign_id} does not have lead {lead_id}.")
        made = await bookings.book(session, Whose(campaign, lead_id, notes=notes), at, now)
        owed = await CallbackStore(session).open_of(campaign.id, lead_id)
        if owed is not None:
            await end_all(session, [owed], SET, now)
        await QueueStore(session).settle_after_talk(campaign.id, lead_id, Final(SET))
        return made


async def reschedule(
    sessions: Sessions,
    appointment_id: int,
    starts_at: datetime,
    now: datetime,
    *,
    reason: str = "",
    if_match: Versions | None = None,
) -> Appointment:
    """Move an appointment to another slot.

    Raises AppointmentNotFoundError, AppointmentStateError, SlotTakenError and ChangedMeanwhileError.
    """
    at, why = _aware(starts_at), _checked_reason(reason)
    async with sessions() as session, session.begin():
        found = await AppointmentStore(session).get(appointment_id)
        await AppointmentStore(session).calendar_of(found, lock=True)
        await require_version(session, found, if_match)
        await bookings.reschedule(session, found, at, now, why)
        return found


async def cancel(
    sessions: Sessions, appointment_id: int, reason: str, now: datetime, *, call_again: bool = False
) -> Appointment:
    """Take an appointment back; with `call_again`, the lead is in line again.

    Raises AppointmentNotFoundError and AppointmentStateError.
    """
    why = _checked_reason(reason) or "canceled"
    async with sessions() as session, session.begin():
        found = await _locked(session, appointment_id)
        was_held = found.state == AppointmentState.HELD
        await bookings.cancel(session, found, why, now)
        if call_again and not was_held:
            campaign = await CampaignStore(session).get(found.campaign_id)
            await QueueStore(session).call_again(campaign, found.lead_id, SET, RetryAt(now, _AS_ASKED))
        return found


async def say_kept(sessions: Sessions, appointment_id: int, now: datetime) -> Appointment:
    """The person came. Raises AppointmentNotFoundError and AppointmentStateError."""
    async with sessions() as session, session.begin():
        found = await _begun(session, appointment_id, now)
        await bookings.kept(session, found, now)
        return found


async def say_no_show(sessions: Sessions, appointment_id: int, now: datetime) -> Appointment:
    """The person did not come: the lead is called again, by the campaign's retry rule for `no_show`.

    Raises AppointmentNotFoundError and AppointmentStateError.
    """
    async with sessions() as session, session.begin():
        found = await _begun(session, appointment_id, now)
        await bookings.missed(session, found, now)
        return found


async def get_appointment(sessions: Sessions, appointment_id: int) -> Appointment:
    """An appointment. Raises AppointmentNotFoundError."""
    async with sessions() as session:
        return await AppointmentStore(session).get(appointment_id)


async def list_appointments(
    sessions: Sessions, wanted: AppointmentFilter, after: int, limit: int
) -> Sequence[Appointment]:
    """The `limit` appointments that follow number `after`. Raises InvalidInputError for an unknown state."""
    if wanted.state is not None and wanted.state not in list(AppointmentState):
        raise InvalidInputError(f"{wanted.state[:20]!r} is no state; use {', '.join(AppointmentState)}.")
    for each in (wanted.since, wanted.until):
        if each is not None:
            _aware(each)
    async with sessions() as session:
        return await AppointmentStore(session).page(wanted, after, limit)


async def _free_slots(
    session: Session,
    calendar: AppointmentCalendar,
    zones: Sequence[str],
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[FreeSlot]:
    since, until = _aware(since), _aware(until)
    settings = settings_of_calendar(calendar)
    # Buffers reach over the ends of the period.
    period = Span(since - 2 * _A_DAY, until + 2 * _A_DAY)
    taken = await AppointmentStore(session).taken(calendar.id, period, now)
    found = free_slots(settings, taken, since, until, now)
    return [_shown(slot, settings.zone, zones) for slot in found]


def _shown(slot: Slot, zone: str, zones: Sequence[str]) -> FreeSlot:
    (clock,) = known_clocks([zone])
    times: dict[str, datetime] = {}
    for each in known_clocks(zones):
        at = slot.starts_at.astimezone(each)
        if all(at.utcoffset() != other.utcoffset() for other in times.values()):
            times[each.key] = at
    start, end = slot.starts_at.astimezone(clock), slot.ends_at.astimezone(clock)
    return FreeSlot(starts_at=start, ends_at=end, free=slot.free, person_times=times)


async def _begun(session: Session, appointment_id: int, now: datetime) -> Appointment:
    found = await _locked(session, appointment_id)
    if found.starts_at > now:
        raise AppointmentStateError("Nobody can have come or stayed away yet; cancel or move it instead.")
    return found


async def _locked(session: Session, appointment_id: int) -> Appointment:
    """An appointment, locked after its lead. Raises AppointmentNotFoundError."""
    store = AppointmentStore(session)
    found = await store.get(appointment_id)
    await PromisedStore(session).lock(found.campaign_id, found.lead_id)
    return await store.get(appointment_id, lock=True)


def _aware(at: datetime) -> datetime:
    """An instant to the second, in UTC. Raises InvalidInputError for a time without an offset."""
    if at.tzinfo is None:
        raise InvalidInputError("Give times with an offset, as in 2026-11-24T15:00:00+01:00.")
    return checked_instant(at)


def _checked_reason(reason: str) -> str:
    clean = reason.strip()
    if len(clean) > _MAX_REASON or not clean.isprintable():
        raise InvalidInputError(f"A reason has at most {_MAX_REASON} printable characters on one line.")
    return clean
