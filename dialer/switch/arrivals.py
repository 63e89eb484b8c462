"""Calls that come. Each rings until the engine says what becomes of it, and no longer than a few seconds."""

import itertools
import time
from dataclasses import dataclass
from typing import Protocol

import structlog

from dialer.switch.keys import KeyWay
from dialer.switch.messages import Event, LegArrived, LegEnded, RefuseLeg, TakeLeg
from dialer.switch.sip_call import CallEnding, CallListener, SipCall
from dialer.switch.trunk_sources import TrunkSources

WORD_WITHIN_S = 5.0
"""A call of which the engine has said nothing by then is refused."""
_FORBIDDEN, _NOT_FOUND, _UNAVAILABLE, _CANCELED = 403, 404, 480, 487
_MOST_STRANGERS = 1_000
"""Whose addresses are remembered, so that each is told of once."""

log = structlog.get_logger("switch")


class ArrivalsOwner(Protocol):
    """The switch, as its arrivals know it."""

    @property
    def takes_calls(self) -> bool: ...

    """Whether an engine is there, and the switch does not stop."""

    def take_up(self, call: SipCall, command: TakeLeg, trunk: str) -> None: ...
    def report(self, event: Event) -> None: ...


@dataclass
class _Arrival:
    call: SipCall
    trunk: str
    until: float


class Arrivals:
    """The calls that ring here. A trunk's are told of; whoever else calls is refused."""

    def __init__(self, owner: ArrivalsOwner, sources: TrunkSources) -> None:
        self._owner = owner
        self._sources = sources
        self._ringing: dict[str, _Arrival] = {}
        self._numbers = itertools.count(1)
        self._strangers: set[str] = set()

    def came(self, call: SipCall, user: str) -> CallListener:
        """A call has come; whoever `user` is, its INVITE says more."""
        del user
        name = f"arrival-{next(self._numbers)}"
        listener = _Listener(self, name)
        invite, trunk = call.invite, None
        if invite is not None:
            trunk = self._sources.trunk_of(invite.source)
        if invite is None or trunk is None:
            self._note_stranger("" if invite is None else invite.source)
            call.hang_up(_FORBIDDEN)
        elif not invite.called:
            call.hang_up(_NOT_FOUND)
        elif not self._owner.takes_calls:
            call.hang_up(_UNAVAILABLE)
        else:
            now = time.monotonic()
            self._ringing[name] = _Arrival(call, trunk, now + WORD_WITHIN_S)
            call.answer_with(180)
            self._owner.report(
                LegArrived(at=now, leg=name, caller=invite.caller, called=invite.called, trunk=trunk)
            )
        return listener

    def take(self, command: TakeLeg) -> None:
        """The engine takes a call; where it is gone meanwhile, `LegEnded` follows at once."""
        arrival = self._ringing.pop(command.arrived, None)
        if arrival is not None:
            self._owner.take_up(arrival.call, command, arrival.trunk)
            return
        ended = LegEnded(
            at=time.monotonic(),
            leg=command.leg,
            status=_CANCELED,
            reason="the caller has hung up",
            ended_by="far_end",
        )
        self._owner.report(ended)

    def refuse(self, command: RefuseLeg) -> None:
        """The engine takes a call not."""
        if arrival := self._ringing.pop(command.arrived, None):
            arrival.call.hang_up(command.status, command.retry_after_s)

    def tick(self, now: float) -> None:
        """Refuses what the engine has said nothing of; all of it where nobody takes calls any more."""
        for name, arrival in list(self._ringing.items()):
            if now >= arrival.until or not self._owner.takes_calls:
                del self._ringing[name]
                arrival.call.hang_up(_UNAVAILABLE)

    def over(self, name: str) -> None:
        """The caller has hung up."""
        self._ringing.pop(name, None)

    def _note_stranger(self, source: str) -> None:
        if source not in self._strangers and len(self._strangers) < _MOST_STRANGERS:
            self._strangers.add(source)
            log.warning("a call from an address of no trunk is refused, as all that follow", source=source)


class _Listener:
    def __init__(self, arrivals: Arrivals, name: str) -> None:
        self._arrivals = arrivals
        self._name = name

    def call_ringing(self, call: SipCall, status: int) -> None:
        pass

    def call_answered(self, call: SipCall) -> None:
        pass

    def call_key(self, call: SipCall, digit: str, way: KeyWay) -> None:
        pass

    def call_ended(self, call: SipCall, ending: CallEnding) -> None:
        self._arrivals.over(self._name)
