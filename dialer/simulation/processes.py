"""Handles on the simulated processes, for the demo and for tests: `async with SimulatedCarrier(options)`."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Generic, Literal, Self, TypeVar

import msgspec

from dialer.errors import DialerError
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind

_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 3.0

Options = TypeVar("Options")
Happening = dict[str, Any]
"""One event as the process wrote it; `event` and `at` (Unix seconds) are always there."""


class SimulationUnavailable(DialerError):
    """A simulated process did not start; the message tells what to look at."""

    code = "simulation-unavailable"


class _SimulatedProcess(Generic[Options]):
    """A process that is there from `async with` to its end; `events` grows while it lives."""

    module: str

    def __init__(
        self,
        options: Options,
        *,
        on_event: Callable[[Happening], None] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        """`on_event` is called from the event loop for each event and must not block.

        `stderr` is an open file for what the process complains of; without it that goes where ours goes.
        """
        self._options = options
        self._on_event = on_event
        self._stderr = stderr
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self.events: list[Happening] = []
        self.host = ""
        self.port = 0

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while the process lives (or was never started)."""
        return None if self._process is None else self._process.returncode

    def uri(self, user: str) -> str:
        """The SIP address of a number or a user behind this process."""
        return f"sip:{user}@{self.host}:{self.port}"

    def events_of(self, kind: str) -> list[Happening]:
        """The events of one kind so far."""
        return [event for event in self.events if event["event"] == kind]

    async def __aenter__(self) -> Self:
        """Raises SimulationUnavailable where the process ends, or says nothing, before it listens."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            msgspec.json.encode(self._options).decode(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._stderr,
            # Ctrl-C ends the demo, and the demo ends its calls before it ends the far end of them.
            process_group=0,
        )
        self._task = asyncio.create_task(self._read(self._process), name=self.module)
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await self._listening.wait()
        except TimeoutError:
            await self.close()
        except asyncio.CancelledError:
            await self.close()
            raise
        if not self.port:
            await self.close()
            raise SimulationUnavailable(
                f"{self.module} did not start (exit code {self.returncode}); its error output says why."
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the process and returns when it is gone. May be called again."""
        if self._process is None or self._task is None:
            return
        process, task = self._process, self._task
        try:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_WITHIN_S):
                    await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
            await task

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise SimulationUnavailable(f"{self.module} has no output to read.")
        try:
            while line := await process.stdout.readline():
                self._take(msgspec.json.decode(line, type=Happening))
        finally:
            await process.wait()
            self._listening.set()

    def _take(self, event: Happening) -> None:
        self.events.append(event)
        if event["event"] == "listening":
            self.host, self.port = event["host"], event["port"]
            self._listening.set()
        if self._on_event is not None:
            self._on_event(event)


class SimulatedCarrier(_SimulatedProcess[CarrierOptions]):
    """The process of `dialer.simulation.carrier`; its events are described there."""

    module = "dialer.simulation.carrier"

    def invites(self, number: str) -> list[Happening]:
        """The calls that came for a number."""
        return [event for event in self.events_of("invite") if event["number"] == number]

    def who_answered(self, number: str) -> Literal["person", "machine"] | None:
        """Who or what answered the last call to a number; None where nobody did (yet)."""
        for event in reversed(self.events):
            if event.get("number") != number:
                continue
            if event["event"] == "answered":
                return "machine" if event["behaviour"] in (Kind.MACHINE, Kind.VOICEMAIL) else "person"
            if event["event"] == "invite":
                return None
        return None


class SimulatedSoftphones(_SimulatedProcess[SoftphonesOptions]):
    """The process of `dialer.simulation.softphones`; its events are described there."""

    module = "dialer.simulation.softphones"

    def on_line(self, user: str) -> bool:
        """Whether a softphone is in a call."""
        for event in reversed(self.events):
            if event.get("user") == user and event["event"] in ("answered", "ended"):
                return bool(event["event"] == "answered")
        return False
