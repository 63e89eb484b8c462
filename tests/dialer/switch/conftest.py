"""Far ends that nobody here wrote (sipp), and a switch with a test in the engine's place."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from dialer.switch.link import SwitchLink
from dialer.switch.messages import AnyEvent, FrameReader, LegEnded, PlaceLeg, SwitchReady, decode_event
from dialer.switch.options import EndpointOptions, SwitchOptions
from tests.servers import free_port
from tests.support import eventually

SCENARIOS = Path(__file__).parent / "scenarios"
_CALLED = re.compile(rb"^[A-Z]+ sip:([^@]+)@")

Event = TypeVar("Event", bound=AnyEvent)
Address = tuple[str, int]


class Sipp:
    """A sipp that plays one scenario for a number of calls and then ends."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self._process = process
        self._log = log
        self.port = port

    def uri(self, user: str) -> str:
        """The SIP address of somebody behind it."""
        return f"sip:{user}@127.0.0.1:{self.port}"

    async def content(self, within_s: float = 10) -> None:
        """Returns when every call went as the scenario says, to its last message; fails with sipp's log."""
        try:
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
        except TimeoutError:
            code = None
        said = self._log.read_text() if self._log.exists() else "nothing"
        assert code == 0, f"sipp's exit code is {code}; it said {said}"

    def listens(self) -> bool:
        """Whether its port is open; fails where it has ended."""
        assert self._process.returncode is None, "sipp did not start"
        ports = psutil.Process(self._process.pid).net_connections("udp")
        return any(each.laddr.port == self.port for each in ports)

    async def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


SippStarter = Callable[..., Awaitable[Sipp]]


@pytest.fixture
async def sipp(tmp_path: Path) -> AsyncIterator[SippStarter]:
    """Starts sipp with a scenario of ours, `calls` calls long; keywords are values for the scenario."""
    started: list[Sipp] = []

    async def start(scenario: str, calls: int = 1, **values: str) -> Sipp:
        port = free_port(socket.SOCK_DGRAM)
        log = tmp_path / f"sipp-{port}.log"
        keys = [part for name, value in values.items() for part in ("-key", name, value)]
        process = await asyncio.create_subprocess_exec(
            *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", str(calls), "-nostdin", *keys),
            *("-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-mp", str(_media_port())),
            *("-trace_err", "-error_file", str(log)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        started.append(Sipp(process, port, log))
        await eventually(started[-1].listens)
        return started[-1]

    yield start
    for each in started:
        await each.close()
