"""Call set-up: so many calls a second, each answered and ended at once."""

from dataclasses import dataclass

from bench.switch import ours
from bench.switch.figures import cpu_s, percentile
from bench.switch.helper import Helper
from bench.switch.options import BareOptions

_LONGEST_S = 120.0


@dataclass(frozen=True)
class Offered:
    """What is offered: calls to `target`, so many a second, for so long."""

    target: str
    rate: float
    seconds: float


@dataclass(frozen=True)
class RateRun:
    """One run; latencies from the order to place the call until its answer is known."""

    offered_per_s: float
    calls: int
    completed: int
    cpu_s_per_1000_calls: float
    setup_p50_ms: float
    setup_p99_ms: float


async def through_switch(offered: Offered) -> RateRun:
    """Our switch, over its socket."""
    calls = int(offered.rate * offered.seconds)
    async with ours.switch() as driver:
        before = cpu_s(driver.pid)
        await driver.place_all(offered.target, calls, offered.rate)
        await driver.until(lambda: driver.completed == calls)
        used = cpu_s(driver.pid) - before
        return _run(offered.rate, calls, driver.completed, used, driver.latencies_ms)


async def through_bare(offered: Offered) -> RateRun:
    """Bare pjsua2."""
    calls = int(offered.rate * offered.seconds)
    options = BareOptions("rate", offered.target, calls, offered.rate)
    async with Helper("bench.switch.bare", options) as bare:
        await bare.event("placing", within_s=10)
        before = cpu_s(bare.pid)
        done = await bare.event("done", within_s=_LONGEST_S)
        used = cpu_s(bare.pid) - before
        return _run(offered.rate, calls, done["completed"], used, done["latencies_ms"])


def _run(rate: float, calls: int, completed: int, used: float, latencies_ms: list[float]) -> RateRun:
    return RateRun(
        offered_per_s=rate,
        calls=calls,
        completed=completed,
        cpu_s_per_1000_calls=round(1000 * used / calls, 3),
        setup_p50_ms=round(percentile(latencies_ms, 0.5), 2),
        setup_p99_ms=round(percentile(latencies_ms, 0.99), 2),
    )
