"""One rule of when a lead is called again: after how long, how often, at another time of day, elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from campaigns.errors import InvalidRetryRulesError

_LONGEST_S = 366 * 24 * 3600.0
NEVER_AGAIN = "never"
"""As null in a TOML file, which knows none."""

PARTS_OF_DAY = (0, 12, 17)
"""The hours at which morning, afternoon and evening begin, on the callee's clock."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Call again `delay_s` seconds later (None: never), up to `max_attempts` attempts of the lead in all.

    `other_time`: not in the part of the day in which the lead was called last. `next_phone`: at another of
    the lead's numbers, where it has one.
    """

    delay_s: float | None
    max_attempts: int | None = None
    other_time: bool = False
    next_phone: bool = False

    @classmethod
    def parse(cls, value: object, place: str) -> Self:
        """From {"delay_s": 600, "max_attempts": 3, "other_time": true, "next_phone": true}.

        A `delay_s` of null or "never" is final. Raises InvalidRetryRulesError, which begins with the place.
        """
        known = {each.name for each in fields(cls)}
        if not isinstance(value, Mapping) or "delay_s" not in value or value.keys() - known:
            raise InvalidRetryRulesError(
                f'{place}: a rule is {{"delay_s": seconds, "max_attempts": number}}; other_time and '
                "next_phone may be true besides."
            )
        delay, most = value["delay_s"], value.get("max_attempts")
        delay = None if delay == NEVER_AGAIN else delay
        if delay is not None and not (_is_number(delay) and 1 <= delay <= _LONGEST_S):
            raise InvalidRetryRulesError(f"{place}: delay_s is from 1 to {_LONGEST_S:.0f} (a year), or null.")
        if most is not None and not (isinstance(most, int) and _is_number(most) and most >= 1):
            raise InvalidRetryRulesError(f"{place}: max_attempts is a whole number from 1 on, or null.")
        flags = {name: value.get(name, False) for name in ("other_time", "next_phone")}
        if wrong := sorted(name for name, flag in flags.items() if not isinstance(flag, bool)):
            raise InvalidRetryRulesError(f"{place}: {wrong[0]} is true or false.")
        return cls(None if delay is None else float(delay), most, **flags)

    def to_json(self) -> dict[str, Any]:
        """The form that `parse` reads; what is not asked for is left out."""
        asked = {name: True for name in ("other_time", "next_phone") if getattr(self, name)}
        return {"delay_s": self.delay_s, "max_attempts": self.max_attempts} | asked


def at_another_time(at: datetime, last_hour: int, zone: str) -> datetime:
    """The first instant from `at` on that is in another part of the callee's day than `last_hour` was."""
    local = at.astimezone(ZoneInfo(zone))
    if part_of_day(local.hour) != part_of_day(last_hour):
        return at
    later = [hour for hour in PARTS_OF_DAY if hour > local.hour]
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = day.replace(hour=later[0]) if later else day + timedelta(days=1)
    return begins.astimezone(at.tzinfo)


def part_of_day(hour: int) -> int:
    """0 for the morning, 1 for the afternoon, 2 for the evening."""
    return sum(hour >= begins for begins in PARTS_OF_DAY) - 1


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
