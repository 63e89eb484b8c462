"""A call that was promised for a time: its states as one table, and when something is to happen with it.

Who asks to be called back is promised a call by one agent (the owner) or by anyone. The owner is reminded of
it, and offered it first; a while after its time it counts as missed, and anyone may rescue it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from campaigns.errors import CallbackStateError


class CallbackState(StrEnum):
    """Where a callback is between the promise and the call."""

    WAITING = "waiting"
    REMINDED = "reminded"
    """Its owner was told that it is near."""
    OFFERED = "offered"
    """Its owner was shown the lead, and has not had it called yet."""
    MISSED = "missed"
    """Nobody has called in time; now anyone may."""
    DONE = "done"
    """The call was placed."""
    RESCUED = "rescued"
    """The call was placed after the callback had been missed."""
    CANCELED = "canceled"


class CallbackEvent(StrEnum):
    """What happens to a callback."""

    REMIND = "remind"
    OFFER = "offer"
    MISS = "miss"
    DIAL = "dial"
    MOVE = "move"
    """It is promised for another time, or by somebody else."""
    REOPEN = "reopen"
    """The call that was placed for it never reached the person."""
    CANCEL = "cancel"


_S, _E = CallbackState, CallbackEvent

OPEN = (_S.WAITING, _S.REMINDED, _S.OFFERED, _S.MISSED)
"""States in which the call is still owed."""
OWNERS = (_S.WAITING, _S.REMINDED, _S.OFFERED)
"""States in which the owner alone is offered it, where it has one."""

TRANSITIONS: Mapping[tuple[CallbackState, CallbackEvent], CallbackState] = MappingProxyType(
    {
        (_S.WAITING, _E.REMIND): _S.REMINDED,
        **{(state, _E.OFFER): _S.OFFERED for state in OWNERS},
        **{(state, _E.MISS): _S.MISSED for state in OWNERS},
        **{(state, _E.DIAL): _S.DONE for state in OWNERS},
        (_S.MISSED, _E.DIAL): _S.RESCUED,
        **{(state, _E.MOVE): _S.WAITING for state in OPEN},
        (_S.DONE, _E.REOPEN): _S.WAITING,
        (_S.RESCUED, _E.REOPEN): _S.WAITING,
        **{(state, _E.CANCEL): _S.CANCELED for state in OPEN},
    }
)

CALLBACK = "callback"
"""Why a lead waits to whom a call is promised, and stands in no line until then."""
ENDED = "callback_ended"
"""Why a lead is in line again whose callback was canceled."""

GIVEN_UP = "given_up"
CAMPAIGN_STOPPED = "campaign_stopped"
DISPOSITION_CHANGED = "disposition_changed"
"""Why a callback was canceled, besides the reasons for which its lead is final."""

TOLD = ("reminded", "offered", "moved", "missed", "rescued", "canceled")
"""What an owner is told of."""

UNREACHED = ("network_failure", "congestion", "canceled", "lost", "unknown", "abandoned")
"""Outcomes after which the promise still stands: the phone has not rung, nobody can tell, or the person met
nobody."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long before its time the owner is reminded of a callback, and how long after it counts as missed,
    and is given up; in seconds."""

    remind_s: float = 300.0
    miss_s: float = 900.0
    give_up_s: float = 7 * 24 * 3600.0


def after(state: CallbackState, event: CallbackEvent) -> CallbackState:
    """The state after the event. Raises CallbackStateError where the table does not know the pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise CallbackStateError(
            f"A callback that is {state} cannot {event}; `dialer callbacks list` shows the open ones."
        ) from None


def anyone_at(due_at: datetime, timing: Timing, *, owned: bool) -> datetime:
    """From when on anyone may be given the lead."""
    return due_at + timedelta(seconds=timing.miss_s) if owned else due_at


def next_step(
    state: CallbackState, due_at: datetime, timing: Timing, *, owned: bool
) -> tuple[datetime, CallbackEvent] | None:
    """What time alone brings next, and when; None where nothing does. `CANCEL` is giving up."""
    match state:
        case _S.WAITING if owned:
            return due_at - timedelta(seconds=timing.remind_s), _E.REMIND
        case _S.WAITING | _S.REMINDED | _S.OFFERED:
            return due_at + timedelta(seconds=timing.miss_s), _E.MISS
        case _S.MISSED:
            return due_at + timedelta(seconds=timing.give_up_s), _E.CANCEL
    return None
