"""Forecasts for a service that dials meanwhile: one at a time, in a process of its own, within a time."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
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

    async def forecast(self, wanted: Wanted) -> Forecasts:
        """The forecast. Who cancels it ends the simulation.

        Raises ForecasterBusy, ForecastTooLong, SimulationEnded and NothingToForecastError.
        """
        groups = job_groups(wanted.plan, wanted.teams, wanted.seeds, compare=wanted.compare)
        if self._busy:
            raise ForecasterBusy("Another forecast is being simulated; ask again in a few seconds.")
        self._busy = True
        try:
            async with asyncio.timeout(self._within_s):
                shifts = await self._simulated([job for group in groups for job in group])
        except TimeoutError:
            raise ForecastTooLong(
                f"That takes more than {self._within_s:g} s; ask for fewer hours, agents, seeds or policies, "
                "or run `dialer forecast`."
            ) from None
        finally:
            self._busy = False
        return forecasts_of(wanted.plan, groups, shifts)

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
