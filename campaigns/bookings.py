"""What becomes of appointments as calls go their way: steps in a transaction that the caller owns.

Whoever takes a seat locks the calendar first: of two agents who want the last seat at one time, the second
waits, and is told that it is gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns import announcing, invitations
from campaigns.core.appointment import (
    ANOTHER_SLOT,
    CALL_LOST,
    DISPOSITION_CHANGED,
    NOT_BOOKED,
    SET,
    AppointmentEvent,
    AppointmentState,
    WrapUp,
)
from campaigns.core.appointment_calendar import CalendarSettings
from campaigns.core.appointment_slots import Span, busy, seat_for
from campaigns.core.attempt import MAX_NOTES, EndedAttempt, plain_text
from campaigns.core.calendar import known_clocks
from campaigns.core.disposition import SaidDisposition
from campaigns.core.outcomes import NO_SHOW
from campaigns.core.retry import Final, RetryAt, decide
from campaigns.errors import (
    AppointmentMissingError,
    AppointmentStateError,
    AttemptNotTalkedError,
)
from campaigns.stores.appointments import AppointmentStore, change
from campaigns.stores.attempts import AttemptStore
from campaigns.stores.calendars import CalendarStore, settings_of_calendar
from campaigns.stores.campaigns import CampaignStore, settings_of
from campaigns.stores.queue import QueueStore
from campaigns.stores.shared import Session
from campaigns.tables import Appointment, AppointmentCalendar, Attempt, Campaign


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose appointment it is, and who makes it in which call, if anyone in any."""

    campaign: Campaign
    lead_id: int
    attempt: Attempt | None = None
    notes: str = ""

    @property
    def attempt_id(self) -> int | None:
        """The call in which it is made."""
        return self.attempt.id if self.attempt is not None else None


async def hold(
    session: Session, attempt_id: int, starts_at: datetime, now: datetime, *, notes: str = ""
) -> Appointment:
    """Keep a slot of the campaign's calendar for the person on the line; another that was held is let go.

    Held again, it is held for longer. Raises AttemptNotFoundError, AttemptNotTalkedError,
    AppointmentStateError, CalendarNotFoundError and SlotTakenError.
    """
    attempt = await AttemptStore(session).get_attempt(attempt_id)
    if attempt.connected_at is None:
        raise AttemptNotTalkedError(f"Attempt {attempt_id} reached no agent, so nothing is held in it.")
    campaign = await CampaignStore(session).get(attempt.campaign_id)
    calendar = await calendar_of(session, campaign, lock=True)
    settings, store = settings_of_calendar(calendar), AppointmentStore(session)
    await store.end_holds(calendar.id, now)
    until = now + timedelta(minutes=settings.hold_minutes)
    held = await store.held_in(attempt_id, lock=True)
    if held is not None and held.starts_at == starts_at and held.calendar_id == calendar.id:
        held.hold_until, held.changed_at = until, now
        held.notes = plain_text(notes, MAX_NOTES) or held.notes
        return held
    await store.let_go(attempt_id, ANOTHER_SLOT, now)
    whose = Whose(campaign, attempt.lead_id, attempt, notes)
    made = await _take(session, calendar, whose, starts_at, AppointmentState.HELD, now)
    made.hold_until = until
    return made


async def said(session: Session, word: SaidDisposition, now: datetime) -> None:
    """A disposition was said of a call: what it holds is booked, or let go.

    An appointment that the lead has already is moved to the slot. Said anew otherwise, what the call booked
    is canceled. Raises AppointmentMissingError where an appointment is set in a campaign with a calendar, and
    nothing is held or booked; and CalendarNotFoundError.
    """
    campaign = await CampaignStore(session).get(word.campaign_id)
    if not campaign.calendar:
        return
    store = AppointmentStore(session)
    if word.disposition.code != SET:
        await store.let_go(word.attempt_id, NOT_BOOKED, now)
        booked = await store.open_of(campaign.id, word.lead_id, lock=True)
        if booked is not None and _was_booked_in(booked, word.attempt_id):
            await cancel(session, booked, DISPOSITION_CHANGED, now)
        return
    calendar = await calendar_of(session, campaign, lock=True)
    held = await store.held_in(word.attempt_id, lock=True)
    booked = await store.open_of(campaign.id, word.lead_id, lock=True)
    if held is not None:
        await _book_held(session, calendar, held, booked, now)
    elif booked is None:
        raise AppointmentMissingError(
            "No slot is held for this call, or not any longer; hold one of the free slots, then say so."
        )


async def call_ended(
    session: Session, campaign: Campaign, attempt_id: int, now: datetime, *, talked: bool
) -> None:
    """A call is over: what it holds is kept for as long as its agent may take to say what it came to."""
    if not campaign.calendar:
        return
    store = AppointmentStore(session)
    if talked:
        wrap_up = WrapUp(campaign.wrap_up_limit_s, campaign.wrap_up_extension_s)
        await store.shorten_hold(attempt_id, wrap_up.ends_at(now))
    else:
        await store.let_go(attempt_id, CALL_LOST, now)


async def is_expected(session: Session, campaign: Campaign, ended: EndedAttempt, now: datetime) -> bool:
    """Whether the person has an appointment to come, made in another call than this one, which came to
    something else: they are not called for another meanwhile."""
    if not campaign.calendar:
        return False
    booked = await AppointmentStore(session).open_of(campaign.id, ended.lead_id)
    return booked is not None and booked.starts_at > now and not _was_booked_in(booked, ended.attempt_id)


async def book(session: Session, whose: Whose, starts_at: datetime, now: datetime) -> Appointment:
    """Book a slot of the campaign's calendar for a lead that has no appointment in it.

    Raises AppointmentStateError, CalendarNotFoundError and SlotTakenError.
    """
    calendar = await calendar_of(session, whose.campaign, lock=True)
    store = AppointmentStore(session)
    if await store.open_of(whose.campaign.id, whose.lead_id, lock=True) is not None:
        raise AppointmentStateError("The lead has an appointment in this campaign; move that one.")
    await store.end_holds(calendar.id, now)
    made = await _take(session, calendar, whose, starts_at, AppointmentState.BOOKED, now)
    _expect_reminder(made, settings_of_calendar(calendar), now)
    await invitations.invite(session, calendar, made, now)
    await announcing.appointment_booked(session, made, now)
    return made


async def reschedule(
    session: Session, appointment: Appointment, starts_at: datetime, now: datetime, reason: str = ""
) -> None:
    """Move an appointment to another slot of its calendar, and tell the person.

    Raises AppointmentStateError and SlotTakenError.
    """
    store = AppointmentStore(session)
    calendar = await store.calendar_of(appointment, lock=True)
    found = await store.get(appointment.id, lock=True)
    await store.end_holds(calendar.id, now)
    seat, span = await _free_seat(session, calendar, starts_at, now, but=found.id)
    change(found, AppointmentEvent.RESCHEDULE, now, reason=reason)
    _sit(found, settings_of_calendar(calendar), seat, span)
    _expect_reminder(found, settings_of_calendar(calendar), now)
    await session.flush()
    await invitations.invite(session, calendar, found, now)
    await announcing.appointment_booked(session, found, now)


async def cancel(session: Session, appointment: Appointment, reason: str, now: datetime) -> None:
    """Free the seat of an appointment, which is locked, and tell the person. Raises AppointmentStateError."""
    was_held = appointment.state == AppointmentState.HELD
    change(appointment, AppointmentEvent.CANCEL, now, reason=reason)
    await session.flush()
    if not was_held:
        calendar = await AppointmentStore(session).calendar_of(appointment)
        await invitations.call_off(session, calendar, appointment, now)


async def missed(session: Session, appointment: Appointment, now: datetime) -> None:
    """The person did not come: the lead is called again, by the campaign's retry rule for `no_show`."""
    change(appointment, AppointmentEvent.MISS, now)
    await session.flush()
    campaign = await CampaignStore(session).get(appointment.campaign_id)
    queue = QueueStore(session)
    attempts = await queue.attempts_so_far(campaign.id, appointment.lead_id)
    if attempts is None:
        return
    settings = settings_of(campaign)
    decision = decide(NO_SHOW, attempts, settings.max_attempts_per_lead, settings.retry_rules, now)
    if isinstance(decision, RetryAt):
        await queue.call_again(campaign, appointment.lead_id, SET, decision)


async def kept(session: Session, appointment: Appointment, now: datetime) -> None:
    """The person came: a lead that was to be called because they had not is done with again."""
    was_missed = appointment.state == AppointmentState.NO_SHOW
    change(appointment, AppointmentEvent.KEEP, now)
    await session.flush()
    if was_missed:
        await QueueStore(session).settle_after_talk(appointment.campaign_id, appointment.lead_id, Final(SET))


async def calendar_of(session: Session, campaign: Campaign, *, lock: bool = False) -> AppointmentCalendar:
    """The calendar in which a campaign books. Raises AppointmentStateError and CalendarNotFoundError."""
    if not campaign.calendar:
        raise AppointmentStateError("The campaign books no appointments; set its calendar first.")
    return await CalendarStore(session).named(campaign.client_id, campaign.calendar, lock=lock)


async def _book_held(
    session: Session,
    calendar: AppointmentCalendar,
    held: Appointment,
    booked: Appointment | None,
    now: datetime,
) -> None:
    settings = settings_of_calendar(calendar)
    # One that was held for too long is still its own: whoever takes a seat ends such holds first.
    if booked is None:
        change(held, AppointmentEvent.BOOK, now)
        _expect_reminder(held, settings, now)
        await session.flush()
        await invitations.invite(session, calendar, held, now)
        await announcing.appointment_booked(session, held, now)
        return
    await cancel(session, held, ANOTHER_SLOT, now)
    change(booked, AppointmentEvent.RESCHEDULE, now, reason=ANOTHER_SLOT)
    _sit(booked, settings, held.seat, Span(held.starts_at, held.ends_at))
    booked.calendar_id = held.calendar_id
    booked.attempt_id, booked.agent_id = held.attempt_id, held.agent_id
    booked.notes = held.notes or booked.notes
    _expect_reminder(booked, settings, now)
    await session.flush()
    await invitations.invite(session, calendar, booked, now)
    await announcing.appointment_booked(session, booked, now)


async def _take(
    session: Session,
    calendar: AppointmentCalendar,
    whose: Whose,
    starts_at: datetime,
    state: AppointmentState,
    now: datetime,
) -> Appointment:
    seat, span = await _free_seat(session, calendar, starts_at, now)
    settings, attempt = settings_of_calendar(calendar), whose.attempt
    zones = await AppointmentStore(session).zones_of(
        whose.lead_id, attempt.phone_id if attempt is not None else None
    )
    made = Appointment(
        client_id=calendar.client_id,
        calendar_id=calendar.id,
        campaign_id=whose.campaign.id,
        lead_id=whose.lead_id,
        attempt_id=whose.attempt_id,
        agent_id=attempt.agent_id if attempt is not None else None,
        state=state.value,
        seat=seat,
        zone=zone_of_person(zones, span.start, settings.zone),
        notes=plain_text(whose.notes, MAX_NOTES),
        created_at=now,
        changed_at=now,
    )
    _sit(made, settings, seat, span)
    return await AppointmentStore(session).add(made)


async def _free_seat(
    session: Session,
    calendar: AppointmentCalendar,
    starts_at: datetime,
    now: datetime,
    *,
    but: int | None = None,
) -> tuple[int, Span]:
    """The seat that an appointment at that time gets in a calendar, which is locked.

    `but`: an appointment that gives its own up.
    """
    settings = settings_of_calendar(calendar)
    length = timedelta(minutes=settings.slot_minutes)
    period = busy(settings, Span(starts_at, starts_at + length))
    taken = await AppointmentStore(session).taken(calendar.id, period, now, but=but)
    return seat_for(settings, taken, starts_at, now)


def _sit(appointment: Appointment, settings: CalendarSettings, seat: int, span: Span) -> None:
    around = busy(settings, span)
    appointment.seat = seat
    appointment.starts_at, appointment.ends_at = span.start, span.end
    appointment.busy_from, appointment.busy_until = around.start, around.end


def _expect_reminder(appointment: Appointment, settings: CalendarSettings, now: datetime) -> None:
    """Have the person called before it begins, if the calendar says so and there is time."""
    at = appointment.starts_at - timedelta(minutes=settings.reminder_call_minutes)
    appointment.remind_at = at if settings.reminder_call_minutes and at > now else None


def _was_booked_in(appointment: Appointment, attempt_id: int) -> bool:
    return appointment.attempt_id == attempt_id and appointment.state == AppointmentState.BOOKED


def zone_of_person(zones: tuple[str, ...], at: datetime, otherwise: str) -> str:
    """On which clock a person is told of a time: their own, or, where that is not certain, another."""
    clocks = known_clocks(zones)
    offsets = {at.astimezone(clock).utcoffset() for clock in clocks}
    return clocks[0].key if len(offsets) == 1 and len(clocks) == len(zones) else otherwise
