"""`dialer leads …` and `dialer dnc …`. Errors of the leads room pass through; `dialer.cli` maps them."""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Protocol, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from leads import service
from leads.dnc_importing import DncReport
from leads.importing import ImportProgress, ImportReport
from leads.store import Sessions

T = TypeVar("T")

PLAIN_PROGRESS_ROWS = 10_000
"""Rows between two lines of progress where there is no terminal."""

STANDARD_INPUT = Path("-")

leads_app = typer.Typer(help="Load lead lists.", no_args_is_help=True)
dnc_app = typer.Typer(help="Keep the numbers that nobody may call.", no_args_is_help=True)


class WithDatabase(Protocol):
    """What `dialer.cli` puts into the context: opens the database, runs the work, closes it."""

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        """Runs the work to its end and gives its result."""


def _existing(file: Path) -> Path:
    if file != STANDARD_INPUT and not file.is_file():
        raise typer.BadParameter(f"{file} is not a file.")
    return file


InputFile = Annotated[Path, typer.Argument(callback=_existing, help="A CSV file; - is the standard input.")]
Number = Annotated[str, typer.Argument(help="A phone number, best as +14155550101.")]
Country = Annotated[str, typer.Option("--default-country", help="Country of numbers written without one.")]
ClientOption = Annotated[
    str | None, typer.Option("--client", help="Only for this client; else for everyone.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words; shown when a call is refused.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@leads_app.callback()
def _leads() -> None:
    """Load lead lists."""


@leads_app.command("import")
def import_leads(
    context: typer.Context,
    file: InputFile,
    list_name: Annotated[str, typer.Option("--list", help="The list; created if it is missing.")],
    client: Annotated[str, typer.Option("--client", help="The client's slug; created if it is missing.")],
    default_country: Country = "US",
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", dir_okay=False, help="Write the rejected rows to this CSV file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Load a CSV file into a lead list, and say what became of every row."""
    database: WithDatabase = context.obj
    with _shown_progress() as on_progress:
        report = database.run(
            lambda sessions: service.import_list(
                sessions,
                client_slug=client,
                list_name=list_name,
                default_country=default_country,
                source=_source(file),
                now=datetime.now(UTC),
                rejects_path=rejects,
                on_progress=on_progress,
            )
        )
    _show(report, as_json, import_lines(report))


@dnc_app.command("add")
def add_number(
    context: typer.Context,
    phone: Number,
    reason: Reason = "",
    client: ClientOption = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Put a number on the do-not-call list; this cannot be undone by any disposition."""
    database: WithDatabase = context.obj
    added = database.run(
        lambda sessions: service.add_dnc(
            sessions,
            phone=phone,
            default_country=default_country,
            now=datetime.now(UTC),
            client_slug=client,
            reason=reason,
            source="command line",
        )
    )
    _show(
        added, as_json, [f"{added.phone} is {'now' if added.added else 'already'} on the do-not-call list."]
    )


@dnc_app.command("import")
def import_numbers(
    context: typer.Context,
    file: InputFile,
    reason: Reason = "",
    client: ClientOption = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Put every number of a CSV file (or of a bare list) on the do-not-call list."""
    database: WithDatabase = context.obj
    report = database.run(
        lambda sessions: service.import_dnc(
            sessions,
            source=_source(file),
            default_country=default_country,
            now=datetime.now(UTC),
            client_slug=client,
            reason=reason,
        )
    )
    _show(report, as_json, _dnc_lines(report))


@dnc_app.command("check")
def check_number(
    context: typer.Context,
    phone: Number,
    client: ClientOption = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Tell whether a number is on the do-not-call list, and why."""
    database: WithDatabase = context.obj
    answer = database.run(
        lambda sessions: service.check_dnc(
            sessions, phone=phone, default_country=default_country, client_slug=client
        )
    )
    _show(answer, as_json, [answer.reason or f"{answer.phone} is on no do-not-call list."])


def _source(file: Path) -> Path | BinaryIO:
    return sys.stdin.buffer if file == STANDARD_INPUT else file


def _show(result: msgspec.Struct, as_json: bool, lines: list[str]) -> None:
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        typer.echo("\n".join(lines))


def import_lines(report: ImportReport) -> list[str]:
    """What became of the rows, in lines for people."""
    lines = [
        f"{report.list_name}: {report.rows:,} rows, {report.accepted:,} accepted, "
        f"{report.merged:,} merged, {report.rejected:,} rejected."
    ]
    for code, count in report.reasons.items():
        example = next(example for example in report.examples if example.code == code)
        lines.append(f"  {count:>7,}  {code}  (row {example.row}: {example.sentence})")
    if report.notes:
        left_out = ", ".join(f"{code} {count:,}" for code, count in report.notes.items())
        lines.append(f"Values left out of leads that were loaded: {left_out}.")
    return lines


def _dnc_lines(report: DncReport) -> list[str]:
    lines = [
        f"{report.numbers:,} numbers, {report.added:,} added, "
        f"{report.already:,} there already, {report.rejected:,} rejected."
    ]
    return lines + [f"  {count:>7,}  {code}" for code, count in report.reasons.items()]


@contextmanager
def _shown_progress() -> Iterator[Callable[[ImportProgress], None]]:
    """A bar on a terminal, plain lines elsewhere; on standard error, so that JSON stays alone on output."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _print_progress
        return
    columns = (TextColumn("Loading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda progress: bar.update(task, completed=progress.rows, total=progress.total)


def _print_progress(progress: ImportProgress) -> None:
    if progress.rows % PLAIN_PROGRESS_ROWS == 0 or progress.rows == progress.total:
        typer.echo(f"{progress.rows:,} of {progress.total:,} rows", err=True)
