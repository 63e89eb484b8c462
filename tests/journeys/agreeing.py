"""How soon what agents do is said alike everywhere after a fault: by the API, on record, and on the bus."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import httpx2

_WITHIN_BEATS = 20
"""Five seconds of an engine that has the machine to itself; one that has to wait for it beats less often, so
that no test depends on how fast the machine is."""
_GIVEN_UP_AFTER_S = 60.0

States = Callable[[], Awaitable[Sequence[str]]]
"""Each agent's state, in order of the alphabet."""


async def beats(client: httpx2.AsyncClient) -> int:
    """How often the engine has beaten since it was started."""
    found = re.search(r"^dialer_engine_beats_total (\S+)$", (await client.get("/metrics")).text, re.MULTILINE)
    return int(float(found[1])) if found else 0


async def all_agree(
    client: httpx2.AsyncClient, states: Sequence[str], *said: States, after: str, since: int | None = None
) -> None:
    """Waits until all who are asked, the API and the record among them, say the agents are in these states.

    Fails where that takes longer than five seconds' worth of the engine's beats, `since` beat number so many.
    Prints how long it took from now on.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    begun = await beats(client) if since is None else since
    async with asyncio.timeout(_GIVEN_UP_AFTER_S):
        for each in said:
            while list(await each()) != list(states):
                await asyncio.sleep(0.05)
    took = await beats(client) - begun
    print(f"{after}: all agree after {loop.time() - started:.2f} s, {took} beats of the engine")
    assert took <= _WITHIN_BEATS, f"{after}: {took} beats"
