"""`dialer webhook …` and `dialer lead-hook …`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol

import typer

from campaigns import lead_hooks, webhooks
from campaigns.core.webhook import EVENTS
from campaigns.lead_hooks import HookWish
from campaigns.reports.text import Table, show
from campaigns.stores.shared import Sessions
from campaigns.tables import LeadHook
from campaigns.webhook_delivery import send_test
from campaigns.webhook_posting import Poster
from leads.commands.shared import Country, Json, WithDatabase, echo_json
from leads.importing.mappings import parse_map

webhook_app = typer.Typer(help="Tell other programs what happens.", no_args_is_help=True)
lead_hook_app = typer.Typer(help="Let other programs leave leads.", no_args_is_help=True)

_ALL = 10_000


class WithPoster(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the database, and what reaches web hooks."""

    @property
    def poster(self) -> Poster:
        """As the settings have it. Raises SettingsInvalid."""


Client = Annotated[str, typer.Option("--client", help="Whose, by slug.")]
OneClient = Annotated[str | None, typer.Option("--client", help="Only this one's, by slug.")]


@webhook_app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where, as in https://crm.example.com/hooks/dialer.")],
    client: Client,
    event: Annotated[list[str], typer.Option("--event", help=f"{', '.join(EVENTS)}; call.* and * as well.")],
    as_json: Json = False,
) -> None:
    """Have an address told of a client's events; prints the secret that signs, this once."""
    database: WithPoster = context.obj
    made = database.run(
        lambda sessions: webhooks.add_webhook(
            sessions, client, url, event, datetime.now(UTC), allowed=database.poster.allowed
        )
    )
    if as_json:
        echo_json(made)
        return
    typer.echo(f"Web hook {made.webhook.id} is told of {', '.join(made.webhook.events)}.")
    typer.echo(f"Its secret, shown only this once: {made.secret}")


@webhook_app.command("list")
def list_all(context: typer.Context, client: OneClient = None, as_json: Json = False) -> None:
    """List web hooks, and how they fare."""
    database: WithPoster = context.obj
    found = database.run(lambda sessions: webhooks.list_webhooks(sessions, client, 0, _ALL))
    if as_json:
        echo_json(found)
        return
    columns = ("id", "client", "url", "events", "state", "reason", "waiting", "failed")
    rows = [
        (
            *(each.id, each.client_id, each.url, ", ".join(each.events), each.state, each.reason),
            *(each.deliveries.get("waiting", 0), each.deliveries.get("failed", 0)),
        )
        for each in found
    ]
    show([Table("Web hooks", columns, rows)])


@webhook_app.command("test")
def send_a_test(
    context: typer.Context,
    webhook: Annotated[int, typer.Argument(min=1, help="Its id.")],
    as_json: Json = False,
) -> None:
    """Send it a test event now, and say what it answers."""
    database: WithPoster = context.obj
    posted = database.run(lambda sessions: send_test(sessions, database.poster, webhook, datetime.now(UTC)))
    if as_json:
        echo_json(posted)
    elif posted.problem:
        typer.echo(f"Web hook {webhook} did not take it: {posted.problem}.")
    else:
        typer.echo(f"Web hook {webhook} took it: HTTP {posted.status} after {posted.took_s:.2f} s.")
    raise typer.Exit(1 if posted.problem else 0)


@webhook_app.command("remove")
def remove(context: typer.Context, webhook: Annotated[int, typer.Argument(min=1, help="Its id.")]) -> None:
    """Forget a web hook, and all that it was told."""
    database: WithPoster = context.obj
    database.run(lambda sessions: webhooks.remove_webhook(sessions, webhook))
    typer.echo(f"Web hook {webhook} is removed.")


@lead_hook_app.command("add")
def add_hook(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    client: Client,
    list_name: Annotated[str, typer.Option("--list", help="Where the leads go.")],
    mapping: Annotated[
        list[str], typer.Option("--map", help="FIELD=PLACE, as in phone=data.phone or custom.plan=plan.")
    ],
    items: Annotated[str, typer.Option("--items", help="Where in the JSON the leads are.")] = "",
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Open an address for leads; prints it and its secret, this once."""
    database: WithDatabase = context.obj
    wish = HookWish(
        client=client,
        name=name,
        list_name=list_name,
        mapping=parse_map(mapping),
        items=items,
        default_country=default_country,
    )
    made = database.run(lambda sessions: lead_hooks.add_hook(sessions, wish, datetime.now(UTC)))
    if as_json:
        echo_json({"id": made.hook.id, "path": made.path, "secret": made.secret})
        return
    typer.echo(f"Leads for {list_name} come to {made.path}")
    typer.echo(f"signed with this secret; neither is shown again: {made.secret}")


@lead_hook_app.command("list")
def list_hooks(context: typer.Context, client: OneClient = None, as_json: Json = False) -> None:
    """List hooks for leads."""
    database: WithDatabase = context.obj

    async def work(sessions: Sessions) -> Sequence[LeadHook]:
        return await lead_hooks.list_hooks(sessions, client, 0, _ALL)

    found = database.run(work)
    if as_json:
        echo_json([each.model_dump(exclude={"secret", "token_hash"}) for each in found])
        return
    columns = ("id", "client", "name", "list", "fields")
    rows = [(each.id, each.client_id, each.name, each.list_name, ", ".join(each.mapping)) for each in found]
    show([Table("Hooks for leads", columns, rows)])


@lead_hook_app.command("remove")
def remove_hook(context: typer.Context, hook: Annotated[int, typer.Argument(min=1, help="Its id.")]) -> None:
    """Close an address; the leads that came stay."""
    database: WithDatabase = context.obj
    database.run(lambda sessions: lead_hooks.remove_hook(sessions, hook))
    typer.echo(f"Hook {hook} is removed.")
