"""Whether the machine keeps up, told by a process that has nothing to do with what is tested."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_EVERY_S = 0.2
_STEP = 60_000
"""A sum over so many numbers takes milliseconds, as what a process does with a call on its way."""


@asynccontextmanager
async def watched_machine() -> AsyncIterator[list[float]]:
    """How much later than the quickest each step of work was done, in seconds by size; filled at the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, __file__, stdout=asyncio.subprocess.PIPE)
    reading = asyncio.create_task(process.communicate())
    delays_s: list[float] = []
    try:
        yield delays_s
    finally:
        process.kill()
        output, _ = await reading
        took_s = [float(each) for each in output.splitlines()[:-1]]
        delays_s += sorted(each - min(took_s, default=0.0) for each in took_s)


def _work() -> None:
    """Says how long each step took, from the instant at which it was to begin."""
    due = time.monotonic()
    while True:
        due += _EVERY_S
        time.sleep(max(0.0, due - time.monotonic()))
        sum(range(_STEP))
        done = time.monotonic()
        sys.stdout.write(f"{done - due:.4f}\n")
        sys.stdout.flush()
        due = max(due, done)


if __name__ == "__main__":
    _work()
