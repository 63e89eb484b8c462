"""How many calls a trunk takes: its lines, its rate, and whether it is there. Pure; `now` is in seconds."""

from math import inf

from campaigns.core.token_bucket import TokenBucket


class TrunkRoom:
    """One trunk's capacity, as a node or its switch sees it."""

    def __init__(self, lines: int | None = None, calls_per_second: float | None = None) -> None:
        self.up: bool | None = None
        """What its keep-alive or registration says; None where nobody asks it, or it has not answered yet."""
        self._lines = lines
        self._bucket = TokenBucket(calls_per_second)

    def free(self, calls: int, now: float) -> float:
        """How many more it takes beside so many that it has; `inf` where nothing limits them."""
        if self.up is False:
            return 0
        lines = inf if self._lines is None else max(0, self._lines - calls)
        return min(lines, self._bucket.room(now))

    def taken(self, now: float) -> None:
        """A call is offered to it."""
        self._bucket.take(now)
