"""The hours in which a person likes to be called, within a campaign's callable times."""

import re
from functools import lru_cache

from campaigns.core.calling_window import CallableTimes

_DAY = 24 * 60
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


@lru_cache(maxsize=1024)
def best_times(times: CallableTimes, best_time: str) -> CallableTimes | None:
    """The callable times that are within `best_time` (local hours of any day, as in 17:00-20:00).

    Hours that go past midnight are those before and after it. None where nothing is within, or where the text
    is no such hours.
    """
    liked = _windows(best_time)
    shared = sorted(
        (max(opens, day + start), min(closes, day + end))
        for opens, closes in times.windows
        for day in range(0, 7 * _DAY, _DAY)
        for start, end in liked
        if max(opens, day + start) < min(closes, day + end)
    )
    return CallableTimes(tuple(shared)) if shared else None


def _windows(best_time: str) -> list[tuple[int, int]]:
    """Minutes of the day from and to, the end excluded."""
    found = _HOURS.fullmatch(best_time)
    if found is None:
        return []
    start = int(found[1]) * 60 + int(found[2])
    end = int(found[3]) * 60 + int(found[4])
    if max(start, end) > _DAY:
        return []
    return [(start, end)] if start < end else [(0, end), (start, _DAY)]
