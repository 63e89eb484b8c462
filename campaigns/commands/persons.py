"""`dialer leads person …`. Errors pass through to `dialer.cli`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from campaigns.commands.shared import WithRecordings
from campaigns.persons import PersonErased, erase_person, export_person
from leads.commands.shared import Country, Json, Number, WithDatabase, echo_json, show

person_app = typer.Typer(help="Hand out or erase what is kept about a person.", no_args_is_help=True)

Client = Annotated[str | None, typer.Option("--client", help="Only what this client has; else everything.")]


@person_app.command("export")
def export(
    context: typer.Context, phone: Number, client: Client = None, default_country: Country = "US"
) -> None:
    """Print all that is kept about the person with a number, as JSON."""
    database: WithDatabase = context.obj
    found = database.run(
        lambda sessions: export_person(sessions, phone, default_country=default_country, client=client)
    )
    echo_json(found)


@person_app.command("erase")
def erase(
    context: typer.Context,
    phone: Number,
    client: Client = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really erase; nothing brings it back.")] = False,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Take everything personal about the person with a number out of the database."""
    if not yes:
        raise typer.BadParameter("Nothing brings it back; say --yes if that is meant.")
    database: WithRecordings = context.obj
    now = datetime.now(UTC)
    erased = database.run(
        lambda sessions: erase_person(
            sessions,
            phone,
            now=now,
            default_country=default_country,
            client=client,
            folder=database.recordings,
        )
    )
    show(erased, as_json, _lines(erased))


def _lines(erased: PersonErased) -> list[str]:
    return [
        f"Emptied: {erased.leads:,} leads with {erased.phones:,} phones, {erased.consents:,} consents "
        f"({erased.withdrawn_consents:,} of them withdrawn before), {erased.attempts:,} calls, "
        f"{erased.recordings:,} recordings. "
        f"Campaigns that would have gone on calling: {erased.campaign_leads:,}.",
        f"Do-not-call entries that stay: {len(erased.dnc_entries):,}.",
        *erased.remains,
    ]
