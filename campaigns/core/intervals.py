"""Intervals of shares: how far off a rate may be that few calls have given."""

from math import sqrt

_Z = 1.959964
"""Of the standard normal distribution, for 95 %."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """The interval of 95 % of a share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927).
    """
    if not total:
        return 0.0, 1.0
    share, spread = count / total, _Z**2 / total
    middle = share + spread / 2
    half = _Z * sqrt(share * (1 - share) / total + spread / (4 * total))
    # Rounding may put an end on the wrong side of a share of 0 or 1.
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return max(0.0, min(share, low)), min(1.0, max(share, high))
