"""Forecasts for people to read: a table, a plot in plain text, and what holds a campaign back."""

from dataclasses import dataclass
from itertools import groupby

from campaigns.reports.text import Cell, Table
from dialer.forecast import Forecasts
from dialer.simulation.estimates import Estimate
from dialer.simulation.forecasting import Forecast

_BAR = 40


@dataclass(frozen=True)
class _Column:
    name: str
    head: str
    decimals: int = 0
    factor: float = 1.0

    def cell(self, forecast: Forecast) -> Cell:
        """The mean and half its interval, and of how many shifts, where it is not of all."""
        estimate: Estimate | None = getattr(forecast, self.name)
        if estimate is None:
            return None
        text = f"{self.factor * estimate.mean:,.{self.decimals}f}"
        if estimate.high is not None:
            text += f" ± {self.factor * (estimate.high - estimate.mean):,.{self.decimals}f}"
        return (
            text if estimate.shifts == forecast.seeds else f"{text} ({estimate.shifts} of {forecast.seeds})"
        )


_COLUMNS = (
    _Column("utilisation", "utilisation %", 1, 100.0),
    _Column("abandon_rate", "abandoned %", 2, 100.0),
    _Column("calls", "calls"),
    _Column("answered", "answered"),
    _Column("lines_at_peak", "lines at peak"),
    _Column("contacts_per_hour", "contacts/h", 1),
    _Column("conversions_per_hour", "conversions/h", 1),
    _Column("out_of_leads_h", "first out of leads h", 2),
    _Column("worked_through_h", "list worked through h", 1),
)


def forecast_table(found: Forecasts) -> Table:
    """A row for each team size and policy; a column for each figure that the assumptions allow."""
    first = found.forecasts[0]
    columns = [column for column in _COLUMNS if any(getattr(each, column.name) for each in found.forecasts)]
    rows = [
        (each.agents, each.policy, *(column.cell(each) for column in columns)) for each in found.forecasts
    ]
    title = f"One shift of {found.hours:g} hours"
    if first.seeds > 1:
        title = f"Means of {first.seeds} shifts of {found.hours:g} hours, with their 95 % intervals"
    return Table(title, ("agents", "policy", *(column.head for column in columns)), rows)


def plot(found: Forecasts) -> list[str]:
    """Utilisation, abandon rate and the list's hours over the team sizes, as lines of plain text."""
    wide = max(len(each.policy) for each in found.forecasts)
    has_list = any(each.worked_through_h for each in found.forecasts)
    worked_head = "  list worked through" if has_list else ""
    lines = [f"{'agents':<{wide + 6}} {'utilisation':<{_BAR + 9}} abandoned{worked_head}"]
    for agents, group in groupby(found.forecasts, lambda each: each.agents):
        for number, each in enumerate(group):
            bar = "#" * round(_BAR * each.utilisation.mean)
            worked = f"  {each.worked_through_h.mean:,.1f} h" if each.worked_through_h else ""
            team = f"{agents:>4}" if number == 0 else "    "
            lines.append(
                f"{team} {each.policy:<{wide}} |{bar:<{_BAR}}| "
                f"{each.utilisation.mean:6.1%} {each.abandon_rate.mean:7.2%}{worked}"
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
