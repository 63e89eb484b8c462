"""`dialer trunks`."""

from collections.abc import Sequence

import typer

from campaigns import service
from campaigns.commands.shared import WithRules
from campaigns.reports.text import Cell, Table, show
from campaigns.tables import TrunkNow
from leads.commands.shared import Json, echo_json

trunks_app = typer.Typer(help="Show how the trunks are.", invoke_without_command=True)


@trunks_app.callback()
def trunks(context: typer.Context, as_json: Json = False) -> None:
    """Show each node's trunks: calls, health and why, ratios of the latest calls."""
    known: WithRules = context.obj
    found = known.run(service.trunks)
    if as_json:
        echo_json([each.model_dump() for each in found])
    elif not found:
        typer.echo("No node has run yet; `dialer serve` starts one.")
    else:
        show([_table(found)])


def _table(found: Sequence[TrunkNow]) -> Table:
    columns = ("node", "trunk", "state", "calls", "lines", "answered", "short", "seen", "why")
    return Table("Trunks", columns, [_row(each) for each in found])


def _row(row: TrunkNow) -> list[Cell]:
    state = row.state
    reachable = "unreachable" if state["reachable"] is False else state["state"]
    cells: list[Cell] = [row.node, row.trunk, reachable, state["calls"], state["lines"]]
    cells += [_percent(state["answer_seizure_ratio"]), _percent(state["short_call_ratio"])]
    return [*cells, row.at.isoformat(timespec="seconds"), state["reason"]]


def _percent(ratio: float | None) -> str | None:
    return None if ratio is None else f"{100 * ratio:.0f} %"
