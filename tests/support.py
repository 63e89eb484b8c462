"""What many tests need: to wait for what will be true, and no longer."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


async def eventually(condition: Callable[[], Value], within_s: float = 60) -> Value:
    """Waits until the condition returns something true, and returns it; fails after `within_s`."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within_s
    while not (value := condition()):
        if loop.time() > give_up:
            raise AssertionError(f"not true within {within_s:g} s: {condition}")
        await asyncio.sleep(0.01)
    return value
