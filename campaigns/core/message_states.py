"""Where a message is between being made and being read: its states as one table.

What is handed over is `sending` in the database first, so that nobody hands it over a second time: a message
whose fate nobody can tell afterwards is `unknown`, and goes again only by somebody's hand.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class MessageState(StrEnum):
    """A state, as it is stored."""

    WAITING = "waiting"
    """For its time, for a way to go, or to be tried again."""
    SENDING = "sending"
    """It may be handed over at this very moment."""
    SENT = "sent"
    """The other side has taken it."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """It was not taken, or the other side gave it up."""
    BOUNCED = "bounced"
    """It came back: the address leads nowhere."""
    REFUSED = "refused"
    """It may not be sent: compliance said no for good."""
    CANCELED = "canceled"
    """It is not wanted any more."""
    UNKNOWN = "unknown"
    """Whoever was sending it died, and nobody can tell whether it went."""


class MessageEvent(StrEnum):
    """What happens to a message."""

    CLAIM = "claim"
    PUT_OFF = "put_off"
    """It goes back in line: not now, or the other side asked to be tried again."""
    ACCEPT = "accept"
    DELIVER = "deliver"
    FAIL = "fail"
    BOUNCE = "bounce"
    RETURN = "return"
    """It came back because of something that passes."""
    REFUSE = "refuse"
    CANCEL = "cancel"
    LOSE = "lose"
    SEND_AGAIN = "send_again"
    """By somebody's hand."""


_S, _E = MessageState, MessageEvent

TRANSITIONS: Mapping[tuple[MessageState, MessageEvent], MessageState] = MappingProxyType(
    {
        (_S.WAITING, _E.CLAIM): _S.SENDING,
        (_S.WAITING, _E.PUT_OFF): _S.WAITING,
        (_S.WAITING, _E.REFUSE): _S.REFUSED,
        (_S.WAITING, _E.CANCEL): _S.CANCELED,
        (_S.SENDING, _E.PUT_OFF): _S.WAITING,
        (_S.SENDING, _E.ACCEPT): _S.SENT,
        (_S.SENDING, _E.FAIL): _S.FAILED,
        (_S.SENDING, _E.BOUNCE): _S.BOUNCED,
        (_S.SENDING, _E.LOSE): _S.UNKNOWN,
        # Reports may come before our own record of what was accepted, or late, or twice.
        **{(state, _E.DELIVER): _S.DELIVERED for state in (_S.SENDING, _S.SENT, _S.UNKNOWN, _S.DELIVERED)},
        **{(state, _E.BOUNCE): _S.BOUNCED for state in (_S.SENT, _S.UNKNOWN, _S.DELIVERED, _S.BOUNCED)},
        **{(state, _E.FAIL): _S.FAILED for state in (_S.SENT, _S.UNKNOWN, _S.FAILED)},
        **{(state, _E.RETURN): _S.WAITING for state in (_S.SENT, _S.UNKNOWN)},
        (_S.DELIVERED, _E.ACCEPT): _S.DELIVERED,
        (_S.UNKNOWN, _E.ACCEPT): _S.SENT,
        **{(state, _E.SEND_AGAIN): _S.WAITING for state in (_S.UNKNOWN, _S.FAILED)},
        **{(state, _E.CANCEL): _S.CANCELED for state in (_S.UNKNOWN, _S.FAILED, _S.CANCELED)},
    }
)

OVER = (_S.DELIVERED, _S.FAILED, _S.BOUNCED, _S.REFUSED, _S.CANCELED)
"""Nothing more happens to it by itself."""


def after(state: str, event: MessageEvent) -> MessageState | None:
    """The state that an event leads to; None where it changes nothing."""
    return TRANSITIONS.get((MessageState(state), event))
