"""By which of its routes a leg goes, and whether by another. Pure: `now` is monotonic seconds."""

from collections import Counter
from dataclasses import dataclass, field
from math import inf

from dialer.core.trunk_room import TrunkRoom
from dialer.switch.leg import Leg
from dialer.switch.leg_actions import Action, Dial, Ending
from dialer.switch.leg_table import LegTable
from dialer.switch.messages import LegRerouted

_REROUTE_WITHIN_S = 10.0
"""A call was permitted for the moment; it does not leave over another trunk much later."""


@dataclass
class LegRoutes:
    """The ways that the legs of a table go. Each method returns what has to be done, in order."""

    _table: LegTable
    rooms: dict[str, TrunkRoom] = field(default_factory=dict)
    """Of trunks that hold no more than so many calls; what is not in it takes any number."""

    def dial(self, leg: Leg, now: float) -> list[Action]:
        """The leg is called by its present route."""
        route = leg.dial(now)
        if route.trunk in self.rooms:
            self.rooms[route.trunk].taken(now)
        self._table.wake(leg, min(leg.rings_at_most_until, leg.reply_by))
        placed = leg.placed
        return [Dial(leg.name, route, placed.caller_id, placed.display_name, placed.auto_answer)]

    def works(self, leg: Leg) -> None:
        """The far end has said that it works on the call: it has the whole ring time."""
        if leg.is_dialing:
            leg.reply_by = inf
            self._table.wake(leg, leg.rings_at_most_until)

    def go_on(self, leg: Leg, ending: Ending, now: float) -> list[Action]:
        """Goes on over the next route whose trunk has room; nothing where none has, or it is too late."""
        if now - leg.placed_at > _REROUTE_WITHIN_S:
            return []
        former = leg.route.trunk
        failed = [f"{former}: {ending.status} {ending.reason}"]
        calls = Counter(each.route.trunk for each in self._table.legs.values())
        for index in range(leg.tried + 1, len(leg.placed.routes)):
            trunk = leg.placed.routes[index].trunk
            if trunk not in self.rooms or self.rooms[trunk].free(calls[trunk], now):
                leg.failed += failed
                leg.tried = index
                moved = LegRerouted(
                    at=now,
                    leg=leg.name,
                    trunk=former,
                    to=trunk,
                    status=ending.status,
                    reason=ending.reason,
                )
                return [moved, *self.dial(leg, now)]
            failed.append(f"{trunk}: no room")
        leg.failed += failed[1:]
        return []
