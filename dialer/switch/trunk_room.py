"""Whether a trunk takes a call that another has failed. Pure; `now` is monotonic seconds."""

from dialer.core.token_bucket import TokenBucket


class TrunkRoom:
    """One trunk's lines, rate and reachability, as the switch sees them."""

    def __init__(self, lines: int | None = None, calls_per_second: float | None = None) -> None:
        self.up = True
        """What its keep-alive or registration says."""
        self._lines = lines
        self._bucket = TokenBucket(calls_per_second)

    def takes_another(self, calls: int, now: float) -> bool:
        """Whether it takes a call beside so many that it has."""
        free = self._lines is None or calls < self._lines
        return self.up and free and self._bucket.room(now) >= 1

    def taken(self, now: float) -> None:
        """A call is offered to it."""
        self._bucket.take(now)
