"""Tells a pacer what happens in a simulated shift, and asks it as a dialer does."""

from collections.abc import Callable, Sequence
from math import inf

from dialer.core.pacing import Pacer
from dialer.core.pacing_events import PacingEvent
from dialer.simulation.timeline import Timeline

_ASKED_AGAIN_AFTER_S = 0.25

Place = Callable[[float, int], float | None]
"""Places so many calls at a time; says when to ask again in any case, or None."""


class PacerLink:
    """Asks after events and when the pacer wants to wake up, at most four times a second.

    In a stall the pacer hears nothing and is not asked; then it hears all at once, in order.
    """

    def __init__(
        self,
        pacer: Pacer,
        timeline: Timeline,
        upcoming: Callable[[float], Sequence[float | None]],
        place: Place,
    ) -> None:
        """`upcoming` gives the scores of the next leads at a time."""
        self._pacer = pacer
        self._timeline = timeline
        self._upcoming = upcoming
        self._place = place
        self._withheld: list[PacingEvent] | None = None
        self._asked_at, self._ask_at = -inf, inf
        self._open = True
        self.asked = 0
        """How many times the pacer was asked."""

    def tell(self, event: PacingEvent) -> None:
        """Something happened, and the pacer is asked soon."""
        if self._withheld is not None:
            self._withheld.append(event)
            return
        self._pacer.observe(event)
        self._ask_at_last(event.at)

    def tell_placed(self, event: PacingEvent) -> None:
        """The pacer's own decision was carried out; it is not asked again for that."""
        self._pacer.observe(event)

    def stall(self, now: float, lasts_s: float) -> None:
        """The pacer is cut off for a while."""
        self._withheld = self._withheld or []
        self._timeline.at(now + lasts_s, self._recover)

    def close(self) -> None:
        """No more calls are asked for."""
        self._open = False

    def _recover(self, now: float, _: object) -> None:
        withheld, self._withheld = self._withheld or [], None
        self._ask_at = inf
        for event in withheld:
            self._pacer.observe(event)
        self._ask_at_last(now)

    def _ask_at_last(self, at: float) -> None:
        """Asks at this time, if not before, and not too soon after the last time."""
        at = max(at, self._asked_at + _ASKED_AGAIN_AFTER_S)
        if at < self._ask_at:
            self._ask_at = at
            self._timeline.at(at, self._ask)

    def _ask(self, now: float, _: object) -> None:
        if now != self._ask_at or self._withheld is not None or not self._open:
            return
        self._asked_at, self._ask_at = now, inf
        self.asked += 1
        again_at = self._place(now, self._pacer.calls_to_place(now, self._upcoming(now)))
        wakeup = self._pacer.next_wakeup(now)
        for at in (again_at, wakeup):
            if at is not None:
                self._ask_at_last(at)
