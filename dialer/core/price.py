"""What a call may risk: the price that holds the share of abandoned people at what the budget allows.

The price follows what happens: it rises a little with each person who answers and falls with each who is
abandoned, so that it settles where the share is the allowed one (stochastic approximation, Robbins and
Monro, Annals of Mathematical Statistics 22, 1951).
"""

import math

from dialer.core.pacing_events import BudgetLooked

_STEP = 0.1
_FIRST = 0.8
_LEAST_RATE, _MOST_RATE = 0.05, 3.0
_LEAST, _MOST = 0.001, 0.1
_RESERVE = 1.5
"""People: a budget spent to the last of them would be overdrawn half of the time."""
_UNDER_THE_TARGET = 0.0002
_PACE_S = 1800.0
"""Over how long the pace of answers is taken."""
_LONGEST_SHIFT_S = 12 * 3600.0
"""An end that is further off than this is as good as not known."""
_FEWEST_TO_COME, _MOST_TO_COME, _TO_COME_SHARE = 100.0, 2000.0, 0.2
"""Where the end is not known the target is to hold at any time: what has strayed from it is made good over as
many answers as there were, times this share."""
_DEVIATIONS = 2.0
"""So far under the target it is held then: abandoned people who come by chance at a rate r for each answer,
and are made good over n answers, stray from their number by sqrt(r n / 2) (an Ornstein-Uhlenbeck process)."""
_PRESUMED_ANSWERS = 200.0
"""So many people will answer until such an end, at least."""
_DOUBT = 2.0
"""Standard deviations by which fewer people than expected may answer until the end."""


class Price:
    """The people who answered and those who were abandoned, what the target leaves of them, and the price."""

    def __init__(self, target: float, ends_at: float | None) -> None:
        """`ends_at`: when the period ends that `target` holds for; None: not known."""
        self.answered = 0
        self.abandoned = 0
        self._per_rate = _FIRST
        self.target = target
        """The share of the people who answer that may be abandoned: the campaign's, or the law's if less."""
        self._own_target = target
        self._ends_at = ends_at
        self._looked: BudgetLooked | None = None
        self._began_at: float | None = None
        self._last_at = 0.0
        self._recent = 0.0

    @property
    def budget_left(self) -> float:
        """How many more people could be abandoned if nobody else answered; below 0 the target is broken."""
        return self.target * self.answered - self.abandoned

    @property
    def looked(self) -> BudgetLooked | None:
        """What was last known of the legal period."""
        return self._looked

    def value(self, now: float) -> float:
        """The risk of an abandoned person that one call may run."""
        return min(max(self._per_rate * self.allowed_rate(now), _LEAST), _MOST)

    def begin(self, at: float) -> None:
        """Somebody is at work from now on."""
        if self._began_at is None:
            self._began_at = self._last_at = at

    def budget_looked(self, budget: BudgetLooked) -> None:
        """What the law allows, and leaves of its period."""
        self._looked = budget
        self.target = min(self._own_target, budget.most_rate)

    def person_answered(self, at: float) -> None:
        """Somebody answered."""
        self.begin(at)
        self.answered += 1
        self._recent = self._recent * self._kept(at) + 1
        self._last_at = max(at, self._last_at)
        self._move(_STEP * self.allowed_rate(at))

    def person_abandoned(self) -> None:
        """Somebody who had answered met nobody."""
        self.abandoned += 1
        self._move(-_STEP)

    def person_disowned(self, at: float, *, was_abandoned: bool) -> None:
        """Who had answered, and maybe met nobody, was no person."""
        self.answered -= 1
        if was_abandoned:
            self.abandoned -= 1
            self._move(_STEP)
        self._recent = max(0.0, self._recent - 1)
        self._move(-_STEP * self.allowed_rate(at))

    def allowed_rate(self, now: float) -> float:
        """Of the people who answer from now on, the share who may be abandoned."""
        goal = max(0.0, self.target - _UNDER_THE_TARGET)
        to_come = self._to_come(now)
        known = self._end_is_known(now)
        reserve = _RESERVE if known else _DEVIATIONS * math.sqrt(goal * to_come / 2)
        left = goal * (self.answered + to_come) - reserve - self.abandoned
        return min(max(left / to_come, 0.05 * goal), 2 * goal)

    def is_spent(self, now: float) -> bool:
        """Whether one more abandoned person would break the target, by this shift's own counts."""
        return self.abandoned + 1 > self.target * self._answers_at_end(now)

    def _answers_at_end(self, now: float) -> float:
        if self._end_is_known(now):
            to_come = self._to_come(now)
            return self.answered + to_come - _DOUBT * math.sqrt(to_come)
        return max(self.answered, _PRESUMED_ANSWERS)

    def _to_come(self, now: float) -> float:
        """How many people will answer until the end as it goes."""
        if self._began_at is None or self._ends_at is None or not self._end_is_known(now):
            return min(max(_TO_COME_SHARE * self.answered, _FEWEST_TO_COME), _MOST_TO_COME)
        passed = max(now - self._began_at, 1.0)
        pace = self._recent * self._kept(now) / (_PACE_S * -math.expm1(-passed / _PACE_S))
        return max(1.0, pace * max(0.0, self._ends_at - now))

    def _end_is_known(self, now: float) -> bool:
        return self._ends_at is not None and self._ends_at - now <= _LONGEST_SHIFT_S

    def _kept(self, at: float) -> float:
        return math.exp(-max(0.0, at - self._last_at) / _PACE_S)

    def _move(self, step: float) -> None:
        self._per_rate = min(max(self._per_rate * math.exp(step), _LEAST_RATE), _MOST_RATE)
