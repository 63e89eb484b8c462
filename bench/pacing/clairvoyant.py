"""The bound above: what a dialer would reach that knows every outcome in advance and may choose whom to call.

It has somebody answer the very moment an agent is free, so that agents only wait for the shortest ring
there is, at the start. No pacer can do better.
"""

from heapq import heapify, heappop, heappush

from dialer.simulation.fates import Ending, Fates
from dialer.simulation.figures import ShiftFigures
from dialer.simulation.roster import roster
from dialer.simulation.worlds import ShiftWorld

_SHORTEST_RING_S = 2.0


def run_clairvoyant(world: ShiftWorld, seed: int) -> ShiftFigures:
    """The shift's figures; of the calls only those that were answered are made."""
    fates, figures = Fates(world, seed), ShiftFigures()
    duties = roster(world, seed)
    free = [(duty.arrives_at, number, 0) for number, duty in enumerate(duties)]
    heapify(free)
    lead = 0
    while free:
        now, agent, breaks_taken = heappop(free)
        duty = duties[agent]
        if now >= min(duty.leaves_at, world.length_s):
            continue
        if breaks_taken < len(duty.breaks) and duty.breaks[breaks_taken][0] <= now:
            heappush(free, (now + duty.breaks[breaks_taken][1], agent, breaks_taken + 1))
            continue
        waits_s = max(0.0, _SHORTEST_RING_S - now)
        while (fate := fates.fate(lead, now, fates.chance(lead))).ending is not Ending.PERSON:
            lead += 1
        lead += 1
        figures.calls += 1
        figures.answered += 1
        figures.connected += 1
        figures.ready_s += waits_s
        figures.talk_s += fate.talk_s
        figures.wrap_s += fate.wrap_s
        heappush(free, (now + waits_s + fate.talk_s + fate.wrap_s, agent, breaks_taken))
    return figures
