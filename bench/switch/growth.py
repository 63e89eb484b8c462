"""What a switch holds after its first calls, and after ten times as many."""

from dataclasses import dataclass

import psutil

from bench.switch import ours
from bench.switch.figures import memory_mb

_RATE = 100.0


@dataclass(frozen=True)
class Holding:
    """What the switch's process holds after so many calls, when none is up."""

    calls: int
    memory_mb: float
    threads: int
    sockets: int
    files: int


async def measure(target: str, first: int, total: int) -> list[Holding]:
    """Calls that are answered and ended at once, 100 a second; looked at after `first` and after `total`."""
    found = []
    async with ours.switch() as driver:
        for through in (first, total):
            await driver.place_all(target, through - driver.placed, _RATE)
            await driver.until(lambda: driver.completed == driver.placed)
            found.append(_holding(driver.pid, driver.completed))
    return found


def _holding(pid: int, calls: int) -> Holding:
    process = psutil.Process(pid)
    return Holding(
        calls=calls,
        memory_mb=round(memory_mb(pid), 1),
        threads=process.num_threads(),
        sockets=len(process.net_connections("all")),
        files=process.num_fds(),
    )
