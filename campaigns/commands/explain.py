"""`dialer leads explain` and `dialer campaign why`. Errors pass through; `dialer.cli` maps them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from campaigns import service
from campaigns.commands.campaigns import CampaignRef
from campaigns.commands.dates import instant_of
from campaigns.commands.shared import WithRules
from campaigns.explaining import CampaignFacts, CampaignWhy, Explanation, explain, why
from campaigns.reports.text import Table, show
from campaigns.stores.shared import Sessions
from leads.checks import checked_number
from leads.commands.shared import Country, Json, Number, WithDatabase, echo_json

explain_app = typer.Typer()
why_app = typer.Typer()


@explain_app.command("explain")
def explain_phone(
    context: typer.Context,
    phone: Number,
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="Its id or name; all without it.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="ISO", help="Another time than now.")] = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Say why a number is or is not dialed: rules, place in line, history."""
    e164 = checked_number(phone, default_country)
    moment = instant_of("--at", at) if at is not None else datetime.now(UTC)

    known: WithRules = context.obj

    async def work(sessions: Sessions) -> Explanation:
        chosen = await service.find_campaign(sessions, campaign) if campaign is not None else None
        return await explain(sessions, known.rules, e164, chosen, moment)

    found = known.run(work)
    if as_json:
        echo_json(found)
    else:
        typer.echo("\n".join(_lines(found)))


@why_app.command("why")
def campaign_why(context: typer.Context, campaign: CampaignRef, as_json: Json = False) -> None:
    """Say what all leads of a campaign's lists wait for."""

    async def work(sessions: Sessions) -> CampaignWhy:
        return await why(sessions, await service.find_campaign(sessions, campaign), datetime.now(UTC))

    database: WithDatabase = context.obj
    found = database.run(work)
    if as_json:
        echo_json(found)
        return
    rows = [
        (line.kind.replace("_", " "), line.detail, line.leads, line.next_at) for line in found.waiting_for
    ]
    title = f"{found.name}: {found.leads:,} leads. {found.sentence}"
    show([Table(title, ("waiting for", "which", "leads", "next at"), rows)])


def _lines(found: Explanation) -> list[str]:
    lines = [f"{found.phone}: {found.sentence}"]
    for hit in found.dnc:
        which = f"numbers that begin with {hit.prefix}" if hit.prefix else "the number"
        reason = f": {hit.reason}" if hit.reason else ""
        lines.append(f"  do-not-call list {hit.dnc_list} ({hit.level}) has {which}{reason}")
    for lead in found.leads:
        lines.append(f"  lead {lead.lead_id} of the list {lead.lead_list} ({lead.client})")
    for each in found.campaigns:
        lines += ["", *_campaign_lines(each)]
    return lines


def _campaign_lines(facts: CampaignFacts) -> list[str]:
    lines = [f"Campaign {facts.campaign} ({facts.campaign_state}), lead {facts.lead_id}: {facts.sentence}"]
    for rule in facts.rules:
        mark = "yes" if rule.passed else "NO "
        lines.append(f"  {mark}  {rule.rule}: {rule.sentence} (from {rule.source})")
    lines.append(f"  next callable: {facts.next_callable_at or 'not by itself'}")
    if facts.callback is not None:
        lines.append(f"  callback {facts.callback.id} ({facts.callback.state}): {facts.callback.sentence}")
    if facts.queue is not None:
        more = " or more" if facts.queue.more else ""
        lines.append(f"  in line: {facts.queue.before:,} before it, of {facts.queue.of:,}{more}")
    for zone in facts.zones:
        clock = zone.local_time.strftime("%a %Y-%m-%d %H:%M %Z") if zone.local_time else "unknown"
        lines.append(f"  zone {zone.zone}: {clock}, {'open' if zone.open else 'closed'}")
    for phone in facts.phones:
        about = [phone.label, "next" if phone.next else "", phone.suppressed or ""]
        lines.append(f"  phone {phone.phone} {', '.join(part for part in about if part)}".rstrip())
    for consent in facts.consents:
        until = f", withdrawn {consent.withdrawn_at}" if consent.withdrawn_at else ""
        lines.append(f"  consent to {consent.channel} ({consent.basis}) since {consent.given_at}{until}")
    lines += [f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.sentence}" for event in facts.history]
    return lines
