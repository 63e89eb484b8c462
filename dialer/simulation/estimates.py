"""Means over simulated shifts, and how far to trust them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t at 97.5 %, by degrees of freedom from 1 on.
_STUDENT_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL, _PER_DEGREE = 1.960, 2.4
"""From 31 degrees on, t is this much and this much over the degrees, to 0.002."""


@dataclass(frozen=True)
class Estimate:
    """A mean, and its 95 % interval by Student's t; None where there was only one value."""

    mean: float
    low: float | None
    high: float | None
    shifts: int
    """Of how many shifts the figure is known."""


def estimate(values: Sequence[float]) -> Estimate:
    """Of one value or more."""
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(mean, None, None, 1)
    half = _student_t(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half, len(values))


def _student_t(degrees: int) -> float:
    return _STUDENT_T[degrees - 1] if degrees <= len(_STUDENT_T) else _NORMAL + _PER_DEGREE / degrees
