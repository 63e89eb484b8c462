"""Simulates one campaign's shift, event by event, with any pacer. Pure: a seed gives one shift.

A dialed call is answered after a ring time, fails within seconds, rings out, or is given up by its pacer. A
person is bridged at once to the agent who has waited longest; with none free they wait, at most the time of
grace, and are then abandoned. Agents talk, wrap up, and are ready again; they come, take breaks and leave. At
the end of the shift no more calls are placed; agents stay until the calls in flight are over and leave.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

from dialer.core.pacing import Pacer, surplus_calls
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentReady,
    AgentWrapping,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
)
from dialer.simulation.fates import Ending, Fate, Fates
from dialer.simulation.figures import HourFigures, ShiftFigures
from dialer.simulation.lead_supply import Lead, LeadSupply
from dialer.simulation.pacer_link import PacerLink
from dialer.simulation.roster import Duty, roster
from dialer.simulation.timeline import Timeline
from dialer.simulation.worlds import ShiftWorld


def run_shift(world: ShiftWorld, pacer: Pacer, seed: int) -> ShiftFigures:
    """The whole shift; `pacer` is made with `world.pacing_settings` and has seen no other shift."""
    return Shift(world, pacer, seed).run()


Activity = Literal["ready", "talk", "wrap", "paused"]


@dataclass(slots=True)
class Agent:
    """What an agent does since when; `breaks_taken` counts those of the duty that are over or under way."""

    number: int
    duty: Duty
    doing: Activity
    since: float
    breaks_taken: int = 0


@dataclass(slots=True)
class Call:
    """A call, and the lead that it goes to."""

    number: int
    lead: Lead
    fate: Fate
    answered_at: float = 0.0


class Shift:
    """A shift that is run once."""

    def __init__(self, world: ShiftWorld, pacer: Pacer, seed: int) -> None:
        self._world = world
        self._fates = Fates(world, seed)
        self._leads = LeadSupply(world, self._fates)
        self._roster = roster(world, seed)
        self._figures = ShiftFigures(hours=[HourFigures() for _ in range(ceil(world.hours))])
        self._timeline = Timeline()
        self._pacer = pacer
        self._link = PacerLink(pacer, self._timeline, self._leads.upcoming, self._places)
        self._ready: OrderedDict[int, Agent] = OrderedDict()
        self._waiting: OrderedDict[int, Call] = OrderedDict()
        self._ringing: dict[Hashable, Call] = {}
        self._connected = 0
        self._over = False

    def run(self) -> ShiftFigures:
        world, timeline, figures = self._world, self._timeline, self._figures
        timeline.at(world.length_s, self._ends)
        for number, duty in enumerate(self._roster):
            agent = Agent(number, duty, "ready", duty.arrives_at)
            timeline.at(duty.arrives_at, self._arrives, agent)
        for share, lasts_s in world.stalls:
            timeline.at(share * world.length_s, self._link.stall, lasts_s)
        if world.budget_look_s is not None:
            timeline.at(0.0, self._looks_at_budget, world.budget_look_s)
        timeline.run()
        figures.asked = self._link.asked
        figures.leads_left = self._leads.left
        return figures

    def _looks_at_budget(self, now: float, again_after_s: float) -> None:
        answered, abandoned = self._figures.persons, self._figures.abandoned
        target = self._world.pacing.abandon_target
        rate = abandoned / answered if answered else None
        self._link.tell(
            BudgetLooked(
                at=now,
                rule="simulated",
                rate=rate,
                most_rate=target,
                remaining=int(target * answered) - abandoned,
                period_ends_at=self._world.length_s,
                at_limit=rate is not None and rate >= target,
            )
        )
        if not self._over:
            self._timeline.at(now + again_after_s, self._looks_at_budget, again_after_s)

    # Calls.

    def _hour(self, at: float) -> HourFigures:
        return self._figures.hours[min(int(at // 3600), len(self._figures.hours) - 1)]

    def _places(self, now: float, wanted: int) -> float | None:
        self._gives_up_surplus(now)
        for _ in range(wanted):
            lead = self._leads.take(now)
            if lead is None:
                self._figures.out_of_leads(now)
                return self._leads.next_due_at
            self._dials(now, lead)
        return None

    def _dials(self, now: float, lead: Lead) -> None:
        number = self._figures.calls
        call = Call(number, lead, self._fates.fate(number, now, lead.chance))
        self._figures.calls += 1
        self._hour(now).calls += 1
        self._ringing[number] = call
        lines = len(self._ringing) + len(self._waiting) + self._connected
        self._figures.lines_at_peak = max(self._figures.lines_at_peak, lines)
        self._link.tell_placed(CallPlaced(now, number, lead.score))
        over = self._answers if call.fate.answered else self._stays_alone
        self._timeline.at(now + call.fate.rings_s, over, call)

    def _gives_up_surplus(self, now: float) -> None:
        for number in surplus_calls(self._pacer, now):
            if (call := self._ringing.get(number)) is not None:
                call.fate = replace(call.fate, ending=Ending.RANG_OUT)
                self._stays_alone(now, call)

    def _stays_alone(self, now: float, call: Call) -> None:
        if self._ringing.pop(call.number, None) is None:
            return
        self._leads.call_is_over(call.lead, call.fate.ending, now)
        if call.fate.ending is Ending.FAILED:
            self._figures.failed += 1
            self._link.tell(CallFailed(now, call.number))
        else:
            self._figures.unanswered += 1
            self._link.tell(CallUnanswered(now, call.number))
        self._may_go_home(now)

    def _answers(self, now: float, call: Call) -> None:
        if self._ringing.pop(call.number, None) is None:
            return
        self._figures.answered += 1
        self._hour(now).answered += 1
        call.answered_at = now
        self._link.tell(CallAnswered(now, call.number))
        if self._ready:
            self._connects(now, call, self._ready.popitem(last=False)[1])
            self._may_go_home(now)
        else:
            self._waiting[call.number] = call
            self._timeline.at(now + self._world.pacing.abandon_grace_s, self._gives_up, call)

    def _gives_up(self, now: float, call: Call) -> None:
        if self._waiting.pop(call.number, None) is None:
            return
        self._figures.abandoned += 1
        self._hour(now).abandoned += 1
        self._link.tell(CallAbandoned(now, call.number))
        self._may_go_home(now)

    def _connects(self, now: float, call: Call, agent: Agent) -> None:
        waited_s = now - call.answered_at
        self._figures.connected += 1
        self._figures.machines += call.fate.ending is Ending.MACHINE
        self._figures.waited_s += waited_s
        self._connected += 1
        self._does(agent, "talk", now)
        self._link.tell(CallConnected(now, call.number, agent.number, waited_s))
        self._timeline.at(now + call.fate.talk_s, self._talk_ends, (agent, call))

    # Agents.

    def _does(self, agent: Agent, activity: Activity, now: float) -> None:
        """Closes the books on what the agent did until now."""
        since, did = agent.since, f"{agent.doing}_s"
        agent.doing, agent.since = activity, now
        setattr(self._figures, did, getattr(self._figures, did) + now - since)
        if did == "paused_s":
            return
        last = len(self._figures.hours) - 1
        while since < now:
            index = min(int(since // 3600), last)
            until = now if index == last else min(now, (index + 1) * 3600.0)
            hour = self._figures.hours[index]
            setattr(hour, did, getattr(hour, did) + until - since)
            since = until

    def _arrives(self, now: float, agent: Agent) -> None:
        self._timeline.at(agent.duty.leaves_at, self._leaves_if_idle, agent)
        for due_at, _ in agent.duty.breaks:
            self._timeline.at(due_at, self._pauses_if_idle, agent)
        self._is_free(now, agent)

    def _talk_ends(self, now: float, talk: tuple[Agent, Call]) -> None:
        agent, call = talk
        self._connected -= 1
        self._leads.call_is_over(call.lead, call.fate.ending, now)
        self._does(agent, "wrap", now)
        self._link.tell(AgentWrapping(now, agent.number))
        if call.fate.ending is Ending.MACHINE:
            self._link.tell(CallByMachine(now, call.number))
        self._timeline.at(now + call.fate.wrap_s, self._wrap_ends, agent)

    def _wrap_ends(self, now: float, agent: Agent) -> None:
        breaks, taken = agent.duty.breaks, agent.breaks_taken
        if now >= agent.duty.leaves_at and not self._over:
            self._leaves(now, agent)
        elif taken < len(breaks) and breaks[taken][0] <= now:
            self._pauses(now, agent)
        else:
            self._is_free(now, agent)

    def _is_free(self, now: float, agent: Agent) -> None:
        self._does(agent, "ready", now)
        self._link.tell(AgentReady(now, agent.number))
        if self._waiting:
            self._connects(now, self._waiting.popitem(last=False)[1], agent)
        else:
            self._ready[agent.number] = agent
        self._may_go_home(now)

    def _pauses_if_idle(self, now: float, agent: Agent) -> None:
        if self._ready.pop(agent.number, None) is not None:
            self._pauses(now, agent)

    def _pauses(self, now: float, agent: Agent) -> None:
        back_at = now + agent.duty.breaks[agent.breaks_taken][1]
        agent.breaks_taken += 1
        self._does(agent, "paused", now)
        self._link.tell(AgentPaused(now, agent.number, back_at))
        self._timeline.at(back_at, self._comes_back, agent)

    def _comes_back(self, now: float, agent: Agent) -> None:
        if now >= agent.duty.leaves_at:
            self._leaves(now, agent)
        else:
            self._wrap_ends(now, agent)

    def _leaves_if_idle(self, now: float, agent: Agent) -> None:
        if now < self._world.length_s and self._ready.pop(agent.number, None) is not None:
            self._leaves(now, agent)

    def _leaves(self, now: float, agent: Agent) -> None:
        self._does(agent, "ready", now)
        self._link.tell(AgentLeft(now, agent.number))

    # The end.

    def _ends(self, now: float, _: object) -> None:
        self._over = True
        self._link.close()
        self._may_go_home(now)

    def _may_go_home(self, now: float) -> None:
        """Once the shift is over, free agents stay for as long as somebody may still answer."""
        if self._over and not self._ringing and not self._waiting:
            while self._ready:
                self._leaves(now, self._ready.popitem()[1])
