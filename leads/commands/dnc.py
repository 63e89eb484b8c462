"""`dialer dnc …`. Errors of the leads room pass through; `dialer.cli` maps them."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Protocol

import typer

from leads import dnc
from leads.commands.import_text import sheet_lines
from leads.commands.progress import shown_progress
from leads.commands.shared import (
    Country,
    InputFile,
    Json,
    Number,
    Reason,
    SheetName,
    WithDatabase,
    show,
    source,
)
from leads.core.suppression import INTERNAL, LEVELS
from leads.dnc import DncListInfo, DncListRef
from leads.importing.numbers import DncReport
from leads.stores.shared import Sessions

_WHOM = {"everyone": "everyone", "client": "the client", "campaign": "the campaign"}

app = typer.Typer(help="Keep the numbers that nobody may call.", no_args_is_help=True)


class WithCampaigns(WithDatabase, Protocol):
    """What `dialer.cli` puts into the context: the leads room knows no campaigns by itself."""

    def find_campaign(self, sessions: Sessions, reference: str) -> Awaitable[tuple[int, str]]:
        """A campaign's id, and its client's slug, by its id or name."""


Level = Annotated[
    str | None,
    typer.Option("--level", help="everyone, client or campaign; else as --client and --campaign say."),
]
Client = Annotated[str | None, typer.Option("--client", help="Only for this client.")]
Campaign = Annotated[str | None, typer.Option("--campaign", help="Only in this campaign: its id or name.")]
ListName = Annotated[
    str, typer.Option("--list", help=f'The list\'s name, as in "National registry"; {INTERNAL}: opt-outs.')
]
NumberOrPrefix = Annotated[
    str, typer.Argument(help="A phone number, best as +14155550101, or all that begin so, as in '+1900*'.")
]


@app.command("add")
def add_number(
    context: typer.Context,
    phone: NumberOrPrefix,
    reason: Reason = "",
    level: Level = None,
    client: Client = None,
    campaign: Campaign = None,
    list_name: ListName = INTERNAL,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Put a number on a do-not-call list; it takes effect at once, and no disposition undoes it."""
    database: WithCampaigns = context.obj
    _check_level(level, client, campaign)

    async def work(sessions: Sessions) -> dnc.DncAdded:
        return await dnc.add_dnc(
            sessions,
            await _list_ref(database, sessions, client, campaign, list_name),
            phone=phone,
            default_country=default_country,
            now=datetime.now(UTC),
            reason=reason,
            source="command line",
        )

    added = database.run(work)
    when = "now" if added.added else "already"
    show(added, as_json, [f"{added.phone} is {when} on the do-not-call list of {_WHOM[added.level]}."])


@app.command("import")
def import_numbers(
    context: typer.Context,
    file: InputFile,
    reason: Reason = "",
    level: Level = None,
    client: Client = None,
    campaign: Campaign = None,
    list_name: ListName = INTERNAL,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole list; what else was on it is taken off.")
    ] = False,
    sheet: SheetName = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Put every number of a file (or of a bare list) on a do-not-call list."""
    database: WithCampaigns = context.obj
    _check_level(level, client, campaign)

    async def work(sessions: Sessions) -> DncReport:
        ref = await _list_ref(database, sessions, client, campaign, list_name)
        with shown_progress("numbers") as shown:
            return await dnc.import_dnc(
                sessions,
                ref,
                source=source(file),
                default_country=default_country,
                now=datetime.now(UTC),
                reason=reason,
                replace=replace,
                sheet=sheet,
                on_progress=lambda so_far: shown(so_far.numbers, so_far.read_bytes, so_far.total_bytes),
            )

    report = database.run(work)
    show(report, as_json, _report_lines(report))


@app.command("check")
def check_number(
    context: typer.Context,
    phone: Number,
    client: Client = None,
    campaign: Campaign = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Tell whether a number is on a do-not-call list, on which, and why."""
    database: WithCampaigns = context.obj

    async def work(sessions: Sessions) -> dnc.DncAnswer:
        campaign_id, its_client = None, client
        if campaign is not None:
            campaign_id, its_client = await database.find_campaign(sessions, campaign)
        return await dnc.check_dnc(
            sessions,
            phone=phone,
            default_country=default_country,
            client=its_client,
            campaign_id=campaign_id,
        )

    answer = database.run(work)
    show(answer, as_json, [answer.reason or f"{answer.phone} is on no do-not-call list that counts here."])


@app.command("lists")
def show_lists(context: typer.Context, as_json: Json = False) -> None:
    """Show the do-not-call lists, whom they bind, and how much they hold."""
    database: WithDatabase = context.obj
    found = database.run(dnc.dnc_lists)
    show(found, as_json, [_list_line(each) for each in found] or ["There is no do-not-call list yet."])


@app.command("remove")
def remove(
    context: typer.Context,
    list_name: Annotated[str, typer.Option("--list", help=f"The list's name; opt-outs ({INTERNAL}) stay.")],
    phone: Annotated[
        str | None, typer.Argument(help="A number, or a prefix such as '+1900*'; without it, the whole list.")
    ] = None,
    level: Level = None,
    client: Client = None,
    campaign: Campaign = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really remove a whole list.")] = False,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Take a number off a do-not-call list, or the whole list; an opt-out cannot be taken back."""
    database: WithCampaigns = context.obj
    _check_level(level, client, campaign)
    if phone is None and not yes:
        raise typer.BadParameter("Without a number the whole list is removed; say --yes if that is meant.")

    async def work(sessions: Sessions) -> bool:
        ref = await _list_ref(database, sessions, client, campaign, list_name)
        if phone is None:
            await dnc.remove_dnc_list(sessions, ref)
            return True
        return await dnc.remove_dnc(sessions, ref, phone=phone, default_country=default_country)

    removed = database.run(work)
    show({"removed": removed}, as_json, ["Removed." if removed else "It was not on the list."])


async def _list_ref(
    database: WithCampaigns, sessions: Sessions, client: str | None, campaign: str | None, name: str
) -> DncListRef:
    if campaign is None:
        return DncListRef(client=client, name=name)
    campaign_id, _ = await database.find_campaign(sessions, campaign)
    return DncListRef(campaign_id=campaign_id, name=name)


def _check_level(level: str | None, client: str | None, campaign: str | None) -> None:
    if client is not None and campaign is not None:
        raise typer.BadParameter("Give --client or --campaign; a campaign has one client.")
    given = "campaign" if campaign is not None else "everyone" if client is None else "client"
    if level is not None and level not in LEVELS:
        raise typer.BadParameter(f"A level is one of {', '.join(LEVELS)}.", param_hint="--level")
    if level is not None and level != given:
        wanted = {"everyone": "neither --client nor --campaign"}.get(level, f"--{level}")
        raise typer.BadParameter(f"The level {level} takes {wanted}.", param_hint="--level")


def _list_line(each: DncListInfo) -> str:
    owner = "" if each.level == "everyone" else f" {each.owner_id}"
    size = f"{each.numbers:>12,} numbers {each.prefixes:>6,} prefixes"
    return f"{each.id:>5}  {each.level + owner:<14} {size}  {each.name}"


def _report_lines(report: DncReport) -> list[str]:
    lines = [
        f"{report.numbers:,} numbers, {report.added:,} added, "
        f"{report.already:,} there already, {report.rejected:,} rejected."
    ]
    lines += [f"  {count:>7,}  {code}" for code, count in report.reasons.items()]
    return lines + sheet_lines(report.sheet, report.other_sheets)
