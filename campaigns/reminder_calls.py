"""Calls people before their appointments, as a reminder: each is a callback that anyone makes."""

from datetime import datetime, timedelta

from campaigns import promises
from campaigns.compliance.rulebook import Rulebook
from campaigns.core.appointment import OPEN
from campaigns.core.callback_time import clock_text
from campaigns.errors import CallbackDeniedError, CallbackNotFoundError, CallbackStateError, CallbackTimeError
from campaigns.promises import CallbackWish
from campaigns.stores.appointments import AppointmentStore
from campaigns.stores.callbacks import CallbackStore
from campaigns.stores.campaigns import CampaignStore
from campaigns.stores.promised import PromisedStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Appointment

_AT_A_TIME = 100
_AT_ONCE = timedelta(seconds=2)
"""A callback is for a time to come."""
_LOOKED_AT_AGAIN = timedelta(minutes=1)
"""Where the lead is just being called, or shown to an agent."""


async def has_work(readings: Sessions, now: datetime) -> bool:
    """Whether there is anything for `promise_due`."""
    async with readings() as session:
        return bool(await AppointmentStore(session).to_remind(now, 1))


async def promise_due(sessions: Sessions, rules: Rulebook, now: datetime) -> int:
    """Promise a call to everyone who is to be reminded now; how many that were."""
    async with sessions() as session:
        found = await AppointmentStore(session).to_remind(now, _AT_A_TIME)
    promised = 0
    for appointment_id in found:
        async with sessions() as session, session.begin():
            promised += await _promise(session, rules, appointment_id, now)
    return promised


async def _promise(session: Session, rules: Rulebook, appointment_id: int, now: datetime) -> bool:
    store = AppointmentStore(session)
    found = await store.get(appointment_id)
    await PromisedStore(session).lock(found.campaign_id, found.lead_id)
    appointment = await store.get(appointment_id, lock=True)
    if appointment.remind_at is None or appointment.remind_at > now:
        return False
    appointment.remind_at = None
    campaign = await CampaignStore(session).get(appointment.campaign_id)
    is_over = appointment.state not in OPEN or appointment.starts_at <= now or campaign.state == "stopped"
    if is_over or await CallbackStore(session).open_of(campaign.id, appointment.lead_id) is not None:
        return False
    at = now + _AT_ONCE
    try:
        await promises.promise(session, rules, campaign, appointment.lead_id, _wish(appointment, at), now)
    except CallbackTimeError as error:
        # Not now, by a law or the campaign's hours; asked again when it is allowed, if that is in time.
        if error.later is not None and error.later < appointment.starts_at:
            appointment.remind_at = error.later
        return False
    except CallbackStateError:
        appointment.remind_at = now + _LOOKED_AT_AGAIN
        return False
    except (CallbackDeniedError, CallbackNotFoundError):
        return False
    return True


def _wish(appointment: Appointment, at: datetime) -> CallbackWish:
    when = clock_text(appointment.starts_at, appointment.zone)
    return CallbackWish(at, notes=f"Reminder of the appointment on {when}.")
