"""When a message is tried again that the other side could not take now. Pure: chance is an argument."""

from datetime import datetime, timedelta

MOST_TRIES = 8
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0
_SOFT_BOUNCE = timedelta(hours=4)
"""A mailbox that is full is not emptied within minutes."""


def next_try(tries: int, now: datetime, chance: float, wait_at_least_s: float = 0.0) -> datetime | None:
    """When to try again after `tries` that failed; None after the last.

    Waits double from half a minute to an hour, each shortened by up to half: `chance` is from 0 to 1, so that
    messages that failed together do not come back together. The other side's wish to wait longer is kept.
    """
    if tries >= MOST_TRIES:
        return None
    return now + timedelta(seconds=max(backoff_s(tries, chance), min(wait_at_least_s, LONGEST_WAIT_S)))


def backoff_s(
    failures: int, chance: float, first_s: float = FIRST_WAIT_S, most_s: float = LONGEST_WAIT_S
) -> float:
    """How long to wait after so many failures in a row, from 1 on."""
    whole: float = min(most_s, first_s * 2.0 ** min(failures - 1, 20))
    return whole * (1 - chance / 2)


def after_soft_bounce(tries: int, now: datetime) -> datetime | None:
    """When to try again a message that came back because of something that passes; None after the last."""
    return now + _SOFT_BOUNCE if tries < MOST_TRIES else None
