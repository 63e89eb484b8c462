"""Runs policies in scenarios on a pool of processes; tunes those that have a parameter."""

import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from time import process_time

from bench.pacing.policies import POLICIES
from dialer.simulation.worlds import ShiftWorld

_TUNING_SEEDS = 3
_OVER_BY_CHANCE = 0.001
"""A policy that stops at the target ends a hair above it, and three shifts do not tell more exactly."""


@dataclass(frozen=True)
class Job:
    """One shift to simulate."""

    world: ShiftWorld
    policy: str
    parameter: float
    seed: int


@dataclass(frozen=True)
class Result:
    """What one shift came to; `took_s` is processor time."""

    utilisation: float
    abandon_rate: float
    answered: int
    abandoned: int
    calls: int
    lines_at_peak: int
    took_s: float


@dataclass(frozen=True)
class Row:
    """One policy in one scenario: means over the seeds and their standard errors; shares of 1."""

    scenario: str
    policy: str
    parameter: float
    utilisation: float
    utilisation_error: float
    abandon_rate: float
    abandon_rate_error: float
    shifts_over_target: int
    calls: float
    lines_at_peak: int
    took_s: float
    shifts: Sequence[Result]


def run(job: Job) -> Result:
    """Simulates one shift; runs in a process of its own."""
    started = process_time()
    figures = POLICIES[job.policy].run(job.world, job.seed, job.parameter)
    return Result(
        utilisation=figures.utilisation,
        abandon_rate=figures.abandon_rate,
        answered=figures.answered,
        abandoned=figures.abandoned,
        calls=figures.calls,
        lines_at_peak=figures.lines_at_peak,
        took_s=process_time() - started,
    )


class Bench:
    """Runs policies in scenarios on a pool of processes."""

    def __init__(self, pool: ProcessPoolExecutor, seeds: Sequence[int]) -> None:
        self._pool = pool
        self._seeds = seeds

    def row(self, world: ShiftWorld, policy: str) -> Row:
        """One policy in one scenario, tuned first where it has a parameter."""
        parameter = self._tuned(world, policy)
        shifts = self._shifts(world, policy, [parameter], self._seeds)
        target = world.pacing.abandon_target
        return Row(
            scenario=world.name,
            policy=policy,
            parameter=parameter,
            utilisation=statistics.mean(each.utilisation for each in shifts),
            utilisation_error=_error([each.utilisation for each in shifts]),
            abandon_rate=statistics.mean(each.abandon_rate for each in shifts),
            abandon_rate_error=_error([each.abandon_rate for each in shifts]),
            shifts_over_target=sum(each.abandon_rate > target for each in shifts),
            calls=statistics.mean(each.calls for each in shifts),
            lines_at_peak=max(each.lines_at_peak for each in shifts),
            took_s=statistics.mean(each.took_s for each in shifts),
            shifts=shifts,
        )

    def _tuned(self, world: ShiftWorld, policy: str) -> float:
        """The parameter with the most utilisation within the target: of every third, then of those around."""
        grid = POLICIES[policy].grid
        if len(grid) == 1:
            return grid[0]
        reached: dict[float, float] = {}
        self._try(world, policy, grid[::3], reached)
        best = grid.index(max(reached, key=lambda parameter: reached[parameter]))
        self._try(world, policy, grid[max(0, best - 2) : best + 3], reached)
        return max(reached, key=lambda parameter: reached[parameter])

    def _try(
        self, world: ShiftWorld, policy: str, parameters: Sequence[float], reached: dict[float, float]
    ) -> None:
        """Notes each parameter's utilisation, or by how much it misses the target, below 0."""
        new = [each for each in parameters if each not in reached]
        seeds = self._seeds[:_TUNING_SEEDS]
        shifts = self._shifts(world, policy, new, seeds)
        for place, parameter in enumerate(new):
            found = shifts[place * len(seeds) : (place + 1) * len(seeds)]
            over = statistics.mean(each.abandon_rate for each in found) - world.pacing.abandon_target
            utilisation = statistics.mean(each.utilisation for each in found)
            reached[parameter] = utilisation if over <= _OVER_BY_CHANCE else -over

    def _shifts(
        self, world: ShiftWorld, policy: str, parameters: Sequence[float], seeds: Sequence[int]
    ) -> list[Result]:
        jobs = [Job(world, policy, parameter, seed) for parameter, seed in product(parameters, seeds)]
        return list(self._pool.map(run, jobs))


def _error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
