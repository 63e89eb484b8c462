"""What a shift came to, against what agents and the people who answer are promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.switch.figures import percentile
from campaigns.tables import AgentInterval, Attempt

_LEGAL_S = 2.0
"""16 CFR 310.4(b)(4)(iii): the message begins within two seconds of the person's completed greeting."""


@dataclass(frozen=True)
class Pop:
    """An agent's screen showed a call; `at` is in Unix seconds."""

    attempt_id: int
    at: float


@dataclass(frozen=True)
class Times:
    """Of so many, in ms."""

    count: int
    p50: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Figures:
    """A shift."""

    attempts: int
    most_at_once: int
    answered: int
    bridged: Times | None
    told: Times | None
    """People who heard the message, and how long after their answer it began."""
    left: int
    """Of who answered, those who hung up before anything was heard."""
    neither: int
    """Of who answered and stayed, those who were neither connected nor told within the law. Promised: 0."""
    screens: Times | None
    shifts: int
    shifts_complete: int
    """Whose stretches follow each other without gap or overlap, from log-in to log-out."""
    talk_share: float
    """Of the agents' time that was not paused, what they talked or wrapped up."""
    open_attempts: int
    open_shifts: int
    core_share: Mapping[str, float]
    load: float


def figures_of(
    attempts: Sequence[Attempt],
    shifts: Sequence[Sequence[AgentInterval]],
    pops: Sequence[Pop],
    core_share: Mapping[str, float],
    load: float,
) -> Figures:
    """Everything, from what is on record."""
    answered = [each for each in attempts if each.answered_at is not None]
    bridged = [_ms(each.answered_at, each.connected_at) for each in answered if each.connected_at]
    told = [
        _ms(each.answered_at, each.message_at)
        for each in answered
        if not each.connected_at and each.message_at
    ]
    silent = [each for each in answered if each.connected_at is None and each.message_at is None]
    left = [each for each in silent if each.ended_by == "customer"]
    late = sum(each > 1000 * (_LEGAL_S + _CLOCKS_S) for each in told)
    by_id = {each.id: each for each in attempts}
    shown = [1000 * (pop.at - _unix(by_id[pop.attempt_id].answered_at)) for pop in pops]
    return Figures(
        attempts=len(attempts),
        most_at_once=_most_at_once(attempts),
        answered=len(answered),
        bridged=_times(bridged),
        told=_times(told),
        left=len(left),
        neither=len(silent) - len(left) + late,
        screens=_times(shown),
        shifts=len(shifts),
        shifts_complete=sum(_is_complete(each) for each in shifts),
        talk_share=_talk_share(shifts),
        open_attempts=sum(each.ended_at is None for each in attempts),
        open_shifts=sum(each[-1].ended_at is None for each in shifts),
        core_share={name: round(share, 3) for name, share in core_share.items()},
        load=load,
    )


_CLOCKS_S = 0.1
"""Between the switch's clock and what is recorded: the message is played in the turn after it was due."""


def _unix(at: datetime | None) -> float:
    if at is None:
        return float("nan")
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _ms(since: datetime | None, until: datetime | None) -> float:
    return 1000 * (_unix(until) - _unix(since))


def _times(values: Sequence[float]) -> Times | None:
    if not values:
        return None
    p50, p99 = (round(percentile(values, share), 1) for share in (0.5, 0.99))
    return Times(len(values), p50, p99, round(max(values), 1))


def _most_at_once(attempts: Sequence[Attempt]) -> int:
    changes = [(_unix(each.placed_at), 1) for each in attempts]
    changes += [(_unix(each.ended_at), -1) for each in attempts if each.ended_at]
    up = most = 0
    for _, change in sorted(changes):
        up += change
        most = max(most, up)
    return most


def _is_complete(stretches: Sequence[AgentInterval]) -> bool:
    ends, starts = [each.ended_at for each in stretches], [each.started_at for each in stretches]
    return ends[:-1] == starts[1:] and ends[-1] is not None


def _talk_share(shifts: Sequence[Sequence[AgentInterval]]) -> float:
    spent: dict[str, float] = {}
    for each in (stretch for stretches in shifts for stretch in stretches):
        if each.ended_at is not None:
            spent[each.state] = spent.get(each.state, 0.0) + _ms(each.started_at, each.ended_at)
    there = sum(spent.values()) - spent.get("paused", 0.0)
    return round((spent.get("talking", 0.0) + spent.get("wrap_up", 0.0)) / there, 3) if there else 0.0
