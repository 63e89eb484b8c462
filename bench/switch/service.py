"""`dialer serve` in a process of its own, with campaigns, leads and agents that wait for their start."""

import asyncio
import contextlib
import io
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
from sqlmodel import col, select

from bench.switch.helper import Helper
from campaigns import service as campaigns
from campaigns.core.campaign import CampaignSettings
from campaigns.tables import AgentInterval, Attempt
from dialer.bus.mqtt import MqttOptions, Subscriber
from dialer.database import opened
from dialer.simulation.agent_api import Shift
from dialer.simulation.agents import Habits, SimulatedAgents
from leads.importing.load import import_list
from leads.stores.shared import Sessions

CLIENT = "bench"
_KEY = "only-for-this-run"
_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 60.0
"""Phones ring as long as they have to."""
_WRAP_UP_S = 0.5
_NO_LAW = Path(__file__).parents[2] / "tests" / "campaigns" / "no_law"
"""Nobody real is called, at any hour."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Plan:
    """A campaign: its leads, and the softphones of its agents. `area` is `+1` and an area code."""

    name: str
    area: str
    leads: int
    agents: int
    settings: Mapping[str, object] = field(default_factory=dict)
    """Of the campaign, beside those of every bench."""


@dataclass(frozen=True)
class Planned:
    """A campaign as it stands in the database: the softphone's user of each of its agents."""

    plan: Plan
    id: int
    users: dict[int, str]


class Service:
    """A dialer and its data folder; everything before `serving` and after it works without the dialer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http_port, self.mqtt_port = _free_port(), _free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.headers = {"Authorization": f"Bearer {_KEY}"}
        self._database = f"sqlite+aiosqlite:///{folder / 'dialer.db'}"

    async def prepare(self, plans: Sequence[Plan], softphones: str) -> list[Planned]:
        """Makes the database and the campaigns; `softphones` is their host and port."""
        async with opened(self._database) as database:
            await database.migrate()
            return [await _prepare(database.sessions, plan, softphones) for plan in plans]

    @contextlib.asynccontextmanager
    async def serving(self, people: str, lines: int) -> AsyncIterator[int]:
        """`dialer serve` is ready, with its calls going to `people` (host and port); its process id."""
        environment = os.environ | {
            "DIALER_DATA_DIR": str(self.folder),
            "DIALER_RULES_DIR": str(_NO_LAW),
            "DIALER_API__PORT": str(self.http_port),
            "DIALER_API__KEY": _KEY,
            "DIALER_MQTT__PORT": str(self.mqtt_port),
            "DIALER_SIP__PORT": "0",
            "DIALER_SIP__LINES": str(lines),
            "DIALER_SIP__TRUNK": f"sip:{{number}}@{people}",
            "DIALER_SHUTDOWN_LIMIT_S": "0",
            "DIALER_LOG_LEVEL": "error",
        }
        command = Path(sys.executable).with_name("dialer")
        process = await asyncio.create_subprocess_exec(command, "serve", env=environment)
        try:
            await self._until_ready()
            yield process.pid
        finally:
            if process.returncode is None:
                process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_WITHIN_S):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()

    def bus(self) -> MqttOptions:
        """The broker inside the dialer; known once it serves."""
        password = (self.folder / "mqtt.key").read_text().strip()
        return MqttOptions("127.0.0.1", self.mqtt_port, "dialer", password, version="3.1.1")

    async def attempts(self, campaign: Planned) -> Sequence[Attempt]:
        """What became of the campaign's calls."""
        async with opened(self._database) as database:
            return await campaigns.list_attempts(database.sessions, campaign.id, 0, 10_000)

    async def shifts(self) -> list[list[AgentInterval]]:
        """What each shift was spent on, in order."""
        async with opened(self._database) as database, database.sessions() as session:
            stretches = (await session.exec(select(AgentInterval).order_by(col(AgentInterval.id)))).all()
        shifts: dict[int, list[AgentInterval]] = {}
        for each in stretches:
            shifts.setdefault(each.session_id, []).append(each)
        return list(shifts.values())

    def switch_pid(self, dialer: int) -> int:
        """The switch of a dialer that serves."""
        return next(each.pid for each in psutil.Process(dialer).children(recursive=True) if _is_switch(each))

    async def _until_ready(self) -> None:
        async with httpx2.AsyncClient(base_url=self.url) as client, asyncio.timeout(_READY_WITHIN_S):
            while True:
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get("/readyz")).is_success:
                        return
                await asyncio.sleep(0.1)


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for one run."""
    with tempfile.TemporaryDirectory(prefix="bench-switch-") as name:
        yield Path(name)


async def address(far_end: Helper) -> str:
    """Host and port of phones."""
    listening = await far_end.event("listening", within_s=10)
    return f"{listening['host']}:{listening['port']}"


@contextlib.asynccontextmanager
async def at_work(service: Service, staffed: Sequence[Planned]) -> AsyncIterator[httpx2.AsyncClient]:
    """Every agent is on shift; yields a client of the API."""
    habits = Habits(wrap_mean_s=_WRAP_UP_S, break_share=0.0)
    shifts = [Shift(agent, [campaign.id]) for campaign in staffed for agent in campaign.users]
    async with (
        httpx2.AsyncClient(base_url=service.url, headers=service.headers, timeout=30) as client,
        Subscriber(service.bus(), f"dialer/v1/{CLIENT}/agent/#") as news,
        SimulatedAgents(shifts, client, lambda _: "person", habits) as agents,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(agents.follow(news))
        yield client
        following.cancel()


async def _prepare(sessions: Sessions, plan: Plan, softphones: str) -> Planned:
    now = datetime.now(UTC)
    rows = "".join(f"{plan.area}555{number:04}\n" for number in range(100, 100 + plan.leads))
    await import_list(
        sessions,
        client_slug=CLIENT,
        list_name=plan.name,
        default_country="US",
        source=io.BytesIO(f"phone\n{rows}".encode()),
        now=now,
    )
    settings = CampaignSettings.parse(
        {
            "caller_id": "+12025550100",
            "dial_mode": "progressive",
            "max_lines": plan.agents,
            "wrap_up_limit_s": 20,
            "callable_times": {day: [["00:00", "24:00"]] for day in _DAYS},
            **plan.settings,
        }
    )
    campaign = await campaigns.create_campaign(sessions, CLIENT, plan.name, settings, [plan.name], now)
    users: dict[int, str] = {}
    for number in range(1, plan.agents + 1):
        user = f"{plan.name}{number}"
        users[await campaigns.add_agent(sessions, CLIENT, user, f"sip:{user}@{softphones}", now)] = user
    return Planned(plan, campaign, users)


def _is_switch(process: psutil.Process) -> bool:
    return any("dialer.switch" in word for word in process.cmdline())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
