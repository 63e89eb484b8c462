"""Tells the book of trunks what the switch says of its legs, and keeps how the trunks are."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

import structlog

from campaigns.stores.trunks import TrunkStore
from dialer.core.trunks import TrunkBook
from dialer.switch.messages import (
    AnyEvent,
    LegAnswered,
    LegAudio,
    LegEnded,
    LegRerouted,
    LegRinging,
    SwitchReady,
    TrunkReachable,
)
from leads.stores.shared import Sessions

_FORBIDDEN = 403
"""The trunk is well, and does not want this call: for its caller ID, say, which is one client's affair."""

log = structlog.get_logger("trunks")


class TrunkWatch:
    """What becomes of each trunk's calls. Calls are named as the switch's legs are."""

    def __init__(self, book: TrunkBook, clock: Callable[[], float]) -> None:
        self._book = book
        self._clock = clock
        self._answered_at: dict[str, float] = {}
        self._came: set[str] = set()

    def hear(self, event: AnyEvent) -> None:
        """Takes in an event of the switch."""
        match event:
            case SwitchReady():
                self._attached(event)
            case TrunkReachable(trunk=trunk, up=up, reason=reason):
                (log.info if up else log.warning)("a trunk answers" if up else "a trunk is gone", trunk=trunk)
                log.debug("trunk", trunk=trunk, reason=reason)
                self._book.reachable(trunk, up=up, why=reason)
            case LegRerouted():
                self._moved(event)
            case LegRinging(leg=leg):
                self._book.rang(leg)
            case LegAnswered(leg=leg, at=at):
                self._answered_at[leg] = at
                self._book.answered(leg)
            case LegAudio(leg=leg):
                self._book.heard(leg)
            case LegEnded(leg=leg) if leg in self._came:
                self._came.discard(leg)
                self._book.gone(leg)
            case LegEnded():
                self._ended(event)

    def came(self, leg: str, trunk: str) -> None:
        """A call that has come over a trunk is taken: it has a line, and tells nothing of the trunk."""
        self._came.add(leg)
        self._book.came(leg, trunk)

    def country_of(self, trunk: str) -> str:
        """Whose numbers a trunk writes without a country's code; empty for nobody's."""
        return self._book.country(trunk)

    async def keep(self, sessions: Sessions, node: str, at: datetime) -> None:
        """Writes how each trunk is."""
        standings = self._book.standings(self._clock())
        async with sessions() as session, session.begin():
            await TrunkStore(session).save(node, at, {each.name: asdict(each) for each in standings})

    def _attached(self, ready: SwitchReady) -> None:
        for name, up in ready.trunks.items():
            self._book.reachable(name, up=up)
        live = {leg.leg: leg for leg in ready.live}
        for gone in self._book.calls() - live.keys():
            self._book.gone(gone)
        for name in live.keys() - self._book.calls():
            self._book.placed(name, live[name].trunk, self._clock())
        self._answered_at = {
            name: leg.answered_at for name, leg in live.items() if leg.answered_at is not None
        }

    def _moved(self, moved: LegRerouted) -> None:
        """What the switch repeats to an engine that comes back is known already: the leg is elsewhere."""
        trunk = self._book.trunk_of(moved.leg)
        if trunk is None or trunk.name != moved.trunk:
            return
        now = self._clock()
        log.warning("a trunk failed a call", trunk=moved.trunk, status=moved.status, to=moved.to)
        if moved.status == _FORBIDDEN:
            self._book.ended(moved.leg, now, None)
        else:
            self._book.failed(moved.leg, now, _said(moved))
        self._book.placed(moved.leg, moved.to, now)

    def _ended(self, end: LegEnded) -> None:
        answered_at, now = self._answered_at.pop(end.leg, None), self._clock()
        talked_s = None if answered_at is None else max(0.0, end.at - answered_at)
        by_us = end.ended_by != "far_end" and not end.provisional
        if end.no_audio:
            self._book.silent(end.leg, now)
        elif end.trunk_failed and end.status != _FORBIDDEN:
            self._book.failed(end.leg, now, _said(end))
        elif answered_at is None and (by_us or not end.status):
            self._book.gone(end.leg)
        else:
            self._book.ended(end.leg, now, talked_s, audio=end.audio)


def _said(event: LegRerouted | LegEnded) -> str:
    return f"{event.status} {event.reason}".strip()
