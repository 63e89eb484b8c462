"""When a softphone that was busy is called again.

A softphone goes on believing in its call when the switch has died with it, and answers the next call with
486 (busy) until it notices. So does one whose agent talks privately.
"""

_AFTER_S = (2.0, 4.0, 8.0, 16.0)
"""Most softphones have noticed within half a minute that nobody sends them audio."""
_THEN_EVERY_S = 30.0
"""A call that meets 486 rings nowhere: it disturbs nobody, however long the agent's shift goes on."""


def call_again_after_s(times_busy: int) -> float:
    """How long to wait, in seconds, after it was busy for that many times in a row, from 1 on."""
    return _AFTER_S[times_busy - 1] if times_busy <= len(_AFTER_S) else _THEN_EVERY_S
