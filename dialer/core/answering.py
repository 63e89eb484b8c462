"""Which of the calls that ring will be answered, and when: learned from calls in the order of their dialing.

Busy numbers are known first and calls that ring out last. Whoever counts outcomes as they come sees too many
of the former after each change; here an outcome counts once those of all calls dialed before it are known.
"""

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from dialer.core.answer_rate import SLOW_FORGETS, AnswerRate
from dialer.core.lookahead import AnswerTimes, Array, Moments

_REBUILT_AFTER = 20
_MOST_CHANCE = 0.95
_PRESUMED_FACTOR, _FACTOR_WEIGHT = 1.5, 5.0
"""Scores are taken for too low until people have answered."""
_PRESUMED_RINGS = 5.0
_USUAL_RING_S = 9.0


class RingTimes:
    """The law of how long phones ring, in bins of a second, from a weak presumption on."""

    def __init__(self, presumed: Array) -> None:
        self._counts = presumed / presumed.sum() * _PRESUMED_RINGS
        self._middles_s = np.arange(len(presumed)) + 0.5

    def observe(self, rang_s: float) -> None:
        """A phone rang so long."""
        self._counts[min(int(rang_s), len(self._counts) - 1)] += 1

    def forget(self, kept: float) -> None:
        """Lets all that was learned so far weigh less."""
        self._counts *= kept

    def over_by(self) -> Array:
        """The share that is over by 0, 1, ... seconds."""
        return np.concatenate(([0.0], np.cumsum(self._counts) / self._counts.sum()))

    def mean_s(self) -> float:
        """The mean."""
        return float(self._counts @ self._middles_s / self._counts.sum())


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`score`: NaN where there was none. `answered` None: nobody knows."""

    score: float
    rang_s: float
    answered: bool | None


class Answering:
    """Learns who answers and when, and looks ahead at the calls that ring."""

    def __init__(self, ring_timeout_s: float, presumed_rate: float, weight: float) -> None:
        """`weight`: how many calls the presumed answer rate counts for."""
        self.seconds = math.ceil(ring_timeout_s) + 3
        """It looks 0, 1, ... so many seconds ahead."""
        self.rate = AnswerRate(presumed_rate, weight)
        self._of_score = AnswerRate(_PRESUMED_FACTOR, _FACTOR_WEIGHT)
        times = np.arange(self.seconds) + 0.5
        soon = times * np.exp(-2 * times / _USUAL_RING_S)
        self.answer_times = RingTimes(np.where(times < ring_timeout_s, soon, 0.0))
        self._other_times = RingTimes(np.where(times > ring_timeout_s - 1, 1.0, 0.01))
        self._placed_at: dict[Hashable, float] = {}
        self._scores: dict[Hashable, float] = {}
        self._scored = False
        self._order: deque[Hashable] = deque()
        self._outcomes: dict[Hashable, _Outcome] = {}
        self._since_built = 0
        self._build()

    def placed(self, call: Hashable, at: float, score: float | None) -> None:
        """A call rings; `score`: the lead's chance of an answer as somebody sees it."""
        if call not in self._placed_at and call not in self._outcomes:
            self._placed_at[call] = at
            self._scores[call] = math.nan if score is None else score
            self._scored = score is not None
            self._order.append(call)

    def ended(self, call: Hashable, rang_s: float, *, answered: bool | None) -> None:
        """Its phone rings no more. `answered` by a person; None: nobody knows."""
        if self._placed_at.pop(call, None) is None:
            return
        self._outcomes[call] = _Outcome(self._scores.pop(call), rang_s, answered)
        while self._order and self._order[0] in self._outcomes:
            self._learn(self._outcomes.pop(self._order.popleft()))

    def chances(self, scores: Array) -> Array:
        """Of an answer to each lead: its score by what scores turned out to be worth, or that of all calls.

        A score of NaN is none.
        """
        found = scores * self._of_score.value
        found = np.where(np.isnan(found), self.rate.value, found)
        return np.asarray(np.minimum(np.maximum(found, 0.0), _MOST_CHANCE))

    @property
    def doubt(self) -> float:
        """The variance of what all chances together may be off by, over their square."""
        return self._latest_rate.doubt

    @property
    def is_out(self) -> bool:
        """Whether nobody has answered for so long that it tells of an outage, and not of people."""
        return self._latest_rate.is_out

    @property
    def _latest_rate(self) -> AnswerRate:
        return self._of_score if self._scored else self.rate

    def moments(self, now: float) -> Moments:
        """Of the number of people who will answer the calls that ring now.

        A call that has been ringing for a seconds is answered within s more with the chance
        p (F(a + s) - F(a)) / (p (1 - F(a)) + (1 - p) (1 - N(a))), where F is the law of the times of answers
        and N that of all other ends.
        """
        ringing = len(self._placed_at)
        rung_s = now + 0.5 - np.fromiter(self._placed_at.values(), float, ringing)
        chance = self.chances(np.fromiter(self._scores.values(), float, ringing))
        size = self.seconds + 1
        bins = np.minimum(np.maximum(rung_s, 0.0), self.seconds).astype(np.int64)
        alone = (1 - chance) * self._otherwise_later[bins]
        weights = chance / (chance * self._answered_later[bins] + alone + 1e-9)
        squares = weights * weights
        first = np.bincount(bins, weights, size) @ self._within
        second = np.bincount(bins, squares, size) @ self._within_squared
        third = np.bincount(bins, squares * weights, size) @ self._within_cubed
        return first, first - second, first - 3 * second + 2 * third

    def _learn(self, outcome: _Outcome) -> None:
        if outcome.answered is None:
            return
        self.rate.observe(1.0, answered=outcome.answered)
        if outcome.score > 0:
            self._of_score.observe(outcome.score, answered=outcome.answered)
        (self.answer_times if outcome.answered else self._other_times).observe(outcome.rang_s)
        self._since_built += 1
        if self._since_built >= _REBUILT_AFTER:
            self._build()

    def _build(self) -> None:
        kept = (1 - SLOW_FORGETS) ** self._since_built
        self._since_built = 0
        self.answer_times.forget(kept)
        self._other_times.forget(kept)
        answered_by = self.answer_times.over_by()
        self.new_call = AnswerTimes(answered_by)
        self._answered_later = 1 - answered_by
        self._otherwise_later = 1 - self._other_times.over_by()
        seconds = np.arange(self.seconds + 1)
        until = np.minimum(seconds[:, None] + seconds, self.seconds)
        self._within = answered_by[until] - answered_by[:, None]
        self._within_squared = self._within**2
        self._within_cubed = self._within**3
