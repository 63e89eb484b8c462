"""What a client asks of all its campaigns, beyond the laws and beyond what each campaign asks for itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from campaigns.core.calendar import ALWAYS
from campaigns.core.calling_window import CallableTimes
from campaigns.core.campaign import LONGEST_GAP_S, MOST_ATTEMPTS_A_DAY
from campaigns.errors import InvalidLimitError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """Hours and caps that hold together with each campaign's own. Raises InvalidLimitError."""

    callable_times: CallableTimes = ALWAYS
    """On the callee's clock."""
    most_attempts_a_day: int | None = None
    """To one person, by all campaigns together, on the callee's own days; None for no cap."""
    least_gap_s: float = 0.0
    """Between two attempts to one person, by whichever campaigns."""

    def __post_init__(self) -> None:
        most, gap = self.most_attempts_a_day, self.least_gap_s
        if most is not None and not (type(most) is int and 1 <= most <= MOST_ATTEMPTS_A_DAY):
            raise InvalidLimitError(f"most_attempts_a_day is a whole number from 1 to {MOST_ATTEMPTS_A_DAY}.")
        if type(gap) not in (int, float) or not (math.isfinite(gap) and 0 <= gap <= LONGEST_GAP_S):
            raise InvalidLimitError(f"least_gap_s is a number of seconds from 0 to {LONGEST_GAP_S:.0f}.")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Limits from JSON values by field name; what is left out or null limits nothing.

        Raises InvalidLimitError and InvalidCallableTimesError.
        """
        known = {each.name for each in fields(cls)}
        unknown = sorted(str(name)[:40] for name in values if name not in known)
        if unknown:
            raise InvalidLimitError(f"{unknown[0]!r} is no limit; use {', '.join(sorted(known))}.")
        given = {name: value for name, value in values.items() if value is not None}
        if "callable_times" in given:
            given["callable_times"] = CallableTimes.parse(given["callable_times"])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads, with every field; null where nothing is limited."""
        times = self.callable_times
        return {
            "callable_times": None if times == ALWAYS else times.to_json(),
            "most_attempts_a_day": self.most_attempts_a_day,
            "least_gap_s": self.least_gap_s,
        }


NO_LIMITS = ClientLimits()
