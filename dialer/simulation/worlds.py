"""Worlds in which a shift is simulated: what people, networks and agents do, as frozen values.

A world knows what no pacer is ever told: the chances and the laws of times. Times are seconds from the
start of the shift; what changes within a shift is given in `Steps`.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

from dialer.core.pacing_settings import PacingSettings
from dialer.core.preview import PreviewThen

Steps = tuple[tuple[float, float], ...]
"""(share of the shift that has passed, what holds from then on), in order, the first at 0.0."""


_TINY = 1e-9


def steady(value: float) -> Steps:
    """The same throughout the shift."""
    return ((0.0, value),)


def value_at(steps: Steps, share: float) -> float:
    """What holds when this share of the shift has passed."""
    return steps[max(0, bisect_right(steps, share, key=lambda step: step[0]) - 1)][1]


_ROOMY = PacingSettings(max_lines=5000, max_calls_per_second=500.0)
"""Limits that no team meets."""


@dataclass(frozen=True, kw_only=True)
class ShiftWorld:
    """One campaign's shift. Raises ValueError for shares, times or steps that no world can have."""

    name: str = "usual"
    hours: float = 8.0
    pacing: PacingSettings = _ROOMY
    """What the campaign allows."""
    period_known: bool = True
    """Whether the pacer is told that the legal period of the budget ends with the shift."""

    agents: int = 25
    team: Steps = ((0.0, 1.0),)
    """Which share of the agents is on shift; the last of them are the first to go."""
    arrive_within_s: float = 0.0
    leave_within_s: float = 0.0
    """Over how long the agents log in at the start, and out at the end."""
    break_every_s: float | None = None
    """The mean time between an agent's breaks; None: no breaks."""
    break_mean_s: float = 600.0

    answer_rate: Steps = ((0.0, 0.2),)
    """A call's chance to be answered by a person, within the time that it may ring."""
    chance_spread: float = 0.0
    """Standard deviation of the leads' chances over their mean; 0: all are alike and no score is known."""
    score_scale: float = 1.0
    """Scores are the leads' chances at the start of the shift, times this."""
    machine_share: float = 0.0
    """Of all calls: machines answer, and nobody tells them from persons until an agent has."""
    failed_share: float = 0.15
    """Of the calls that nobody answers: busy or failed, known after `failed_s`."""
    failed_s: tuple[float, float] = (3.0, 5.0)
    ring_mean_s: float = 9.0
    ring_sigma: float = 0.5
    """Of the logarithm; rings until an answer are cut to 2-25 s, and to the time that a call may ring."""

    talk_mean_s: Steps = ((0.0, 120.0),)
    """Of all talks with persons, hang-ups among them."""
    hang_up_share: float = 0.3
    hang_up_mean_s: float = 10.0
    talk_sigma: float = 0.8
    """Of the logarithm of the talks that are no hang-ups."""
    machine_talk_s: float = 12.0
    wrap_s: tuple[float, float] = (5.0, 20.0)

    preview_mean_s: float = 20.0
    """How long agents look at a lead in preview mode, on average, where nothing limits it."""
    preview_limit_s: float | None = None
    preview_then: PreviewThen = "dial"
    skip_share: float = 0.0
    """Of the leads that agents look at: skipped."""

    stalls: Steps = ()
    """(share of the shift, seconds): the pacer hears nothing and is not asked, then hears all at once."""
    budget_look_s: float | None = None
    """How often the pacer is told what the budget leaves; None: never."""

    leads: int | None = None
    """In the list; None: leads without end."""
    attempts_per_lead: int = 1
    retry_unanswered_s: float | None = 0.0
    retry_failed_s: float | None = 0.0
    retry_machine_s: float | None = 0.0
    retry_skipped_s: float | None = 0.0
    """How long a lead rests after a call that nobody answered, that failed, or that met a machine, or
    after it was skipped; None: it is not called again. Whom a person answered for is not called again in the
    shift."""

    def __post_init__(self) -> None:
        _check(self.hours > 0 and self.agents >= 0, "a shift has hours, and no fewer than 0 agents")
        for steps in (self.team, self.answer_rate, self.talk_mean_s):
            in_order = bool(steps) and steps[0][0] == 0.0 and list(steps) == sorted(steps)
            _check(in_order, "steps begin at 0.0 and go on in order")
        rates = [rate for _, rate in self.answer_rate]
        shares = (self.machine_share, self.failed_share, self.hang_up_share, *rates)
        _check(all(0 <= share <= 1 for share in shares), "the shares and rates of a world are from 0 to 1")
        answers = max(rates) + self.machine_share
        _check(answers <= 1 + _TINY, "people and machines of a world answer more than all calls")
        shortest_s = self.hang_up_share * self.hang_up_mean_s
        are_longer = self.hang_up_share < 1 and min(mean for _, mean in self.talk_mean_s) > shortest_s
        _check(are_longer, "talks are longer on average than their hang-ups alone make them")
        mean, spread = rates[0], self.chance_spread
        fits = not spread or (0 < mean < 1 and spread**2 < (1 - mean) / mean)
        _check(fits, "chances from 0 to 1 cannot spread that far about this mean")

    @property
    def length_s(self) -> float:
        """When calls are placed no more."""
        return self.hours * 3600.0

    @property
    def pacing_settings(self) -> PacingSettings:
        """What a pacer is made with."""
        return replace(self.pacing, period_ends_at=self.length_s if self.period_known else None)

    def share_at(self, at: float) -> float:
        """Which share of the shift has passed."""
        return at / self.length_s

    def long_talk_mean_s(self, at: float) -> float:
        """The mean of the talks that are no hang-ups."""
        mean = value_at(self.talk_mean_s, self.share_at(at))
        return (mean - self.hang_up_share * self.hang_up_mean_s) / (1 - self.hang_up_share)


def log_mean(mean: float, sigma: float) -> float:
    """The mean of the logarithm of a log-normal value with this mean."""
    return math.log(mean) - sigma**2 / 2


def _check(holds: bool, what_holds: str) -> None:
    if not holds:
        raise ValueError(what_holds)
