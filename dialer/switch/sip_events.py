"""What the SIP library hands to a callback, as plain values; and callbacks whose errors are not lost.

What is reached through a temporary is freed memory (see `endpoint`), so every step is bound to a name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pjsua2 as pj

from dialer.switch.reasons import NONE, Reasons, reasons_of

Callback = Callable[[Any, Any], None]


def callback(work: Callback) -> Callback:
    """A callback of the library: the wrapper would swallow what it raises, so that its `owner` is told."""

    @wraps(work)
    def guarded(self: Any, prm: Any) -> None:
        try:
            work(self, prm)
        except Exception as error:  # noqa: BLE001 - the wrapper would swallow it
            self.owner.call_failed(error)

    return guarded


@dataclass(frozen=True, slots=True)
class Transaction:
    """A SIP request and its latest answer; `by_us` tells who sent the request."""

    method: str
    status: int
    by_us: bool


def transaction_of(prm: Any) -> Transaction:
    """The transaction that a callback tells of."""
    event = prm.e
    body = event.body
    tsx_state = body.tsxState
    tsx = tsx_state.tsx
    return Transaction(str(tsx.method), int(tsx.statusCode), bool(tsx.role == pj.PJSIP_ROLE_UAC))


def was_received(prm: Any) -> bool:
    """Whether a message of the far end, and not a timer or our own transport, brought the event."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE:
        return bool(event.type == pj.PJSIP_EVENT_RX_MSG)
    body = event.body
    tsx_state = body.tsxState
    return bool(tsx_state.type == pj.PJSIP_EVENT_RX_MSG)


def reasons(prm: Any) -> Reasons:
    """What the Reason headers of the far end's message say."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE or not was_received(prm):
        return NONE
    body = event.body
    tsx_state = body.tsxState
    source = tsx_state.src
    rdata = source.rdata
    return reasons_of(str(rdata.wholeMsg).encode("utf-8", "replace"))


def why_the_library_ended_it(prm: Any) -> str:
    """The Reason of its own BYE, as where nobody refreshed the session (RFC 4028); else empty."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE:
        return ""
    ended = transaction_of(prm)
    if not (ended.by_us and ended.method == "BYE"):
        return ""
    body = event.body
    tsx_state = body.tsxState
    tsx = tsx_state.tsx
    request = tsx.lastTx
    return reasons_of(str(request.wholeMsg).encode("utf-8", "replace")).text


def text(value: Any) -> str:
    """Text from the network, which may hold any bytes, as text that can be written anywhere."""
    return str(value).encode("utf-8", "replace").decode("utf-8")
