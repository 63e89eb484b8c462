"""How often somebody may try a password. Pure; `now` is in seconds.

Who guesses is slowed down by address, and by name and address together. A name alone is limited as well, for
guesses that come from many addresses, but never from an address where the name has signed in before: nobody
can lock a person out of the place they work from, and no limit lasts longer than its bucket takes to fill.
"""

from collections import OrderedDict
from dataclasses import dataclass

_MOST_KEPT = 10_000
"""Buckets of a kind; the one that was asked longest ago makes room."""


@dataclass(frozen=True)
class Rate:
    """So many at once, and then one in every so many seconds."""

    burst: int
    every_s: float


BY_PAIR = Rate(5, 30.0)
BY_ADDRESS = Rate(30, 5.0)
BY_NAME = Rate(30, 60.0)


class Buckets:
    """How much each of many keys has left of a rate."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When each bucket will be full again; one that is not here is full."""

    def wait_s(self, key: str, now: float) -> float:
        """How long until there is room; 0 for now."""
        missing_s = max(0.0, self._full_at.get(key, now) - now)
        return max(0.0, missing_s - (self._rate.burst - 1) * self._rate.every_s)

    def take(self, key: str, now: float) -> None:
        """One more, whether or not there is room."""
        self._full_at[key] = max(now, self._full_at.get(key, now)) + self._rate.every_s
        self._full_at.move_to_end(key)
        if len(self._full_at) > _MOST_KEPT:
            self._full_at.popitem(last=False)

    def give_back(self, key: str) -> None:
        """One less."""
        if key in self._full_at:
            self._full_at[key] -= self._rate.every_s

    def forget(self, key: str) -> None:
        """As if there had been none."""
        self._full_at.pop(key, None)


class Throttle:
    """Counts tries; one that succeeds is given back, so that a whole office may sign in at nine."""

    def __init__(self) -> None:
        self._pairs = Buckets(BY_PAIR)
        self._addresses = Buckets(BY_ADDRESS)
        self._names = Buckets(BY_NAME)
        self._known: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, name: str, address: str, now: float) -> float:
        """How long until a try is allowed; 0 for now."""
        pair = _pair(name, address)
        waits = [self._pairs.wait_s(pair, now), self._addresses.wait_s(address, now)]
        if pair not in self._known:
            waits.append(self._names.wait_s(name, now))
        return max(waits)

    def tried(self, name: str, address: str, now: float) -> None:
        """A try begins; it counts as a wrong one until it has succeeded."""
        self._pairs.take(_pair(name, address), now)
        self._addresses.take(address, now)
        if _pair(name, address) not in self._known:
            self._names.take(name, now)

    def succeeded(self, name: str, address: str) -> None:
        """It was the right password: this name is at home at this address."""
        pair = _pair(name, address)
        self._pairs.forget(pair)
        self._addresses.give_back(address)
        self._names.give_back(name)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)


def _pair(name: str, address: str) -> str:
    return f"{address} {name}"
