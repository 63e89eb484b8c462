"""Forecasts for people to read: a table, a plot in plain text, and what holds a campaign back."""

from dataclasses import dataclass
from itertools import groupby

from campaigns.reports.text import Cell, Table
from dialer.forecast import Forecasts
from dialer.simulation.estimates import Estimate

_BAR = 40


@dataclass(frozen=True)
class _Column:
    name: str
    head: str
    decimals: int = 0
    factor: float = 1.0

    def cell(self, estimate: Estimate | None) -> Cell:
        """The mean and half its interval."""
        if estimate is None:
            return None
        mean = f"{self.factor * estimate.mean:,.{self.decimals}f}"
        if estimate.high is None:
            return mean
        return f"{mean} ± {self.factor * (estimate.high - estimate.mean):,.{self.decimals}f}"


_COLUMNS = (
    _Column("utilisation", "utilisation %", 1, 100.0),
    _Column("abandon_rate", "abandoned %", 2, 100.0),
    _Column("calls", "calls"),
    _Column("answered", "answered"),
    _Column("lines_at_peak", "lines at peak"),
    _Column("contacts_per_hour", "contacts/h", 1),
    _Column("conversions_per_hour", "conversions/h", 1),
    _Column("list_done_h", "list done after h", 1),
)


def forecast_table(found: Forecasts) -> Table:
    """A row for each team size and policy; a column for each figure that the assumptions allow."""
    first = found.forecasts[0]
    columns = [each for each in _COLUMNS if getattr(first, each.name) is not None]
    rows = [
        (each.agents, each.policy, *(column.cell(getattr(each, column.name)) for column in columns))
        for each in found.forecasts
    ]
    title = f"One shift of {found.hours:g} hours"
    if first.seeds > 1:
        title = f"Means of {first.seeds} shifts of {found.hours:g} hours, with their 95 % intervals"
    return Table(title, ("agents", "policy", *(column.head for column in columns)), rows)


def plot(found: Forecasts) -> list[str]:
    """Utilisation and abandon rate over the team sizes, as lines of plain text."""
    wide = max(len(each.policy) for each in found.forecasts)
    lines = [f"{'agents':<{wide + 6}} {'utilisation':<{_BAR + 9}} abandoned"]
    for agents, group in groupby(found.forecasts, lambda each: each.agents):
        for number, each in enumerate(group):
            bar = "#" * round(_BAR * each.utilisation.mean)
            team = f"{agents:>4}" if number == 0 else "    "
            lines.append(
                f"{team} {each.policy:<{wide}} |{bar:<{_BAR}}| "
                f"{each.utilisation.mean:6.1%} {each.abandon_rate.mean:7.2%}"
            )
    return lines


def notes(found: Forecasts) -> list[str]:
    """What holds the campaign back, each with the teams and policies that it is true of."""
    whose: dict[str, list[str]] = {}
    several = len({each.policy for each in found.forecasts}) > 1
    for each in found.forecasts:
        for note in each.notes:
            who = f"{each.agents} agents, {each.policy}" if several else f"{each.agents} agents"
            whose.setdefault(note, []).append(who)
    return [f"{note} ({'; '.join(who)})" for note, who in whose.items()]
