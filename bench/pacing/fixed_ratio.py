"""A fixed number of ringing calls for each free agent: the simplest rule that managers tune by hand."""

from collections.abc import Hashable, Sequence
from math import floor

from dialer.core.pacing_events import AgentReady, CallAnswered, CallConnected, CallPlaced, PacingEvent
from dialer.core.pacing_settings import PacingState


class FixedRatioPacer:
    """A Pacer that keeps `ratio` calls ringing for each free agent."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._free: set[Hashable] = set()
        self._ringing: set[Hashable] = set()

    def observe(self, event: PacingEvent) -> None:
        """Counts free agents and ringing calls."""
        match event:
            case AgentReady(agent=agent):
                self._free.add(agent)
            case CallPlaced(call=call):
                self._ringing.add(call)
            case CallConnected(agent=agent):
                self._free.discard(agent)
            case CallAnswered(call=call):
                self._ringing.discard(call)
            case _ if hasattr(event, "agent"):
                self._free.discard(event.agent)
            case _ if hasattr(event, "call"):
                self._ringing.discard(event.call)

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """The ratio times the free agents, less the ringing calls."""
        return max(0, floor(self._ratio * len(self._free)) - len(self._ringing))

    def next_wakeup(self, now: float) -> float | None:
        """Events alone change anything."""
        return None

    def explain(self, now: float) -> PacingState:
        """It has nothing to explain."""
        raise NotImplementedError
