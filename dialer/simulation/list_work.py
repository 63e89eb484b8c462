"""How long a list takes to be worked through, reckoned from a simulated shift."""

import numpy as np

from dialer.simulation.fates import Fates
from dialer.simulation.figures import ShiftFigures
from dialer.simulation.worlds import ShiftWorld

_LEADS_LOOKED_AT = 1000
_TINY = 1e-9


def worked_through_h(world: ShiftWorld, figures: ShiftFigures) -> float | None:
    """Hours of dialing until every lead is reached, given up, or has had all its attempts.

    All those calls, at the rate of the shift's calls while leads were due: how long leads rest until
    they are called again is not in it. None where there is no list, or leads were never due for any time.
    """
    until_s, calls = world.length_s, figures.calls
    if figures.ran_out_at is not None and figures.calls_until_then is not None:
        until_s, calls = figures.ran_out_at, figures.calls_until_then
    if world.leads is None or not calls or not until_s:
        return None
    return world.leads * _calls_per_lead(world) / calls * until_s / 3600.0


def _calls_per_lead(world: ShiftWorld) -> float:
    """How often a lead is called on average until it is reached, given up or has had all its attempts."""
    fates, most = Fates(world, 0), world.attempts_per_lead
    chances = np.array([fates.chance(lead) for lead in range(_LEADS_LOOKED_AT)])
    nobody = np.maximum(0.0, 1 - chances - world.machine_share)
    ends = chances + (world.machine_share if world.retry_machine_s is None else 0.0)
    ends = ends + (nobody * world.failed_share if world.retry_failed_s is None else 0.0)
    ends = ends + (nobody * (1 - world.failed_share) if world.retry_unanswered_s is None else 0.0)
    ends = np.clip(ends, _TINY, 1.0)
    return float(np.mean((1 - (1 - ends) ** most) / ends))
