"""The command line: `dialer serve · demo · doctor · db · leads · dnc · consent · campaign · agent · …`."""

import asyncio
import io
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from campaigns.commands import (
    agent_app,
    attempt_app,
    calendar_app,
    callbacks_app,
    caller_id_app,
    campaign_app,
    channel_app,
    compliance_app,
    explain_app,
    lead_editing_app,
    lead_hook_app,
    messages_app,
    person_app,
    prompts_app,
    recordings_app,
    report_app,
    survey_app,
    trunks_app,
    webhook_app,
    why_app,
)
from campaigns.compliance.rulebook import Rulebook, load_rulebook
from campaigns.errors import CampaignsError
from campaigns.lead_editing import follow_merges
from campaigns.lookup import find_campaign, lists_of_campaign
from campaigns.recordings.folder import RecordingFolder
from campaigns.reports.text import show
from campaigns.webhook_posting import Poster
from dialer.access.commands import api_key_app, audit_app, user_app
from dialer.bootstrap import message_secrets, poster_of, recordings_of, running
from dialer.database import Database, opened
from dialer.demo import DemoOptions, run_demo
from dialer.doctor import Finding, examine
from dialer.errors import DialerError
from dialer.folder import make_data_folder
from dialer.forecast import Forecasts, OnDone, forecast, read_teams, with_leads
from dialer.forecast_file import read_plan
from dialer.forecast_history import plan_of_campaign
from dialer.forecast_text import forecast_table, notes, plot
from dialer.logs import configure_logs
from dialer.settings import Settings, load_settings
from dialer.simulation.forecasting import Plan
from leads.commands import consent_app, dnc_app, leads_app
from leads.commands.shared import Json, echo_json
from leads.errors import LeadsError
from leads.stores.shared import Session, Sessions

T = TypeVar("T")

app = typer.Typer(
    help="An outbound campaign dialer and lead manager.", no_args_is_help=True, pretty_exceptions_enable=False
)
db_app = typer.Typer(help="Look after the database.", no_args_is_help=True)
leads_app.add_typer(explain_app)
leads_app.add_typer(lead_editing_app)
campaign_app.add_typer(why_app)
leads_app.add_typer(person_app, name="person")
app.add_typer(leads_app, name="leads")
app.add_typer(dnc_app, name="dnc")
app.add_typer(consent_app, name="consent")
app.add_typer(campaign_app, name="campaign")
app.add_typer(agent_app, name="agent")
app.add_typer(attempt_app, name="attempt")
app.add_typer(callbacks_app, name="callbacks")
app.add_typer(calendar_app, name="calendar")
app.add_typer(caller_id_app, name="caller-id")
app.add_typer(compliance_app, name="compliance")
app.add_typer(channel_app, name="channel")
app.add_typer(messages_app, name="messages")
app.add_typer(prompts_app, name="prompts")
app.add_typer(recordings_app, name="recordings")
app.add_typer(report_app, name="report")
app.add_typer(survey_app, name="survey")
app.add_typer(trunks_app, name="trunks")
app.add_typer(webhook_app, name="webhook")
app.add_typer(lead_hook_app, name="lead-hook")
app.add_typer(user_app, name="user")
app.add_typer(api_key_app, name="api-key")
app.add_typer(audit_app, name="audit")
app.add_typer(db_app, name="db")


class DemoMode(StrEnum):
    """The dial modes that the demo has."""

    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREDICTIVE = "predictive"


class CommandContext:
    """What commands get: the settings, and the database for as long as one piece of work takes."""

    @cached_property
    def settings(self) -> Settings:
        """Read when first asked for. Raises SettingsInvalid."""
        return load_settings()

    @cached_property
    def rules(self) -> Rulebook:
        """The calling rules. Raises InvalidRuleFileError."""
        return load_rulebook(self.settings.rules_dir, datetime.now(UTC).date())

    @property
    def recordings(self) -> RecordingFolder:
        """This node's folder of recordings."""
        return recordings_of(self.settings)

    @property
    def message_secrets(self) -> Mapping[str, str]:
        """Passwords and keys of message channels. Raises SettingsInvalid."""
        return message_secrets(self.settings)

    @property
    def poster(self) -> Poster:
        """What reaches web hooks. Raises SettingsInvalid."""
        return poster_of(self.settings)

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        """Opens the database, runs the work to its end, closes the database."""
        return asyncio.run(self._run(work))

    async def find_campaign(self, sessions: Sessions, reference: str) -> tuple[int, str]:
        """A campaign's id, and its client's slug, by its id or name. Raises CampaignNotFoundError."""
        return await find_campaign(sessions, reference)

    async def lists_of_campaign(self, sessions: Sessions, reference: str) -> tuple[int, ...]:
        """The lists that a campaign dials, by its id or name. Raises CampaignNotFoundError."""
        return await lists_of_campaign(sessions, reference)

    async def follow_merges(self, session: Session, lead_ids: Sequence[int], now: datetime) -> None:
        """Puts leads that a load has moved where they belong in every campaign that has them."""
        await follow_merges(session, lead_ids, now)

    async def _run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        if self.settings.database.url is None:
            make_data_folder(self.settings.data_dir)
        async with opened(self.settings.database_url) as database:
            await self._prepare(database)
            return await work(database.sessions)

    async def _prepare(self, database: Database) -> None:
        if self.settings.database.url is None:
            await database.migrate()


@app.callback()
def _main(context: typer.Context) -> None:
    context.obj = CommandContext()


@app.command()
def serve(context: typer.Context) -> None:
    """Run the dialer until SIGTERM or Ctrl-C; live calls are waited for, unless it is asked twice."""
    settings: Settings = context.obj.settings
    configure_logs(settings.log_level)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    asked = asyncio.Queue[int]()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.put_nowait, number)
    async with running(settings) as service:
        if service.api_key_is_new:
            key_file = settings.data_dir / "api.key"
            typer.echo(f"The API's key, shown only this once and kept in {key_file}: {service.api_key}")
        await asked.get()
        stopping = asyncio.create_task(service.stop(drain_s=settings.shutdown_limit_s))
        again = asyncio.create_task(asked.get())
        await asyncio.wait({stopping, again}, return_when=asyncio.FIRST_COMPLETED)
        if again.done():
            service.engine.stop_at_once()
        again.cancel()
        await stopping


@app.command()
def demo(
    leads: Annotated[int, typer.Option(min=1, help="How many rows of the sample file to load.")] = 500,
    agents: Annotated[int, typer.Option(min=1, max=100, help="How many agents take the calls.")] = 20,
    mode: Annotated[DemoMode, typer.Option(help="How many calls for each agent.")] = DemoMode.PROGRESSIVE,
    lines_per_agent: Annotated[float, typer.Option(min=1.0, max=10.0, help="In power mode.")] = 1.2,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure to this file.")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Keep the data in this folder; without it, none is kept."),
    ] = None,
    seed: Annotated[str, typer.Option(help="Another seed makes other people.")] = "demo",
) -> None:
    """Run a campaign against a simulated carrier with simulated agents, and report how it went."""
    options = DemoOptions(
        leads=leads,
        agents=agents,
        dial_mode=mode.value,
        lines_per_agent=lines_per_agent,
        json_file=json_file,
        data_dir=data_dir,
        seed=seed,
    )
    raise typer.Exit(asyncio.run(run_demo(options, Console())))


@app.command()
def doctor(context: typer.Context) -> None:
    """Say what the set-up has, and what is missing or in the way."""
    findings: list[Finding] = asyncio.run(examine(context.obj.settings))
    console = Console()
    for finding in findings:
        mark = "[green]    ok[/]" if finding.good else "[red]not ok[/]"
        line = f"  {mark}  [bold]{finding.subject}[/]: {escape(finding.detail)}"
        console.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


@app.command("forecast")
def forecast_shift(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="A campaign's settings and assumptions, as in docs/examples/forecast.toml."),
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(help="In place of a file: a campaign that has dialed already.")
    ] = None,
    agents: Annotated[str, typer.Option(help="A number, several (10,25,50), or a range (5..50).")] = "25",
    hours: Annotated[float, typer.Option(min=0.1, max=24.0, help="How long the shift is.")] = 8.0,
    leads: Annotated[int | None, typer.Option(min=1, max=50_000_000, help="In the lists.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="How many shifts to simulate for each.")] = 5,
    compare: Annotated[bool, typer.Option(help="Also progressive, power, the incumbent's level.")] = False,
    as_json: Json = False,
) -> None:
    """Simulate a shift before it is worked: how busy, how many abandoned, what it takes, what it brings."""
    teams = read_teams(agents)
    plan = with_leads(_plan(context.obj, file, campaign, hours), leads)
    with _shown_progress() as on_done:
        found = forecast(plan, teams, seeds, compare=compare, on_done=on_done)
    if as_json:
        echo_json(found)
    else:
        _show_forecasts(found)


def _plan(context: CommandContext, file: Path | None, campaign: str | None, hours: float) -> Plan:
    if campaign is not None and file is None:
        now = datetime.now(UTC)
        return context.run(lambda sessions: plan_of_campaign(sessions, campaign, hours, now))
    if file is not None and campaign is None:
        return read_plan(file, hours)
    raise typer.BadParameter("Give a file, or --campaign and the name of one that has dialed.")


def _show_forecasts(found: Forecasts) -> None:
    show([forecast_table(found)])
    lines = notes(found)
    if len(found.forecasts) > 1:
        lines = [*plot(found), "", *lines] if lines else plot(found)
    for line in ["", *lines] if lines else []:
        typer.echo(line)


@contextmanager
def _shown_progress() -> Iterator[OnDone]:
    """A bar on a terminal, plain lines elsewhere; on standard error, so that JSON stays alone on output."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_progress
        return
    columns = (TextColumn("Simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("shifts"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_progress(done: int, total: int) -> None:
    if done == total or done % 10 == 0:
        typer.echo(f"{done} of {total} shifts", err=True)


@db_app.callback()
def _db() -> None:
    """Look after the database."""


@db_app.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the database to this version."""
    settings: Settings = context.obj.settings
    if settings.database.url is None:
        make_data_folder(settings.data_dir)
    asyncio.run(_upgrade(settings.database_url))
    typer.echo("The database is of this version.")


async def _upgrade(url: str) -> None:
    async with opened(url) as database:
        await database.migrate()


def main() -> None:
    """The entry point: errors of ours become a sentence and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows fewer letters than our names and sentences have.
            stream.reconfigure(errors="replace")
    try:
        app()
    except (LeadsError, CampaignsError, DialerError) as error:
        typer.echo(f"error: {error} [{error.code}]", err=True)
        sys.exit(getattr(error, "exit_code", 1))
