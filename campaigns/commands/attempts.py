"""`dialer attempt …`. Errors pass through; `dialer.cli` maps them."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from campaigns import corrections
from campaigns.commands.shared import WithRules, command_line_user
from campaigns.corrections import AttemptRecord
from campaigns.dispositions import Words
from campaigns.errors import InvalidSaleError
from campaigns.reports.text import Cell, Table, show
from leads.commands.shared import Json, WithDatabase, echo_json

attempt_app = typer.Typer(help="See what calls came to, and correct it.", no_args_is_help=True)

AttemptId = Annotated[int, typer.Argument(metavar="ATTEMPT", min=1, help="Its id.")]


@attempt_app.command("show")
def show_attempt(context: typer.Context, attempt: AttemptId, as_json: Json = False) -> None:
    """Say what a call came to, what was sold in it, and what was said of it before."""
    database: WithDatabase = context.obj
    _tell(database.run(lambda sessions: corrections.look_up(sessions, attempt)), as_json)


@attempt_app.command("correct")
def correct(
    context: typer.Context,
    attempt: AttemptId,
    disposition: Annotated[
        str, typer.Option("--disposition", help="A code of its campaign; without it the one it has stays.")
    ] = "",
    notes: Annotated[str, typer.Option("--notes", help="In place of those there are.")] = "",
    sale: Annotated[
        str | None,
        typer.Option("--sale", metavar="JSON", help='As in [{"product": "Blue one", "amount": "19.90"}].'),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words.")] = "",
    as_json: Json = False,
) -> None:
    """Say anew what a call came to: its lead goes the new way, unless it was called again since."""
    rules: WithRules = context.obj
    words = Words(code=disposition, notes=notes, sale=_sale(sale), who=command_line_user(), reason=reason)
    work = corrections.correct
    found = rules.run(lambda sessions: work(sessions, attempt, words, datetime.now(UTC), rules=rules.rules))
    _tell(found, as_json)


def _sale(given: str | None) -> list[object] | None:
    try:
        sale = None if given is None else json.loads(given)
    except ValueError as error:
        raise InvalidSaleError("--sale is JSON, a list of lines in braces.") from error
    if sale is not None and not isinstance(sale, list):
        raise InvalidSaleError("--sale is a list of lines, in brackets.")
    return sale


def _tell(record: AttemptRecord, as_json: bool) -> None:
    attempt = record.attempt
    sale = [each.to_json() for each in record.sale]
    if as_json:
        told: dict[str, Any] = attempt.model_dump(exclude={"permit"}) | {"sale": sale}
        echo_json(told | {"corrections": [each.model_dump() for each in record.corrections]})
        return
    rows: list[tuple[str, Cell]] = [
        ("campaign", attempt.campaign_id),
        ("lead", attempt.lead_id),
        ("outcome", attempt.outcome or "in progress"),
        ("disposition", attempt.disposition or "-"),
        ("said", attempt.disposition_label or "-"),
        ("at", attempt.disposition_at),
        ("by", attempt.disposition_by or "-"),
        ("notes", attempt.notes or "-"),
    ]
    tables = [Table(f"Attempt {attempt.id}", ("what", "now"), rows)]
    if sale:
        lines = [(line.product or "-", line.quantity, str(line.price)) for line in record.sale]
        tables.append(Table("Sold", ("product", "quantity", "amount"), lines))
    if record.corrections:
        before = [
            (each.changed_at, each.who, each.disposition, each.becomes, each.reason or "-")
            for each in record.corrections
        ]
        tables.append(Table("Corrected", ("at", "by", "from", "to", "why"), before))
    show(tables)
