"""`dialer caller-id …`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from campaigns import caller_ids
from campaigns.caller_id_figures import FIGURES_DAYS
from campaigns.caller_id_import import CallerIdImport, import_caller_ids
from campaigns.caller_ids import CallerIdView
from campaigns.commands.dates import day_of
from campaigns.reports.text import Table, caller_ids_table, show
from campaigns.stores.shared import Sessions
from leads.commands.shared import Country, InputFile, Json, Number, WithDatabase, echo_json, source

T = TypeVar("T")

caller_id_app = typer.Typer(
    help="Keep the numbers that calls show, and see how they fare.", no_args_is_help=True
)

NO_CAP = 0

Client = Annotated[str, typer.Option("--client", help="The client's slug.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Put it in this group; give it again for more.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day of the right.")]
Attestation = Annotated[
    str | None, typer.Option(help="The STIR/SHAKEN level that its carrier is to give: A, B or C.")
]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="The name shown beside it.")]
DailyCap = Annotated[
    int | None, typer.Option("--daily-cap", min=NO_CAP, help=f"Calls a day; {NO_CAP} for no cap.")
]
Zone = Annotated[
    str | None, typer.Option("--timezone", help="Whose midnight ends its day; else the number's own.")
]
_OWNER = "To whom its carrier has assigned it."
_DOCUMENT = "What shows the right to use it, and where it is kept."
_BY = "Who records this."


@caller_id_app.command("add")
def add(
    context: typer.Context,
    number: Number,
    client: Client,
    owner: Annotated[str, typer.Option(help=_OWNER)],
    document: Annotated[str, typer.Option(help=_DOCUMENT)],
    recorded_by: Annotated[str, typer.Option("--recorded-by", help=_BY)],
    group: Groups = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day of the right; else today.")
    ] = None,
    until: Until = None,
    attestation: Attestation = None,
    display_name: DisplayName = None,
    daily_cap: DailyCap = None,
    timezone: Zone = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Record a number that a client may show, with what shows its right to it."""
    details = {
        "owner": owner,
        "document": document,
        "recorded_by": recorded_by,
        "owned_from": day_of("--from", since) if since is not None else None,
        "owned_until": day_of("--until", until) if until is not None else None,
        "attestation": attestation,
        "display_name": display_name,
        "daily_cap": daily_cap or None,
        "timezone": timezone,
    }
    added = _run(
        context,
        lambda sessions: caller_ids.add_caller_id(
            sessions, client, number, details, group or (), datetime.now(UTC), default_country=default_country
        ),
    )
    _show_one(added, f"The caller ID {added.caller_id} is recorded for {client}.", as_json=as_json)


@caller_id_app.command("list")
def list_numbers(
    context: typer.Context,
    client: Client,
    group: Annotated[str | None, typer.Option("--group", help="Only those of this group.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also those that were given back.")] = False,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="Over how many days the figures go.")
    ] = FIGURES_DAYS,
    as_json: Json = False,
) -> None:
    """List a client's numbers: whose they are, their calls of today, and what their calls came to."""
    found = _run(
        context,
        lambda sessions: caller_ids.list_caller_ids(
            sessions, client, datetime.now(UTC), group=group, retired=retired, days=days
        ),
    )
    if as_json:
        echo_json(found)
    else:
        show([caller_ids_table(f"Caller IDs of {client}", [each.figures for each in found]), _rights(found)])


@caller_id_app.command("set")
def change(
    context: typer.Context,
    number: Number,
    client: Client,
    daily_cap: DailyCap = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether calls show it at all.")
    ] = None,
    until: Until = None,
    attestation: Attestation = None,
    display_name: DisplayName = None,
    timezone: Zone = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Change a number's cap, name, or whether it is in use. What shows the right to it stays as it was."""
    given = {
        "active": active,
        "owned_until": day_of("--until", until) if until is not None else None,
        "attestation": attestation,
        "display_name": display_name,
        "timezone": timezone,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if daily_cap is not None:
        changes["daily_cap"] = daily_cap or None
    changed = _run(
        context,
        lambda sessions: caller_ids.change_caller_id(
            sessions, client, number, changes, datetime.now(UTC), default_country=default_country
        ),
    )
    _show_one(changed, f"The caller ID {changed.caller_id} is changed.", as_json=as_json)


@caller_id_app.command("retire")
def retire(
    context: typer.Context,
    number: Number,
    client: Client,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Give a number back: no call shows it from now on. The record stays."""
    retired = _run(
        context,
        lambda sessions: caller_ids.retire_caller_id(
            sessions, client, number, datetime.now(UTC), default_country=default_country
        ),
    )
    _show_one(retired, f"The caller ID {retired.caller_id} is no longer {client}'s.", as_json=as_json)


@caller_id_app.command("import")
def import_numbers(
    context: typer.Context,
    file: InputFile,
    client: Client,
    owner: Annotated[str | None, typer.Option(help=f"{_OWNER} Where the file does not say.")] = None,
    document: Annotated[str | None, typer.Option(help=f"{_DOCUMENT} Where the file does not say.")] = None,
    recorded_by: Annotated[
        str | None, typer.Option("--recorded-by", help=f"{_BY} Where the file does not say.")
    ] = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Record the numbers of a CSV or Excel file whose first row names the columns."""
    given = {"owner": owner, "document": document, "recorded_by": recorded_by}
    defaults = {name: value for name, value in given.items() if value is not None}
    report = _run(
        context,
        lambda sessions: import_caller_ids(
            sessions, client, source(file), defaults, datetime.now(UTC), default_country=default_country
        ),
    )
    if as_json:
        echo_json(report)
    else:
        typer.echo("\n".join(_import_lines(report)))


@caller_id_app.command("group")
def group_numbers(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group's name; made if there is none.")],
    client: Client,
    add: Annotated[list[str] | None, typer.Option("--add", help="Put this number in.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Take this number out.")] = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Put numbers in a group that campaigns choose among, take some out, and show which are in it."""
    found = _run(
        context,
        lambda sessions: caller_ids.change_group(
            sessions,
            client,
            name,
            add or (),
            remove or (),
            datetime.now(UTC),
            default_country=default_country,
        ),
    )
    if as_json:
        echo_json(found)
    else:
        show([Table(f"Group {found.name}", ("caller ID",), [(each,) for each in found.caller_ids])])


@caller_id_app.command("groups")
def list_groups(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """List a client's groups."""
    found = _run(context, lambda sessions: caller_ids.list_groups(sessions, client))
    if as_json:
        echo_json(found)
    else:
        rows = [(each.name, each.caller_ids) for each in found]
        show([Table(f"Groups of {client}", ("group", "caller IDs"), rows)])


def _rights(found: Sequence[CallerIdView]) -> Table:
    columns = ("caller ID", "groups", "owner", "document", "from", "until", "recorded by", "attestation")
    rows = [
        (
            each.caller_id,
            ", ".join(each.groups) or "-",
            each.owner,
            each.document,
            each.owned_from.isoformat(),
            each.owned_until.isoformat() if each.owned_until else "-",
            each.recorded_by,
            each.attestation or "-",
        )
        for each in found
    ]
    return Table("The right to them", columns, rows)


def _import_lines(report: CallerIdImport) -> list[str]:
    counts = f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged"
    lines = [f"{report.rows} caller IDs: {counts}, {len(report.refused)} refused."]
    return lines + [f"row {each.row}: {each.sentence} [{each.code}]" for each in report.refused]


def _show_one(view: CallerIdView, sentence: str, *, as_json: bool) -> None:
    if as_json:
        echo_json(view)
    else:
        typer.echo(sentence)


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)
