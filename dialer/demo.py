"""`dialer demo`: the whole service on simulated people.

It differs from `dialer serve` in three things only: its data folder, a simulated carrier behind the
trunk, and simulated agents, who use the same HTTP API and the same bus as real ones.
"""

import asyncio
import contextlib
import csv
import io
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

import httpx2
import msgspec
from rich.console import Console

from campaigns import service as campaigns
from campaigns.compliance.client_rules import grant_exemption, list_exemptions
from campaigns.core.campaign import CampaignSettings
from campaigns.core.rules import WindowRule
from campaigns.prompts.abandoned import set_message
from campaigns.prompts.library import add_prompt
from campaigns.reports.campaign import CampaignReport
from campaigns.reports.text import report_tables, show
from campaigns.stores.queue import QueueStore
from dialer.bootstrap import Service, running
from dialer.bus.messages import AgentCall, CampaignStats, Envelope
from dialer.bus.mqtt import Subscriber
from dialer.errors import DialerError
from dialer.folder import make_data_folder
from dialer.hearing import Conversation, Hearing, hearing
from dialer.logs import configure_logs
from dialer.progress import show_progress
from dialer.settings import Settings, isolated_settings
from dialer.simulation.agent_api import Shift
from dialer.simulation.agents import Habits, SimulatedAgents
from dialer.simulation.options import SOUNDS, CarrierOptions, SoftphonesOptions
from dialer.simulation.people import World
from dialer.simulation.processes import SimulatedCarrier, SimulatedSoftphones
from leads import samples
from leads.commands.import_text import import_lines
from leads.dnc import DncListRef, import_dnc
from leads.importing.load import import_list
from leads.importing.numbers import DncReport
from leads.importing.report import ImportReport

CLIENT = "demo"
_LOG = "demo.log"
_MESSAGE = Path(__file__).parent / "sounds" / "demo.wav"
"""Says who calls, what for, and which key opts out."""
_VOICEMAIL = SOUNDS / "agent.wav"
"""What mailboxes are left."""
_CALLER_ID = "+12025550100"
_TIME_LIMIT_S = 105.0
"""The demo ends within two minutes, start and end included."""
_LOOK_S = 0.5
_RTP_TIMEOUT_S = 8.0
"""So soon the softphones let go of a switch that died: the demo has no time for a real one's half minute."""
_DIALING_S = 60.0
"""How long the dialing should take; the simulated people are as quick as that asks for."""
_AGENT_S_PER_ROW = 4.5
"""What a row of the file costs an agent at the people's own pace: ringing, talk and wrap-up."""
_QUICKEST = 0.25
_PREDICTIVE_LINES = 5
"""For each agent, with predictive dialing."""
_EARLY = {
    "time": "Two minutes are over: the report is partial. More agents or fewer leads fit.",
    "asked": "Ended early, as asked: the report is partial.",
}
_ENDED = {"done": 0, "time": 0, "asked": 130}
_ALL_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
"""Nobody real is called, so that the demo works at any hour."""


class DemoUnfit(DialerError):
    """The demo was asked for what it cannot do."""

    code = "demo-options"
    exit_code = 2


@dataclass(frozen=True)
class DemoOptions:
    """What can be asked of the demo."""

    leads: int = 500
    agents: int = 20
    dial_mode: str = "progressive"
    lines_per_agent: float = 1.2
    json_file: Path | None = None
    data_dir: Path | None = None
    seed: str = "demo"


Ended = Literal["done", "time", "asked"]


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every figure of the demo; it ended because all was `done`, its `time` was up, or it was `asked` to."""

    ended: Ended
    seconds: float
    intake: ImportReport
    dnc: DncReport
    campaign: CampaignReport
    hearing: Hearing
    troubles: list[str]


@dataclass(frozen=True)
class _Stage:
    """All that plays a part."""

    options: DemoOptions
    console: Console
    service: Service
    carrier: SimulatedCarrier
    softphones: SimulatedSoftphones
    asked_to_end: asyncio.Event


async def run_demo(options: DemoOptions, console: Console) -> int:
    """Runs the demo to its end; the exit code. Raises a DialerError that says what is missing."""
    await asyncio.to_thread(_check, options)
    started = asyncio.get_running_loop().time()
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    with _data_folder(options, console) as folder:
        async with _stage(options, console, folder, asked_to_end) as stage:
            intake, dnc = await _load(stage)
            campaign_id, shifts = await _prepare(stage)
            ended, troubles = await _dial(stage, campaign_id, shifts)
            await stage.service.stop(drain_s=0)
            report = DemoReport(
                ended=ended,
                seconds=round(asyncio.get_running_loop().time() - started, 1),
                intake=intake,
                dnc=dnc,
                campaign=await campaigns.report(stage.service.database.sessions, campaign_id, _now()),
                hearing=await _hearing(stage, campaign_id),
                troubles=troubles,
            )
        _show(report, options, console, folder)
    return _ENDED[ended]


def _check(options: DemoOptions) -> None:
    """Finds out before the first call what would fail after the last. Raises DemoUnfit."""
    first_rows(samples.DEMO_LEADS, options.leads)
    if options.json_file is not None:
        try:
            options.json_file.open("ab").close()
        except OSError as error:
            raise DemoUnfit(f"{options.json_file} cannot be written ({error.strerror}).") from error


def pace(options: DemoOptions) -> float:
    """How quick the simulated people are: 1 is their own pace, 0.5 is twice as quick."""
    seconds = options.leads * _AGENT_S_PER_ROW / options.agents
    return min(1.0, max(_QUICKEST, _DIALING_S / seconds))


def _now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def _data_folder(options: DemoOptions, console: Console) -> Iterator[Path]:
    """Where the demo writes. A folder of its own goes with it, unless it failed: then its logs tell why."""
    folder = options.data_dir or Path(tempfile.mkdtemp(prefix="dialer-demo-"))
    try:
        yield folder
    except BaseException:
        if (folder / _LOG).exists():
            console.print(f"The logs are kept in {folder}: they say more.", highlight=False, soft_wrap=True)
        raise
    if options.data_dir is None:
        shutil.rmtree(folder)


@asynccontextmanager
async def _stage(
    options: DemoOptions, console: Console, folder: Path, asked_to_end: asyncio.Event
) -> AsyncIterator[_Stage]:
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(await asyncio.to_thread(_open_log, folder))
        configure_logs("info", io.TextIOWrapper(logs, write_through=True))
        console.print("Starting a simulated carrier, softphones, the switch and the engine …")
        carrier = await stack.enter_async_context(
            SimulatedCarrier(CarrierOptions(seed=options.seed, world=World(pace=pace(options))), stderr=logs)
        )
        softphones = await stack.enter_async_context(
            SimulatedSoftphones(
                SoftphonesOptions(count=options.agents, rtp_timeout_s=_RTP_TIMEOUT_S), stderr=logs
            )
        )
        service = await stack.enter_async_context(running(_settings(options, folder, carrier)))
        yield _Stage(options, console, service, carrier, softphones, asked_to_end)


def _open_log(folder: Path) -> BinaryIO:
    make_data_folder(folder)
    return (folder / _LOG).open("ab", buffering=0)


def _settings(options: DemoOptions, folder: Path, carrier: SimulatedCarrier) -> Settings:
    return isolated_settings(
        data_dir=folder,
        node="demo",
        mqtt={"port": 0},
        api={"port": 0},
        sip={
            "port": 0,
            "lines": _lines(options) + options.agents,
            "trunk": carrier.uri("{number}"),
        },
    )


def _lines(options: DemoOptions) -> int:
    if options.dial_mode == "predictive":
        return max(10, _PREDICTIVE_LINES * options.agents)
    return max(10, int(options.agents * options.lines_per_agent) + options.agents)


async def _load(stage: _Stage) -> tuple[ImportReport, DncReport]:
    sessions = stage.service.database.sessions
    intake = await import_list(
        sessions,
        client_slug=CLIENT,
        list_name="sample",
        default_country="US",
        source=await asyncio.to_thread(first_rows, samples.DEMO_LEADS, stage.options.leads),
        now=_now(),
    )
    dnc = await import_dnc(
        sessions,
        DncListRef(client=CLIENT),
        source=samples.DEMO_DNC,
        default_country="US",
        now=_now(),
        reason="asked",
    )
    not_called = f"Do-not-call list: {dnc.numbers} numbers, none of which is called."
    stage.console.print(*import_lines(intake), not_called, sep="\n", highlight=False, soft_wrap=True)
    return intake, dnc


def first_rows(path: Path, count: int) -> io.BytesIO:
    """The header and the first rows of a CSV file. Raises DemoUnfit where there are not that many."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if count > len(rows) - 1:
        raise DemoUnfit(f"The sample file has {len(rows) - 1} rows; ask for that many leads or fewer.")
    text = io.StringIO()
    csv.writer(text).writerows(rows[: count + 1])
    return io.BytesIO(text.getvalue().encode())


async def _prepare(stage: _Stage) -> tuple[int, list[Shift]]:
    sessions, options = stage.service.database.sessions, stage.options
    settings = CampaignSettings.parse(
        {
            "caller_id": _CALLER_ID,
            "dial_mode": options.dial_mode,
            "lines_per_agent": options.lines_per_agent,
            "max_lines": _lines(options),
            "wrap_up_limit_s": 20,
            "callable_times": _ALL_DAY,
            "amd_mode": "act",
            "amd_action": "message",
            "voicemail_message": "mailbox",
        }
    )
    run = _now().strftime("%Y-%m-%d %H:%M:%S")
    await _exempt_from_hours(stage)
    await _add_prompts(stage)
    campaign_id = await campaigns.create_campaign(
        sessions, CLIENT, f"Demo {run}", settings, ["sample"], _now()
    )
    again = "" if campaign_id == 1 else f" ({campaign_id})"
    shifts = [
        Shift(
            await campaigns.add_agent(
                sessions, CLIENT, f"Agent {number}{again}", stage.softphones.uri(f"agent{number}"), _now()
            ),
            [campaign_id],
        )
        for number in range(1, options.agents + 1)
    ]
    return campaign_id, shifts


async def _exempt_from_hours(stage: _Stage) -> None:
    """Records for the demo's client that hours and days do not count: nobody real is called."""
    sessions, rules = stage.service.database.sessions, stage.service.rules
    there = {each.rule_id for each in await list_exemptions(sessions, CLIENT)}
    for rule in rules.rules.values():
        if isinstance(rule, WindowRule) and rule.id not in there:
            await grant_exemption(
                sessions,
                rules,
                CLIENT,
                rule.id,
                granted_by="dialer demo",
                reference="The carrier is simulated and nobody real is called.",
                now=_now(),
            )


async def _add_prompts(stage: _Stage) -> None:
    """Who answers and gets no agent hears who has called, as the laws ask; mailboxes are left a message."""
    sessions = stage.service.database.sessions
    for name, file in (("no-agent", _MESSAGE), ("mailbox", _VOICEMAIL)):
        with await asyncio.to_thread(file.open, "rb") as recording:
            await add_prompt(sessions, CLIENT, name, "en-US", recording, _now(), replace=True)
    await set_message(sessions, CLIENT, "no-agent")


async def _dial(stage: _Stage, campaign_id: int, shifts: Sequence[Shift]) -> tuple[Ended, list[str]]:
    """Starts the campaign and waits for its end; why it ended, and what went wrong."""
    try:
        return await _dial_with(stage, campaign_id, shifts)
    except ExceptionGroup as failures:
        # Whatever failed first ended the others; it says what to do.
        raise failures.exceptions[0] from failures


async def _dial_with(stage: _Stage, campaign_id: int, shifts: Sequence[Shift]) -> tuple[Ended, list[str]]:
    habits = Habits(seed=stage.options.seed, pace=pace(stage.options))
    service = stage.service
    ears = _Ears(stage)
    headers = {"Authorization": f"Bearer {service.api_key}"}
    stats: list[CampaignStats] = []
    async with (
        httpx2.AsyncClient(base_url=service.api_url, headers=headers, timeout=10) as client,
        Subscriber(service.mqtt, f"dialer/v1/{CLIENT}/#") as news,
        SimulatedAgents(shifts, client, ears.who_answered, habits) as agents,
        asyncio.TaskGroup() as tasks,
    ):
        listening = tasks.create_task(ears.follow(news, client, agents, stats))
        await client.post(f"/api/v1/campaigns/{campaign_id}/start")
        showing = tasks.create_task(show_progress(stage.console, stats))
        ended = await _end_of(stage, campaign_id)
        if ended != "done":
            service.engine.place_no_more()
        for task in (listening, showing):
            task.cancel()
    return ended, agents.troubles


async def _end_of(stage: _Stage, campaign_id: int) -> Ended:
    """Waits until no lead is due and no call is up, unless somebody or the clock ends it first."""
    engine = stage.service.engine
    loop = asyncio.get_running_loop()
    give_up = loop.time() + _TIME_LIMIT_S
    while loop.time() < give_up and not stage.asked_to_end.is_set():
        async with stage.service.database.readings() as session:
            left = await QueueStore(session).progress(campaign_id, _now())
        if not (left.due or left.claimed or left.calling or engine.floor.calls):
            return "done"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await stage.asked_to_end.wait()
    return "asked" if stage.asked_to_end.is_set() else "time"


class _Ears:
    """What an agent hears on the line: a person, or a machine. Found out as the bus tells of a call."""

    def __init__(self, stage: _Stage) -> None:
        self._carrier = stage.carrier
        self._numbers: dict[int, str] = {}

    def who_answered(self, attempt_id: int) -> Literal["person", "machine"] | None:
        """Who is on the line of that attempt."""
        number = self._numbers.get(attempt_id)
        return None if number is None else self._carrier.who_answered(number)

    async def follow(
        self,
        news: Subscriber,
        client: httpx2.AsyncClient,
        agents: SimulatedAgents,
        stats: list[CampaignStats],
    ) -> None:
        """Passes on what the bus says: calls and states to the agents, figures to the display."""
        async for _, envelope in news:
            await self._note(envelope, client)
            if isinstance(envelope.data, CampaignStats):
                stats[:] = [envelope.data]
            agents.hear(envelope.data)

    async def _note(self, envelope: Envelope, client: httpx2.AsyncClient) -> None:
        call = envelope.data
        if isinstance(call, AgentCall):
            query = {"after": call.attempt_id - 1, "limit": 1}
            page = (await client.get("/api/v1/attempts", params=query)).json()
            self._numbers[call.attempt_id] = page["items"][0]["phone"]


async def _hearing(stage: _Stage, campaign_id: int) -> Hearing:
    sessions = stage.service.database.sessions
    names = {agent.id: agent.sip_uri for agent in await campaigns.list_agents(sessions, CLIENT, 0, 10_000)}
    conversations = []
    after = 0
    while page := await campaigns.list_attempts(sessions, campaign_id, after, 500):
        after = page[-1].id
        conversations += [
            Conversation(
                user=names[each.agent_id].removeprefix("sip:").partition("@")[0],
                number=each.e164,
                started_at=each.connected_at.timestamp(),
                ended_at=each.ended_at.timestamp(),
            )
            for each in page
            if each.connected_at and each.ended_at and each.agent_id
        ]
    return hearing(conversations, stage.softphones.events, stage.carrier.events)


def _show(report: DemoReport, options: DemoOptions, console: Console, folder: Path) -> None:
    console.print()
    show(report_tables(report.campaign))
    heard = report.hearing
    console.print(
        f"\nConversations: {heard.conversations}. The agent's softphone heard the caller in "
        f"{heard.agent_heard}, the caller heard the agent in {heard.customer_heard}. "
        f"{heard.cut_short} more ended within a second.",
        highlight=False,
        soft_wrap=True,
    )
    for trouble in report.troubles:
        console.print(f"Trouble: {trouble}", highlight=False)
    if report.ended != "done":
        console.print(_EARLY[report.ended])
    if options.json_file is not None:
        encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
        options.json_file.write_bytes(encoded + b"\n")
        console.print(f"Every figure is in {options.json_file}.", highlight=False)
    if options.data_dir is not None:
        console.print(f"The data is kept in {folder}.", highlight=False)
