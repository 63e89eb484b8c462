"""Forecasts for a service that dials meanwhile: one at a time, in a process of its own, within a time."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from dialer.errors import DialerError
from dialer.forecast import Forecasts, SimulationEnded, forecasts_of, job_groups
from dialer.simulation.forecasting import ForecastShift, Job, Plan

_WITHIN_S = 120.0
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Small matrices gain nothing from more, and the calls need the other cores."""


class ForecasterBusy(DialerError):
    """Another forecast is being simulated."""

    code = "forecaster-busy"
    retry_after_s = 10


class ForecastTooLong(DialerError):
    """So many shifts take more time than a service has for them."""

    code = "forecast-too-long"
    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be forecast: see `dialer.forecast.forecast`."""

    plan: Plan
    teams: Sequence[int]
    seeds: int
    compare: bool = False


class Forecaster:
    """Simulates what is asked for, as `dialer forecast` does, without holding up the event loop."""

    def __init__(self, within_s: float = _WITHIN_S) -> None:
        self._within_s = within_s
        self._busy = False

    async def forecast(self, find_out: Callable[[], Awaitable[Wanted]]) -> Forecasts:
        """The forecast. Who cancels it ends the simulation.

        `find_out` tells what is wanted. It may be costly, and is not called where another forecast is under
        way. Raises what it raises, ForecasterBusy, ForecastTooLong, SimulationEnded and
        NothingToForecastError.
        """
        if self._busy:
            raise ForecasterBusy("Another forecast is being simulated; ask again in a few seconds.")
        self._busy = True
        try:
            wanted = await find_out()
            groups = job_groups(wanted.plan, wanted.teams, wanted.seeds, compare=wanted.compare)
            shifts = await self._simulated_in_time([job for group in groups for job in group])
        finally:
            self._busy = False
        return forecasts_of(wanted.plan, groups, shifts)

    async def _simulated_in_time(self, jobs: Sequence[Job]) -> list[ForecastShift]:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._simulated(jobs)
        except TimeoutError:
            raise ForecastTooLong(
                f"That takes more than {self._within_s:g} s; ask for fewer hours, agents, seeds or policies, "
                "or run `dialer forecast`."
            ) from None

    async def _simulated(self, jobs: Sequence[Job]) -> list[ForecastShift]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialer.simulation.worker", str(int(self._within_s) + 1)),
            env=os.environ | _ONE_THREAD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C is for the service, which ends what it has begun.
            process_group=0,
        )
        try:
            output, _ = await process.communicate(msgspec.json.encode(jobs))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode != 0:
            raise SimulationEnded("The process that simulated shifts was ended; ask for less at once.")
        return [msgspec.json.decode(line, type=ForecastShift) for line in output.splitlines()]
