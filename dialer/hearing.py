"""Whether both sides of a conversation heard each other, from what the simulated phones noticed. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHORTEST_S = 1.0
"""Simulated phones listen ten times a second, and say so after a moment."""
_LAG_S = 2.0
"""The engine and the carrier need not see a call end at the same instant."""


@dataclass(frozen=True)
class Conversation:
    """An agent's softphone user and a customer's number, connected from one instant to another."""

    user: str
    number: str
    started_at: float
    ended_at: float


@dataclass(frozen=True)
class Hearing:
    """Of so many conversations, in how many each side heard the other.

    `cut_short` counts those that ended before anybody could say a word; they are not among the others.
    """

    cut_short: int
    conversations: int
    agent_heard: int
    customer_heard: int


def hearing(
    conversations: Sequence[Conversation],
    softphones: Sequence[Mapping[str, Any]],
    carrier: Sequence[Mapping[str, Any]],
) -> Hearing:
    """Counts the conversations in which sound arrived.

    A softphone tells of `heard` when sound begins and of `silence` or `ended` when it stops; the
    carrier says of each call that `ended` whether its person heard anything.
    """
    stretches = _stretches(softphones)
    heard_by_customer: defaultdict[str, list[float]] = defaultdict(list)
    for event in carrier:
        if event["event"] == "ended" and event.get("heard"):
            heard_by_customer[event["number"]].append(event["at"])
    long_enough = [each for each in conversations if each.ended_at - each.started_at >= _SHORTEST_S]
    return Hearing(
        cut_short=len(conversations) - len(long_enough),
        conversations=len(long_enough),
        agent_heard=sum(
            any(began < each.ended_at and ended > each.started_at for began, ended in stretches[each.user])
            for each in long_enough
        ),
        customer_heard=sum(
            any(each.started_at <= at <= each.ended_at + _LAG_S for at in heard_by_customer[each.number])
            for each in long_enough
        ),
    )


def _stretches(softphones: Sequence[Mapping[str, Any]]) -> defaultdict[str, list[tuple[float, float]]]:
    """When each softphone heard something: from, to."""
    stretches: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    began: dict[str, float] = {}
    for event in softphones:
        user = event.get("user", "")
        if event["event"] == "heard":
            began[user] = event["at"]
        elif event["event"] in ("silence", "ended") and user in began:
            stretches[user].append((began.pop(user), event["at"]))
    for user, at in began.items():
        stretches[user].append((at, float("inf")))
    return stretches
