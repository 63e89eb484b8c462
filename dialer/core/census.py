"""Who does what, and since when, by the events that a pacer is told; and what each event brought to an end.

Events may come late, twice, or never. An agent's event that is older than what is known of the agent changes
nothing. A call whose end never comes is forgotten when it can no longer be up.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentPreviewing,
    AgentReady,
    AgentsSpokenFor,
    AgentTalking,
    AgentWillPause,
    AgentWrapping,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
    MessageEnded,
    PacingEvent,
)
from dialer.core.pacing_settings import DialMode, PacingState

_CLOCKS_DIFFER_S = 1.0
"""Agents' and calls' events may be stamped by different processes."""
_RINGS_LONGER_S = 30.0
_USUALLY_WAITS_AT_MOST_S = 60.0
_TALKS_AT_MOST_S = 4 * 3600.0
_REMEMBERED = 2000
"""Of so many calls it may still be told that a machine answered: talks, and calls that met nobody."""


class AgentPhase(StrEnum):
    """What an agent who is logged in does."""

    AVAILABLE = "available"
    PREVIEWING = "previewing"
    TALKING = "talking"
    WRAPPING = "wrapping"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RingingEnded:
    """The phone rings no more. `answered` by a person; None: nobody ever told how it ended."""

    call: Hashable
    rang_s: float
    answered: bool | None


@dataclass(frozen=True, slots=True)
class PersonAbandoned:
    """Somebody answered and met nobody."""


@dataclass(frozen=True, slots=True)
class PersonDisowned:
    """Who answered was a machine after all; `was_abandoned`: one that had met nobody."""

    was_abandoned: bool = False


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """An agent is done talking or wrapping up; `then` None: has left."""

    phase: AgentPhase
    lasted_s: float
    then: AgentPhase | None
    foretold: bool = False
    """Whether the agent had said so."""


Change = RingingEnded | PersonAbandoned | PersonDisowned | PhaseEnded

_PHASE_AFTER: dict[type, AgentPhase | None] = {
    AgentReady: AgentPhase.AVAILABLE,
    AgentPreviewing: AgentPhase.PREVIEWING,
    AgentTalking: AgentPhase.TALKING,
    AgentWrapping: AgentPhase.WRAPPING,
    AgentPaused: AgentPhase.PAUSED,
    AgentLeft: None,
}


class Census:
    """Counts of agents and calls, kept from the events."""

    def __init__(self, ring_timeout_s: float, waits_at_most_s: float = _USUALLY_WAITS_AT_MOST_S) -> None:
        """Calls are forgotten that ring or wait for longer than any call does."""
        self.ringing: dict[Hashable, float] = {}
        """When each call was placed that has not been answered."""
        self.waiting: dict[Hashable, float] = {}
        """Since when those who answered wait for an agent."""
        self.agents: dict[AgentPhase, dict[Hashable, float]] = {phase: {} for phase in AgentPhase}
        """Since when each agent has been in that phase."""
        self.stopping: set[Hashable] = set()
        """Agents who take no more calls after the present one."""
        self._waits_at_most_s = waits_at_most_s
        self._rings_at_most_s = ring_timeout_s + _RINGS_LONGER_S
        self._connected: dict[Hashable, tuple[float, Hashable]] = {}
        self._talks: dict[Hashable, None] = {}
        self._abandoned: dict[Hashable, None] = {}
        self._call_of: dict[Hashable, Hashable] = {}
        self._phase_of: dict[Hashable, AgentPhase] = {}

    @property
    def connected(self) -> int:
        """Calls that talk with an agent."""
        return len(self._connected)

    @property
    def lines(self) -> int:
        """Calls that ring, wait or talk."""
        return len(self.ringing) + len(self.waiting) + len(self._connected)

    @property
    def at_work(self) -> int:
        """Agents who are available, look at a lead, talk or wrap up."""
        return len(self._phase_of) - len(self.agents[AgentPhase.PAUSED])

    def state(self, mode: DialMode, last_decision: int, reason: str) -> PacingState:
        """What there is to tell about agents and calls."""
        return PacingState(
            mode=mode,
            agents_available=self.count(AgentPhase.AVAILABLE),
            agents_talking=self.count(AgentPhase.TALKING),
            agents_wrapping=self.count(AgentPhase.WRAPPING),
            agents_paused=self.count(AgentPhase.PAUSED),
            calls_ringing=len(self.ringing),
            calls_waiting=len(self.waiting),
            calls_connected=self.connected,
            last_decision=last_decision,
            reason=reason,
        )

    def going_on(self, phase: AgentPhase) -> list[float]:
        """Since when each agent has been in that phase, of those who take more calls."""
        return [since for agent, since in self.agents[phase].items() if agent not in self.stopping]

    def going_on_here(self) -> int:
        """Agents who talk for the campaign itself and take more calls."""
        return sum(agent not in self.stopping for _, agent in self._connected.values())

    def count(self, phase: AgentPhase) -> int:
        """Agents in that phase."""
        return len(self.agents[phase])

    def observe(self, event: PacingEvent) -> list[Change]:
        """Takes note of an event; what it brought to an end, in order."""
        match event:
            case AgentReady() | AgentPreviewing() | AgentTalking() | AgentWrapping():
                return self._agent_is(event.agent, _PHASE_AFTER[type(event)], event.at)
            case AgentPaused() | AgentLeft():
                return self._agent_is(event.agent, _PHASE_AFTER[type(event)], event.at)
            case AgentWillPause(agent=agent, will=will):
                self.stopping = self.stopping | {agent} if will else self.stopping - {agent}
                return []
            case CallPlaced(at=at, call=call):
                if call not in self.waiting and call not in self._connected:
                    self.ringing.setdefault(call, at)
                return []
            case CallAnswered(at=at, call=call):
                changes = self._ringing_ended(call, at, answered=True)
                if changes:
                    self.waiting[call] = at
                return changes
            case CallConnected():
                return self._connected_to(event)
            case CallAbandoned(at=at, call=call):
                changes = self._ringing_ended(call, at, answered=True)
                if self.waiting.pop(call, None) is None and not changes:
                    return self._over(call)
                _remember(self._abandoned, call)
                return [*changes, PersonAbandoned()]
            case MessageEnded(at=at, call=call):
                self.waiting.pop(call, None)
                return self._ringing_ended(call, at, answered=True) or self._over(call)
            case CallByMachine(at=at, call=call):
                if call in self._abandoned:
                    del self._abandoned[call]
                    return [PersonDisowned(was_abandoned=True)]
                if self.waiting.pop(call, None) is not None or call in self._talks:
                    self._talks.pop(call, None)
                    return [PersonDisowned()]
                return self._ringing_ended(call, at, answered=False) or self._over(call)
            case CallFailed(at=at, call=call) | CallUnanswered(at=at, call=call):
                self.waiting.pop(call, None)
                return self._ringing_ended(call, at, answered=False) or self._over(call)
            case BudgetLooked() | AgentsSpokenFor():
                return []

    def forget(self, now: float) -> list[Change]:
        """Drops the calls that can no longer be up; they are kept in order of time."""
        changes: list[Change] = []
        while self.ringing:
            call, placed_at = next(iter(self.ringing.items()))
            if placed_at + self._rings_at_most_s > now:
                break
            changes += self._ringing_ended(call, now, answered=None)
        while self.waiting and next(iter(self.waiting.values())) + self._waits_at_most_s <= now:
            del self.waiting[next(iter(self.waiting))]
        while self._connected and next(iter(self._connected.values()))[0] + _TALKS_AT_MOST_S <= now:
            del self._connected[next(iter(self._connected))]
        return changes

    def _ringing_ended(self, call: Hashable, at: float, *, answered: bool | None) -> list[Change]:
        placed_at = self.ringing.pop(call, None)
        return [] if placed_at is None else [RingingEnded(call, max(0.0, at - placed_at), answered)]

    def _connected_to(self, event: CallConnected) -> list[Change]:
        changes = self._ringing_ended(event.call, event.at - event.waited_s, answered=True)
        if self.waiting.pop(event.call, None) is not None or changes:
            _remember(self._talks, event.call)
        return changes + self._agent_is(event.agent, AgentPhase.TALKING, event.at, event.call)

    def _over(self, call: Hashable) -> list[Change]:
        self._connected.pop(call, None)
        return []

    def _agent_is(
        self, agent: Hashable, phase: AgentPhase | None, at: float, call: Hashable | None = None
    ) -> list[Change]:
        was = self._phase_of.get(agent)
        since = self.agents[was].get(agent, at) if was is not None else at
        former = self._call_of.get(agent)
        if at < since - _CLOCKS_DIFFER_S or (was == phase and former == call):
            return []
        foretold = agent in self.stopping
        if former is not None and self._connected.get(former, (at, None))[1] == agent:
            del self._connected[former]
        self._call_of.pop(agent, None)
        if was is not None:
            del self.agents[was][agent]
        if phase not in (AgentPhase.TALKING, AgentPhase.WRAPPING):
            self.stopping.discard(agent)
        if phase is None:
            self._phase_of.pop(agent, None)
        else:
            self._phase_of[agent] = phase
            self.agents[phase][agent] = at
        if call is not None:
            self._connected[call] = (at, agent)
            self._call_of[agent] = call
        if was not in (AgentPhase.TALKING, AgentPhase.WRAPPING):
            return []
        return [PhaseEnded(was, max(0.0, at - since), phase, foretold)]


def _remember(calls: dict[Hashable, None], call: Hashable) -> None:
    calls[call] = None
    if len(calls) > _REMEMBERED:
        del calls[next(iter(calls))]
