"""A stop that comes in the midst of a step: what the step has committed does not stay open."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event

from campaigns import service as campaigns
from campaigns.core.campaign import LEAST_RING_S
from dialer.bootstrap import Service, running
from dialer.core.call import CallState
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.journeys.small import NUMBERS, campaign_of_one_agent, small_settings
from tests.support import eventually

LONGER_THAN_A_PERMIT_S = 5.5


async def test_an_attempt_that_is_committed_while_the_engine_stops_is_canceled(tmp_path: Path) -> None:
    settings = small_settings(tmp_path)
    async with SimulatedSoftphones(SoftphonesOptions(1)) as phones, running(settings) as service:
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"))
        with stops_at_its_first_attempt(service) as stops:
            await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            await eventually(lambda: stops)
            await stops[0]
        attempts = await campaigns.list_attempts(service.database.sessions, campaign, 0, 10)
        assert [each.outcome for each in attempts] == ["canceled"]
        assert not service.engine.floor.calls


async def test_a_call_whose_record_took_too_long_is_not_placed(tmp_path: Path) -> None:
    """The hour may be over by then, or the person may have opted out."""
    settings = small_settings(tmp_path)
    async with SimulatedSoftphones(SoftphonesOptions(1)) as phones, running(settings) as service:
        campaign = await campaign_of_one_agent(service, phones.uri("agent1"))
        with records_slowly(LONGER_THAN_A_PERMIT_S):
            await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            async with asyncio.timeout(60):
                while not (found := await campaigns.list_attempts(service.database.sessions, campaign, 0, 1)):
                    await asyncio.sleep(0.1)
            await service.engine.written()
        (attempt,) = await campaigns.list_attempts(service.database.sessions, campaign, 0, 1)
        assert attempt.id == found[0].id
        assert (attempt.outcome, attempt.sip_status) == ("canceled", None)


async def test_however_urgent_a_stop_is_a_phone_rings_as_long_as_the_law_asks(tmp_path: Path) -> None:
    world = World(ring_mean_s=0.2)
    carrier = SimulatedCarrier(CarrierOptions(world=world, kinds=dict.fromkeys(NUMBERS, Kind.RINGS_ON)))
    async with carrier, SimulatedSoftphones(SoftphonesOptions(1)) as phones:
        settings = small_settings(tmp_path, carrier.uri("{number}"))
        async with running(settings) as service:
            campaign = await campaign_of_one_agent(service, phones.uri("agent1"))
            await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
            service.engine.look_now()
            calls = service.engine.floor.calls
            await eventually(lambda: [each for each in calls.values() if each.state == CallState.RINGING])
            service.engine.stop_at_once()
            await service.stop(drain_s=0)
            attempts = await campaigns.list_attempts(service.database.sessions, campaign, 0, 10)
        assert [each.outcome for each in attempts] == ["canceled"]
        (ended,) = await eventually(lambda: carrier.events_of("ended"))
        (invited,) = carrier.events_of("invite")
        assert ended["at"] - invited["at"] >= LEAST_RING_S


@contextmanager
def records_slowly(seconds: float) -> Iterator[None]:
    """The database takes so long to take the record of an attempt."""

    def wait(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO attempt "):
            time.sleep(seconds)

    event.listen(SqlEngine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        event.remove(SqlEngine, "before_cursor_execute", wait)


@contextmanager
def stops_at_its_first_attempt(service: Service) -> Iterator[list[asyncio.Task[None]]]:
    """Asks the service to stop when the first attempt is written, before it is committed."""
    loop, stops = asyncio.get_running_loop(), list[asyncio.Task[None]]()

    def stop(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO attempt ") and not stops:
            stops.append(loop.create_task(service.stop(drain_s=0)))

    event.listen(SqlEngine, "before_cursor_execute", stop)
    try:
        yield stops
    finally:
        event.remove(SqlEngine, "before_cursor_execute", stop)
