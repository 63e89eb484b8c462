"""A test that skips where the machine is slow knows it from elsewhere than from what it tests."""

import asyncio
import time

import psutil

from tests.journeys.machine import watched_machine
from tests.support import eventually


def probe() -> psutil.Process | None:
    children = psutil.Process().children()
    return next(
        (each for each in children if any("journeys/machine.py" in word for word in each.cmdline())), None
    )


async def test_a_machine_that_gives_a_process_no_time_is_seen_to_be_late() -> None:
    async with watched_machine() as delays_s:
        watching = await eventually(probe)
        await asyncio.sleep(1.0)
        watching.suspend()
        await asyncio.sleep(1.0)
        watching.resume()
        await asyncio.sleep(1.0)
    assert len(delays_s) > 3
    assert max(delays_s) > 0.5
    assert delays_s == sorted(delays_s)


async def test_what_holds_up_this_process_does_not_make_the_machine_late() -> None:
    async with watched_machine() as delays_s:
        await eventually(probe)
        await asyncio.sleep(0.5)
        held_up = time.monotonic()
        while time.monotonic() < held_up + 2.0:
            sum(range(1000))
        await asyncio.sleep(0.5)
    assert len(delays_s) > 3
    assert delays_s[len(delays_s) // 2] < 1.0
