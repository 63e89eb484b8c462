"""The policies that are compared, and how those with a parameter are tuned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.pacing.clairvoyant import run_clairvoyant
from bench.pacing.fixed_ratio import FixedRatioPacer
from dialer.core.pacing import Pacer, make_pacer
from dialer.core.pacing_settings import DialMode
from dialer.simulation.figures import ShiftFigures
from dialer.simulation.incumbent import IncumbentPacer, IncumbentSettings
from dialer.simulation.shift import run_shift
from dialer.simulation.worlds import ShiftWorld

Run = Callable[[ShiftWorld, int, float], ShiftFigures]
"""(world, seed, parameter) to a shift."""


@dataclass(frozen=True)
class Policy:
    """Where there is a grid, the parameter is tuned afterwards on the same scenario: nobody can in life."""

    name: str
    run: Run
    grid: Sequence[float] = (0.0,)


def _run_mode(mode: DialMode) -> Run:
    return lambda world, seed, _: run_shift(world, make_pacer(mode, world.pacing_settings), seed)


def _run_with(make: Callable[[ShiftWorld, float], Pacer]) -> Run:
    return lambda world, seed, parameter: run_shift(world, make(world, parameter), seed)


def _power(world: ShiftWorld, lines_per_agent: float) -> Pacer:
    return make_pacer("power", replace(world.pacing_settings, lines_per_agent=lines_per_agent))


def _fixed_ratio(world: ShiftWorld, ratio: float) -> Pacer:
    return FixedRatioPacer(ratio, world.pacing.ring_timeout_s)


def _incumbent(world: ShiftWorld, max_level: float) -> Pacer:
    return IncumbentPacer(world.pacing_settings, IncumbentSettings(max_level=max_level))


_LEVELS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.45, 1.5, 1.55, 1.6, 1.65, 1.7, 1.8, 2.0, 2.2, 2.5, 3.0, 4.0, 6.0)
_RATIOS = (1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 11.0, 15.0, 20.0)

POLICIES = {
    policy.name: policy
    for policy in (
        Policy("progressive", _run_mode("progressive")),
        Policy("power, tuned", _run_with(_power), _LEVELS),
        Policy("fixed ratio, tuned", _run_with(_fixed_ratio), _RATIOS),
        Policy("incumbent", _run_with(lambda world, _: _incumbent(world, IncumbentSettings().max_level))),
        Policy("incumbent, tuned", _run_with(_incumbent), _LEVELS),
        Policy("predictive", _run_mode("predictive")),
        Policy("clairvoyant", lambda world, seed, _: run_clairvoyant(world, seed)),
    )
}
"""From the bound below to the bound above; names as the table has them."""
