"""What a forecast assumes of the people who are called, of the agents and of the list."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from dialer.errors import DialerError

_MOST_LEADS = 50_000_000


class InvalidAssumptionError(DialerError):
    """An assumption is missing, unknown or out of its bounds; the message names it."""

    code = "invalid-assumption"
    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """Shares of 1 in `_rate` and `_share`, seconds in `_s`. Raises InvalidAssumptionError."""

    answer_rate: float
    """A person answers, of all calls."""
    machine_share: float = 0.0
    """A machine answers, of all calls; nobody tells until an agent hears it."""
    failed_share: float | None = None
    """Busy or failed, of all calls; None: 15 % of those that nobody answers."""
    chance_spread: float = 0.0
    """How far the leads' chances of an answer spread, over their mean; 0: nothing is known of a lead."""
    ring_mean_s: float = 9.0
    """Until a person answers."""
    talk_mean_s: float
    """Of all talks with persons, hang-ups among them."""
    hang_up_share: float = 0.3
    """Talks that the person ends within seconds, of all talks with persons."""
    machine_talk_s: float = 12.0
    wrap_mean_s: float = 12.5
    preview_mean_s: float = 20.0
    """How long agents look at a lead in preview mode; the campaign's `preview_limit_s` ends it."""
    skip_share: float = 0.0
    """Of the leads that agents look at: skipped."""
    contact_share: float | None = None
    """Contacts, of the persons who got an agent; None: contacts are not forecast."""
    conversion_share: float | None = None
    """Conversions, of the contacts."""
    leads: int | None = None
    """In the lists; None: they do not run out."""

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None:
                _within(name, value, low, high)
        if self.leads is not None and not isinstance(self.leads, int):
            raise InvalidAssumptionError(f"leads is a whole number, not {self.leads!r}.")
        if self.answer_rate + self.machine_share + (self.failed_share or 0.0) > 1 + 1e-9:
            raise InvalidAssumptionError(
                "answer_rate, machine_share and failed_share are shares of all calls; together at most 1."
            )
        if self.chance_spread**2 >= (1 - self.answer_rate) / self.answer_rate:
            most = math.sqrt((1 - self.answer_rate) / self.answer_rate)
            raise InvalidAssumptionError(
                f"chance_spread is below {most:.2f} where the answer_rate is {self.answer_rate:g}."
            )
        if self.conversion_share is not None and self.contact_share is None:
            raise InvalidAssumptionError("conversion_share is of the contacts; give contact_share, too.")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """From values by name; defaults for the rest, and for what is None."""
        values = {name: value for name, value in values.items() if value is not None}
        known = {each.name: each for each in fields(cls)}
        if unknown := sorted(str(name)[:40] for name in values if name not in known):
            names = ", ".join(sorted(known))
            raise InvalidAssumptionError(f"{unknown[0]!r} is no assumption; use {names}.")
        for name in ("answer_rate", "talk_mean_s"):
            if name not in values:
                raise InvalidAssumptionError(f"{name} is missing.")
        return cls(**values)


_BOUNDS: Mapping[str, tuple[float, float]] = {
    "answer_rate": (0.001, 0.95),
    "machine_share": (0.0, 0.95),
    "failed_share": (0.0, 0.95),
    "chance_spread": (0.0, 10.0),
    "ring_mean_s": (2.0, 25.0),
    "talk_mean_s": (1.0, 7200.0),
    "hang_up_share": (0.0, 0.9),
    "machine_talk_s": (1.0, 600.0),
    "wrap_mean_s": (0.0, 3600.0),
    "preview_mean_s": (0.5, 3600.0),
    "skip_share": (0.0, 0.95),
    "contact_share": (0.0, 1.0),
    "conversion_share": (0.0, 1.0),
    "leads": (1, _MOST_LEADS),
}


def _within(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # not a number
        raise InvalidAssumptionError(f"{name} is a number from {low:g} to {high:g}, not {str(value)[:40]!r}.")
    if not low <= value <= high:
        raise InvalidAssumptionError(f"{name} is from {low:g} to {high:g}, not {str(value)[:40]}.")
