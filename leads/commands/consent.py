"""`dialer consent …`. Errors of the leads room pass through; `dialer.cli` maps them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from leads.commands.shared import Country, Json, WithDatabase, show
from leads.consents import (
    ALL_CHANNELS,
    ConsentAnswer,
    ConsentView,
    Whose,
    Withdrawn,
    give_consent,
    show_consents,
    withdraw_consent,
)
from leads.core.consent import CHANNELS

app = typer.Typer(help="Keep what people agreed to.", no_args_is_help=True)

_CHANNELS = ", ".join(CHANNELS)

Client = Annotated[str, typer.Option("--client", help="The client's slug: whom the consent is given to.")]
Phone = Annotated[str | None, typer.Argument(help="The person's number, best as +14155550101.")]
Email = Annotated[str | None, typer.Option("--email", help="The person's email address.")]
At = Annotated[
    datetime | None,
    typer.Option(help="When, in UTC; now without it.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
]


@app.command("add")
def add(
    context: typer.Context,
    client: Client,
    channel: Annotated[str, typer.Option(help=f"One of {_CHANNELS}.")],
    basis: Annotated[str, typer.Option(help="express_written, express, existing_relationship, …")],
    source: Annotated[str, typer.Option(help="Where it was given: a form's address, a recording, a file.")],
    phone: Phone = None,
    email: Email = None,
    at: At = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Record a consent."""
    database: WithDatabase = context.obj
    now = datetime.now(UTC)
    whose = Whose(phone=phone, email=email, default_country=default_country)
    consent = database.run(
        lambda sessions: give_consent(
            sessions, client, whose, channel=channel, basis=basis, source=source, given_at=at or now, now=now
        )
    )
    show(consent, as_json, [_line(consent)])


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    client: Client,
    channel: Annotated[
        str, typer.Option(help=f"One of {_CHANNELS}; {ALL_CHANNELS}: an opt-out.")
    ] = ALL_CHANNELS,
    source: Annotated[str, typer.Option(help="How it was withdrawn: on a call, by letter, …")] = "",
    phone: Phone = None,
    email: Email = None,
    at: At = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """End a person's consents; of all channels, the number is not called again for this client."""
    database: WithDatabase = context.obj
    now = datetime.now(UTC)
    whose = Whose(phone=phone, email=email, default_country=default_country)
    withdrawn = database.run(
        lambda sessions: withdraw_consent(
            sessions, client, whose, channel=channel, source=source, at=at or now, now=now
        )
    )
    show(withdrawn, as_json, _withdrawn_lines(withdrawn))


@app.command("show")
def show_person(
    context: typer.Context,
    client: Client,
    phone: Phone = None,
    email: Email = None,
    default_country: Country = "US",
    as_json: Json = False,
) -> None:
    """Show what a person agreed to, and what was withdrawn."""
    database: WithDatabase = context.obj
    now = datetime.now(UTC)
    whose = Whose(phone=phone, email=email, default_country=default_country)
    answer = database.run(lambda sessions: show_consents(sessions, client, whose, now))
    show(answer, as_json, _answer_lines(answer))


def _withdrawn_lines(withdrawn: Withdrawn) -> list[str]:
    lines = [f"{channel}: {count} withdrawn." for channel, count in withdrawn.channels.items()]
    return lines + (["The number is on the client's do-not-call list."] if withdrawn.opted_out else [])


def _answer_lines(answer: ConsentAnswer) -> list[str]:
    holding = [channel for channel, holds in answer.holds.items() if holds]
    summary = f"Consent holds for {', '.join(holding)}." if holding else "No consent holds."
    return [*map(_line, answer.records), summary]


def _line(consent: ConsentView) -> str:
    until = f", withdrawn {consent.withdrawn_at:%Y-%m-%d %H:%M}" if consent.withdrawn_at else ""
    when = f"{consent.given_at:%Y-%m-%d %H:%M}"
    return f"{consent.id:>6}  {consent.channel:<14} {consent.basis}, given {when} ({consent.source}){until}"
