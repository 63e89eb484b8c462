"""Whether a trunk is there, told by OPTIONS now and then. Pure; `now` is monotonic seconds."""

from math import inf

ANSWER_WITHIN_S = 4.0
_MISSES = 2
"""So many in a row, and the trunk is taken for gone; a single one may be a lost packet."""
_NOT_WELL = frozenset({408, 503})
"""No answer came, or its server says that it takes no calls; any other answer shows that it is there."""


class KeepAlive:
    """The questions to one trunk, and what its answers say."""

    def __init__(self, every_s: float) -> None:
        """`every_s` 0: nothing is asked."""
        self.up: bool | None = None
        """None until anything is known."""
        self._every_s = every_s
        self._ask_at = 0.0 if every_s else inf
        self._answer_by = inf
        self._missed = 0

    def is_due(self, now: float) -> bool:
        """Whether to ask now. A question that has had no answer in time counts as missed."""
        if now >= self._answer_by:
            self._miss()
        if now < self._ask_at:
            return False
        self._ask_at = now + self._every_s
        self._answer_by = now + min(ANSWER_WITHIN_S, self._every_s)
        return True

    def answered(self, status: int) -> None:
        """The trunk's answer to the latest question, which may come late or twice."""
        if status in _NOT_WELL:
            if self._answer_by != inf:
                self._miss()
            return
        self.up, self._missed, self._answer_by = True, 0, inf

    def _miss(self) -> None:
        self._answer_by = inf
        self._missed += 1
        if self._missed >= _MISSES:
            self.up = False
