"""The chance that somebody who answers will find no agent, looking half a minute ahead.

D(s) is the number of agents who are free s seconds from now, less the people who have answered by then: a
sum of independent yes-or-no terms of unequal chances. Its law is approximated by the normal law with the
first Edgeworth term for skewness and a continuity correction of one half (the refined normal
approximation in Hong, Computational Statistics & Data Analysis 59, 2013). All chances of an answer may be off
together, by as much as the answer rate is in doubt: that adds its variance (the law of total variance).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Moments = tuple[Array, Array, Array]
"""Mean, variance and third cumulant of a number, each 0, 1, ... seconds ahead."""

_LEAST_VARIANCE = 1e-6
_SIXTH_OF_DENSITY = 1 / (6 * math.sqrt(2 * math.pi))
_TANH_1, _TANH_3 = math.sqrt(2 / math.pi), 0.044715 * math.sqrt(2 / math.pi)
"""The normal law is (1 + tanh(a z + b z^3)) / 2, to within 0.0004 (Page, Applied Statistics 26, 1977)."""
_AT_ONCE = 8
_STEPS = np.arange(1, _AT_ONCE + 1)
_POWERS = np.array((1, 2, 3))


def chance_of_none(mean: Array, variance: Array, third: Array) -> Array:
    """The chance that D(s) <= 0; times are the last axis."""
    per_deviation = 1 / np.sqrt(variance + _LEAST_VARIANCE)
    z = (0.5 - mean) * per_deviation
    square = z * z
    skew = third * per_deviation**3
    found = 0.5 + 0.5 * np.tanh(z * (_TANH_1 + _TANH_3 * square))
    found -= skew * (square - 1) * np.exp(-0.5 * square) * _SIXTH_OF_DENSITY
    return np.asarray(np.minimum(np.maximum(found, 0.0), 1.0))


class AnswerTimes:
    """When people answer a call that is placed now, if they do."""

    def __init__(self, answered_by: Array) -> None:
        """`answered_by`: the share of them who have answered by 0, 1, ... seconds."""
        self.answered_by = answered_by
        self.density = np.diff(answered_by, prepend=0.0)
        self.squares = answered_by**2
        self.cubes = answered_by**3


class NewCalls:
    """The calls that may be placed, by the chances that their leads answer."""

    def __init__(self, upcoming: Array, beyond: float) -> None:
        """`upcoming`: of the next leads, in order; `beyond`: of all others."""
        self._beyond = beyond
        self._sums = np.zeros((len(upcoming) + 1, 3))
        np.cumsum(upcoming[:, None] ** _POWERS, axis=0, out=self._sums[1:])

    def sums(self, calls: NDArray[np.int64]) -> Array:
        """Of the first calls' chances, of their squares and of their cubes (numbers of calls, 3)."""
        known = np.minimum(calls, len(self._sums) - 1)
        return np.asarray(self._sums[known] + (calls - known)[:, None] * self._beyond**_POWERS)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next half minute as it would pass if no more calls were placed."""

    moments: Moments
    """Of D(s)."""
    answers: AnswerTimes
    expected: Array
    """How many of the calls that ring will be answered by then."""
    doubt: float = 0.0
    """The variance of what all chances of an answer may be off by together, over their square."""

    def risk(self) -> float:
        """The chance that the person whom one more call reached, when they answer it, would meet nobody."""
        mean, variance, third = self.moments
        doubted = variance + self.doubt * self.expected**2
        return float(chance_of_none(mean, doubted, third) @ self.answers.density)

    def risks_after(self, new: NewCalls, calls: NDArray[np.int64]) -> Array:
        """The same for the call that follows on each of these numbers of new calls."""
        first, second, third = new.sums(calls).T[:, :, None]
        mean = first * self.answers.answered_by
        square = second * self.answers.squares
        skewed = mean - 3 * square + 2 * third * self.answers.cubes
        mean_now, variance_now, third_now = self.moments
        doubted = variance_now + mean - square + self.doubt * (self.expected + mean) ** 2
        chances = chance_of_none(mean_now - mean, doubted, third_now - skewed)
        return np.asarray(chances @ self.answers.density)

    def calls_at(self, price: float, new: NewCalls, most: int) -> int:
        """The most calls of which the last has no more risk than the price, the first being worth it.

        More calls never lessen the risk, so that it looks at eight numbers at a time, further and further
        apart, and then ever closer.
        """
        placed, step = 1, 1
        while True:
            worth = int(np.searchsorted(self.risks_after(new, placed - 1 + step * _STEPS), price, "right"))
            placed += step * worth
            if worth == _AT_ONCE and placed < most:
                step *= _AT_ONCE
            elif step == 1 or placed >= most:
                return min(placed, most)
            else:
                step //= _AT_ONCE
