"""Medians, percentiles and how a process is measured from outside."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import psutil


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the lowest and the highest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g}-{self.high:.3g})"


def spread(values: Sequence[float]) -> Spread:
    """Of one value or more."""
    return Spread(round(median(values), 4), round(min(values), 4), round(max(values), 4))


def ratios(ours: Sequence[float], bare: Sequence[float]) -> Spread:
    """Ours by bare, round by round."""
    return spread([mine / other for mine, other in zip(ours, bare, strict=True)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed; nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used so far, in all its threads."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def load() -> float:
    """How many processes wanted a processor during the last minute."""
    return round(os.getloadavg()[0], 2)
