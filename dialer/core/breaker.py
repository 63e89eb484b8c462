"""A circuit breaker: a trunk that fails call after call gets none, but for one now and then to see.

Pure; `now` is in seconds. It opens when calls fail in a row, or half of the latest do; it closes when a
call that is let through shows that what had failed works again.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum

_IN_A_ROW = {"setup": 5, "audio": 3}
_LATEST = 20
_BAD_SHARE = 0.5
FIRST_WAIT_S = 10.0
LONGEST_WAIT_S = 300.0
_ANY = 1_000_000


class Fault(StrEnum):
    """What fails: to place a call, or its audio once it is answered."""

    SETUP = "setup"
    AUDIO = "audio"


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    """All of them."""
    OPEN = "open"
    """None, for a while."""
    PROBING = "probing"
    """One at a time, to see."""


@dataclass(slots=True)
class _Record:
    in_a_row: int = 0
    latest: deque[bool] = field(default_factory=lambda: deque(maxlen=_LATEST))
    """Whether each failed."""

    def add(self, *, failed: bool) -> None:
        self.in_a_row = self.in_a_row + 1 if failed else 0
        self.latest.append(failed)

    def is_bad(self, fault: Fault) -> bool:
        many = len(self.latest) == _LATEST and sum(self.latest) >= _BAD_SHARE * _LATEST
        return self.in_a_row >= _IN_A_ROW[fault] or many


class Breaker:
    """The health of one trunk, learned from its calls."""

    def __init__(self) -> None:
        self.reason = ""
        """Why it opened last."""
        self._records = {fault: _Record() for fault in Fault}
        self._open_for: Fault | None = None
        self._until = 0.0
        self._wait_s = FIRST_WAIT_S
        self._probe: Hashable | None = None

    def state(self, now: float) -> BreakerState:
        """Where it stands."""
        if self._open_for is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._until else BreakerState.PROBING

    def waits_s(self, now: float) -> float:
        """Until a call is let through again; 0 where one is now."""
        return max(0.0, self._until - now) if self._open_for is not None else 0.0

    def allows(self, now: float) -> int:
        """How many calls it lets through now."""
        match self.state(now):
            case BreakerState.CLOSED:
                return _ANY
            case BreakerState.OPEN:
                return 0
            case BreakerState.PROBING:
                return int(self._probe is None)

    def tried(self, call: Hashable, now: float) -> None:
        """A call goes through."""
        if self.state(now) == BreakerState.PROBING and self._probe is None:
            self._probe = call

    def failed(self, call: Hashable, fault: Fault, now: float, why: str) -> None:
        """The call met the fault; `why` is for people."""
        record = self._records[fault]
        record.add(failed=True)
        if self._open_for is None:
            if record.is_bad(fault):
                self._open(fault, now, why, FIRST_WAIT_S)
        elif call == self._probe:
            self._open(fault, now, why, min(LONGEST_WAIT_S, 2 * self._wait_s))

    def worked(self, call: Hashable, fault: Fault) -> None:
        """The call shows that the fault is not met."""
        if self._open_for is None:
            self._records[fault].add(failed=False)
        elif call == self._probe and fault == self._open_for:
            self._close()

    def forget(self, call: Hashable) -> None:
        """Nobody knows how the call went."""
        if call == self._probe:
            self._probe = None

    def _open(self, fault: Fault, now: float, why: str, wait_s: float) -> None:
        self._open_for, self.reason = fault, why
        self._wait_s, self._until = wait_s, now + wait_s
        self._probe = None

    def _close(self) -> None:
        self._open_for, self.reason, self._probe = None, "", None
        self._records = {fault: _Record() for fault in Fault}
