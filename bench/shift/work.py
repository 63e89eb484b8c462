"""The shift itself: the dialer as a process, a simulated carrier and softphones, agents at the API."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2

from bench.shift.figures import Figures, Pop, figures_of
from bench.switch.figures import cpu_s, load
from bench.switch.service import CLIENT, Plan, Planned, Service, data_folder
from dialer.bus.mqtt import Subscriber
from dialer.simulation.agent_api import Shift
from dialer.simulation.agents import Habits, SimulatedAgents
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from dialer.switch.options import EndpointOptions
from tests.event_stream import listening

_AREA = "+1212"
_LEADS = 9_800
_LOG_IN_WITHIN_S = 120.0
_CALLS_END_WITHIN_S = 300.0
_SCREENS = 20
"""So many agents' screens are watched."""
_WORLD = World(
    shares={
        Kind.PERSON: 0.34,
        Kind.MACHINE: 0.11,
        Kind.HANGS_UP: 0.02,
        Kind.BUSY: 0.08,
        Kind.NO_ANSWER: 0.45,
    },
    ring_mean_s=9.0,
    no_answer_mean_s=25.0,
    talk_mean_s=45.0,
    machine_mean_s=12.0,
)
_HABITS = Habits(seed="shift", wrap_mean_s=12.0, break_share=0.02, break_mean_s=30.0)


@dataclass(frozen=True)
class Size:
    """How many agents and lines, for how long."""

    agents: int
    lines: int
    minutes: float
    dial_mode: str


async def work(size: Size) -> Figures:
    """One shift from log-in to log-out, and what came of it."""
    settings = {"dial_mode": size.dial_mode, "max_lines": size.lines, "wrap_up_limit_s": 60}
    plan = Plan("shift", _AREA, _LEADS, size.agents, settings)
    with data_folder() as folder:
        service = Service(folder)
        async with AsyncExitStack() as stack:
            carrier = await stack.enter_async_context(SimulatedCarrier(_carrier(size)))
            phones = await stack.enter_async_context(SimulatedSoftphones(_softphones(size)))
            (campaign,) = await service.prepare([plan], f"{phones.host}:{phones.port}")
            people = f"{carrier.host}:{carrier.port}"
            pid = await stack.enter_async_context(service.serving(people, size.lines + size.agents))
            async with _agents(service, campaign) as client:
                await _all_available(client, size.agents)
                pids = {"engine": pid, "switch": service.switch_pid(pid)}
                pids |= {"carrier": carrier.pid or 0, "softphones": phones.pid or 0}
                async with _screens(client, min(size.agents, _SCREENS)) as pops:
                    used = await _dialed(client, campaign, pids, size)
                at_work = load()
        attempts, shifts = await service.attempts(campaign), await service.shifts()
    return figures_of(attempts, shifts, pops, used, at_work)


def _carrier(size: Size) -> CarrierOptions:
    endpoint = EndpointOptions(
        max_calls=size.lines + 100, rtp_port=12000, rtp_port_count=4000, user="carrier"
    )
    return CarrierOptions(seed="shift", world=_WORLD, endpoint=endpoint)


def _softphones(size: Size) -> SoftphonesOptions:
    endpoint = EndpointOptions(max_calls=size.agents + 50, rtp_port=16000, rtp_port_count=4000, user="phones")
    return SoftphonesOptions(size.agents, prefix="shift", endpoint=endpoint)


@asynccontextmanager
async def _agents(service: Service, campaign: Planned) -> AsyncIterator[httpx2.AsyncClient]:
    """Every agent at work, from log-in to log-out."""
    shifts = [Shift(agent, [campaign.id]) for agent in campaign.users]
    limits = httpx2.Limits(max_connections=None)
    async with (
        httpx2.AsyncClient(
            base_url=service.url, headers=service.headers, timeout=30, limits=limits
        ) as client,
        Subscriber(service.bus(), f"dialer/v1/{CLIENT}/agent/#") as news,
        SimulatedAgents(shifts, client, lambda _: "person", _HABITS) as agents,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(agents.follow(news))
        yield client
        following.cancel()


async def _all_available(client: httpx2.AsyncClient, agents: int) -> None:
    """Every softphone is on the line."""
    async with asyncio.timeout(_LOG_IN_WITHIN_S):
        for session in range(1, agents + 1):
            while (await client.get(f"/api/v1/agent-sessions/{session}")).json().get("state") != "available":
                await asyncio.sleep(0.1)


@asynccontextmanager
async def _screens(client: httpx2.AsyncClient, agents: int) -> AsyncIterator[list[Pop]]:
    """The first agents' screens; what comes on them, and when."""
    pops: list[Pop] = []

    async def watch(session: int) -> None:
        async with listening(client, f"/api/v1/agent-sessions/{session}/events") as screen:
            while True:
                shown = await screen.next(lambda heard: heard.event == "screen-pop")
                pops.append(Pop(shown.data["attempt_id"], time.time()))

    tasks = [asyncio.create_task(watch(session)) for session in range(1, agents + 1)]
    try:
        yield pops
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _dialed(
    client: httpx2.AsyncClient, campaign: Planned, pids: Mapping[str, int], size: Size
) -> dict[str, float]:
    """Dials for so long, and waits until no call is up; the share of one core that each process took."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    path = f"/api/v1/campaigns/{campaign.id}"
    (await client.post(f"{path}/start")).raise_for_status()
    await asyncio.sleep(60 * size.minutes)
    used = {name: (cpu_s(pid) - before[name]) / (60 * size.minutes) for name, pid in pids.items()}
    (await client.post(f"{path}/stop")).raise_for_status()
    async with asyncio.timeout(_CALLS_END_WITHIN_S):
        while await _calls_up(client):
            await asyncio.sleep(0.5)
    return used


async def _calls_up(client: httpx2.AsyncClient) -> float:
    metrics = (await client.get("/metrics")).text.splitlines()
    active = [line for line in metrics if line.startswith("dialer_calls_active{")]
    return sum(float(line.rpartition(" ")[2]) for line in active)
