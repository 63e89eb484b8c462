"""A handle on the other processes of a measurement: they write JSON lines, and end with their stdin."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec

_LONGEST_LINE = 32 * 1024 * 1024
_STOP_WITHIN_S = 10.0

Happening = dict[str, Any]
"""One line of a process: `event` and what belongs to it."""


class HelperEnded(RuntimeError):
    """A process ended before it said what was waited for; its error output says why."""


class Helper:
    """A module of this bench that runs as a process of its own, from `async with` to its end."""

    def __init__(self, module: str, options: object) -> None:
        self._module = module
        self._options = msgspec.json.encode(options, enc_hook=str).decode()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._ended = False
        self.events: list[Happening] = []
        """All that it has said."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            self._options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        self._reader = asyncio.create_task(self._read(self._process))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._reader is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise HelperEnded(f"{self._module} was not started.")
        return self._process.pid

    def ask(self) -> None:
        """Sends SIGUSR1: the process says how it stands."""
        os.kill(self.pid, signal.SIGUSR1)

    async def event(self, kind: str, *, within_s: float) -> Happening:
        """The latest event of a kind, as soon as there is one. Raises HelperEnded or TimeoutError."""
        found = await self.until(
            lambda: next((each for each in reversed(self.events) if each["event"] == kind), None), within_s
        )
        return dict(found)

    async def answer(self, kind: str, *, within_s: float = 30.0) -> Happening:
        """Asks, and returns what it says. Raises HelperEnded or TimeoutError."""
        known = len(self.events)
        self.ask()
        found = await self.until(
            lambda: next((each for each in self.events[known:] if each["event"] == kind), None), within_s
        )
        return dict(found)

    async def until(self, look: Callable[[], Happening | None], within_s: float) -> Happening:
        """What `look` finds among the events, as soon as it finds something."""
        async with asyncio.timeout(within_s), self._news:
            while (found := look()) is None:
                if self._ended:
                    raise HelperEnded(f"{self._module} ended too early; its error output says why.")
                await self._news.wait()
            return found

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise HelperEnded(f"{self._module} has no output.")
        async for line in process.stdout:
            async with self._news:
                self.events.append(msgspec.json.decode(line, type=Happening))
                self._news.notify_all()
        async with self._news:
            self._ended = True
            self._news.notify_all()
