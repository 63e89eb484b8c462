"""An appointment that a person agrees to: its states as one table.

A slot is held while the agent talks, and booked with the disposition. One that is moved keeps its number, as
calendar programs have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from campaigns.errors import AppointmentStateError


class AppointmentState(StrEnum):
    """Where an appointment is between the talk and the meeting."""

    HELD = "held"
    """Kept from others while an agent talks with the person."""
    BOOKED = "booked"
    RESCHEDULED = "rescheduled"
    """Booked, for another time than at first."""
    CANCELED = "canceled"
    """Also a slot that was held, and not booked."""
    KEPT = "kept"
    NO_SHOW = "no_show"


class AppointmentEvent(StrEnum):
    """What happens to an appointment."""

    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    KEEP = "keep"
    """The person came."""
    MISS = "miss"
    """The person did not come."""


_S, _E = AppointmentState, AppointmentEvent

OPEN = (_S.BOOKED, _S.RESCHEDULED)
"""States in which the person is expected."""

TRANSITIONS: Mapping[tuple[AppointmentState, AppointmentEvent], AppointmentState] = MappingProxyType(
    {
        (_S.HELD, _E.BOOK): _S.BOOKED,
        (_S.HELD, _E.CANCEL): _S.CANCELED,
        **{(state, _E.RESCHEDULE): _S.RESCHEDULED for state in OPEN},
        **{(state, _E.CANCEL): _S.CANCELED for state in OPEN},
        **{(state, _E.KEEP): _S.KEPT for state in (*OPEN, _S.NO_SHOW)},
        **{(state, _E.MISS): _S.NO_SHOW for state in (*OPEN, _S.KEPT)},
    }
)

NOT_BOOKED = "not_booked"
HOLD_OVER = "hold_over"
ANOTHER_SLOT = "another_slot"
CALL_LOST = "call_lost"
DISPOSITION_CHANGED = "disposition_changed"
"""Why a slot is free again, or an appointment canceled, without anybody saying so."""

SET = "appointment_set"
"""The disposition that books what is held, and why a lead is final that has an appointment."""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """How long an agent may take after the call, in seconds: with the extension, and some for the way."""

    limit_s: float
    extension_s: float = 0.0

    def ends_at(self, now: datetime) -> datetime:
        """When the agent of a call that ends now has said what it came to."""
        return now + timedelta(seconds=self.limit_s + self.extension_s + _ON_THE_WAY_S)


_ON_THE_WAY_S = 30.0


def after(state: AppointmentState, event: AppointmentEvent) -> AppointmentState:
    """The state after the event. Raises AppointmentStateError where the table does not know the pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise AppointmentStateError(
            f"An appointment that is {state.replace('_', ' ')} is nothing to {event}; "
            "GET /appointments has those that are booked."
        ) from None
