"""Bridged pairs: two calls each that hear each other, held with audio both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.switch import ours
from bench.switch.figures import cpu_s, memory_mb
from bench.switch.helper import Helper, HelperEnded
from bench.switch.options import BareOptions

PLACE_PER_S = 60.0
_SETTLE_S = 2.0
_UP_WITHIN_S = 120.0


@dataclass(frozen=True)
class Held:
    """How pairs are held: how many, and for how long they are measured."""

    far_end: Helper
    target: str
    pairs: int
    seconds: float


@dataclass(frozen=True)
class PairsRun:
    """One run. `hearing` counts the legs whose far end received sound at the end of the hold, and
    `packets_per_s_least` is the RTP that the worst of them received (50 is all of it)."""

    pairs: int
    cpu_share: float
    memory_mb: float
    hearing: int
    packets_per_s_least: float


async def through_switch(held: Held) -> PairsRun:
    """Our switch, over its socket."""
    async with bridged(held) as driver:
        return await measure(held, driver.pid)


@asynccontextmanager
async def bridged(held: Held) -> AsyncIterator[ours.Driver]:
    """A switch with all the pairs. Raises HelperEnded where some are missing."""
    async with ours.switch() as driver:
        driver.bridges = True
        await driver.place_all(held.target, 2 * held.pairs, PLACE_PER_S)
        await driver.until(lambda: len(driver.bridged_legs) == held.pairs)
        if len(driver.bridged_legs) < held.pairs:
            raise HelperEnded(f"Only {len(driver.bridged_legs)} of {held.pairs} pairs were bridged.")
        yield driver


async def through_bare(held: Held) -> PairsRun:
    """Bare pjsua2."""
    options = BareOptions("pairs", held.target, 2 * held.pairs, PLACE_PER_S)
    async with Helper("bench.switch.bare", options) as bare:
        await bare.event("up", within_s=_UP_WITHIN_S)
        return await measure(held, bare.pid)


async def measure(held: Held, pid: int) -> PairsRun:
    """Holds what a process has up, and looks at it from outside."""
    await asyncio.sleep(_SETTLE_S)
    clock = asyncio.get_running_loop().time
    before, began = await held.far_end.answer("audio"), clock()
    used = cpu_s(pid)
    await asyncio.sleep(held.seconds)
    used, measured_s = cpu_s(pid) - used, clock() - began
    memory = memory_mb(pid)
    after = await held.far_end.answer("audio")
    lasted_s = after["at"] - before["at"]
    packets = [late - early for early, late in zip(before["packets"], after["packets"], strict=True)]
    return PairsRun(
        pairs=held.pairs,
        cpu_share=round(used / measured_s, 4),
        memory_mb=round(memory, 1),
        hearing=after["hearing"],
        packets_per_s_least=round(min(packets) / lasted_s, 1),
    )
