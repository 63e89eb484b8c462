"""Worker processes that read rows, so that a load uses every core."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from leads.errors import RowWorkerError
from leads.importing.worker import LENGTH, Job, ReadRows, Record, read_rows
from leads.threads import in_thread

MAX_WORKERS = 4
"""More of them read faster than one database takes."""

_FOLDER = Path(__file__).parent.parent


class RowPool:
    """Reads chunks of records: in a thread first, then in worker processes, which `start` begins.

    A context; at its end the processes are ended at once.
    """

    def __init__(self, job: Job, workers: int | None = None) -> None:
        self._job = job
        self._count = min(MAX_WORKERS, len(os.sched_getaffinity(0))) if workers is None else workers
        self._workers: list[_Worker] = []
        self._next = cycle(self._workers)

    @property
    def width(self) -> int:
        """How many chunks are read at the same time."""
        return max(1, len(self._workers))

    async def start(self) -> None:
        """Starts the processes, if they are not there yet."""
        if self._workers:
            return
        for _ in range(self._count):
            self._workers.append(await _Worker.start(self._job))
        self._next = cycle(self._workers)

    async def read(self, records: Sequence[Record]) -> ReadRows:
        """What the records are. Raises RowWorkerError."""
        if not self._workers:
            return await in_thread(lambda: read_rows(records, self._job))
        request = await in_thread(lambda: _encoded(records))
        answer = await next(self._next).ask(request)
        return await in_thread(lambda: _answer_decoder.decode(answer))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.gather(*(worker.end() for worker in self._workers)))


class _Worker:
    """One process; it answers in the order in which it is asked."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, job: Job) -> Self:
        path = os.pathsep.join(filter(None, (str(_FOLDER), os.environ.get("PYTHONPATH"))))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "leads.importing.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        worker = cls(process)
        await worker.tell(msgspec.msgpack.encode(job))
        return worker

    async def tell(self, message: bytes) -> None:
        requests = self._process.stdin
        assert requests is not None  # noqa: S101 - it was started with a pipe
        requests.write(LENGTH.pack(len(message)))
        requests.write(message)
        await requests.drain()

    async def ask(self, message: bytes) -> bytes:
        answers = self._process.stdout
        assert answers is not None  # noqa: S101 - it was started with a pipe
        async with self._turn:
            try:
                await self.tell(message)
                [size] = LENGTH.unpack(await answers.readexactly(LENGTH.size))
                return await answers.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise RowWorkerError(
                    "A process that reads rows has ended before its time; load the file again, it goes on "
                    "where it was cut off."
                ) from error

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


_answer_decoder = msgspec.msgpack.Decoder(ReadRows)


def _encoded(records: Sequence[Record]) -> bytes:
    try:
        return msgspec.msgpack.encode(records)
    except UnicodeEncodeError:
        # Halves of surrogate pairs, which no text holds and UTF-8 cannot carry.
        return msgspec.msgpack.encode(
            [
                (number, [cell.encode("utf-8", "replace").decode() for cell in cells])
                for number, cells in records
            ]
        )
