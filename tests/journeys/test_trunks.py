"""A trunk fails in one of its ways: the campaign goes on over the next, and nobody is called twice for it."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns import service as campaigns
from campaigns.tables import Attempt
from dialer.bootstrap import Service, running
from dialer.core.breaker import BreakerState
from dialer.core.call import CallState
from dialer.settings import Settings
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from tests.dialer.switch.conftest import StartSipp, sipp
from tests.journeys.small import campaign_of_one_agent, small_settings
from tests.support import eventually

__all__ = ["sipp"]

LEADS = [f"+1202555{number}" for number in range(1000, 1012)]
ATTESTATION = {"bad": "C", "good": "A"}
WORLD = World(shares={Kind.PERSON: 1.0}, ring_mean_s=0.2, talk_mean_s=0.5)


@asynccontextmanager
async def failing(how: str, sipp: StartSipp) -> AsyncIterator[int]:
    """The port of a trunk that fails all its calls."""
    if how == "silent":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
            nobody.bind(("127.0.0.1", 0))
            yield nobody.getsockname()[1]
    elif how == "mute":
        yield (await sipp("answers", calls=100)).port
    else:
        yield (await sipp("refuses", calls=100, status="503 Service Unavailable")).port


def settings(folder: Path, bad: int, good: int) -> Settings:
    return small_settings(
        folder,
        trunks={
            "bad": {
                "uri": f"sip:{{number}}@127.0.0.1:{bad}",
                "keep_alive_s": 0,
                "reply_within_s": 1,
                "attestation": ATTESTATION["bad"],
            },
            "good": {
                "uri": f"sip:{{number}}@127.0.0.1:{good}",
                "keep_alive_s": 0,
                "priority": 2,
                "attestation": ATTESTATION["good"],
            },
        },
    )


@pytest.mark.parametrize("how", ["refuses", "silent", "mute"])
async def test_a_campaign_goes_on_over_the_next_trunk_and_nobody_is_called_twice(
    tmp_path: Path, sipp: StartSipp, how: str
) -> None:
    async with (
        failing(how, sipp) as bad,
        SimulatedCarrier(CarrierOptions(world=WORLD)) as carrier,
        SimulatedSoftphones(SoftphonesOptions()) as softphones,
        running(settings(tmp_path, bad, carrier.port)) as service,
    ):
        campaign = await campaign_of_one_agent(
            service, softphones.uri("agent1"), LEADS, dial_mode="power", lines_per_agent=4, wrap_up_limit_s=1
        )
        await campaigns.start_campaign(service.database.sessions, campaign, datetime.now(UTC))
        service.engine.look_now()
        attempts = await ended_attempts(service, campaign)
        standing = service.engine.trunks.standings(0.0)[0]
        kept = await eventually(lambda: service.engine.trunks.standings(0.0))

    assert Counter(each.e164 for each in attempts) == dict.fromkeys(LEADS, 1)
    assert max(Counter(each["number"] for each in carrier.events_of("invite")).values()) == 1
    called = {each["number"] for each in carrier.events_of("invite")}
    good = [each for each in attempts if each.trunk == "good"]
    assert called == {each.e164 for each in good}, [(each.e164, each.outcome, each.rerouted) for each in good]
    for each in attempts:
        assert each.attestation == ATTESTATION[each.trunk], "the trunk that carried the call signed it"
    assert standing.state != BreakerState.CLOSED
    assert [each.calls for each in kept] == [0, 0]
    if how == "mute":
        mute = [each.outcome for each in attempts if each.trunk == "bad"]
        assert len(mute) < len(LEADS)
        assert set(mute) <= {"network_failure", "abandoned"}
    else:
        assert called == set(LEADS)
        moved = [each for each in attempts if each.rerouted]
        assert moved
        assert len(moved) < len(LEADS)


async def ended_attempts(service: Service, campaign: int) -> Sequence[Attempt]:
    """The attempts, once there is one to each lead and all have ended; the agent ends talks."""
    async with asyncio.timeout(90):
        while True:
            for call in list(service.engine.floor.calls.values()):
                if call.state == CallState.CONNECTED and carried(call.attempt, service):
                    service.engine.hang_up(call.attempt)
            found = await campaigns.list_attempts(service.database.sessions, campaign, 0, 100)
            if len(found) >= len(LEADS) and all(each.ended_at for each in found):
                return found
            await asyncio.sleep(0.1)


def carried(attempt: int, service: Service) -> bool:
    """Whether the good trunk has the call: on the bad one, what the dialer does by itself is looked at."""
    trunk = service.engine.trunks.trunk_of(f"call-{attempt}")
    return trunk is not None and trunk.name == "good"
