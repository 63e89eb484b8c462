"""Simulates a shift in preview mode: agents look at each lead for a while, then have it dialed or skip it.

While the lead rings nobody else gets the call, and the agent no other. Looking and ringing count as waiting
for a talk, as all but talks and wrap-ups does.
"""

import numpy as np

from dialer.core.pacing import Pacer
from dialer.core.pacing_events import AgentPreviewing, AgentReady, CallAnswered
from dialer.simulation.figures import ShiftFigures
from dialer.simulation.lead_supply import Lead
from dialer.simulation.shift import Agent, Call, Shift
from dialer.simulation.worlds import ShiftWorld


def run_preview_shift(world: ShiftWorld, pacer: Pacer, seed: int) -> ShiftFigures:
    """The whole shift; `pacer` is made with `world.pacing_settings` and has seen no other shift."""
    return PreviewShift(world, pacer, seed).run()


class PreviewShift(Shift):
    """A shift that is run once, whose pacer says how many leads to show."""

    def __init__(self, world: ShiftWorld, pacer: Pacer, seed: int) -> None:
        super().__init__(world, pacer, seed)
        self._thinking = np.random.default_rng([seed, 5])
        self._agent_of: dict[int, Agent] = {}
        """Who has which call dialed, by its number, while it rings."""

    def _places(self, now: float, wanted: int) -> float | None:
        for _ in range(min(wanted, len(self._ready))):
            lead = self._leads.take(now)
            if lead is None:
                self._figures.out_of_leads(now)
                return self._leads.next_due_at
            self._shows(now, self._ready.popitem(last=False)[1], lead)
        return None

    def _shows(self, now: float, agent: Agent, lead: Lead) -> None:
        world = self._world
        thinks_s = self._thinking.exponential(world.preview_mean_s)
        skips = self._thinking.random() < world.skip_share
        limit_s = world.preview_limit_s
        if limit_s is not None and thinks_s > limit_s:
            thinks_s, skips = limit_s, world.preview_then == "skip"
        self._link.tell(AgentPreviewing(now, agent.number))
        self._timeline.at(now + thinks_s, self._skips if skips else self._has_it_dialed, (agent, lead))

    def _skips(self, now: float, shown: tuple[Agent, Lead]) -> None:
        agent, lead = shown
        self._leads.skipped(lead, now)
        self._wrap_ends(now, agent)

    def _has_it_dialed(self, now: float, shown: tuple[Agent, Lead]) -> None:
        agent, lead = shown
        if self._over:
            self._skips(now, shown)
            return
        self._link.tell(AgentReady(now, agent.number))
        self._agent_of[self._figures.calls] = agent
        self._dials(now, lead)

    def _answers(self, now: float, call: Call) -> None:
        del self._ringing[call.number]
        self._figures.answered += 1
        self._hour(now).answered += 1
        call.answered_at = now
        self._link.tell(CallAnswered(now, call.number))
        self._connects(now, call, self._agent_of.pop(call.number))
        self._may_go_home(now)

    def _stays_alone(self, now: float, call: Call) -> None:
        super()._stays_alone(now, call)
        self._wrap_ends(now, self._agent_of.pop(call.number))
