"""The dialer as an operator runs it, `dialer …` in processes of their own, and a simulated world."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
from sqlmodel import col, select

from campaigns.core.calling_window import DAYS
from campaigns.tables import AgentInterval, Attempt
from dialer.database import Database, opened
from dialer.simulation.options import CarrierOptions, SoftphonesOptions
from dialer.simulation.people import Kind, World
from dialer.simulation.processes import Happening, SimulatedCarrier, SimulatedSoftphones
from dialer.switch.options import EndpointOptions
from tests.servers import free_port

DIALER = (sys.executable, "-c", "from dialer.cli import main; main()")
_KEY = "a-key-for-tests"
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
ALL_DAY = {day: [["00:00", "24:00"]] for day in DAYS}


def endpoint(first_rtp_port: int, user: str) -> EndpointOptions:
    """An endpoint with RTP ports that no other worker's has."""
    first = first_rtp_port + 1000 * (_WORKER % 4)
    return EndpointOptions(max_calls=100, rtp_port=first, rtp_port_count=1000, user=user)


class Dialer:
    """One installation: its settings, its commands, and its service, which can be ended in any way."""

    def __init__(self, folder: Path, trunk: str, database_url: str) -> None:
        self.folder = folder
        self.api = f"http://127.0.0.1:{free_port()}"
        self.database_url = database_url
        self._log = folder / "serve.log"
        self._service: asyncio.subprocess.Process | None = None
        self._environment = os.environ | {
            "DIALER_DATA_DIR": str(folder),
            "DIALER_DATABASE__URL": database_url,
            "DIALER_API__PORT": self.api.rpartition(":")[2],
            "DIALER_API__KEY": _KEY,
            "DIALER_MQTT__PORT": "0",
            "DIALER_SIP__PORT": "0",
            "DIALER_SIP__LINES": "50",
            "DIALER_SIP__RTP_PORT": str(20000 + 2000 * (_WORKER % 6)),
            "DIALER_SIP__RTP_PORT_COUNT": "2000",
            "DIALER_SIP__TRUNK": trunk,
        }

    async def command(self, *words: str) -> str:
        """What `dialer WORDS` prints; fails where it does."""
        process = await asyncio.create_subprocess_exec(
            *DIALER,
            *words,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return output.decode()

    async def serve(self) -> None:
        """Starts `dialer serve`, and returns when it is ready."""
        with self._log.open("ab") as log:
            self._service = await asyncio.create_subprocess_exec(
                *DIALER, "serve", env=self._environment, stdout=log, stderr=log
            )
        async with self.client() as client, asyncio.timeout(30):
            while not await self._is_ready(client):
                assert self._service.returncode is None, self._log.read_text()
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: httpx2.AsyncClient) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return (await client.get("/readyz")).is_success
        return False

    def client(self) -> httpx2.AsyncClient:
        """Asks the HTTP API with the key."""
        return httpx2.AsyncClient(base_url=self.api, headers={"Authorization": f"Bearer {_KEY}"}, timeout=10)

    def signal(self, number: int) -> None:
        """Sends `dialer serve` a signal."""
        assert self._service is not None
        self._service.send_signal(number)

    async def ended(self, within_s: float = 20) -> int:
        """The exit code of `dialer serve`, once it has ended."""
        assert self._service is not None
        async with asyncio.timeout(within_s):
            return await self._service.wait()

    async def kill(self) -> None:
        """`kill -9` of `dialer serve` alone."""
        self.signal(signal.SIGKILL)
        await self.ended()

    def log(self) -> list[dict[str, Any]]:
        """What `dialer serve` has logged, an object a line."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def switches(self) -> list[psutil.Process]:
        """The switch processes of this installation; one, or none."""
        return processes_with(str(self.folder / "switch.sock"))

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


class Stage:
    """A dialer with a carrier, softphones, agents and a campaign."""

    def __init__(
        self, dialer: Dialer, carrier: SimulatedCarrier, phones: SimulatedSoftphones, database: Database
    ) -> None:
        self.dialer = dialer
        self.carrier = carrier
        self.phones = phones
        self.database = database
        self.campaign = 0
        self.agents: list[int] = []
        self.sessions: list[int] = []

    async def prepare(self, agents: int, numbers: Sequence[str], **settings: object) -> None:
        """Loads the numbers (the first are dialed first), makes a campaign in draft and agents."""
        run = self.dialer.command
        leads = self.dialer.folder / "leads.csv"
        rows = [f"{number},{len(numbers) - index}" for index, number in enumerate(numbers)]
        leads.write_text("\n".join(["phone,priority", *rows]) + "\n")
        await run("leads", "import", str(leads), "--list", "all", "--client", "acme")
        chosen = {"dial_mode": "power", "callable_times": ALL_DAY, "ring_timeout_s": 100, **settings}
        words = [word for name, value in chosen.items() for word in ("--set", f"{name}={json.dumps(value)}")]
        made = await asyncio.gather(
            run(
                *("campaign", "create", "--client", "acme", "--name", "All", "--list", "all", "--json"),
                *("--caller-id", "+12025550199"),
                *(
                    word
                    for name, value in chosen.items()
                    for word in ("--set", f"{name}={json.dumps(value)}")
                ),
            ),
            *(
                run(
                    *("agent", "add", "--client", "acme", "--name", f"Agent {number}", "--json"),
                    *("--sip-uri", self.phones.uri(f"agent{number}")),
                )
                for number in range(1, agents + 1)
            ),
        )
        self.campaign, *self.agents = (json.loads(each)["id"] for each in made)

    async def go(self) -> None:
        """Starts the service, logs every agent in, and starts the campaign once all softphones are up."""
        await self.dialer.serve()
        async with self.dialer.client() as client:
            for agent in self.agents:
                shift = {"agent_id": agent, "campaign_ids": [self.campaign]}
                answer = (await client.post("/api/v1/agent-sessions", json=shift)).raise_for_status()
                self.sessions.append(answer.json()["id"])
        await self.agents_are(["available"] * len(self.agents))
        await self.dialer.command("campaign", "start", str(self.campaign))

    async def agent_states(self) -> list[str]:
        """What the engine says of each agent."""
        async with self.dialer.client() as client:
            answers = [await client.get(f"/api/v1/agent-sessions/{each}") for each in self.sessions]
        return [answer.raise_for_status().json()["state"] for answer in answers]

    async def agents_are(self, wanted: Sequence[str], within_s: float = 10) -> None:
        """Waits until so many agents are in these states, in any order."""
        async with asyncio.timeout(within_s):
            while sorted(await self.agent_states()) != sorted(wanted):
                await asyncio.sleep(0.05)

    async def attempts(self) -> dict[str, Attempt]:
        """Every attempt in the database, by number; fails where a number has two."""
        async with self.database.sessions() as session:
            found = (await session.exec(select(Attempt).order_by(col(Attempt.id)))).all()
        by_number = {each.e164: each for each in found}
        assert len(by_number) == len(found), "a number was dialed twice"
        return by_number

    async def attempts_when(
        self, true: Callable[[dict[str, Attempt]], bool], within_s: float = 10
    ) -> dict[str, Attempt]:
        """The attempts, once the condition holds for them."""
        async with asyncio.timeout(within_s):
            while not true(attempts := await self.attempts()):
                await asyncio.sleep(0.05)
        return attempts

    def invited(self) -> list[str]:
        """Each number that the carrier was asked to call, as often as it was."""
        return [event["number"] for event in self.carrier.events_of("invite")]

    def ended(self, number: str) -> Happening | None:
        """How the carrier saw a call's end; None while it is up."""
        return next((each for each in self.carrier.events_of("ended") if each["number"] == number), None)

    async def on_record(self) -> None:
        """Every INVITE has its attempt and every attempt its INVITE, except those whose fate is unknown."""
        attempts = await self.attempts()
        placed = [number for number, each in attempts.items() if each.outcome != "unknown"]
        invited = self.invited()
        assert len(set(invited)) == len(invited), "a number got two INVITEs"
        assert set(placed) <= set(invited) <= set(attempts)

    async def stretches(self, shift: int) -> Sequence[AgentInterval]:
        """What an agent's shift was spent on, in order."""
        mine = select(AgentInterval).where(AgentInterval.session_id == shift)
        async with self.database.sessions() as session:
            return (await session.exec(mine.order_by(col(AgentInterval.id)))).all()

    async def shifts_without_gaps(self) -> None:
        """The stretches of each shift follow each other without gap or overlap."""
        for shift in self.sessions:
            stretches = await self.stretches(shift)
            starts = [each.started_at for each in stretches[1:]]
            ends = [each.ended_at for each in stretches]
            assert ends[:-1] == starts, f"shift {shift}: {stretches}"


@asynccontextmanager
async def staged(
    folder: Path, database_url: str, kinds: Mapping[str, Kind], world: World, agents: int
) -> AsyncIterator[Stage]:
    """A world in which these numbers behave so, and a dialer that has not been started."""
    carrier_options = CarrierOptions(world=world, kinds=kinds, endpoint=endpoint(12000, "carrier"))
    phones_options = SoftphonesOptions(agents, endpoint=endpoint(16000, "softphones"))
    async with (
        SimulatedCarrier(carrier_options) as carrier,
        SimulatedSoftphones(phones_options) as phones,
        opened(database_url) as database,
    ):
        dialer = Dialer(folder, carrier.uri("{number}"), database_url)
        try:
            yield Stage(dialer, carrier, phones, database)
        finally:
            await dialer.close()
