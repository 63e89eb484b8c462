"""`dialer report calls|verify|timezone`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Callable, Coroutine
from dataclasses import asdict, fields
from typing import Annotated, Any, TypeVar

import typer

from campaigns import service
from campaigns.commands.dates import day_of
from campaigns.core.calls_report import GROUPS, CallRow
from campaigns.core.metrics import Rate
from campaigns.core.tally import COUNTS
from campaigns.reports.calls import CallsAsked, CallsReport, report_calls
from campaigns.reports.text import Cell, Table, show
from campaigns.reports.verifying import Difference, Verified, client_zone, set_client_zone, verify
from campaigns.stores.shared import Sessions
from leads.commands.shared import Json, WithDatabase, echo_json
from leads.exporting import csv_lines

T = TypeVar("T")

_RATES = tuple(each.name for each in fields(CallRow) if each.type in (Rate, "Rate"))
_COLUMNS = ("calls", "answered", "people", "contacts", "right_parties", "conversions", "abandoned")
_SHOWN_RATES = ("connect_rate", "contact_rate", "conversion_rate", "abandon_rate")
_MOST_SHOWN = 50

CampaignOption = Annotated[str | None, typer.Option("--campaign", help="A campaign's id or name.")]


def report_calls_command(
    context: typer.Context,
    by: Annotated[str, typer.Option("--by", help=f"One of {', '.join(GROUPS)}.")] = "day",
    campaign: CampaignOption = None,
    client: Annotated[str | None, typer.Option("--client", help="All campaigns of this client.")] = None,
    list_id: Annotated[int | None, typer.Option("--list", min=1, help="A list's id.")] = None,
    agent_id: Annotated[int | None, typer.Option("--agent", min=0, help="An agent's id; 0: none.")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day, included.")] = None,
    inbound: Annotated[bool, typer.Option("--inbound", help="Calls to us, in place of ours.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Count calls by group, on the days of their client."""
    days = [
        None if each is None else day_of(name, each) for name, each in (("--from", first), ("--to", last))
    ]

    async def work(sessions: Sessions) -> CallsReport:
        campaign_id = None if campaign is None else await service.find_campaign(sessions, campaign)
        asked = CallsAsked(
            by=by,
            campaign_id=campaign_id,
            client=client,
            list_id=list_id,
            agent_id=agent_id,
            first=days[0],
            last=days[1],
            direction="in" if inbound else "out",
        )
        return await report_calls(sessions, asked)

    found = _run(context, work)
    if as_json:
        echo_json(found)
    elif as_csv:
        typer.echo(_csv(found).decode(), nl=False)
    else:
        show([_table(found)])


def verify_command(
    context: typer.Context,
    campaign: CampaignOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Also write what the recount gave.")] = False,
    as_json: Json = False,
) -> None:
    """Recount every call and compare: what reports read has to agree exactly."""

    async def work(sessions: Sessions) -> Verified:
        campaign_id = None if campaign is None else await service.find_campaign(sessions, campaign)
        return await verify(sessions, campaign_id, repair=repair)

    found = _run(context, work)
    if as_json:
        echo_json(found)
    else:
        rows = [
            (
                each.tally,
                ", ".join(f"{k} {v}" for k, v in each.key.items()),
                each.count,
                each.kept,
                each.recounted,
            )
            for each in found.differences[:_MOST_SHOWN]
        ]
        columns = ("tally", "of", "count", "kept", "recounted")
        if rows:
            show([Table(f"Differences: {len(found.differences):,}", columns, rows)])
        end = "; repaired" if found.repaired else ""
        typer.echo(
            f"{found.calls:,} calls of {len(found.campaigns):,} campaigns recounted: "
            f"{len(found.differences):,} differences{end}."
        )
    if found.differences and not found.repaired:
        raise typer.Exit(1)


def timezone_command(
    context: typer.Context,
    client: Annotated[str, typer.Option("--client", help="The client's slug.")],
    zone: Annotated[str | None, typer.Argument(help="An IANA name; without it, say which it is.")] = None,
) -> None:
    """Say whose days a client's reports speak of, or change it: all calls are counted anew then."""

    async def work(sessions: Sessions) -> str:
        if zone is not None:
            await set_client_zone(sessions, client, zone)
        return await client_zone(sessions, client)

    typer.echo(_run(context, work))


def _table(found: CallsReport) -> Table:
    rows = [_cells(each) for each in (*found.rows, found.total)]
    title = f"Calls of {found.client} by {found.by}, days of {found.timezone}"
    heads = [each.replace("_", " ") for each in (*_COLUMNS, *_SHOWN_RATES)]
    return Table(title, (found.by.replace("_", " "), *heads), rows)


def _cells(row: CallRow) -> list[Cell]:
    counts = [getattr(row.counts, each) for each in _COLUMNS]
    return [row.name or "-", *counts, *(getattr(row, each) for each in _SHOWN_RATES)]


def _csv(found: CallsReport) -> bytes:
    """A line a group, with every count, and of each rate its value; what has none is empty."""
    lines = [[found.by, "name", *COUNTS, *_RATES]]
    for row in found.rows:
        rates = [getattr(row, each).value for each in _RATES]
        values = [*asdict(row.counts).values(), *rates]
        lines.append([row.key, row.name, *("" if each is None else str(each) for each in values)])
    return csv_lines(lines)


def _key(found: Difference) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.key.items())


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)


def add_reports(app: typer.Typer) -> None:
    """What these are called."""
    app.command("calls")(report_calls_command)
    app.command("verify")(verify_command)
    app.command("timezone")(timezone_command)
