"""The rows of a file, read by worker processes while the caller stores those before them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from leads.importing.pool import RowPool
from leads.importing.records import RecordChunk, RecordReader
from leads.importing.worker import Job, ReadRows
from leads.threads import in_thread

CHUNKS_A_WORKER = 2
"""How many a worker is ahead of the caller, at most."""


async def read_chunks(
    reader: RecordReader, job: Job, size: int, *, in_processes: bool = True
) -> AsyncGenerator[tuple[RecordChunk, ReadRows], None]:
    """A file's records (their chunk comes without them) as they were read, in order, `size` at a time.

    A file with one chunk needs no processes. Close it with `aclosing`, which ends them. Raises what
    `RecordReader.next` and `RowPool.read` raise.
    """
    ahead: deque[tuple[RecordChunk, asyncio.Task[ReadRows]]] = deque()
    async with RowPool(job) as pool:
        reading = asyncio.create_task(in_thread(lambda: reader.next(size)))
        at_end = False
        try:
            while True:
                while not at_end and len(ahead) < CHUNKS_A_WORKER * pool.width:
                    chunk = await reading
                    if chunk is None:
                        at_end = True
                        break
                    reading = asyncio.create_task(in_thread(lambda: reader.next(size)))
                    task = asyncio.create_task(pool.read(chunk.records))
                    ahead.append((replace(chunk, records=[]), task))
                    if in_processes and len(chunk.records) == size:
                        await pool.start()
                if not ahead:
                    return
                chunk, task = ahead.popleft()
                yield chunk, await task
        finally:
            left: list[asyncio.Task[Any]] = [reading, *(task for _, task in ahead)]
            for unneeded in left:
                unneeded.cancel()
            await asyncio.gather(*left, return_exceptions=True)
