"""Tells the book of trunks what the switch says of its legs, and keeps how the trunks are."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

import structlog

from campaigns.stores.trunks import TrunkStore
from dialer.core.trunks import TrunkBook
from dialer.switch.messages import AnyEvent, LegAnswered, LegEnded, LegRerouted, SwitchReady, TrunkReachable
from leads.stores.shared import Sessions

log = structlog.get_logger("trunks")


class TrunkWatch:
    """What becomes of each trunk's calls. Calls are named as the switch's legs are."""

    def __init__(self, book: TrunkBook, clock: Callable[[], float]) -> None:
        self._book = book
        self._clock = clock
        self._answered_at: dict[str, float] = {}

    def hear(self, event: AnyEvent) -> None:
        """Takes in an event of the switch."""
        match event:
            case SwitchReady():
                self._attached(event)
            case TrunkReachable(trunk=trunk, up=up, reason=reason):
                (log.info if up else log.warning)("a trunk answers" if up else "a trunk is gone", trunk=trunk)
                log.debug("trunk", trunk=trunk, reason=reason)
                self._book.reachable(trunk, up=up)
            case LegRerouted(leg=leg, to=to):
                now = self._clock()
                log.warning("a trunk failed a call", trunk=event.trunk, status=event.status, to=to)
                self._book.failed(leg, now, _said(event))
                self._book.placed(leg, to, now)
            case LegAnswered(leg=leg, at=at):
                self._answered_at[leg] = at
            case LegEnded():
                self._ended(event)

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

    def _ended(self, end: LegEnded) -> None:
        answered_at, now = self._answered_at.pop(end.leg, None), self._clock()
        if end.no_audio:
            self._book.silent(end.leg, now)
        elif end.trunk_failed:
            self._book.failed(end.leg, now, _said(end))
        elif answered_at is None and not end.status:
            self._book.gone(end.leg)
        else:
            self._book.ended(end.leg, now, None if answered_at is None else max(0.0, end.at - answered_at))


def _said(event: LegRerouted | LegEnded) -> str:
    return f"{event.status} {event.reason}".strip()
