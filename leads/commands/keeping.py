"""`dialer leads search|lists|show|export`. Errors of the leads room pass through; `dialer.cli` maps them."""

import sys
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

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
from leads.core.lead_filter import LARGEST_ID, LeadFilter
from leads.errors import ExportError
from leads.exporting import FORMATS, export_csv, export_file, plan_export
from leads.stores.shared import Sessions
from leads.threads import in_thread
from leads.viewing import LeadView, get_lead, list_lead_lists, search_leads

app = typer.Typer()

After = Annotated[int, typer.Option(min=0, max=LARGEST_ID, help="Go on after this id.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000)]


@app.command("search")
def search(
    context: typer.Context,
    client: ChosenClient = None,
    list_name: ChosenList = None,
    phone: ChosenPhone = None,
    name: ChosenName = None,
    where: Where = None,
    custom: WhereCustom = None,
    default_country: Country = "US",
    after: After = 0,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """Find leads."""
    options = {"client": client, "list": list_name, "phone": phone, "name": name}
    wanted = chosen(options, where, custom, default_country)
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: search_leads(sessions, wanted, after, limit))
    if as_json:
        echo_json(found)
        return
    for lead in found:
        phones = " ".join(each.phone for each in lead.phones)
        typer.echo(f"{lead.id:>9}  {phones or '-'}  {_name(lead)}".rstrip())
    if len(found) == limit:
        typer.echo(f"There may be more: --after {found[-1].id} shows them.", err=True)


@app.command("lists")
def lists(
    context: typer.Context,
    client: ChosenClient = None,
    after: After = 0,
    limit: Limit = 1000,
    as_json: Json = False,
) -> None:
    """Show the lead lists and how many leads each holds."""
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: list_lead_lists(sessions, client, after, limit))
    if as_json:
        echo_json(found)
        return
    for each in found:
        typer.echo(f"{each.id:>6}  {each.leads:>12,}  {each.client}  {each.name}")


@app.command("show")
def show_lead(
    context: typer.Context,
    lead: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The lead's id.")],
    as_json: Json = False,
) -> None:
    """Show all that is kept of a lead."""
    database: WithDatabase = context.obj
    found = database.run(lambda sessions: get_lead(sessions, lead))
    if as_json:
        echo_json(found)
        return
    for line in _lines(found):
        typer.echo(line)


@app.command("export")
def export(
    context: typer.Context,
    client: ChosenClient = None,
    list_name: ChosenList = None,
    phone: ChosenPhone = None,
    name: ChosenName = None,
    where: Where = None,
    custom: WhereCustom = None,
    default_country: Country = "US",
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv or xlsx; by the file's ending without it, else csv.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="Else the standard output."),
    ] = None,
) -> None:
    """Write leads to a file that can be loaded again."""
    options = {"client": client, "list": list_name, "phone": phone, "name": name}
    wanted = chosen(options, where, custom, default_country)
    ending = output.suffix.lower().removeprefix(".") if output else ""
    file_format = file_format or (ending if ending in FORMATS else "csv")
    if output is None and file_format != "csv":
        raise ExportError("A workbook does not go to the standard output; give a file with -o.")
    database: WithDatabase = context.obj
    database.run(lambda sessions: _export(sessions, wanted, file_format, output))


async def _export(sessions: Sessions, wanted: LeadFilter, file_format: str, output: Path | None) -> None:
    plan = await plan_export(sessions, wanted, file_format)
    if output is not None:
        await export_file(sessions, plan, file_format, output)
        return
    async with aclosing(export_csv(sessions, plan)) as content:
        async for chunk in content:
            await in_thread(lambda chunk=chunk: typer.echo(chunk, nl=False))  # type: ignore[misc]
    sys.stdout.flush()


def _name(lead: LeadView) -> str:
    return f"{lead.first_name} {lead.last_name}".strip()


def _lines(lead: LeadView) -> list[str]:
    values = asdict(lead)
    lines = [
        f"{name}: {value}" for name, value in values.items() if name not in ("phones", "custom") and value
    ]
    for each in lead.phones:
        extension = f" ext. {each.extension}" if each.extension else ""
        about = ", ".join(part for part in (each.label, each.kind, *each.zones) if part)
        lines.append(f"phone: {each.phone}{extension} ({about})")
    return lines + [f"custom {name}: {value}" for name, value in lead.custom.items()]
