"""What the commands of this room share."""

import getpass
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel

from dialer.access.audit import Deed
from dialer.access.core.actor import Actor
from dialer.access.core.roles import Role
from dialer.access.stores.audit import AuditStore
from leads.commands.shared import WithDatabase, show
from leads.stores.shared import Sessions

Row = TypeVar("Row", bound=BaseModel)

Client = Annotated[str | None, typer.Option("--client", help="The client's slug; left out for operators.")]
OfClient = Annotated[str | None, typer.Option("--client", help="Only this client's, by its slug.")]
AfterId = Annotated[int, typer.Option("--after", min=0, help="Go on after this id.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=10_000)]


def show_rows(
    context: typer.Context,
    find: Callable[[Sessions], Coroutine[Any, Any, Sequence[Row]]],
    line: Callable[[Row], str],
    secrets: set[str],
    *,
    as_json: bool,
) -> None:
    """Lists rows, a line each or as JSON, without what is secret of them."""
    work: WithDatabase = context.obj
    found = work.run(find)
    plain = [each.model_dump(exclude=secrets) for each in found]
    show(plain, as_json, [line(each) for each in found] or ["None."])


def whoever_types() -> str:
    """What logs call whoever is at the command line."""
    return f"command line: {getpass.getuser()}"


async def record(sessions: Sessions, action: str, subject: str, now: datetime) -> None:
    """Writes a deed of the command line into the audit log."""
    actor = Actor(whoever_types(), Role.OPERATOR)
    async with sessions() as session, session.begin():
        await AuditStore(session).add([Deed(now, actor, action, subject, 200, "").row()])


def given_password() -> str:
    """The password: asked for twice on a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
