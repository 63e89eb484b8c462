"""`dialer leads update`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from campaigns.lead_editing import update_leads
from leads.commands.choosing import (
    ChosenClient,
    ChosenList,
    ChosenName,
    ChosenPhone,
    Where,
    WhereCustom,
    chosen,
)
from leads.commands.shared import Country, Json, WithDatabase, echo_json
from leads.core.lead_changes import BULK_FIELDS, parse_changes
from leads.editing import BulkUpdate
from leads.errors import BadLeadChangesError

app = typer.Typer()


@app.command("update")
def update(
    context: typer.Context,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help=f"An empty value clears. Fields: {', '.join(BULK_FIELDS)}."
        ),
    ] = None,
    custom_values: Annotated[
        list[str] | None,
        typer.Option("--set-custom", metavar="NAME=VALUE", help="A custom field; an empty value removes it."),
    ] = None,
    client: ChosenClient = None,
    list_name: ChosenList = None,
    phone: ChosenPhone = None,
    name: ChosenName = None,
    where: Where = None,
    custom: WhereCustom = None,
    default_country: Country = "US",
    yes: Annotated[bool, typer.Option("--yes", help="Write; else the leads are only counted.")] = False,
    as_json: Json = False,
) -> None:
    """Change all leads that are chosen; without --yes, say how many those are."""
    options = {"client": client, "list": list_name, "phone": phone, "name": name}
    wanted = chosen(options, where, custom, default_country)
    changes = parse_changes(_pairs("--set", values), _pairs("--set-custom", custom_values))
    database: WithDatabase = context.obj
    done = database.run(
        lambda sessions: update_leads(
            sessions, wanted, changes, datetime.now(UTC), dry_run=not yes, on_progress=_print_progress
        )
    )
    if as_json:
        echo_json(done)
    elif yes:
        typer.echo(f"{done.updated:,} leads were changed.")
    else:
        typer.echo(f"{done.chosen:,} leads would be changed; --yes changes them.")


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or name in pairs:
            raise BadLeadChangesError(f"{option} takes NAME=VALUE, each name once.")
        pairs[name] = value
    return pairs


def _print_progress(progress: BulkUpdate) -> None:
    if progress.updated < progress.chosen:
        typer.echo(f"{progress.updated:,} of {progress.chosen:,} leads", err=True)
