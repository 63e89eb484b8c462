"""`dialer campaign …` and `dialer report …`. Errors pass through to `dialer.cli`."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from campaigns import service
from campaigns.campaign_file import CampaignFile, read_campaign, read_document
from campaigns.commands.shared import WithRules, values_of
from campaigns.core.agent_work import AgentWork
from campaigns.core.campaign import CALLER_ID_RULES, DIAL_MODES, SURVEY_SETTINGS, CampaignSettings
from campaigns.core.disposition_set import DISPOSITION_SETTINGS, DispositionSet, disposition_of
from campaigns.core.inbound import INBOUND_SETTINGS
from campaigns.core.prompt import is_prompt_name
from campaigns.core.selection import LEAD_ORDERS
from campaigns.menu_file import read_menu
from campaigns.prompts import abandoned
from campaigns.reports.answers import AnswersReport, report_of_answers, write_answers
from campaigns.reports.campaign import CampaignReport
from campaigns.reports.text import (
    Table,
    abandonment_table,
    agent_tables,
    answer_tables,
    caller_ids_table,
    disposition_tables,
    report_tables,
    set_table,
    show,
)
from campaigns.tables import Campaign
from leads.commands.shared import Json, WithDatabase, echo_json
from leads.stores.shared import Sessions

T = TypeVar("T")

campaign_app = typer.Typer(help="Create campaigns, start and end them.", no_args_is_help=True)
report_app = typer.Typer(help="Say how campaigns went.", no_args_is_help=True)


CampaignRef = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id or name.")]
CallerId = Annotated[str | None, typer.Option("--caller-id", help="The number that people see, E.164.")]
CallerIdGroup = Annotated[
    str | None, typer.Option("--caller-id-group", help="A group of caller IDs, in place of a number.")
]
CallerIdRule = Annotated[
    str | None,
    typer.Option(
        "--caller-id-rule",
        help=f"How a number of the group is chosen: {' or '.join(CALLER_ID_RULES)} (the nearest first).",
    ),
]
_MOST_DIGITS = 9
_WORK = ", ".join(each.name for each in fields(AgentWork))
_INBOUND = ", ".join(INBOUND_SETTINGS)
_LIST_HELP = "A lead list to dial; give it again for more, as in --list A=70 --list B=30 for a mix."
_MODE_HELP = f"{', '.join(DIAL_MODES[:-1])} or {DIAL_MODES[-1]}."
_SET_HELP = (
    f"How agents work for it: {_WORK}; what becomes of calls to its numbers: {_INBOUND}; and "
    f"{', '.join((*DISPOSITION_SETTINGS, *SURVEY_SETTINGS))}."
)
_ORDER_HELP = f"What is dialed first: {', '.join(LEAD_ORDERS)}."


@campaign_app.command("create")
def create(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="TOML or JSON; options go before what it says."),
    ] = None,
    client: Annotated[str, typer.Option("--client", help="The client's slug.")] = "",
    name: Annotated[str, typer.Option("--name", help="Its name, unique within the client.")] = "",
    lists: Annotated[
        list[str] | None, typer.Option("--list", metavar="NAME[=WEIGHT]", help=_LIST_HELP)
    ] = None,
    caller_id: CallerId = None,
    caller_id_group: CallerIdGroup = None,
    caller_id_rule: CallerIdRule = None,
    kind: Annotated[str | None, typer.Option(help="sales, survey, appointment or collections.")] = None,
    dial_mode: Annotated[str | None, typer.Option(help=_MODE_HELP)] = None,
    lines_per_agent: Annotated[
        float | None, typer.Option(help="Calls for each free agent, in power mode.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", metavar="PROMPT", help="What it plays; a WAV's path also does.")
    ] = None,
    menu: Annotated[Path | None, typer.Option("--menu", help="What it plays and asks, TOML or JSON.")] = None,
    order: Annotated[str | None, typer.Option("--order", help=_ORDER_HELP)] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=JSON", help="Any other setting, as in max_lines=60."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a campaign, in draft, from a file or from options."""
    written = read_campaign(file) if file is not None else CampaignFile()
    given = {
        "kind": kind,
        "dial_mode": dial_mode,
        "lines_per_agent": lines_per_agent,
        "lead_order": order,
        "message": _message(message) if message is not None else None,
        "menu": read_menu(menu) if menu is not None else None,
    }
    values = (
        dict(written.settings)
        | service.CallerIdChange(caller_id, caller_id_group, caller_id_rule).given()
        | {each: value for each, value in given.items() if value is not None}
        | values_of(setting or [])
    )
    client, name = client or written.client, name or written.name
    weights = _weights(lists) if lists else written.lists
    needed = {"client": client, "name": name, "list": weights}
    if missing := [each for each, value in needed.items() if not value]:
        raise typer.BadParameter(f"Give --{missing[0]}, or write it in a file; it is missing.")
    settings = CampaignSettings.parse(values)
    campaign_id = _run(
        context,
        lambda sessions: service.create_campaign(
            sessions, client, name, settings, weights, datetime.now(UTC)
        ),
    )
    if as_json:
        echo_json({"id": campaign_id})
    else:
        typer.echo(f"Campaign {campaign_id} is in draft; `dialer campaign start {campaign_id}` starts it.")


@campaign_app.command("set")
def change(
    context: typer.Context,
    campaign: CampaignRef,
    order: Annotated[str | None, typer.Option("--order", help=_ORDER_HELP)] = None,
    lists: Annotated[
        list[str] | None, typer.Option("--list", metavar="NAME[=WEIGHT]", help=_LIST_HELP)
    ] = None,
    caller_id: CallerId = None,
    caller_id_group: CallerIdGroup = None,
    caller_id_rule: CallerIdRule = None,
    setting: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=JSON", help=_SET_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Change what it dials first, how its lists are mixed, what its calls show, who may call it, and how
    agents work for it, also in a run."""
    changes = values_of(setting or [])
    inbound = {name: changes.pop(name) for name in INBOUND_SETTINGS if name in changes}
    said = {name: changes.pop(name) for name in DISPOSITION_SETTINGS if name in changes}
    survey = {name: changes.pop(name) for name in SURVEY_SETTINGS if name in changes}
    shown = service.CallerIdChange(caller_id, caller_id_group, caller_id_rule)

    async def work(sessions: Sessions) -> tuple[Campaign, list[service.DialedList]]:
        campaign_id = await service.find_campaign(sessions, campaign)
        changed = await service.change_campaign(
            sessions,
            campaign_id,
            datetime.now(UTC),
            lead_order=order,
            weights=_weights(lists or []),
            shown=shown if shown.given() else None,
            work=changes,
            inbound=inbound,
            said=said,
            survey=survey,
        )
        return changed, await service.dialed_lists(sessions, campaign_id)

    changed, dialed = _run(context, work)
    if as_json:
        told = {"id": changed.id, "lead_order": changed.lead_order, "lists": dialed}
        echo_json(
            told
            | shown.given()
            | {name: getattr(changed, name) for name in changes | inbound | said | survey}
        )
        return
    mix = ", ".join(f"{each.name} ({each.weight})" for each in dialed)
    typer.echo(f"Campaign {changed.id} ({changed.name}) dials by {changed.lead_order}; lists: {mix}.")
    if shown.given():
        group = f"a number of the group {changed.caller_id_group} ({changed.caller_id_rule})"
        typer.echo(f"Its calls show {changed.caller_id or group}.")


@campaign_app.command("dispositions")
def dispositions(
    context: typer.Context,
    campaign: CampaignRef,
    file: Annotated[
        Path | None, typer.Option("--file", help="A TOML or JSON file with the set to have from now on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a campaign's calls may come to, with hotkeys; with a file, change it, also in a run."""
    given = None if file is None else {"dispositions": read_document(file, "a campaign's dispositions")}

    async def work(sessions: Sessions) -> DispositionSet:
        campaign_id = await service.find_campaign(sessions, campaign)
        if given is not None:
            await service.change_campaign(sessions, campaign_id, datetime.now(UTC), said=given)
        return await service.dispositions_of(sessions, campaign_id)

    said = _run(context, work)
    if as_json:
        echo_json([disposition_of(each) for each in said.for_agents])
    else:
        show([set_table(said)])


@campaign_app.command("start")
def start(context: typer.Context, campaign: CampaignRef) -> None:
    """Start a campaign, or go on with it."""
    rules: WithRules = context.obj

    async def begin(sessions: Sessions, campaign_id: int, now: datetime) -> Campaign:
        return await abandoned.start_campaign(sessions, rules.rules, campaign_id, now)

    _change(context, campaign, begin)


@campaign_app.command("pause")
def pause(context: typer.Context, campaign: CampaignRef) -> None:
    """Place no more calls until the campaign is started again."""
    _change(context, campaign, service.pause_campaign)


@campaign_app.command("stop")
def stop(context: typer.Context, campaign: CampaignRef) -> None:
    """End a campaign for good."""
    _change(context, campaign, service.stop_campaign)


@campaign_app.command("status")
def status(
    context: typer.Context,
    campaign: Annotated[str | None, typer.Argument(help="A campaign's id or name; all without it.")] = None,
    as_json: Json = False,
) -> None:
    """Say what state campaigns are in and where their leads are."""

    async def work(sessions: Sessions) -> list[service.CampaignStatus]:
        chosen = None if campaign is None else await service.find_campaign(sessions, campaign)
        return await service.campaign_statuses(sessions, chosen, datetime.now(UTC))

    found = _run(context, work)
    if as_json:
        echo_json(found)
        return
    columns = (
        "id",
        "client",
        "name",
        "state",
        "due",
        "waiting",
        "calling",
        "final",
        "missed",
        "next due",
    )
    rows = [
        (
            each.id,
            each.client,
            each.name,
            each.state,
            each.leads.due,
            each.leads.waiting,
            each.leads.calling + each.leads.claimed,
            each.leads.final,
            each.callbacks_missed,
            each.leads.next_due_at,
        )
        for each in found
    ]
    tables = [Table("Campaigns", columns, rows)]
    if campaign is not None:
        tables += [_pacing(each) for status in found for each in status.pacing]
        tables += [caller_ids_table("Caller IDs", status.caller_ids) for status in found]
    show(tables)


def _pacing(pacing: service.NodePacing) -> Table:
    """What a node's pacer knows and why it decided as it did, a line each."""
    rows = [
        (name.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else value)
        for name, value in pacing.state.items()
        if value is not None
    ]
    return Table(f"Pacing of {pacing.node} at {pacing.at:%Y-%m-%d %H:%M:%S} UTC", ("what", "now"), rows)


@report_app.command("campaign")
def report_campaign(context: typer.Context, campaign: CampaignRef, as_json: Json = False) -> None:
    """Every figure of a campaign."""
    _report(context, campaign, as_json, report_tables)


@report_app.command("dispositions")
def report_dispositions(context: typer.Context, campaign: CampaignRef, as_json: Json = False) -> None:
    """Attempts by outcome and by disposition."""
    _report(context, campaign, as_json, disposition_tables)


@report_app.command("agents")
def report_agents(context: typer.Context, campaign: CampaignRef, as_json: Json = False) -> None:
    """The agents' time and what came of it."""
    _report(context, campaign, as_json, agent_tables)


@report_app.command("answers")
def report_answers(
    context: typer.Context,
    campaign: CampaignRef,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="CSV", help="Also write each answer to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What people have answered in a campaign's menu."""

    async def work(sessions: Sessions) -> AnswersReport:
        campaign_id = await service.find_campaign(sessions, campaign)
        if export is not None:
            await write_answers(sessions, campaign_id, export)
        return await report_of_answers(sessions, campaign_id)

    found = _run(context, work)
    if as_json:
        echo_json(found)
    else:
        show(answer_tables(found))


@report_app.command("abandonment")
def report_abandonment(context: typer.Context, campaign: CampaignRef, as_json: Json = False) -> None:
    """The share of people who answered and met nobody."""
    _report(context, campaign, as_json, lambda report: [abandonment_table(report)])


def _report(
    context: typer.Context, campaign: str, as_json: bool, tables: Callable[[CampaignReport], list[Table]]
) -> None:
    async def work(sessions: Sessions) -> CampaignReport:
        campaign_id = await service.find_campaign(sessions, campaign)
        return await service.report(sessions, campaign_id, datetime.now(UTC))

    report = _run(context, work)
    if as_json:
        echo_json(report)
    else:
        show(tables(report))


def _change(
    context: typer.Context,
    reference: str,
    change: Callable[[Sessions, int, datetime], Coroutine[Any, Any, Campaign]],
) -> None:
    async def work(sessions: Sessions) -> Campaign:
        return await change(sessions, await service.find_campaign(sessions, reference), datetime.now(UTC))

    campaign = _run(context, work)
    typer.echo(f"Campaign {campaign.id} ({campaign.name}) is {campaign.state}.")


def _message(given: str) -> str:
    """A prompt's name, or else a path from the root on."""
    return given if is_prompt_name(given) else str(Path(given).absolute())


def _weights(given: Sequence[str]) -> dict[str, int]:
    """NAME or NAME=WEIGHT as the weights by list; a list without one has 0."""
    weights = {}
    for each in given:
        name, _, weight = each.rpartition("=")
        has_weight = bool(name) and weight.isascii() and weight.isdigit() and len(weight) <= _MOST_DIGITS
        weights[name if has_weight else each] = int(weight) if has_weight else 0
    return weights


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    database: WithDatabase = context.obj
    return database.run(work)
