"""How far a long load is, shown while it goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_PROGRESS_EVERY = 50_000
"""Rows or numbers between two lines of progress where there is no terminal."""

Show = Callable[[int, int, int | None], None]
"""Takes how many rows (or numbers) are done, the bytes that were read, and how many there are, if known."""


@contextmanager
def shown_progress(unit: str) -> Iterator[Show]:
    """A bar on a terminal, plain lines elsewhere; on standard error, so that JSON stays alone on output.

    `unit` is what is counted, in the plural.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _PlainProgress(unit)
        return
    done_so_far = TextColumn(f"{{task.fields[done]:,}} {unit}")
    columns = (TextColumn("Loading"), BarColumn(), DownloadColumn(), done_so_far, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, done=0)
        yield lambda done, read, total: bar.update(task, completed=read, total=total, done=done)


class _PlainProgress:
    """A line now and then."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._next = PLAIN_PROGRESS_EVERY

    def __call__(self, done: int, read_bytes: int, total_bytes: int | None) -> None:
        if done < self._next:
            return
        self._next = done + PLAIN_PROGRESS_EVERY
        share = f", {read_bytes / total_bytes:.0%}" if total_bytes else ""
        typer.echo(f"{done:,} {self._unit}{share}", err=True)
