"""A token bucket: so many calls or messages a second, on average, with a little burst.

Pure; `now` is in seconds.
"""

from math import inf

_BURST_S = 0.3
"""A bucket holds what it gains in so long, and one call: it is asked four times a second, and no second
brings more than 1.3 times the rate and one."""


class TokenBucket:
    """How many calls may be placed, or messages sent, now."""

    def __init__(self, rate: float | None) -> None:
        """`rate`: how many a second; None: any number."""
        self._rate = rate
        self._most = inf if rate is None else 1.0 + rate * _BURST_S
        self._tokens = self._most
        self._counted_at = inf

    def room(self, now: float) -> float:
        """How many; `inf` without a rate."""
        self._fill(now)
        return self._tokens if self._rate is None else max(0, int(self._tokens))

    def take(self, now: float) -> None:
        """One is placed, whether or not there was room."""
        self._fill(now)
        self._tokens -= 1

    def _fill(self, now: float) -> None:
        if self._rate is not None:
            gained = self._rate * max(0.0, now - self._counted_at)
            self._tokens = min(self._most, self._tokens + gained)
            self._counted_at = now
