"""The switch is killed at full load: how soon the dialer dials again, and every agent is on the line again.

The whole dialer runs. Its softphones answer whoever calls, also while they believe in a call whose switch
has died; real ones are busy until their RTP timeout, which is no doing of the dialer's.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
import psutil

from bench.switch.figures import load
from bench.switch.helper import Happening, Helper
from bench.switch.options import PhonesOptions
from bench.switch.service import Plan, Planned, Service, address, at_work, data_folder
from campaigns.tables import Attempt

_PHONES = "bench.switch.phones"
_NOBODY = "nobody"
_AREA = "+1212"
_RING_S = 60.0
"""People answer so slowly that most lines ring while the agents talk."""
_LEADS_PER_LINE = 10
_MOST_LEADS = 9_000
_UP_WITHIN_S = 120.0
_BACK_WITHIN_S = 60.0
_ON_RECORD_WITHIN_S = 120.0


@dataclass(frozen=True)
class CrashRun:
    """One SIGKILL. Times are from it, in seconds; fates are of the calls that were up, by outcome."""

    agents: int
    talking: int
    calls_up: int
    first_invite_s: float
    first_agent_s: float
    all_agents_s: float
    fates: Mapping[str, int]
    dialed_twice: int
    load: float


async def measure(agents: int, lines: int) -> CrashRun:
    """Starts everything, waits until all agents talk and all lines are in use, and kills the switch."""
    leads = min(_MOST_LEADS, _LEADS_PER_LINE * lines)
    power = {"dial_mode": "power", "lines_per_agent": max(1, lines // agents), "max_lines": lines}
    plan = Plan("crash", _AREA, leads, agents, power)
    with data_folder() as folder:
        service = Service(folder)
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(Helper(_PHONES, PhonesOptions(_NOBODY, _RING_S)))
            phones = await stack.enter_async_context(Helper(_PHONES, PhonesOptions(_NOBODY)))
            (campaign,) = await service.prepare([plan], await address(phones))
            await stack.enter_async_context(service.serving(await address(people), lines + agents))
            client = await stack.enter_async_context(at_work(service, [campaign]))
            up = await _at_full_load(client, service, campaign, lines)
            busy, killed_at = load(), time.monotonic()
            _switch_of(service).kill()
            back = await phones.until(lambda: _agents_back(phones.events, killed_at, agents), _BACK_WITHIN_S)
            await people.until(lambda: _first(people.events, "invited", killed_at), _BACK_WITHIN_S)
            attempts = await _on_record(service, campaign, {each.id for each in up})
    outcomes = {each.id: each.outcome for each in attempts}
    first = _first(people.events, "invited", killed_at)
    times_called = Counter(each["user"] for each in people.events if each["event"] == "invited")
    return CrashRun(
        agents=agents,
        talking=sum(each.connected_at is not None for each in up),
        calls_up=len(up),
        first_invite_s=round(first["mono"] - killed_at, 2) if first else float("nan"),
        first_agent_s=round(back["first"] - killed_at, 2),
        all_agents_s=round(back["last"] - killed_at, 2),
        fates=dict(Counter(outcomes[each.id] for each in up)),
        dialed_twice=sum(calls > 1 for calls in times_called.values()),
        load=busy,
    )


async def _at_full_load(
    client: httpx2.AsyncClient, service: Service, campaign: Planned, lines: int
) -> list[Attempt]:
    """Starts the campaign; the calls that are up when every agent talks and the lines are in use."""
    (await client.post(f"/api/v1/campaigns/{campaign.id}/start")).raise_for_status()
    async with asyncio.timeout(_UP_WITHIN_S):
        while True:
            await asyncio.sleep(1.0)
            up = [each for each in await service.attempts(campaign) if each.ended_at is None]
            talking = sum(each.connected_at is not None for each in up)
            if talking >= campaign.plan.agents and len(up) >= 0.9 * lines:
                return up


async def _on_record(service: Service, campaign: Planned, calls: Set[int]) -> Sequence[Attempt]:
    """All attempts, once the fate of these is written, or will not be any more."""
    give_up = time.monotonic() + _ON_RECORD_WITHIN_S
    while True:
        attempts = await service.attempts(campaign)
        if all(each.outcome for each in attempts if each.id in calls) or time.monotonic() > give_up:
            return attempts
        await asyncio.sleep(1.0)


def _switch_of(service: Service) -> psutil.Process:
    socket = str(service.folder / "switch.sock")
    return next(each for each in psutil.process_iter(["cmdline"]) if socket in (each.info["cmdline"] or ()))


def _first(events: Sequence[Happening], kind: str, after: float) -> Happening | None:
    """The first event of a kind after an instant."""
    return next((each for each in events if each["event"] == kind and each["mono"] > after), None)


def _agents_back(events: Sequence[Happening], after: float, agents: int) -> Happening | None:
    """When the first and the last agent's softphone answered again; None before all have."""
    answered: dict[str, float] = {}
    for each in events:
        if each["event"] == "answered" and each["mono"] > after:
            answered.setdefault(each["user"], each["mono"])
    if len(answered) < agents:
        return None
    return {"first": min(answered.values()), "last": max(answered.values())}
