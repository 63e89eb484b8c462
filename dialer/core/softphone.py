"""When a softphone that was busy is called again.

A softphone goes on believing in its call when the switch has died with it, and answers the next call with
486 (busy) until it notices. So does one whose agent talks privately.
"""

_AFTER_S = (2.0, 4.0, 8.0, 16.0, 32.0)
"""A minute in all: most softphones have noticed by then that nobody sends them audio."""


def call_again_after_s(times_busy: int) -> float | None:
    """How long to wait, in seconds, after it was busy for that many times in a row, from 1 on.

    None: it is not called again by itself; the agent has to ask for it.
    """
    return _AFTER_S[times_busy - 1] if times_busy <= len(_AFTER_S) else None
