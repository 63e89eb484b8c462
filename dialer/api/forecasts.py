"""Forecasts over HTTP: of a campaign that has dialed, and of settings that no campaign has yet."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from dialer.errors import DialerError
from dialer.forecast import Forecasts, read_teams, with_leads
from dialer.forecast_file import plan_of
from dialer.forecast_history import plan_of_campaign
from dialer.forecaster import Forecaster, Wanted
from dialer.simulation.forecasting import Plan
from leads.routes.access import access_of, needs
from leads.routes.shared import Id, KnownQuery, Now

_BUSY = {"description": "Another forecast is being simulated; Retry-After says when to ask again."}

router = APIRouter(tags=["forecasts"], dependencies=[KnownQuery], responses={503: _BUSY})


class ClientGone(DialerError):
    """Who asked for a forecast did not wait for it."""

    code = "client-gone"
    retry_after_s = 1


class ShiftAsked(BaseModel):
    """The shifts to simulate."""

    model_config = ConfigDict(extra="forbid")

    agents: Annotated[
        int | Annotated[str, Field(max_length=100)],
        Field(description='A number, several ("10,25,50") or a range ("5..50", at most ten sizes).'),
    ] = 25
    hours: Annotated[float, Field(ge=0.1, le=24.0, description="How long the shift is.")] = 8.0
    leads: Annotated[
        int | None, Field(ge=1, le=50_000_000, description="In the lists; null: as they are.")
    ] = None
    seeds: Annotated[int, Field(ge=1, le=20, description="How many shifts to simulate for each size.")] = 5
    compare: Annotated[
        bool, Field(description="Also progressive, power and the incumbent's adaptive level.")
    ] = False


class PlanAsked(ShiftAsked):
    """A campaign that is not there yet, and what is assumed of the people it calls."""

    settings: Annotated[
        dict[str, Any], Field(description="By the names that a campaign's settings have; others as new ones.")
    ] = {}
    assumptions: Annotated[
        dict[str, Any], Field(description="answer_rate and talk_mean_s at least; see docs/forecast.md.")
    ]


@router.post("/campaigns/{campaign_id}/forecast", dependencies=[needs("forecasts.run")])
async def forecast_campaign(request: Request, now: Now, campaign_id: Id, asked: ShiftAsked) -> Forecasts:
    """Simulate a campaign's next shift by its latest calls: how busy the agents, how many abandoned."""

    async def look_up() -> Plan:
        readings = access_of(request).own_rows(request, request.app.state.readings)
        return await plan_of_campaign(readings, str(campaign_id), asked.hours, now)

    return await _forecast(request, look_up, asked)


@router.post("/forecasts", dependencies=[needs("forecasts.run")])
async def forecast_plan(request: Request, asked: PlanAsked) -> Forecasts:
    """Simulate a shift of settings and assumptions, as `dialer forecast` does with a file."""
    plan = plan_of(asked.settings, asked.assumptions, asked.hours)

    async def given() -> Plan:
        return plan

    return await _forecast(request, given, asked)


async def _forecast(
    request: Request, plan_now: Callable[[], Awaitable[Plan]], asked: ShiftAsked
) -> Forecasts:
    """Ends the simulation where the client has gone: nobody would read it.

    The plan is asked for once no other forecast is under way: latest calls are many.
    """
    teams = read_teams(str(asked.agents))

    async def find_out() -> Wanted:
        plan = with_leads(await plan_now(), asked.leads)
        return Wanted(plan=plan, teams=teams, seeds=asked.seeds, compare=asked.compare)

    forecaster: Forecaster = request.app.state.forecaster
    work = asyncio.create_task(forecaster.forecast(find_out), name="forecast")
    gone = asyncio.create_task(_gone(request), name="forecast-client")
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not work.done():
            work.cancel()
        await asyncio.wait({work, gone})
    if work.cancelled():
        raise ClientGone("The client has gone; nobody reads this.")
    return work.result()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
