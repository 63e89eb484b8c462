"""What the commands of the leads room share: the database, common options, and how results are shown."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Protocol, TypeVar

import msgspec
import typer

from leads.stores.shared import Sessions

T = TypeVar("T")

STANDARD_INPUT = Path("-")


class WithDatabase(Protocol):
    """What `dialer.cli` puts into the context: opens the database, runs the work, closes it."""

    def run(self, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
        """Runs the work to its end and gives its result."""


def existing(file: Path) -> Path:
    if file != STANDARD_INPUT and not file.is_file():
        raise typer.BadParameter(f"{file} is not a file.")
    return file


SheetName = Annotated[
    str | None, typer.Option("--sheet", help="Of a workbook; else the first sheet that has rows.")
]
InputFile = Annotated[
    Path, typer.Argument(callback=existing, help="CSV (also gzip) or Excel; - is standard input.")
]
Number = Annotated[str, typer.Argument(help="A phone number, best as +14155550101.")]
Country = Annotated[str, typer.Option("--default-country", help="Country of numbers written without one.")]
ClientOption = Annotated[
    str | None, typer.Option("--client", help="Only for this client; else for everyone.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words; shown when a call is refused.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def source(file: Path) -> Path | BinaryIO:
    return sys.stdin.buffer if file == STANDARD_INPUT else file


def echo_json(result: object) -> None:
    """Print a result as JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())


def show(result: object, as_json: bool, lines: list[str]) -> None:
    """Print a result as JSON, or as lines for people."""
    if as_json:
        echo_json(result)
    else:
        typer.echo("\n".join(lines))
