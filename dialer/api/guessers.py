"""Who has come with what opens nothing, to an address that is a secret."""

import time

from fastapi.responses import JSONResponse

from campaigns.core.token_bucket import TokenBucket
from dialer.api.problems import problem

_GUESSES_PER_S = 1.0
_MOST_ADDRESSES = 10_000


class Guessers:
    """Guesses by address: so many a second, and no more. One for each service."""

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBucket] = {}

    def may_go_on(self, address: str) -> bool:
        """Whether the address has not guessed too often."""
        bucket = self._buckets.get(address)
        return bucket is None or bucket.room(time.monotonic()) >= 1

    def guessed(self, address: str) -> None:
        """It was wrong."""
        if len(self._buckets) >= _MOST_ADDRESSES:
            self._buckets.clear()
        self._buckets.setdefault(address, TokenBucket(_GUESSES_PER_S)).take(time.monotonic())


def too_many_guesses() -> JSONResponse:
    """What somebody is told who has guessed too often."""
    refusal = problem(429, "too-many-guesses", "Too much from this address is unknown here; wait a while.")
    refusal.headers["Retry-After"] = "2"
    return refusal
