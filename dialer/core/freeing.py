"""When the agents who talk or wrap up will be free, by how long each has been at it."""

import math

import numpy as np

from dialer.core.lookahead import Array, Moments
from dialer.core.survival import BINS, Survival, bin_of

_REBUILT_AFTER_SHARE = 0.1
_REBUILT_AFTER_MOST = 40
_PRESUMED_RETURNS = 20.0
_KEPT_OF_RETURNS = 1 - 1 / 500


class Freeing:
    """Learns talks, wrap-ups, and the share of agents who take another call after them."""

    def __init__(self, seconds: int, grace_s: float, talk: Survival, wrap: Survival) -> None:
        """Looks 0, 1, ... `seconds` ahead, and `grace_s` further: so long a person may wait for an agent."""
        self.talk = talk
        self.wrap = wrap
        self._seconds = seconds
        self._grace_s = grace_s
        self._returned = self._done = _PRESUMED_RETURNS
        self._rebuilt_at = 0
        self._terms = np.zeros((2 * BINS, 3 * (seconds + 1)))

    def talk_ended(self, lasted_s: float, *, over: bool) -> None:
        """A talk ended; not `over`: the agent left it, and it would have lasted longer."""
        self.talk.observe(lasted_s, over=over)

    def wrap_ended(self, lasted_s: float, *, returned: bool | None) -> None:
        """A wrap-up ended; `returned`: the agent takes another call, and does not pause or leave; None where
        that was known before."""
        self.wrap.observe(lasted_s)
        if returned is None:
            return
        self._done = self._done * _KEPT_OF_RETURNS + 1
        self._returned = self._returned * _KEPT_OF_RETURNS + returned

    def moments(self, talking_s: Array, wrapping_s: Array) -> Moments:
        """Of the number of these agents who will be free, by how long each has been at it."""
        ended = self.talk.ended + self.wrap.ended
        if ended >= self._rebuilt_at:
            self._terms = self._build(talking_s, wrapping_s)
            wait = min(_REBUILT_AFTER_SHARE * ended, _REBUILT_AFTER_MOST)
            self._rebuilt_at = ended + max(1, math.ceil(wait))
        bins = bin_of(np.concatenate((talking_s, wrapping_s)))
        bins[len(talking_s) :] += BINS
        mean, variance, third = self._terms.take(bins, axis=0).sum(axis=0).reshape(3, -1)
        return mean, variance, third

    def _build(self, talking_s: Array, wrapping_s: Array) -> Array:
        """Mean, variance and third cumulant of one agent's being free, by bins of talks and of wrap-ups."""
        beyond = self._seconds + int(self._grace_s) + 1
        wrapped = self.wrap.over_from_start(beyond, wrapping_s)
        # A talk that ends within a second ends in the middle of it, on average.
        wrapped = np.concatenate(((wrapped[1:] + wrapped[:-1]) / 2, np.zeros(beyond)))
        seconds = np.arange(beyond + 1)
        left = wrapped[seconds - np.arange(1, beyond + 1)[:, None]]
        talked = np.diff(self.talk.over_within(beyond, talking_s), axis=1)
        free = np.concatenate((talked @ left, self.wrap.over_within(beyond, wrapping_s)))
        chances = self._by_grace(free) * (self._returned / self._done)
        variances = chances * (1 - chances)
        return np.concatenate((chances, variances, variances * (1 - 2 * chances)), axis=1)

    def _by_grace(self, free: Array) -> Array:
        whole = int(self._grace_s)
        part = self._grace_s - whole
        columns = self._seconds + 1
        return (1 - part) * free[:, whole : whole + columns] + part * free[:, whole + 1 : whole + 1 + columns]
