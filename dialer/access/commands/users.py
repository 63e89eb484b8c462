"""`dialer user …`. Errors pass through to `dialer.cli`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.access import users
from dialer.access.commands.shared import AfterId, Client, Most, OfClient, given_password, record, show_rows
from dialer.access.core.roles import Role
from dialer.access.tables import User
from dialer.access.users import NewUser
from leads.commands.shared import Json, WithDatabase
from leads.stores.shared import Sessions

user_app = typer.Typer(help="Say who may sign in, and as what.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As they sign in; capitals do not count.")]


@user_app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="What they are; see docs/permissions.md.")],
    client: Client = None,
    agent: Annotated[int | None, typer.Option("--agent", help="Which agent, for the role agent.")] = None,
) -> None:
    """Add a user; the password is asked for, or the first line of standard input."""
    work: WithDatabase = context.obj
    password, now = given_password(), datetime.now(UTC)

    async def added(sessions: Sessions) -> User:
        user = await users.add_user(sessions, NewUser(name, role, client, agent), password, now)
        await record(sessions, "add-user", f"user_id={user.id}", now)
        return user

    user = work.run(added)
    typer.echo(f"User {user.name} ({user.id}) signs in as {user.role}{f' of {client}' if client else ''}.")


@user_app.command("list")
def list_them(
    context: typer.Context,
    client: OfClient = None,
    after: AfterId = 0,
    limit: Most = 100,
    as_json: Json = False,
) -> None:
    """List users."""
    show_rows(
        context,
        lambda sessions: users.list_users(sessions, client, after, limit),
        _line,
        {"password_hash", "subject"},
        as_json=as_json,
    )


@user_app.command("password")
def password(context: typer.Context, name: Name, client: Client = None) -> None:
    """Give a user another password, and sign them out everywhere."""
    new = given_password()
    user = _change(
        context, name, client, "set-password", lambda s, found: users.set_password(s, found.id, new)
    )
    typer.echo(f"User {user.name} has another password, and is signed out everywhere.")


@user_app.command("disable")
def disable(context: typer.Context, name: Name, client: Client = None) -> None:
    """Sign a user out everywhere, and let them in no more."""
    now = datetime.now(UTC)
    user = _change(
        context, name, client, "disable-user", lambda s, found: users.disable_user(s, found.id, now)
    )
    typer.echo(f"User {user.name} is let in no more.")


@user_app.command("enable")
def enable(context: typer.Context, name: Name, client: Client = None) -> None:
    """Let a user in again."""
    user = _change(context, name, client, "enable-user", lambda s, found: users.enable_user(s, found.id))
    typer.echo(f"User {user.name} may sign in.")


def _change(
    context: typer.Context,
    name: str,
    client: str | None,
    action: str,
    change: Callable[[Sessions, User], Awaitable[User]],
) -> User:
    work: WithDatabase = context.obj

    async def changed(sessions: Sessions) -> User:
        user = await change(sessions, await users.find_user(sessions, client, name))
        await record(sessions, action, f"user_id={user.id}", datetime.now(UTC))
        return user

    return work.run(changed)


def _line(user: User) -> str:
    of = f"client {user.client_id}" if user.client_id is not None else "all clients"
    last = f"{user.signed_in_at:%Y-%m-%d %H:%M}" if user.signed_in_at else "never signed in"
    return "  ".join(
        [str(user.id), user.name, user.role, of, last, *(["disabled"] if user.disabled_at else [])]
    )
