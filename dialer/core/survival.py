"""How long talks and wrap-ups last, learned from their ends and from how long those that go on have lasted.

The model is a piecewise constant hazard: ends over time exposed, in bins that widen with the time spent
(Holford, Biometrics 36, 1980; with censored times, so that long talks that still go on are not forgotten).
Each bin is shrunk to the mean hazard, and old talks are forgotten slowly.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_KEPT_OF_EACH = 1 - 1 / 1500
"""What the next end leaves of all that was learned before it."""


def _edges() -> Array:
    steps = [(30, 1), (60, 2), (180, 5), (600, 15), (1800, 60)]
    edges = [0.0]
    for until, step in steps:
        edges += np.arange(edges[-1] + step, until + step, step).tolist()
    return np.array(edges)


EDGES_S = _edges()
"""Where the bins begin and end; the last goes on without end."""
MIDDLES_S = (EDGES_S[:-1] + EDGES_S[1:]) / 2
BINS = len(MIDDLES_S)
_WIDTHS_S = np.diff(EDGES_S)
_BIN_OF_SECOND = np.searchsorted(EDGES_S, np.arange(int(EDGES_S[-1])), side="right") - 1
_LAST_SECOND = len(_BIN_OF_SECOND) - 1


def bin_of(spent_s: Array) -> NDArray[np.int64]:
    """The bin of each time spent, s."""
    seconds = np.minimum(np.maximum(spent_s, 0.0), _LAST_SECOND).astype(np.int64)
    return _BIN_OF_SECOND[seconds]


class Survival:
    """The law of one kind of time: talks, or wrap-ups."""

    def __init__(self, presumed_mean_s: float, presumed_ends: float, shrink_s: float) -> None:
        """`presumed_ends`: what the presumed mean weighs; `shrink_s`: the exposure to shrink bins by."""
        self.ended = 0
        """How many ends it has seen."""
        self._ends = np.zeros(BINS)
        self._exposed_s = np.zeros(BINS)
        self._presumed_ends = presumed_ends
        self._presumed_s = presumed_mean_s * presumed_ends
        self._shrink_s = shrink_s

    def observe(self, lasted_s: float, *, over: bool = True) -> None:
        """A time that ended by itself, or was cut short: then it is only known to have lasted so long."""
        if over:
            self.ended += 1
            self._ends *= _KEPT_OF_EACH
            self._exposed_s *= _KEPT_OF_EACH
            self._presumed_ends *= _KEPT_OF_EACH
            self._presumed_s *= _KEPT_OF_EACH
            self._ends[bin_of(np.array([lasted_s]))[0]] += 1
        self._exposed_s += np.minimum(np.maximum(lasted_s - EDGES_S[:-1], 0.0), _WIDTHS_S)

    def mean_s(self) -> float:
        """The mean time: exposure over ends."""
        return float((self._exposed_s.sum() + self._presumed_s) / (self._ends.sum() + self._presumed_ends))

    def over_within(self, seconds: int, going_on_s: Array) -> Array:
        """Chances that a time now amid bin i is over within 0, 1, ... `seconds` (bins, seconds + 1).

        `going_on_s`: how long those that go on now have lasted.
        """
        cumulated = np.concatenate(([0.0], np.cumsum(self._hazards(going_on_s) * _WIDTHS_S)))
        last = (cumulated[-1] - cumulated[-2]) / _WIDTHS_S[-1]
        times = MIDDLES_S[:, None] + np.arange(seconds + 1.0)
        beyond = np.maximum(times - EDGES_S[-1], 0.0) * last
        spent = np.interp(times, EDGES_S, cumulated) + beyond
        return np.asarray(-np.expm1(spent[:, :1] - spent))

    def over_from_start(self, seconds: int, going_on_s: Array) -> Array:
        """Chances that one which begins now is over within 0, 1, ... `seconds`."""
        cumulated = np.concatenate(([0.0], np.cumsum(self._hazards(going_on_s) * _WIDTHS_S)))
        return np.asarray(-np.expm1(-np.interp(np.arange(seconds + 1.0), EDGES_S, cumulated)))

    def _hazards(self, going_on_s: Array) -> Array:
        going_on = np.minimum(np.maximum(going_on_s[:, None] - EDGES_S[:-1], 0.0), _WIDTHS_S)
        exposed = self._exposed_s + going_on.sum(axis=0)
        mean = (self._ends.sum() + self._presumed_ends) / (exposed.sum() + self._presumed_s)
        return np.asarray((self._ends + self._shrink_s * mean) / (exposed + self._shrink_s))
