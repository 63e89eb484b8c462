"""Which part of a talk the customer spent on hold, told from what was done with the call. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

TALKING, ON_HOLD = "talking", "on_hold"

LEFT = "left"
"""A guest is out of it, or did not come; the other kinds are those of a call's steps."""

TURNS = frozenset({"hold", "resume", "consult", "transfer", "join", "return"})
"""The steps that put the customer on hold, or take them back, while the agent stays."""

_HOLDS = frozenset({"hold", "consult", "transfer"})
_WITH_A_GUEST = frozenset({"consult", "transfer"})


@dataclass(frozen=True, slots=True)
class Turn:
    """A step that the agent took who had the call, or that a guest has left; `guest_id`: who it is about."""

    at: datetime
    kind: str
    agent_id: int | None = None
    guest_id: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Time of a shift in one state; `ended_at` is None while it lasts."""

    state: str
    started_at: datetime
    ended_at: datetime | None


def parts_of(
    interval: Part, attempt_id: int | None, agent_id: int, turns: Mapping[int, Sequence[Turn]]
) -> list[Part]:
    """What an interval of a shift was spent on: a talk is in parts where the customer was on hold.

    `turns`: by call, in their order.
    """
    if interval.state != TALKING or attempt_id is None or attempt_id not in turns:
        return [interval]
    return parts_of_talk(interval.started_at, interval.ended_at, agent_id, turns[attempt_id])


def parts_of_talk(
    started_at: datetime, ended_at: datetime | None, agent_id: int, turns: Iterable[Turn]
) -> list[Part]:
    """A talk of an agent in parts, talking or on hold, that follow each other without a gap.

    `turns` are those of its call, in their order; what others did, or what was done in another talk with the
    same customer, changes nothing.
    """
    edges: list[tuple[datetime, str]] = [(started_at, TALKING)]
    mine = [each for each in turns if each.kind == LEFT or each.agent_id == agent_id]
    within = [each for each in mine if started_at <= each.at and (ended_at is None or each.at <= ended_at)]
    for at, state in _states(within):
        if state != edges[-1][1]:
            edges.append((max(at, edges[-1][0]), state))
    ends: list[datetime | None] = [after[0] for _, after in pairwise(edges)]
    parts = [Part(state, at, end) for (at, state), end in zip(edges, [*ends, ended_at], strict=True)]
    return [each for each in parts if each.started_at != each.ended_at] or [
        Part(TALKING, started_at, ended_at)
    ]


def _states(turns: Iterable[Turn]) -> Iterator[tuple[datetime, str]]:
    """From when on the agent talks, or has the customer on hold, after each turn."""
    guest: int | None = None
    for turn in turns:
        if turn.kind == LEFT and (guest is None or turn.guest_id != guest):
            continue
        if turn.kind in _WITH_A_GUEST:
            guest = turn.guest_id
        elif turn.kind in (LEFT, "return"):
            guest = None
        yield turn.at, ON_HOLD if turn.kind in _HOLDS else TALKING
