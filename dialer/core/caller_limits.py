"""How many calls may come: from one number, from strangers, and in all. Pure; `now` is in seconds."""

from collections import OrderedDict, deque
from dataclasses import dataclass

_MOST_KEPT = 10_000
"""Numbers that are remembered, those that called last."""


@dataclass(frozen=True)
class CallerRule:
    """So many in so many seconds."""

    per_caller: int = 10
    per_caller_s: float = 600.0
    strangers: int = 60
    """Who are nobody's lead, and become one."""
    strangers_s: float = 60.0
    in_all: int = 100
    in_all_s: float = 5.0


class CallerLimits:
    """Counts the calls that came."""

    def __init__(self, rule: CallerRule) -> None:
        self._rule = rule
        self._callers: OrderedDict[str, _Recent] = OrderedDict()
        self._strangers = _Recent(rule.strangers, rule.strangers_s)
        self._all = _Recent(rule.in_all, rule.in_all_s)

    def came(self, caller: str, now: float) -> float:
        """Somebody calls (empty: from no number). 0 where they may; else in how many seconds, and it does not
        count."""
        recent = self._callers.get(caller)
        wait_s = max(self._all.wait_s(now), 0.0 if recent is None else recent.wait_s(now))
        if not wait_s:
            self._all.count(now)
        return wait_s

    def taken(self, caller: str, now: float, *, stranger: bool) -> None:
        """The call was taken, from a number; a `stranger` has become a lead by it."""
        recent = self._callers.setdefault(caller, _Recent(self._rule.per_caller, self._rule.per_caller_s))
        recent.count(now)
        self._callers.move_to_end(caller)
        if len(self._callers) > _MOST_KEPT:
            self._callers.popitem(last=False)
        if stranger:
            self._strangers.count(now)

    def stranger_wait_s(self, now: float) -> float:
        """0 where a stranger may become a lead now; else in how many seconds."""
        return self._strangers.wait_s(now)


class _Recent:
    """When the newest calls came, `most` of them."""

    def __init__(self, most: int, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._came: deque[float] = deque(maxlen=most)

    def wait_s(self, now: float) -> float:
        if len(self._came) < self._most:
            return 0.0
        return max(0.0, self._came[0] + self._within_s - now)

    def count(self, now: float) -> None:
        self._came.append(now)
