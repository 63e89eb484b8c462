"""What becomes of each call of a simulated shift: drawn from the seed, the same whoever asks and paces."""

from dataclasses import dataclass
from enum import Enum, auto
from math import exp, log
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dialer.simulation.worlds import ShiftWorld, log_mean, value_at

_BLOCK = 4096
_HANG_UP_SIGMA = 0.3
_LEAST_SPREAD = 1e-6
"""Of chances; arithmetic knows no difference from none."""
_SHORTEST_RING_S, _LONGEST_RING_S = 2.0, 25.0
_STANDARD = NormalDist()
_TINY = 1e-300


class Ending(Enum):
    """How a call's ringing ends."""

    PERSON = auto()
    MACHINE = auto()
    FAILED = auto()
    RANG_OUT = auto()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one call; its talk and its agent's wrap-up are for the case that it is connected."""

    ending: Ending
    rings_s: float
    talk_s: float
    wrap_s: float

    @property
    def answered(self) -> bool:
        """By a person, or by a machine that is taken for one."""
        return self.ending in (Ending.PERSON, Ending.MACHINE)


class Fates:
    """The luck of a world's calls and leads, by number. The same seed gives every pacer the same luck."""

    def __init__(self, world: ShiftWorld, seed: int) -> None:
        self._world = world
        self._calls = np.random.default_rng([seed, 1])
        self._leads = np.random.default_rng([seed, 2])
        self._luck: list[list[float]] = []
        self._chances: list[float] = []

    def chance(self, lead: int) -> float:
        """The lead's chance of an answer at the start of the shift."""
        while lead >= len(self._chances):
            self._chances += self._draw_chances().tolist()
        return self._chances[lead]

    def fate(self, call: int, at: float, chance: float) -> Fate:
        """What becomes of the call of this number, placed at that time to a lead of that chance."""
        while call >= len(self._luck):
            self._luck += self._draw_luck().tolist()
        answer, failure, fails_s, rings_s, hang_up, talk, wrap = self._luck[call]
        world = self._world
        share = world.share_at(at)
        base = world.answer_rate[0][1]
        rate = value_at(world.answer_rate, share)
        person = min(1.0, chance * rate / base) if world.chance_spread else rate
        if answer < person + world.machine_share:
            if answer >= person:
                return Fate(Ending.MACHINE, rings_s, world.machine_talk_s, wrap)
            is_long = hang_up >= world.hang_up_share
            mean_s = world.long_talk_mean_s(at) if is_long else world.hang_up_mean_s
            sigma = world.talk_sigma if is_long else _HANG_UP_SIGMA
            talk_s = mean_s * exp(talk * sigma - sigma**2 / 2)
            return Fate(Ending.PERSON, rings_s, talk_s, wrap)
        if failure < world.failed_share:
            return Fate(Ending.FAILED, fails_s, 0.0, 0.0)
        return Fate(Ending.RANG_OUT, world.pacing.ring_timeout_s, 0.0, 0.0)

    def _draw_chances(self) -> NDArray[np.float64]:
        mean, spread = self._world.answer_rate[0][1], self._world.chance_spread
        if spread < _LEAST_SPREAD:
            return np.full(_BLOCK, mean)
        # A beta law's mean and deviation, solved for what it calls a + b.
        weight = (1 - mean) / (mean * spread**2) - 1
        return self._leads.beta(mean * weight, (1 - mean) * weight, _BLOCK)

    def _draw_luck(self) -> NDArray[np.float64]:
        world, random = self._world, self._calls
        answers, failures = random.random((2, _BLOCK))
        fails = random.uniform(*world.failed_s, _BLOCK)
        rings = random.standard_normal(_BLOCK)
        return np.column_stack(
            [
                answers,
                failures,
                fails,
                _rings_s(world, rings),
                random.random(_BLOCK),
                random.standard_normal(_BLOCK),
                random.uniform(*world.wrap_s, _BLOCK),
            ]
        )


def _rings_s(world: ShiftWorld, standard: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long the phones ring that are answered, from standard normal values.

    All are answered within the timeout, since a world's answer rate is of all calls: a ring that would last
    longer keeps its rank among the long ones, and has that rank among all that are short enough.
    """
    mean, sigma = log_mean(world.ring_mean_s, world.ring_sigma), world.ring_sigma
    timeout_s = world.pacing.ring_timeout_s
    if timeout_s < _LONGEST_RING_S:
        longest = (log(timeout_s) - mean) / (sigma or _TINY)
        in_time = _STANDARD.cdf(longest)
        late = standard > longest
        ranks = [(_STANDARD.cdf(each) - in_time) / (1 - in_time) for each in standard[late]]
        standard[late] = [_STANDARD.inv_cdf(max(_TINY, rank * in_time)) for rank in ranks]
    rings = np.clip(np.exp(mean + sigma * standard), _SHORTEST_RING_S, _LONGEST_RING_S)
    return np.asarray(np.minimum(rings, timeout_s))
