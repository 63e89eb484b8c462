"""`dialer compliance rules|explain|report|purge`. Errors pass through; `dialer.cli` maps them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from campaigns import service
from campaigns.commands.client_rules import client_rules_app
from campaigns.commands.dates import day_of, instant_of
from campaigns.commands.shared import WithRules
from campaigns.compliance.audit import ComplianceReport, audit
from campaigns.compliance.explain import NumberExplained, explain_number, phone_of
from campaigns.compliance.retention import PurgeChoice, purge
from campaigns.compliance.rule_list import list_rules
from campaigns.reports.compliance_text import explanation_lines, purge_tables, report_tables, rule_lines
from campaigns.reports.text import show
from campaigns.stores.shared import Sessions
from leads.commands.shared import Country, Json, echo_json

compliance_app = typer.Typer(
    help="Show the calling rules, and prove that they were kept.", no_args_is_help=True
)
compliance_app.add_typer(client_rules_app)

Campaign = Annotated[str, typer.Option("--campaign", help="A campaign's id or name.")]


@compliance_app.command("rules")
def rules(
    context: typer.Context,
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", help="Only this one's, as in us-fl.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List every calling rule: what it says, where that is written, and when it was read."""
    known: WithRules = context.obj
    found = list_rules(known.rules, jurisdiction)
    if as_json:
        echo_json(found)
    else:
        typer.echo("\n".join(rule_lines(found)))


@compliance_app.command("explain")
def explain(
    context: typer.Context,
    phone: Annotated[str, typer.Option("--phone", help="A phone number, best as +14155550101.")],
    campaign: Campaign,
    at: Annotated[str | None, typer.Option("--at", metavar="ISO", help="Another time than now.")] = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Show every rule and its answer for a number, whether a lead has it or not."""
    parsed = phone_of(phone, default_country)
    moment = instant_of("--at", at) if at is not None else datetime.now(UTC)
    known: WithRules = context.obj

    async def work(sessions: Sessions) -> NumberExplained:
        campaign_id = await service.find_campaign(sessions, campaign)
        return await explain_number(sessions, known.rules, parsed, campaign_id, moment)

    found = known.run(work)
    if as_json:
        echo_json(found)
    else:
        typer.echo("\n".join(explanation_lines(found)))


@compliance_app.command("report")
def report(
    context: typer.Context,
    campaign: Campaign,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="The first day (UTC); else the campaign's first."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day (UTC), included; else today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say for an auditor what was called, when and how often, and how the rules were kept."""
    first_day = day_of("--from", first) if first is not None else None
    last_day = day_of("--to", last) if last is not None else None
    known: WithRules = context.obj

    async def work(sessions: Sessions) -> ComplianceReport:
        campaign_id = await service.find_campaign(sessions, campaign)
        return await audit(sessions, known.rules, campaign_id, first_day, last_day, datetime.now(UTC))

    found = known.run(work)
    if as_json:
        echo_json(found)
    else:
        show(report_tables(found))


@compliance_app.command("purge")
def purge_calls(
    context: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's calls.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many there are.")] = False,
    keep_months: Annotated[
        int | None, typer.Option("--keep-months", help="Keep calls at least so long, whatever the law asks.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Empty the personal data of calls that no law asks to keep any longer; the figures stay."""
    choice = PurgeChoice(client=client, keep_months=keep_months, dry_run=dry_run)
    known: WithRules = context.obj
    done = known.run(lambda sessions: purge(sessions, known.rules, choice, datetime.now(UTC)))
    if as_json:
        echo_json(done)
        return
    show(purge_tables(done))
    typer.echo("\n" + "\n".join(done.remains))
