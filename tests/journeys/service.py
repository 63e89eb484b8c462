"""The dialer as an operator runs it: commands, and `dialer serve` as a process of its own."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import httpx2
import psutil
from typer.testing import CliRunner

from dialer.cli import app
from tests.campaigns.lawless import NO_LAW_DIR
from tests.servers import free_port

DIALER = (sys.executable, "-c", "from dialer.cli import main; main()")
_KEY = "a-key-for-tests"
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""The number of this process among those that run the tests."""
RTP_PORT = 20000 + 2000 * (WORKER % 6)
"""The first of 2,000 that no other process's dialer has."""


class Dialer:
    """One installation: its settings, its commands, and its service, which can be ended in any way."""

    def __init__(self, folder: Path, trunk: str, database_url: str, **more: str) -> None:
        """`more`: settings of the environment, beside those of every journey."""
        self.folder = folder
        self.api = f"http://127.0.0.1:{free_port()}"
        self.database_url = database_url
        self._log = folder / "serve.log"
        self._service: asyncio.subprocess.Process | None = None
        self._environment = os.environ | {
            "DIALER_DATA_DIR": str(folder),
            "DIALER_RULES_DIR": str(NO_LAW_DIR),
            "DIALER_DATABASE__URL": database_url,
            "DIALER_API__PORT": self.api.rpartition(":")[2],
            "DIALER_API__KEY": _KEY,
            "DIALER_MQTT__PORT": "0",
            "DIALER_SIP__PORT": "0",
            "DIALER_SIP__LINES": "50",
            "DIALER_SIP__RTP_PORT": str(RTP_PORT),
            "DIALER_SIP__RTP_PORT_COUNT": "2000",
            "DIALER_SIP__TRUNK": trunk,
        }
        self._environment |= more

    async def command(self, *words: str) -> str:
        """What `dialer WORDS` prints; fails where it does."""
        result = await asyncio.to_thread(CliRunner().invoke, app, words, env=self._environment)
        if result.exception is not None:
            raise result.exception
        return result.stdout

    async def serve(self) -> None:
        """Starts `dialer serve`, and returns when it is ready."""
        with self._log.open("ab") as log:
            self._service = await asyncio.create_subprocess_exec(
                *DIALER, "serve", env=self._environment, stdout=log, stderr=log
            )
        await self.ready()

    async def ready(self) -> None:
        """Waits until the service has all its parts; fails where it has ended."""
        async with self.client() as client, asyncio.timeout(90):
            while not await self._is_ready(client):
                assert self._service is not None
                assert self._service.returncode is None, self._log.read_text()
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: httpx2.AsyncClient) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return (await client.get("/readyz")).is_success
        return False

    def client(self) -> httpx2.AsyncClient:
        """Asks the HTTP API with the key."""
        return httpx2.AsyncClient(base_url=self.api, headers={"Authorization": f"Bearer {_KEY}"}, timeout=30)

    def signal(self, number: int) -> None:
        """Sends `dialer serve` a signal."""
        assert self._service is not None
        self._service.send_signal(number)

    async def ended(self, within_s: float = 60) -> int:
        """The exit code of `dialer serve`, once it has ended."""
        assert self._service is not None
        async with asyncio.timeout(within_s):
            return await self._service.wait()

    async def kill(self) -> None:
        """`kill -9` of `dialer serve` alone."""
        self.signal(signal.SIGKILL)
        await self.ended()

    def switches(self) -> list[psutil.Process]:
        """The switch processes of this installation; one, or none."""
        return processes_with(str(self.folder / "switch.sock"))

    def switch(self) -> psutil.Process:
        """The switch process of this installation."""
        (switch,) = self.switches()
        return switch

    async def close(self) -> None:
        """Leaves nothing behind, whatever the test did."""
        if self._service is not None and self._service.returncode is None:
            await self.kill()
        for switch in self.switches():
            switch.kill()


def lives(process: psutil.Process) -> bool:
    """Whether it runs; one that only waits for its parent to take note of its end does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_with(argument: str) -> list[psutil.Process]:
    """Processes that have this text in their command line."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if argument in " ".join(process.cmdline()) and lives(process):
                found.append(process)
    return found
