"""How likely people are to answer: a slow average, and a fast one that takes over when things change.

A run of calls that nobody answers, too long for what is known, is no low answer rate but an outage. Whoever
learned from it would have hundreds of calls ring when people are back, so that it teaches nothing.
"""

import math

SLOW_FORGETS = 0.0007
_FAST_FORGETS = 0.005
_PARTED = 3.5
"""Standard deviations by which the averages have to differ until the fast one takes over."""

_FEWEST_ANSWERS = 1.0
_LEAST_LIKELY = 1e-4
"""A run of calls without an answer that had a smaller chance than this is an outage."""


class _Average:
    """Answers over what was expected of the calls, older ones weighing less."""

    def __init__(self, forgets: float, presumed: float, weight: float) -> None:
        self._keeps = 1 - forgets
        self.answers = presumed * weight
        self.expected = self.squares = self.count = weight

    def observe(self, expected: float, *, answered: bool) -> None:
        self.answers = self.answers * self._keeps + answered
        self.expected = self.expected * self._keeps + expected
        self.squares = self.squares * self._keeps**2 + expected**2
        self.count = self.count * self._keeps + 1

    @property
    def value(self) -> float:
        return self.answers / self.expected

    @property
    def rests_on(self) -> float:
        """How many outcomes of equal weight would be worth as much."""
        return self.expected**2 / self.squares

    def follow(self, other: "_Average") -> None:
        self.answers, self.expected = other.answers, other.expected
        self.squares, self.count = other.squares, other.count


class AnswerRate:
    """Answers by persons over the answers that were expected."""

    def __init__(self, presumed: float, weight: float) -> None:
        """`weight`: how many expected answers the presumed rate counts for."""
        self._slow = _Average(SLOW_FORGETS, presumed, weight)
        self._fast = _Average(_FAST_FORGETS, presumed, weight)
        self._answered_last = (self.value, self.doubt)
        self._unanswered = 0.0

    @property
    def value(self) -> float:
        """The rate now."""
        return self._slow.value

    @property
    def doubt(self) -> float:
        """The variance of what the rate may be over its square: 1 / answers, as with all rare events."""
        slow = self._slow
        return 1 / max(slow.value * slow.expected / slow.count * slow.rests_on, _FEWEST_ANSWERS)

    @property
    def is_out(self) -> bool:
        """Whether nobody has answered for so long that it tells of an outage, and not of people.

        Of calls on which m answers were expected at a rate of the relative variance d none is answered with
        the chance (1 + d m)^(-1 / d) (Poisson counts whose mean has a gamma law).
        """
        rate, doubt = self._answered_last
        return math.log1p(doubt * rate * self._unanswered) / doubt > -math.log(_LEAST_LIKELY)

    def observe(self, expected: float, *, answered: bool) -> None:
        """What became of a call. `expected`: its lead's score, or 1 where the rate is that of all calls."""
        if answered or not self.is_out:
            self._learn(expected, answered=answered)
        if answered:
            self._answered_last, self._unanswered = (self.value, self.doubt), 0.0
        else:
            self._unanswered += expected

    def _learn(self, expected: float, *, answered: bool) -> None:
        slow, fast = self._slow, self._fast
        slow.observe(expected, answered=answered)
        fast.observe(expected, answered=answered)
        mean_expected = slow.expected / slow.count
        chance = min(0.9, max(0.01, slow.value * mean_expected))
        deviation = math.sqrt(chance * (1 - chance) / fast.rests_on) / mean_expected
        if abs(fast.value - slow.value) > _PARTED * deviation:
            slow.follow(fast)
