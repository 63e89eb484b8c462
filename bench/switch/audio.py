"""Answer to agent: from the far end's 200 OK until the agent's softphone hears it.

The whole service runs, as `dialer serve` runs it: engine, database, broker, HTTP and switch. People and
softphones are far ends of this bench, which look at every frame of 20 ms.
"""

import asyncio
import contextlib
import io
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from bench.switch.figures import load, percentile
from bench.switch.helper import Happening, Helper
from bench.switch.options import FarEndOptions
from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from dialer.bootstrap import Service, running
from dialer.bus.mqtt import Subscriber
from dialer.logs import configure_logs
from dialer.settings import load_settings
from dialer.simulation.agents import Habits, Shift, SimulatedAgents
from dialer.switch.options import EndpointOptions
from leads import service as leads

_CLIENT = "bench"
_WATCHED_NUMBERS = "+1212"
_HOLDING_NUMBERS = "+1310"
_WATCHED_AGENTS = "watched"
_AGENTS = 10
_TALK_S = 0.6
_RING_S = 0.1
_HEARD_WITHIN_S = 1.0
_GIVE_UP_S = 180.0
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PEOPLE = EndpointOptions(max_calls=300, rtp_port=28000, rtp_port_count=2300, user="people")
_SOFTPHONES = EndpointOptions(max_calls=300, rtp_port=30400, rtp_port_count=2300, user="softphones")


@dataclass(frozen=True)
class AudioRun:
    """One run over `calls` conversations, while `held_pairs` others were up all the time.

    `answer_*` counts from the 200 OK; `sound_*` from the frame in which the far end sends its first
    sound, which is up to 20 ms later. `unheard` conversations brought no sound within a second.
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


async def measure(held_pairs: int, calls: int) -> AudioRun:
    """Starts everything, holds so many pairs, has so many calls answered, and ends everything."""
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(Helper("bench.switch.far_end", _people()))
        phones = await stack.enter_async_context(Helper("bench.switch.far_end", _softphones()))
        service = await stack.enter_async_context(_service(await _address(people), held_pairs))
        address = await _address(phones)
        if held_pairs:
            holding = await _campaign(service, "holding", _HOLDING_NUMBERS, held_pairs, address)
            await stack.enter_async_context(_working(service, holding))
            await _until_talking(service, held_pairs)
        watched = await _campaign(service, _WATCHED_AGENTS, _WATCHED_NUMBERS, calls, address)
        async with _working(service, watched):
            await _until_all_called(service, watched, calls)
            at_work = load()
        delays = await _delays(service, watched, people.events, phones.events)
        await service.stop(drain_s=0)
    return _run(held_pairs, delays, at_work)


@dataclass(frozen=True)
class _Campaign:
    id: int
    shifts: Sequence[Shift]
    users: dict[int, str]
    """The softphone's user by agent."""


def _people() -> FarEndOptions:
    return FarEndOptions(
        speaks=True, ring_s=_RING_S, watched=_WATCHED_NUMBERS, talk_s=_TALK_S, endpoint=_PEOPLE
    )


def _softphones() -> FarEndOptions:
    return FarEndOptions(speaks=True, watched=_WATCHED_AGENTS, ears=True, endpoint=_SOFTPHONES)


async def _address(far_end: Helper) -> str:
    listening = await far_end.event("listening", within_s=10)
    return f"{listening['host']}:{listening['port']}"


@contextlib.asynccontextmanager
async def _service(people: str, held_pairs: int) -> AsyncIterator[Service]:
    with tempfile.TemporaryDirectory(prefix="bench-switch-") as folder:
        configure_logs("error", io.StringIO())
        settings = load_settings(
            data_dir=Path(folder),
            node="bench",
            database={},
            mqtt={"port": 0},
            api={"port": 0},
            sip={"port": 0, "lines": 2 * held_pairs + 4 * _AGENTS, "trunk": f"sip:{{number}}@{people}"},
        )
        async with running(settings) as service:
            yield service


async def _campaign(service: Service, name: str, area: str, size: int, phones: str) -> _Campaign:
    """Leads, agents and a campaign that dials one line for each agent."""
    sessions = service.database.sessions
    now = datetime.now(UTC)
    rows = "".join(f"{area}555{number:04}\n" for number in range(100, 100 + size))
    await leads.import_list(
        sessions,
        client_slug=_CLIENT,
        list_name=name,
        default_country="US",
        source=io.BytesIO(f"phone\n{rows}".encode()),
        now=now,
    )
    agents = min(size, _AGENTS) if name == _WATCHED_AGENTS else size
    settings = CampaignSettings.parse(
        {
            "caller_id": "+12025550100",
            "dial_mode": "progressive",
            "max_lines": max(1, agents),
            "wrap_up_limit_s": 20,
            "callable_times": {day: [["00:00", "24:00"]] for day in _DAYS},
        }
    )
    campaign = await campaigns.create_campaign(sessions, _CLIENT, name, settings, [name], now)
    users: dict[int, str] = {}
    for number in range(agents):
        user = f"{name}{number}"
        uri = f"sip:{user}@{phones}"
        users[await campaigns.add_agent(sessions, _CLIENT, user, uri, now)] = user
    return _Campaign(campaign, [Shift(agent, [campaign]) for agent in users], users)


@contextlib.asynccontextmanager
async def _working(service: Service, campaign: _Campaign) -> AsyncIterator[None]:
    """The campaign dials and its agents are on shift."""
    headers = {"Authorization": f"Bearer {service.api_key}"}
    habits = Habits(wrap_mean_s=0.05, break_share=0.0)
    async with (
        httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=30) as client,
        Subscriber(service.mqtt, f"dialer/v1/{_CLIENT}/agent/#") as news,
        SimulatedAgents(campaign.shifts, client, lambda _: "person", habits) as agents,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(agents.follow(news))
        await client.post(f"/api/v1/campaigns/{campaign.id}/start")
        yield
        following.cancel()


async def _until_talking(service: Service, pairs: int) -> None:
    async with asyncio.timeout(_GIVE_UP_S):
        while sum(call.was_connected for call in service.engine.floor.calls.values()) < pairs:
            await asyncio.sleep(0.1)


async def _until_all_called(service: Service, campaign: _Campaign, calls: int) -> None:
    sessions = service.database.sessions
    async with asyncio.timeout(_GIVE_UP_S):
        while True:
            await asyncio.sleep(0.5)
            attempts = await campaigns.list_attempts(sessions, campaign.id, 0, 10_000)
            if sum(attempt.ended_at is not None for attempt in attempts) >= calls:
                return


@dataclass(frozen=True)
class _Delay:
    answer_ms: float | None
    """None where nothing was heard."""
    sound_ms: float | None


async def _delays(
    service: Service, campaign: _Campaign, people: Sequence[Happening], phones: Sequence[Happening]
) -> list[_Delay]:
    answered = {each["user"]: each["mono"] for each in people if each["event"] == "answered"}
    spoke = {each["user"]: each["mono"] for each in people if each["event"] == "spoke"}
    heard: defaultdict[str, list[float]] = defaultdict(list)
    for each in phones:
        if each["event"] == "heard":
            heard[each["user"]].append(each["mono"])
    attempts = await campaigns.list_attempts(service.database.sessions, campaign.id, 0, 10_000)
    delays = []
    for attempt in attempts:
        if attempt.agent_id is None or attempt.connected_at is None:
            continue
        began = answered[attempt.e164]
        after = (at for at in heard[campaign.users[attempt.agent_id]] if 0 < at - began < _HEARD_WITHIN_S)
        at = next(after, None)
        answer_ms = None if at is None else (at - began) * 1000
        sound_ms = None if at is None else (at - spoke[attempt.e164]) * 1000
        delays.append(_Delay(answer_ms, sound_ms))
    return delays


def _run(held_pairs: int, delays: Sequence[_Delay], at_work: float) -> AudioRun:
    answer = [each.answer_ms for each in delays if each.answer_ms is not None]
    sound = [each.sound_ms for each in delays if each.sound_ms is not None]
    return AudioRun(
        held_pairs=held_pairs,
        calls=len(delays),
        unheard=len(delays) - len(answer),
        answer_p50_ms=round(percentile(answer, 0.5), 1),
        answer_p99_ms=round(percentile(answer, 0.99), 1),
        answer_max_ms=round(max(answer), 1),
        sound_p50_ms=round(percentile(sound, 0.5), 1),
        sound_p99_ms=round(percentile(sound, 0.99), 1),
        load=at_work,
    )
