"""How far a campaign has come: a live table on a terminal, plain lines elsewhere."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from dialer.bus.messages import CampaignStats

_DRAW_EVERY_S = 0.25
_LINE_EVERY_S = 5.0


async def show_progress(console: Console, latest: Sequence[CampaignStats]) -> None:
    """Shows the newest figures, which somebody else keeps in `latest`, until cancelled."""
    if console.is_terminal:
        with Live(console=console, transient=True, auto_refresh=False) as live:
            while True:
                if latest:
                    live.update(progress_table(latest[-1]), refresh=True)
                await asyncio.sleep(_DRAW_EVERY_S)
    while not (latest and latest[-1].attempts):
        await asyncio.sleep(_DRAW_EVERY_S)
    while True:
        console.print(progress_line(latest[-1]), highlight=False, soft_wrap=True)
        await asyncio.sleep(_LINE_EVERY_S)


def progress_line(stats: CampaignStats) -> str:
    """The figures in one line."""
    calls = stats.calls_in_flight
    agents = ", ".join(f"{count} {state}" for state, count in sorted(stats.agents.items()))
    return (
        f"{stats.attempts} attempts; {calls.dialing + calls.ringing} ringing, {calls.connected} talking; "
        f"agents: {agents or 'none'}; {stats.contacts} contacts, {stats.conversions} conversions, "
        f"abandoned {stats.abandon_rate:.1%}; {stats.leads_ready} leads left"
    )


def progress_table(stats: CampaignStats) -> Table:
    """The figures as a table."""
    calls = stats.calls_in_flight
    table = Table(title="Campaign", title_justify="left", show_header=False)
    table.add_row("attempts", str(stats.attempts))
    table.add_row("calls", f"{calls.dialing + calls.ringing} ringing, {calls.connected} talking")
    table.add_row("agents", ", ".join(f"{count} {state}" for state, count in sorted(stats.agents.items())))
    table.add_row("contacts", f"{stats.contacts}, of which conversions {stats.conversions}")
    table.add_row(
        "abandoned", f"{stats.abandoned} of {stats.people_answered} people ({stats.abandon_rate:.1%})"
    )
    table.add_row("leads left", str(stats.leads_ready))
    table.add_row("pacing", stats.pacing.reason)
    return table
