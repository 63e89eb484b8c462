"""`dialer compliance exempt|close-day|caller-ids` and the like: what a client asks for itself."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from campaigns import service
from campaigns.commands.dates import day_of
from campaigns.commands.shared import WithRules, values_of
from campaigns.compliance import client_rules
from campaigns.compliance.caller_ids import release_caller_id, resting_caller_ids
from campaigns.core.client_limits import ClientLimits
from campaigns.reports.text import Table, show
from campaigns.stores.shared import Sessions
from campaigns.tables import ClosedDay
from leads.checks import short_text
from leads.commands.shared import Country, Json, Number, echo_json

T = TypeVar("T")

client_rules_app = typer.Typer()

Client = Annotated[str, typer.Option("--client", help="The client's slug.")]
Day = Annotated[str, typer.Argument(metavar="DATE", help="On the callee's calendar, as in 2026-12-24.")]
OnlyCampaign = Annotated[
    str | None,
    typer.Option("--campaign", help="Only this campaign, by id or name; else all of the client's."),
]


@client_rules_app.command("exempt")
def exempt(
    context: typer.Context,
    client: Client,
    rule: Annotated[str, typer.Option("--rule", help="A rule's id, as `compliance rules` lists them.")],
    granted_by: Annotated[str, typer.Option("--granted-by", help="Who granted it.")],
    reference: Annotated[str, typer.Option("--reference", help="Where that is written.")],
    as_json: Json = False,
) -> None:
    """Record that a law's rule does not hold for a client; it takes effect at once."""
    known: WithRules = context.obj
    made = _run(
        context,
        lambda sessions: client_rules.grant_exemption(
            sessions,
            known.rules,
            client,
            rule,
            short_text(granted_by),
            short_text(reference),
            datetime.now(UTC),
        ),
    )
    if as_json:
        echo_json(made.model_dump())
    else:
        typer.echo(f"Exemption {made.id} is recorded: {made.rule_id} does not hold for {client}.")


@client_rules_app.command("exemptions")
def exemptions(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """List a client's exemptions, those that have ended too."""
    found = _run(context, lambda sessions: client_rules.list_exemptions(sessions, client))
    if as_json:
        echo_json([each.model_dump() for each in found])
        return
    columns = ("id", "rule", "granted by", "reference", "since", "ended")
    rows = [
        (each.id, each.rule_id, each.granted_by, each.reference, each.recorded_at, each.ended_at)
        for each in found
    ]
    show([Table(f"Exemptions of {client}", columns, rows)])


@client_rules_app.command("end-exemption")
def end_exemption(
    context: typer.Context,
    exemption: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Its number.")],
    as_json: Json = False,
) -> None:
    """Let the rule hold again, at once; the record stays."""
    ended = _run(context, lambda sessions: client_rules.end_exemption(sessions, exemption, datetime.now(UTC)))
    if as_json:
        echo_json(ended.model_dump())
    else:
        typer.echo(f"Exemption {ended.id} has ended: {ended.rule_id} holds.")


@client_rules_app.command("limits")
def limits(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """Show what a client asks of all its campaigns: hours, attempts a day to one person, the least gap."""
    _show_limits(
        client, _run(context, lambda sessions: client_rules.limits_of(sessions, client)), as_json=as_json
    )


@client_rules_app.command("set-limits")
def set_limits(
    context: typer.Context,
    client: Client,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=JSON",
            help="callable_times as in a campaign, most_attempts_a_day to one person, or least_gap_s.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set what a client asks of all its campaigns; what is left out limits nothing. It holds at once."""
    wanted = ClientLimits.parse(values_of(given or ()))
    _run(context, lambda sessions: client_rules.set_limits(sessions, client, wanted, datetime.now(UTC)))
    _show_limits(client, wanted, as_json=as_json)


@client_rules_app.command("close-day")
def close_day(
    context: typer.Context,
    client: Client,
    day: Day,
    name: Annotated[str, typer.Option("--name", help="What day it is.")],
    campaign: OnlyCampaign = None,
    as_json: Json = False,
) -> None:
    """Let nobody be called on a date."""
    date = day_of("DATE", day)

    async def work(sessions: Sessions) -> ClosedDay:
        chosen = await service.find_campaign(sessions, campaign) if campaign is not None else None
        return await client_rules.close_day(sessions, client, date, short_text(name), chosen)

    closed = _run(context, work)
    if as_json:
        echo_json(closed.model_dump())
    else:
        typer.echo(f"Nobody is called on {closed.day}, by {_whose(client, closed.campaign_id)}.")


@client_rules_app.command("open-day")
def open_day(
    context: typer.Context, client: Client, day: Day, campaign: OnlyCampaign = None, as_json: Json = False
) -> None:
    """Let people be called again on a date that was closed."""
    date = day_of("DATE", day)

    async def work(sessions: Sessions) -> bool:
        chosen = await service.find_campaign(sessions, campaign) if campaign is not None else None
        return await client_rules.open_day(sessions, client, date, chosen)

    was_closed = _run(context, work)
    if as_json:
        echo_json({"day": date, "was_closed": was_closed})
    else:
        typer.echo(f"{date} is open{'' if was_closed else '; it was not closed'}.")


@client_rules_app.command("closed-days")
def closed_days(context: typer.Context, client: Client, as_json: Json = False) -> None:
    """List the dates on which a client, or a campaign of it, calls nobody."""
    found = _run(context, lambda sessions: client_rules.list_closed_days(sessions, client))
    if as_json:
        echo_json([each.model_dump() for each in found])
        return
    rows = [(each.day, each.name, each.campaign_id) for each in found]
    show([Table(f"Closed days of {client}", ("day", "name", "only campaign"), rows)])


@client_rules_app.command("caller-ids")
def caller_ids(context: typer.Context, as_json: Json = False) -> None:
    """List the caller IDs that rest because a network blocked a call from them."""
    found = _run(context, lambda sessions: resting_caller_ids(sessions, datetime.now(UTC)))
    if as_json:
        echo_json(found)
        return
    rows = [(each.caller_id, each.until, each.sentence) for each in found]
    show([Table("Caller IDs that rest", ("caller ID", "until", "why"), rows)])


@client_rules_app.command("release-caller-id")
def release(
    context: typer.Context, number: Number, default_country: Country = "US", as_json: Json = False
) -> None:
    """Let people be called from a caller ID again, at once."""
    released = _run(
        context, lambda sessions: release_caller_id(sessions, number, default_country, datetime.now(UTC))
    )
    if as_json:
        echo_json({"caller_id": released})
    else:
        typer.echo(f"The caller ID {released} is in use again.")


def _show_limits(client: str, limits: ClientLimits, *, as_json: bool) -> None:
    shown = limits.to_json()
    if as_json:
        echo_json(shown)
        return
    days = (shown.pop("callable_times") or {}).items()
    windows = [f"{day} {', '.join('-'.join(each) for each in times)}" for day, times in days if times]
    rows = [
        ("callable_times", "; ".join(windows) or "any"),
        *((name, value or "any") for name, value in shown.items()),
    ]
    show([Table(f"What {client} asks of all its campaigns", ("limit", "value"), rows)])


def _whose(client: str, campaign_id: int | None) -> str:
    return f"campaigns of {client}" if campaign_id is None else f"campaign {campaign_id}"


def _run(context: typer.Context, work: Callable[[Sessions], Coroutine[Any, Any, T]]) -> T:
    known: WithRules = context.obj
    return known.run(work)
