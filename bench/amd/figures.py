"""Rates with their intervals, and times, from what detectors said of labelled calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.amd.trial import Judged
from campaigns.core.intervals import wilson


@dataclass(frozen=True)
class Share:
    """`count` of `total`, with Wilson's 95 % interval."""

    count: int
    total: int

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:5.1f} % ({100 * low:.1f}-{100 * high:.1f}) {self.count}/{self.total}"


@dataclass(frozen=True)
class Times:
    """Median, 90th and 99th percentile, in seconds."""

    p50: float
    p90: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Times":
        return (
            cls(*map(float, np.percentile(values, (50, 90, 99))))
            if len(values)
            else cls(*3 * (float("nan"),))
        )

    def __str__(self) -> str:
        return f"{self.p50:5.2f} {self.p90:5.2f} {self.p99:5.2f}"


@dataclass(frozen=True)
class Figures:
    """Of one detector. False positive: a person taken for a machine or a fax; false negative: the reverse."""

    false_positive: Share
    false_negative: Share
    fax_missed: Share
    took_person: Times
    took_machine: Times
    waited: Times
    """A person, from the end of the greeting to the verdict."""
    over_legal: Share
    """People who waited more than two seconds from the end of the greeting."""
    cpu_ms: float


def figures(judged: Sequence[Judged]) -> Figures:
    """The figures of these calls."""
    people = [each for each in judged if each.sample.truth == "person"]
    machines = [each for each in judged if each.sample.truth == "machine"]
    faxes = [each for each in judged if each.sample.truth == "fax"]
    greeted = [each for each in people if each.sample.kind != "silent"]
    waits = [max(0.0, each.took_s - each.sample.greeting_end_s) for each in greeted]
    return Figures(
        false_positive=Share(sum(taken_for_machine(each) for each in people), len(people)),
        false_negative=Share(sum(not taken_for_machine(each) for each in machines), len(machines)),
        fax_missed=Share(sum(each.verdict != "fax" for each in faxes), len(faxes)),
        took_person=Times.of([each.took_s for each in people]),
        took_machine=Times.of([each.took_s for each in machines]),
        waited=Times.of(waits),
        over_legal=Share(sum(each > 2.0 for each in waits), len(waits)),
        cpu_ms=1000 * sum(each.cpu_s for each in judged) / max(1, len(judged)),
    )


def taken_for_machine(judged: Judged) -> bool:
    """Whether the call would not have been a person's; unsure counts as one."""
    return judged.verdict in ("machine", "fax")
