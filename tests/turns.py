"""Whether calls went to the agents whose turn it was, by what was recorded of their time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spent:
    """A stretch of a shift, as it was recorded; instants of any kind that can be compared."""

    state: str
    attempt: int | None
    started_at: Any
    ended_at: Any
    """None while it lasts."""


@dataclass(frozen=True)
class Turns:
    """How many calls were given to agents, and what was wrong with it."""

    given: int
    out_of_turn: list[str]


def turns(
    shifts: Mapping[int, Sequence[Spent]], may_take: Callable[[int, int | None], bool], slack: Any = 0
) -> Turns:
    """Looks at each call that was given to an agent: none who might have had it had waited longer.

    `may_take`: whether the agent of a session works for an attempt's campaign. Who was given a call before
    and could not be connected with it does not get it again. `slack`: by how much the clocks of those who
    tell may differ, where there are several.
    """
    given = 0
    wrong = []
    for session, stretches in shifts.items():
        for place, reserved in enumerate(stretches):
            if reserved.state != "reserved" or place == 0 or stretches[place - 1].state != "available":
                continue
            given += 1
            since, at = _waits_since(stretches, place - 1), reserved.started_at
            for other, theirs in shifts.items():
                waited = _free_at(theirs, at, slack)
                if other == session or waited is None or not waited < since:
                    continue
                if may_take(other, reserved.attempt) and not _had(theirs, reserved.attempt, at):
                    wrong.append(
                        f"{reserved.attempt} went to {session} (since {since}), not {other} ({waited})"
                    )
    return Turns(given, wrong)


def _waits_since(stretches: Sequence[Spent], place: int) -> Any:
    """When an agent who is available became so: a call that came to nothing costs no place."""
    while (
        place >= 2 and stretches[place - 1].state == "reserved" and stretches[place - 2].state == "available"
    ):
        place -= 2
    return stretches[place].started_at


def _free_at(stretches: Sequence[Spent], at: Any, slack: Any) -> Any:
    """Since when an agent waits at an instant; None for one who does not wait, or only just."""
    for place, each in enumerate(stretches):
        if each.started_at + slack < at and (each.ended_at is None or at < each.ended_at - slack):
            return _waits_since(stretches, place) if each.state == "available" else None
    return None


def _had(stretches: Sequence[Spent], attempt: int | None, at: Any) -> bool:
    return any(each.attempt == attempt and each.started_at < at for each in stretches)
