"""Answer to agent: from the far end's 200 OK until the agent's softphone hears it.

The whole dialer runs: engine, database, broker, HTTP and switch. People and softphones are the phones of
this bench, which see sound packet by packet; agents do over HTTP what an agent's desktop does.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2

from bench.switch.figures import load, percentile
from bench.switch.helper import Happening, Helper
from bench.switch.options import PhonesOptions
from bench.switch.service import Plan, Planned, Service, address, at_work, data_folder
from campaigns.tables import Attempt

_WATCHED = "watched"
_WATCHED_AREA = "+1212"
_HOLDING_AREA = "+1310"
_AGENTS = 10
_TALK_S = 0.6
_RING_S = 0.1
_HEARD_WITHIN_S = 0.9
_SETTLE_S = 2.0
_GIVE_UP_S = 15.0
_PHONES = "bench.switch.phones"
_PEOPLE = PhonesOptions(_WATCHED_AREA, _RING_S, _TALK_S)
_SOFTPHONES = PhonesOptions(_WATCHED)


@dataclass(frozen=True)
class AudioRun:
    """One run over `calls` conversations, while `held_pairs` others were up all the time.

    From the instant at which the far end sends its 200 and its first sound until the first packet with
    sound arrives at the agent's softphone. In `unheard` conversations none came.
    """

    held_pairs: int
    calls: int
    unheard: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    load: float
    all_ms: list[float]


async def measure(held_pairs: int, calls: int) -> AudioRun:
    """Starts everything, holds so many pairs, has so many calls answered, and ends everything."""
    plans = [Plan(_WATCHED, _WATCHED_AREA, calls, min(calls, _AGENTS))]
    if held_pairs:
        plans.append(Plan("holding", _HOLDING_AREA, held_pairs, held_pairs))
    with data_folder() as folder:
        service = Service(folder)
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(Helper(_PHONES, _PEOPLE))
            phones = await stack.enter_async_context(Helper(_PHONES, _SOFTPHONES))
            watched, *holding = await service.prepare(plans, await address(phones))
            await stack.enter_async_context(
                service.serving(await address(people), 2 * held_pairs + 4 * _AGENTS)
            )
            client = await stack.enter_async_context(at_work(service, [watched, *holding]))
            for campaign in [*holding, watched]:
                await _dial(client, campaign, people)
            busy = load()
        delays = _delays(await service.attempts(watched), watched, people.events, phones.events)
    return _run(held_pairs, delays, busy)


async def _dial(client: httpx2.AsyncClient, campaign: Planned, people: Helper) -> None:
    """Starts a campaign; returns when all its leads have answered, or no more of them do."""
    (await client.post(f"/api/v1/campaigns/{campaign.id}/start")).raise_for_status()
    plan, clock = campaign.plan, asyncio.get_running_loop().time
    answered, latest = 0, clock()
    while answered < plan.leads and clock() - latest < _GIVE_UP_S:
        await asyncio.sleep(0.2)
        if (now := _answered(people.events, plan.area)) > answered:
            answered, latest = now, clock()
    await asyncio.sleep(_SETTLE_S)


def _answered(events: Sequence[Happening], area: str) -> int:
    return sum(each["event"] == "answered" and each["user"].startswith(area) for each in events)


def _delays(
    attempts: Sequence[Attempt],
    campaign: Planned,
    people: Sequence[Happening],
    phones: Sequence[Happening],
) -> list[float | None]:
    """Of each conversation, in ms; None where its agent heard nothing."""
    answered = {each["user"]: each["mono"] for each in people if each["event"] == "answered"}
    heard: defaultdict[str, list[float]] = defaultdict(list)
    for each in phones:
        if each["event"] == "heard":
            heard[each["user"]].append(each["mono"])
    delays: list[float | None] = []
    for attempt in attempts:
        if attempt.agent_id is None or attempt.connected_at is None:
            continue
        began = answered[attempt.e164]
        after = (at for at in heard[campaign.users[attempt.agent_id]] if 0 < at - began < _HEARD_WITHIN_S)
        at = next(after, None)
        delays.append(None if at is None else round(1000 * (at - began), 2))
    return delays


def _run(held_pairs: int, delays: Sequence[float | None], busy: float) -> AudioRun:
    known = [each for each in delays if each is not None]
    return AudioRun(
        held_pairs=held_pairs,
        calls=len(delays),
        unheard=len(delays) - len(known),
        p50_ms=round(percentile(known, 0.5), 1),
        p99_ms=round(percentile(known, 0.99), 1),
        max_ms=round(max(known), 1),
        load=busy,
        all_ms=known,
    )
