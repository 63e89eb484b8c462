"""`dialer callbacks …`. Errors pass through; `dialer.cli` maps them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from campaigns import callbacks, service
from campaigns.core.callback import CallbackState
from campaigns.reports.text import Table, show
from campaigns.stores.callbacks import CallbackFilter
from campaigns.stores.shared import Sessions
from campaigns.tables import Callback
from leads.commands.shared import Json, WithDatabase, echo_json

callbacks_app = typer.Typer(help="See the calls that were promised.", no_args_is_help=True)

_STATES = ", ".join(CallbackState)


@callbacks_app.command("list")
def list_callbacks(
    context: typer.Context,
    campaign: Annotated[
        str | None, typer.Option("--campaign", help="Only this one's, by id or name.")
    ] = None,
    agent: Annotated[int | None, typer.Option("--agent", min=1, help="Only this agent's, by id.")] = None,
    state: Annotated[str | None, typer.Option("--state", help=f"Only those: {_STATES}.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Go on after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 1000,
    as_json: Json = False,
) -> None:
    """List callbacks: to whom, when on their own clock, by whom, and what became of it."""
    database: WithDatabase = context.obj

    async def work(sessions: Sessions) -> Sequence[Callback]:
        campaign_id = None if campaign is None else await service.find_campaign(sessions, campaign)
        wanted = CallbackFilter(None, campaign_id, agent, None, state)
        return await callbacks.list_callbacks(sessions, wanted, after, limit)

    found = database.run(work)
    if as_json:
        echo_json([each.model_dump(exclude={"untold", "next_at"}) for each in found])
        return
    columns = ("id", "campaign", "lead", "agent", "due", "zone", "state", "reason")
    rows = [
        (
            each.id,
            each.campaign_id,
            each.lead_id,
            "anyone" if each.agent_id is None else each.agent_id,
            f"{each.due_at.astimezone(ZoneInfo(each.zone)):%Y-%m-%d %H:%M}",
            each.zone,
            each.state,
            each.reason,
        )
        for each in found
    ]
    show([Table("Callbacks", columns, rows)])


@callbacks_app.command("cancel")
def cancel_callback(
    context: typer.Context,
    callback: Annotated[int, typer.Argument(min=1, help="Its id.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words.")] = "",
    as_json: Json = False,
) -> None:
    """Take a promise back: the lead is in line again."""
    database: WithDatabase = context.obj
    ended = database.run(
        lambda sessions: callbacks.cancel_callback(sessions, callback, reason, datetime.now(UTC))
    )
    if as_json:
        echo_json({"id": ended.id, "state": ended.state, "reason": ended.reason})
    else:
        typer.echo(f"Callback {ended.id} is canceled; lead {ended.lead_id} is in line again.")
