"""Answer to agent: from the far end's 200 OK until the agent's softphone hears it.

The whole dialer runs: engine, database, broker, HTTP and switch. People and softphones are far ends of
this bench, which look at every frame of 20 ms; agents do over HTTP what an agent's desktop does.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2

from bench.switch.figures import load, percentile
from bench.switch.helper import Happening, Helper
from bench.switch.options import FarEndOptions
from bench.switch.service import CLIENT, Plan, Planned, Service, data_folder
from campaigns.tables import Attempt
from dialer.bus.mqtt import Subscriber
from dialer.simulation.agents import Habits, Shift, SimulatedAgents
from dialer.switch.options import EndpointOptions

_WATCHED = "watched"
_WATCHED_AREA = "+1212"
_HOLDING_AREA = "+1310"
_AGENTS = 10
_TALK_S = 0.6
_WRAP_UP_S = 0.3
_RING_S = 0.1
_HEARD_WITHIN_S = 0.9
_SETTLE_S = 2.0
_LOOK_MS = 5
_GIVE_UP_S = 180.0
_PEOPLE = EndpointOptions(max_calls=300, rtp_port=28000, rtp_port_count=2300, user="people")
_SOFTPHONES = EndpointOptions(
    max_calls=300, rtp_port=30400, rtp_port_count=2300, user="softphones", frame_ms=_LOOK_MS
)


@dataclass(frozen=True)
class Delay:
    """One conversation: from the 200 OK, and from the first sound, until the agent heard it; in ms."""

    answer_ms: float
    sound_ms: float


@dataclass(frozen=True)
class AudioRun:
    """One run over `calls` conversations, while `held_pairs` others were up all the time.

    `answer_*` counts from the 200 OK; `sound_*` from the frame in which the far end sends its first
    sound, which is up to 20 ms later. In `unheard` conversations no sound came.
    """

    held_pairs: int
    calls: int
    unheard: int
    answer_p50_ms: float
    answer_p99_ms: float
    answer_max_ms: float
    sound_p50_ms: float
    sound_p99_ms: float
    load: float
    delays: list[Delay]


async def measure(held_pairs: int, calls: int) -> AudioRun:
    """Starts everything, holds so many pairs, has so many calls answered, and ends everything."""
    plans = [Plan(_WATCHED, _WATCHED_AREA, calls, min(calls, _AGENTS))]
    if held_pairs:
        plans.append(Plan("holding", _HOLDING_AREA, held_pairs, held_pairs))
    with data_folder() as folder:
        service = Service(folder)
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(Helper("bench.switch.far_end", _people()))
            phones = await stack.enter_async_context(Helper("bench.switch.far_end", _softphones()))
            watched, *holding = await service.prepare(plans, await _address(phones))
            await stack.enter_async_context(
                service.serving(await _address(people), 2 * held_pairs + 4 * _AGENTS)
            )
            client = await stack.enter_async_context(_at_work(service, [watched, *holding]))
            for campaign in [*holding, watched]:
                await _dial(client, campaign, people)
            at_work = load()
        delays = _delays(await service.attempts(watched), watched, people.events, phones.events)
    return _run(held_pairs, delays, at_work)


def _people() -> FarEndOptions:
    return FarEndOptions(
        speaks=True, ring_s=_RING_S, watched=_WATCHED_AREA, talk_s=_TALK_S, endpoint=_PEOPLE
    )


def _softphones() -> FarEndOptions:
    return FarEndOptions(speaks=True, watched=_WATCHED, ears=True, endpoint=_SOFTPHONES)


async def _address(far_end: Helper) -> str:
    listening = await far_end.event("listening", within_s=10)
    return f"{listening['host']}:{listening['port']}"


@contextlib.asynccontextmanager
async def _at_work(service: Service, staffed: Sequence[Planned]) -> AsyncIterator[httpx2.AsyncClient]:
    """Every agent is on shift; yields a client of the API."""
    habits = Habits(wrap_mean_s=_WRAP_UP_S, break_share=0.0)
    shifts = [Shift(agent, [campaign.id]) for campaign in staffed for agent in campaign.users]
    async with (
        httpx2.AsyncClient(base_url=service.url, headers=service.headers, timeout=30) as client,
        Subscriber(service.bus(), f"dialer/v1/{CLIENT}/agent/#") as news,
        SimulatedAgents(shifts, client, lambda _: "person", habits) as agents,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(agents.follow(news))
        yield client
        following.cancel()


async def _dial(client: httpx2.AsyncClient, campaign: Planned, people: Helper) -> None:
    """Starts a campaign and returns when all its leads have answered."""
    (await client.post(f"/api/v1/campaigns/{campaign.id}/start")).raise_for_status()
    plan = campaign.plan
    async with asyncio.timeout(_GIVE_UP_S):
        while _answered(people.events, plan.area) < plan.leads:
            await asyncio.sleep(0.2)
    await asyncio.sleep(_SETTLE_S)


def _answered(events: Sequence[Happening], area: str) -> int:
    return sum(each["event"] == "answered" and each["user"].startswith(area) for each in events)


def _delays(
    attempts: Sequence[Attempt],
    campaign: Planned,
    people: Sequence[Happening],
    phones: Sequence[Happening],
) -> list[Delay | None]:
    """Of each conversation; None where its agent heard nothing."""
    answered = {each["user"]: each["mono"] for each in people if each["event"] == "answered"}
    spoke = {each["user"]: each["mono"] for each in people if each["event"] == "spoke"}
    heard: defaultdict[str, list[float]] = defaultdict(list)
    for each in phones:
        if each["event"] == "heard":
            heard[each["user"]].append(each["mono"])
    delays: list[Delay | None] = []
    for attempt in attempts:
        if attempt.agent_id is None or attempt.connected_at is None:
            continue
        began, sounded = answered[attempt.e164], spoke[attempt.e164]
        after = [at for at in heard[campaign.users[attempt.agent_id]] if 0 < at - began < _HEARD_WITHIN_S]
        delays.append(Delay(1000 * (after[0] - began), 1000 * (after[0] - sounded)) if after else None)
    return delays


def _run(held_pairs: int, delays: Sequence[Delay | None], at_work: float) -> AudioRun:
    known = [each for each in delays if each is not None]
    answer = [each.answer_ms for each in known]
    sound = [each.sound_ms for each in known]
    return AudioRun(
        held_pairs=held_pairs,
        calls=len(delays),
        unheard=len(delays) - len(known),
        answer_p50_ms=round(percentile(answer, 0.5), 1),
        answer_p99_ms=round(percentile(answer, 0.99), 1),
        answer_max_ms=round(max(answer), 1),
        sound_p50_ms=round(percentile(sound, 0.5), 1),
        sound_p99_ms=round(percentile(sound, 0.99), 1),
        load=at_work,
        delays=known,
    )
