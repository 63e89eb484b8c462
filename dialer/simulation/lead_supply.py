"""The leads of a simulated shift: without end, or a list whose leads are called again until reached."""

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import chain, count, islice

from dialer.simulation.fates import Ending, Fates
from dialer.simulation.worlds import ShiftWorld

_FEWEST_UPCOMING = 50


@dataclass(slots=True)
class Lead:
    """Somebody to call; `chance` of an answer as at the start of the shift."""

    chance: float
    score: float | None
    """What the dialer believes the chance to be; None: it does not know."""
    attempts: int = 0


class LeadSupply:
    """Who is called next: leads in their order, then those whose turn has come again."""

    def __init__(self, world: ShiftWorld, fates: Fates) -> None:
        self._world = world
        self._fates = fates
        self._look_ahead = max(_FEWEST_UPCOMING, 2 * world.agents)
        self._loaded = 0
        self._new: deque[Lead] = deque()
        self._again: deque[Lead] = deque()
        self._resting: list[tuple[float, int, Lead]] = []
        self._order = count()
        self._rests_s = {
            Ending.PERSON: None,
            Ending.MACHINE: world.retry_machine_s,
            Ending.FAILED: world.retry_failed_s,
            Ending.RANG_OUT: world.retry_unanswered_s,
        }

    def upcoming(self, now: float) -> list[float | None]:
        """The scores of the leads that would be called next; none where none is scored."""
        if not self._world.chance_spread:
            return []
        self._bring_up(now)
        return [lead.score for lead in islice(chain(self._new, self._again), self._look_ahead)]

    def take(self, now: float) -> Lead | None:
        """The next lead, to be called now; None where none is due."""
        self._bring_up(now)
        due = self._new or self._again
        if not due:
            return None
        lead = due.popleft()
        lead.attempts += 1
        return lead

    @property
    def next_due_at(self) -> float | None:
        """When the next of the leads that rest may be called; None where none rests."""
        return self._resting[0][0] if self._resting else None

    @property
    def left(self) -> int | None:
        """How many leads may still be called; those being called now are not counted. None: without end."""
        if self._world.leads is None:
            return None
        loaded = len(self._new) + len(self._again) + len(self._resting)
        return loaded + self._world.leads - self._loaded

    def call_is_over(self, lead: Lead, ending: Ending, now: float) -> None:
        """The lead is called again, unless a person answered, or that was its last attempt."""
        rests_s = self._rests_s[ending]
        is_last = self._world.leads is None or lead.attempts >= self._world.attempts_per_lead
        if rests_s is not None and not is_last:
            heappush(self._resting, (now + rests_s, next(self._order), lead))

    def skipped(self, lead: Lead, now: float) -> None:
        """The lead was shown and not called: it comes again later, unless it is skipped for good."""
        lead.attempts -= 1
        if self._world.leads is not None and self._world.retry_skipped_s is not None:
            heappush(self._resting, (now + self._world.retry_skipped_s, next(self._order), lead))

    def _bring_up(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            self._again.append(heappop(self._resting)[2])
        if len(self._new) < self._look_ahead:
            left = self._look_ahead if self._world.leads is None else self._world.leads - self._loaded
            self._load(min(self._look_ahead, left))

    def _load(self, number: int) -> None:
        scored = bool(self._world.chance_spread)
        for lead in range(self._loaded, self._loaded + number):
            chance = self._fates.chance(lead)
            score = min(1.0, chance * self._world.score_scale) if scored else None
            self._new.append(Lead(chance, score))
        self._loaded += number
