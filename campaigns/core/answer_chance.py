"""How likely a person answers: by the lead's list, the hour on its clock, and how often it was tried.

The campaign's own rate, times a factor for each of the three. A factor is the rate among the calls that
share the list (or hour, or attempt), shrunk to the campaign's by WEIGHT calls, over the campaign's rate:
James and Stein's idea in its plainest form. What was never tried has the factor 1.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WEIGHT = 60.0
"""Calls that the campaign's rate counts for against a list's, an hour's or an attempt's own."""
FEWEST_CALLS = 200
"""Fewer tell nothing of one lead against another, and of all of them less than is learned while dialing."""
PRIOR_RATE, PRIOR_CALLS = 0.2, 20.0
LAST_ATTEMPT = 6
"""This attempt and all later ones count as one."""
_LEAST, _MOST = 0.005, 0.95


@dataclass(frozen=True, slots=True)
class DialCount:
    """Calls that are over, alike in list, local hour (0 to 23) and attempt, and how many a person took."""

    list_id: int
    hour: int
    attempt: int
    calls: int
    answers: int


@dataclass(frozen=True, slots=True)
class AnswerChances:
    """The chances that a campaign's counts give. Made by `learn`."""

    calls: int
    rate: float
    by_list: Mapping[int, float]
    by_hour: Mapping[int, float]
    by_attempt: Mapping[int, float]

    def of(self, list_id: int, hour: int, attempt: int) -> float:
        """The chance that a person answers the lead's attempt with this number, from 0 to 1."""
        chance = self.rate * self.by_list.get(list_id, 1.0) * self.by_hour.get(hour, 1.0)
        chance *= self.by_attempt.get(min(attempt, LAST_ATTEMPT), 1.0)
        return min(_MOST, max(_LEAST, chance))


def learn(counts: Iterable[DialCount]) -> AnswerChances:
    """The chances by these counts; the prior rate for all where there are none."""
    known = list(counts)
    calls = sum(each.calls for each in known)
    answers = sum(each.answers for each in known)
    rate = (answers + PRIOR_RATE * PRIOR_CALLS) / (calls + PRIOR_CALLS)
    return AnswerChances(
        calls=calls,
        rate=rate,
        by_list=_factors(rate, ((each.list_id, each) for each in known)),
        by_hour=_factors(rate, ((each.hour, each) for each in known)),
        by_attempt=_factors(rate, ((min(each.attempt, LAST_ATTEMPT), each) for each in known)),
    )


def _factors(rate: float, counts: Iterable[tuple[int, DialCount]]) -> dict[int, float]:
    calls: defaultdict[int, int] = defaultdict(int)
    answers: defaultdict[int, int] = defaultdict(int)
    for key, each in counts:
        calls[key] += each.calls
        answers[key] += each.answers
    return {key: (answers[key] + WEIGHT * rate) / (calls[key] + WEIGHT) / rate for key in calls}
