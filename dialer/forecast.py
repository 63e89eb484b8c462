"""Simulates a campaign's shifts on all cores, for one team size or several, with one policy or all."""

import multiprocessing
import os
import re
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from dialer.errors import DialerError
from dialer.simulation.assumptions import Assumptions
from dialer.simulation.forecasting import (
    Forecast,
    ForecastShift,
    Job,
    Plan,
    Policy,
    jobs,
    simulate,
    summarise,
)

_MOST_TEAMS = 10
_MOST_AGENTS = 1000
_TEAM = re.compile(r"\s*[0-9]{1,5}\s*", re.ASCII)

OnDone = Callable[[int, int], object]
"""Told how many shifts of how many are simulated."""


class InvalidTeamsError(DialerError):
    """Team sizes that are none."""

    code = "invalid-teams"
    exit_code = 2


class SimulationEnded(DialerError):
    """A process that simulated shifts was ended from outside, for want of memory as a rule."""

    code = "simulation-ended"


@dataclass(frozen=True)
class Forecasts:
    """All that was asked for: a forecast for each team size and policy, in order."""

    hours: float
    assumptions: Assumptions
    forecasts: list[Forecast]


def read_teams(text: str) -> list[int]:
    """`25`, `10,25,50`, or `5..50`: of a range at most ten sizes, evenly spread. Raises InvalidTeamsError."""
    low, dots, high = text.partition("..")
    numbers = [low, high] if dots else text.split(",")
    if not all(_TEAM.fullmatch(each) for each in numbers):
        forms = "a number, several (10,25,50) or a range (5..50)"
        raise InvalidTeamsError(f"--agents is {forms}, not {text[:40]!r}.")
    sizes = sorted({int(each) for each in numbers})
    if sizes[0] < 1 or sizes[-1] > _MOST_AGENTS:
        raise InvalidTeamsError(f"--agents: a team has 1 to {_MOST_AGENTS} agents.")
    if not dots:
        return sizes
    steps = min(_MOST_TEAMS - 1, max(1, sizes[-1] - sizes[0]))
    return sorted({round(sizes[0] + (sizes[-1] - sizes[0]) * step / steps) for step in range(steps + 1)})


def with_leads(plan: Plan, leads: int | None) -> Plan:
    """The plan with so many leads in the list; None leaves it as it is."""
    return plan if leads is None else replace(plan, assumptions=replace(plan.assumptions, leads=leads))


def forecast(
    plan: Plan, teams: Sequence[int], seeds: int, *, compare: bool = False, on_done: OnDone | None = None
) -> Forecasts:
    """Simulates `seeds` shifts for each team size and policy, on all cores.

    Raises NothingToForecastError and UnsupportedDialMode.
    """
    groups = job_groups(plan, teams, seeds, compare=compare)
    shifts = _simulated([job for group in groups for job in group], on_done or _say_nothing)
    return forecasts_of(plan, groups, shifts)


def job_groups(plan: Plan, teams: Sequence[int], seeds: int, *, compare: bool) -> list[list[Job]]:
    """The shifts to simulate, for each team size and policy. Raises NothingToForecastError."""
    policies: Sequence[Policy] = plan.policies if compare else (plan.policy,)
    return [jobs(plan, agents, policy, range(1, seeds + 1)) for agents in teams for policy in policies]


def forecasts_of(plan: Plan, groups: Sequence[Sequence[Job]], shifts: Iterable[ForecastShift]) -> Forecasts:
    """The forecast of what `job_groups` gave, by what the shifts came to, in order."""
    following = iter(shifts)
    forecasts = [summarise(group[0], [next(following) for _ in group]) for group in groups]
    return Forecasts(plan.hours, plan.assumptions, forecasts)


def _simulated(wanted: Sequence[Job], on_done: OnDone) -> list[ForecastShift]:
    """Each job's shift, in order. The largest are begun first, so that no core is left alone with one."""
    order = sorted(range(len(wanted)), key=lambda index: -wanted[index].world.agents)
    cores = min(len(wanted), len(os.sched_getaffinity(0)))
    found: dict[int, ForecastShift] = {}
    if cores == 1:
        for index in order:
            found[index] = simulate(wanted[index])
            on_done(len(found), len(wanted))
        return [found[index] for index in range(len(wanted))]
    # A fork would carry over threads and loops that the caller may have.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, spawn, initializer=_end_with_ctrl_c) as pool:
        results = pool.map(simulate, [wanted[index] for index in order])
        try:
            for index, shift in zip(order, results, strict=True):
                found[index] = shift
                on_done(len(found), len(wanted))
        except BrokenProcessPool as error:
            raise SimulationEnded(
                "A process that simulated shifts was ended; ask for less at once."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
    return [found[index] for index in range(len(wanted))]


def _end_with_ctrl_c() -> None:
    """A worker that is interrupted has nothing to say about it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _say_nothing(done: int, total: int) -> None:
    """For who does not ask how far it is."""
