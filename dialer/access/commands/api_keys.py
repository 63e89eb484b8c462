"""`dialer api-key …`. Errors pass through to `dialer.cli`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.access import api_keys
from dialer.access.api_keys import NewKey
from dialer.access.commands.shared import AfterId, Most, OfClient, record, show_rows, whoever_types
from dialer.access.core.roles import Role
from dialer.access.tables import ApiKey
from leads.commands.shared import Json, WithDatabase
from leads.stores.shared import Sessions

api_key_app = typer.Typer(help="Make keys for jobs that use the API.", no_args_is_help=True)


@api_key_app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the job is, as logs call it.")],
    client: Annotated[str, typer.Option("--client", help="The client's slug.")],
    role: Annotated[Role, typer.Option("--role", help="What it may; see docs/permissions.md.")],
) -> None:
    """Make a key, and print it this once."""
    work: WithDatabase = context.obj
    now = datetime.now(UTC)

    async def made(sessions: Sessions) -> NewKey:
        new = await api_keys.add_api_key(sessions, client, name, role, whoever_types(), now)
        await record(sessions, "add-api-key", f"key_id={new.row.id}", now)
        return new

    new = work.run(made)
    typer.echo(f"Key {new.row.id}, {new.row.role} of {client}, shown only this once:", err=True)
    typer.echo(new.token)


@api_key_app.command("list")
def list_them(
    context: typer.Context,
    client: OfClient = None,
    after: AfterId = 0,
    limit: Most = 100,
    as_json: Json = False,
) -> None:
    """List keys, without the keys themselves; revoked ones as well."""
    show_rows(
        context,
        lambda sessions: api_keys.list_api_keys(sessions, client, after, limit),
        _line,
        {"token_hash"},
        as_json=as_json,
    )


@api_key_app.command("revoke")
def revoke(
    context: typer.Context, key_id: Annotated[int, typer.Argument(min=1, help="As `list` shows it.")]
) -> None:
    """Let a key open nothing any more."""
    work: WithDatabase = context.obj
    now = datetime.now(UTC)

    async def revoked(sessions: Sessions) -> ApiKey:
        key = await api_keys.revoke_api_key(sessions, key_id, now)
        await record(sessions, "revoke-api-key", f"key_id={key_id}", now)
        return key

    typer.echo(f"Key {work.run(revoked).id} opens nothing any more.")


def _line(key: ApiKey) -> str:
    last = f"used {key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never used"
    end = ["revoked"] if key.revoked_at else []
    return "  ".join([str(key.id), key.name, key.role, f"client {key.client_id}", last, *end])
