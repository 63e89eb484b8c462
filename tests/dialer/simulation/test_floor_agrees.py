"""The floor that the engine runs, and the simulation that forecasts, tell a pacer the same things.

One shift is played on both: the same people and the same pacer, once in `dialer.simulation`, once with the
real floor, which is asked four times a second as the engine asks it.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from dialer.core.effects import Bridge, LeadWasShown
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPreviewing,
    AgentReady,
    AgentWrapping,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallPlaced,
)
from dialer.core.pacing_settings import PacingSettings
from dialer.simulation.fates import Ending, Fates
from dialer.simulation.preview_shift import run_preview_shift
from dialer.simulation.shift import run_shift
from dialer.simulation.timeline import Timeline
from dialer.simulation.worlds import ShiftWorld, steady
from tests.dialer.core.claims import claimed

WORLD = ShiftWorld(
    agents=16,
    hours=0.5,
    answer_rate=steady(0.3),
    machine_share=0.05,
    talk_mean_s=steady(60.0),
    period_known=False,
    skip_share=0.2,
    pacing=PacingSettings(max_lines=500),
)
CAMPAIGN, SEED = 1, 4
BEAT_S = 0.25
BUSY, RANG_OUT = CallEnd(486), CallEnd(487, by_far_end=False, timed_out=True, provisional=True)


class Listening:
    """A pacer that notes what it is told."""

    def __init__(self, pacer):
        self._pacer = pacer
        self.calls, self.agents = defaultdict(list), Counter()

    def observe(self, event):
        if hasattr(event, "call"):
            self.calls[event.call].append(type(event))
        if hasattr(event, "agent"):
            self.agents[type(event)] += 1
        self._pacer.observe(event)

    def __getattr__(self, name):
        return getattr(self._pacer, name)

    @property
    def lives(self):
        """What calls go through, each as its events in order."""
        return {tuple(each.__name__ for each in events) for events in self.calls.values()}


class FloorShift:
    """A shift on the real floor; the switch, the carrier and the agents are a timeline."""

    def __init__(self, world, pacer, seed):
        self.world, self.fates, self.floor = world, Fates(world, seed), Floor()
        self.timeline, self.placed, self.busy_s = Timeline(), [], 0.0
        self.leaves_at = dict.fromkeys(range(1, world.agents + 1), world.length_s)
        self.floor.open_campaign(CAMPAIGN, pacer, wrap_up_limit_s=60.0, at=0.0)
        for session in range(1, world.agents + 1):
            self.floor.shifts.log_in(session, session, [CAMPAIGN], 0.0)
            self.do(0.0, self.floor.shifts.line_up(session, 0.0))
        self.timeline.at(0.0, self.beat)
        self.timeline.run()

    def beat(self, now, _):
        self.do(now, self.floor.tick(now))
        if now >= self.world.length_s:
            return
        self.carries_out(self.floor.calls_to_place(CAMPAIGN, now), now)
        self.timeline.at(now + BEAT_S, self.beat)

    def carries_out(self, wanted, now):
        for _ in range(wanted):
            self.place(now)

    def place(self, now):
        number = len(self.placed)
        fate = self.fates.fate(number, now, self.fates.chance(number))
        self.placed.append(fate)
        self.floor.place(number, CAMPAIGN, number, now)
        rings = self.answers if fate.answered else self.ends
        self.timeline.at(now + fate.rings_s, rings, number)
        return number

    def do(self, now, effects):
        """Connects whom the floor wants to be connected, at once."""
        for effect in effects:
            if isinstance(effect, Bridge):
                self.do(now, self.floor.connected(effect.attempt, effect.session, now))
                talk_s = self.placed[effect.attempt].talk_s
                self.timeline.at(now + talk_s, self.talk_ends, (effect.attempt, effect.session))

    def answers(self, now, number):
        self.do(now, self.floor.answered(number, now))
        if number in self.floor.waiting:
            self.timeline.at(now + self.world.pacing.abandon_grace_s, self.gives_up, number)

    def gives_up(self, now, number):
        if number in self.floor.waiting:
            self.do(now, self.floor.unclaimed(number, now))
            self.ends(now, number)

    def ends(self, now, number):
        end = BUSY if self.placed[number].ending is Ending.FAILED else RANG_OUT
        self.do(now, self.floor.ended(number, end, now))

    def talk_ends(self, now, talk):
        number, session = talk
        self.do(now, self.floor.ended(number, CallEnd(200), now))
        self.busy_s += self.placed[number].talk_s + self.placed[number].wrap_s
        self.leaves_at[session] = max(self.world.length_s, now + self.placed[number].wrap_s)
        self.timeline.at(now + self.placed[number].wrap_s, self.wrap_ends, number)

    def wrap_ends(self, now, number):
        by_machine = self.placed[number].ending is Ending.MACHINE
        self.do(now, self.floor.dispositioned(number, now, by_machine=by_machine))


class FloorPreviewShift(FloorShift):
    """A shift on the real floor in preview mode: agents look at each lead, then have it dialed or skip it."""

    def __init__(self, world, pacer, seed):
        self.thinking, self.shown = np.random.default_rng([seed, 5]), count()
        super().__init__(world, pacer, seed)

    def carries_out(self, wanted, now):
        leads = [claimed(next(self.shown), now, claim_s=3600.0) for _ in range(wanted)]
        shown = [
            each for each in self.floor.previews.show(CAMPAIGN, leads, now) if isinstance(each, LeadWasShown)
        ]
        assert len(shown) == wanted
        for each in shown:
            thinks_s = self.thinking.exponential(self.world.preview_mean_s)
            decides = self.skips if self.thinking.random() < self.world.skip_share else self.dials
            self.timeline.at(now + thinks_s, decides, each.session)

    def skips(self, now, session):
        self.do(now, self.floor.previews.skip(session, "", now))

    def dials(self, now, session):
        if now >= self.world.length_s:
            self.skips(now, session)
            return
        preview = self.floor.previews.of(session)
        self.floor.previews.begin(preview)
        self.do(now, self.floor.previews.dialed(preview, self.place(now), now))


@pytest.fixture(scope="module", params=["predictive", "progressive", "preview"])
def both(request):
    settings = replace(WORLD.pacing, lines_per_agent=1.5)
    simulated, real = (Listening(make_pacer(request.param, settings)) for _ in range(2))
    looks = request.param == "preview"
    run, shift = (run_preview_shift, FloorPreviewShift) if looks else (run_shift, FloorShift)
    figures = run(WORLD, simulated, SEED)
    return simulated, figures, real, shift(WORLD, real, SEED)


def test_a_pacer_hears_the_same_of_calls_and_agents_from_both(both):
    simulated, _, real, _ = both
    assert real.lives == simulated.lives
    assert ("CallPlaced", "CallAnswered", "CallConnected", "CallByMachine") in real.lives
    for kind in (AgentReady, AgentPreviewing, CallConnected, AgentWrapping):
        assert real.agents[kind] == pytest.approx(simulated.agents[kind], rel=0.1)
    assert simulated.agents[AgentLeft] == WORLD.agents


def test_what_the_simulation_promises_is_what_the_floor_gives(both):
    simulated, figures, real, shift = both
    heard = Counter(kind for events in real.calls.values() for kind in events)
    assert heard[CallPlaced] == len(shift.placed) == pytest.approx(figures.calls, rel=0.1)
    assert heard[CallAnswered] == pytest.approx(figures.answered, rel=0.1)
    assert heard[CallByMachine] == pytest.approx(figures.machines, rel=0.3)
    utilisation = shift.busy_s / sum(shift.leaves_at.values())
    assert utilisation == pytest.approx(figures.utilisation, abs=0.06)
    one, other = real.explain(WORLD.length_s), simulated.explain(WORLD.length_s)
    assert one.abandoned == pytest.approx(other.abandoned, abs=12)
    if one.answer_rate is not None:
        assert one.answer_rate == pytest.approx(other.answer_rate, abs=0.04)
        assert one.mean_talk_s == pytest.approx(other.mean_talk_s, rel=0.15)
        assert one.mean_wrap_s == pytest.approx(other.mean_wrap_s, rel=0.15)
