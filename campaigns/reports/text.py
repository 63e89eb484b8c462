"""A report for people to read: tables on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from campaigns.caller_id_figures import CallerIdFigures
from campaigns.core.agent_time import AgentTime
from campaigns.core.detection import ErrorRate
from campaigns.core.disposition import Disposition
from campaigns.core.disposition_set import DispositionSet
from campaigns.core.metrics import AgentFigures, Rate
from campaigns.core.sales import Amount, SalesRow
from campaigns.reports.answers import AnswersReport
from campaigns.reports.campaign import CampaignReport

Cell = str | int | float | datetime | Rate | None


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the columns' heads, and rows of as many cells."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def show(tables: Sequence[Table]) -> None:
    """Print tables to the standard output."""
    console = Console()
    if not console.is_terminal:
        sys.stdout.write("\n\n".join(plain(table) for table in tables) + "\n")
        return
    for table in tables:
        drawn = RichTable(title=table.title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for index, column in enumerate(table.columns):
            drawn.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(written(cell)) for cell in row))
        console.print(drawn)


def plain(table: Table) -> str:
    """A table as lines: its title, then a line a row, cells in columns with two spaces between."""
    rows = [list(table.columns), *([written(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(table.columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([table.title, *(line.rstrip() for line in lines)])


def written(cell: Cell) -> str:
    """A cell's text; a rate with its parts, `-` for what has no value."""
    match cell:
        case None:
            return "-"
        case Rate(value=None):
            return f"- ({cell.numerator:,} / {cell.denominator:,})"
        case Rate(value=value) if value is not None:
            return f"{value:.2%} ({cell.numerator:,} / {cell.denominator:,})"
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case int():
            return f"{cell:,}"
    return str(cell)


def report_tables(report: CampaignReport) -> list[Table]:
    """The whole report."""
    return [
        figures_table(report),
        *disposition_tables(report),
        *detection_tables(report),
        *inbound_tables(report),
        *sales_tables(report),
        leads_table(report),
        *agent_tables(report),
    ]


def figures_table(report: CampaignReport) -> Table:
    """What the campaign is and its rates."""
    rows: list[tuple[str, Cell]] = [
        ("client", report.client),
        ("kind", report.kind),
        ("dial mode", report.dial_mode),
        ("state", report.state),
        ("attempts", report.counts.attempts),
    ]
    rates = report.figures
    for each in fields(rates):
        figure = getattr(rates, each.name)
        cell = _ratio(figure) if each.name == "attempts_per_lead" else figure
        rows.append((each.name.replace("_", " "), cell))
    rows.append(("next lead due", report.progress.next_due_at))
    rows.append(("callbacks missed", report.callbacks_missed))
    return Table(f"Campaign {report.campaign_id}: {report.name}", ("figure", "value"), rows)


def disposition_tables(report: CampaignReport) -> list[Table]:
    """Attempts by outcome and by disposition."""
    return [
        Table(title, (head, "attempts", "share"), [(each.code, each.count, each.share) for each in shares])
        for title, head, shares in (
            ("Attempts by outcome", "outcome", report.outcomes),
            ("Attempts by disposition", "disposition", report.dispositions),
        )
    ]


def detection_tables(report: CampaignReport) -> list[Table]:
    """How often answering-machine detection was wrong; nothing where it judged no call."""
    found = report.detection
    rows = [
        ("machine", found.said_machine, *_error_cells(found.people_among_machines)),
        ("person", found.said_person, *_error_cells(found.machines_among_people)),
    ]
    columns = ("taken for", "calls", "checked by agents", "wrong", "share wrong", "95 % interval")
    judged = found.said_machine + found.said_person
    return [Table("Answering-machine detection", columns, rows)] if judged else []


def inbound_tables(report: CampaignReport) -> list[Table]:
    """The calls of people to the campaign; nothing where nobody called."""
    found = report.inbound
    waits = [None if each is None else f"{each:.1f} s" for each in (found.mean_wait_s, found.longest_wait_s)]
    row = (found.offered, found.answered, found.gave_up, found.told, found.lost, *waits)
    columns = ("offered", "answered", "gave up", "told nobody is free", "lost", "mean wait", "longest wait")
    return [Table("Calls of people to us", columns, [row])] if found.offered else []


_SALES_COLUMNS = ("talks", "contacts", "conversions", "conversion rate", "revenue")


def sales_tables(report: CampaignReport) -> list[Table]:
    """Sales by agent, list and hour, and what was sold; nothing where nobody was won."""
    found = report.sales
    if found is None or not found.total.conversions:
        return []
    parts = (("agent", found.by_agent), ("list", found.by_list), ("hour", found.by_hour))
    tables = []
    for what, rows in parts:
        lines = [_sales_row(each) for each in (*rows, found.total)]
        tables.append(Table(f"Sales by {what}", (what, *_SALES_COLUMNS), lines))
    products = [(each.product or "-", each.quantity, _revenue(each.revenue)) for each in found.products]
    columns = ("product", "quantity", "revenue")
    return [*tables, Table("Sales by product", columns, products)] if products else tables


def _sales_row(row: SalesRow) -> tuple[Cell, ...]:
    counts = (row.talks, row.contacts, row.conversions)
    return (row.name or "-", *counts, row.conversion_rate, _revenue(row.revenue))


def _revenue(amounts: Sequence[Amount]) -> str:
    return ", ".join(f"{each.amount} {each.currency}" for each in amounts) or "-"


def set_table(said: DispositionSet) -> Table:
    """What agents choose from."""
    rows = [
        (each.code, each.key or "-", each.label, ", ".join(each.needs) or "-", _follows(each))
        for each in said.for_agents
    ]
    return Table("Dispositions", ("code", "key", "label", "needs", "then"), rows)


def _follows(each: Disposition) -> str:
    """What a disposition does beside what its flags say."""
    parts = [f"message {each.message}"] if each.message else []
    parts += [f"goes on in {each.campaign}"] if each.campaign else []
    if each.retry is not None:
        again = each.retry.delay_s
        parts.append("final" if again is None else f"again after {again / 3600:g} h")
    return ", ".join(parts) or "-"


def leads_table(report: CampaignReport) -> Table:
    """Leads by state and reason."""
    rows = [(each.state, each.reason, each.count) for each in report.leads]
    return Table("Leads", ("state", "reason", "leads"), rows)


_CALLER_ID_COLUMNS = ("caller ID", "state", "today", "cap", "answered", "blocked", "short calls")


def caller_ids_table(title: str, figures: Sequence[CallerIdFigures]) -> Table:
    """How caller IDs fare, a line each."""
    rows = [
        (
            each.caller_id,
            _caller_id_state(each),
            each.calls_today,
            each.daily_cap,
            each.answered,
            each.blocked,
            each.short,
        )
        for each in figures
    ]
    days = f", over {figures[0].days} days" if figures else ""
    return Table(f"{title}{days}", _CALLER_ID_COLUMNS, rows)


def _caller_id_state(figures: CallerIdFigures) -> str:
    if not figures.in_use:
        return "not in use"
    if figures.rests_until is not None:
        return f"rests until {figures.rests_until:%Y-%m-%d %H:%M} UTC"
    capped = figures.daily_cap is not None and figures.calls_today >= figures.daily_cap
    return "has had its calls" if capped else "free"


_YES_NO = {True: "yes", False: "no", None: "-"}
_TIME_COLUMNS = ("agent", "logged in", "available", "preview", "talk", "hold", "wrap", "pause", "other")
_WORK_COLUMNS = ("agent", "calls", "contacts", "conversions", "occupancy", "utilisation", "handle time")


def agent_tables(report: CampaignReport) -> list[Table]:
    """How the agents' time was spent, and what came of it."""
    agents = [(agent.name, agent.figures) for agent in report.agents] + [("all", report.team)]
    return [
        Table("Agents' time", _TIME_COLUMNS, [_time_row(*each) for each in agents]),
        Table("Agents' work", _WORK_COLUMNS, [_work_row(*each) for each in agents]),
    ]


def agent_time_tables(name: str, spent: AgentTime) -> list[Table]:
    """What an agent's shifts were spent on, to the millisecond, and for what the agent paused."""
    when = f"{spent.since:%Y-%m-%d %H:%M} to {spent.until:%Y-%m-%d %H:%M %Z}"
    rows: list[tuple[Cell, ...]] = [
        (state.replace("_", " "), _seconds(ms)) for state, ms in spent.states_ms.items()
    ]
    rows.append(("logged in", _seconds(spent.logged_in_ms)))
    if spent.unaccounted_ms:
        rows.append(("unaccounted for", _seconds(spent.unaccounted_ms)))
    tables = [Table(f"Time of {name}, {when}", ("state", "seconds"), rows)]
    pauses = [
        (each.reason, each.name, _YES_NO[each.paid], each.times, each.over_limit, _seconds(each.ms))
        for each in spent.pauses
    ]
    columns = ("reason", "name", "paid", "pauses", "over the limit", "seconds")
    return [*tables, Table("Pauses", columns, pauses)] if pauses else tables


def answer_tables(report: AnswersReport) -> list[Table]:
    """A table a question."""
    return [
        Table(
            f"{each.question}: answered by {written(each.answered)}",
            ("key", "leads to", "answers", "share"),
            [(answer.key, answer.leads_to, answer.count, answer.share) for answer in each.answers],
        )
        for each in report.questions
    ]


def abandonment_table(report: CampaignReport) -> Table:
    """People who answered and met nobody, against the target."""
    abandon_rate = report.figures.abandon_rate
    above = abandon_rate.value is not None and abandon_rate.value > report.abandon_rate_target
    row = (report.name, abandon_rate, f"{report.abandon_rate_target:.2%}", "above" if above else "within")
    return Table("Abandoned calls", ("campaign", "abandon rate", "target", "is"), [row])


def _time_row(name: str, figures: AgentFigures) -> tuple[Cell, ...]:
    times = (
        figures.logged_in_ms,
        figures.available_ms,
        figures.preview_ms,
        figures.talk_ms,
        figures.hold_ms,
        figures.wrap_ms,
        figures.pause_ms,
        figures.other_ms,
    )
    return (name, *(_clock(each) for each in times))


def _work_row(name: str, figures: AgentFigures) -> tuple[Cell, ...]:
    shares = tuple(
        "-" if each.value is None else f"{each.value:.1%}"
        for each in (figures.occupancy, figures.utilisation)
    )
    counts = (figures.calls_handled, figures.contacts, figures.conversions)
    return (name, *counts, *shares, _clock(figures.average_handle_time_ms.value))


def _error_cells(found: ErrorRate) -> tuple[Cell, ...]:
    share = "-" if found.value is None else f"{found.value:.2%}"
    interval = f"{found.low:.1%} to {found.high:.1%}" if found.checked else "-"
    return found.checked, found.wrong, share, interval


def _ratio(figure: Rate) -> str:
    value = "-" if figure.value is None else f"{figure.value:.2f}"
    return f"{value} ({figure.numerator:,} / {figure.denominator:,})"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}"


def _clock(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
