"""The incumbent's adaptive dial level, to be compared with.

It is VICIdial's rule, read from its source of 2025 and told in our words.

Every second it notes how many agents are free, how many answered calls wait, and how many agents there are.
Every 15 s the dial level grows or shrinks by the mean surplus of free agents over all agents; every 2.5 s
calls are placed up to the level times the agents who are free or on a call. It knows no answer rate, no
ring time, no talk time and no wrap time.
"""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

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
    CallPlaced,
    PacingEvent,
)
from dialer.core.pacing_settings import PacingSettings, PacingState

_NOTED_EVERY_S = 1.0
_NOTES = 15
_LEVEL_EVERY_S = 15.0
_PLACED_EVERY_S = 2.5
_DROPS_EVERY_S = 60.0
_FEWEST_CALLS_A_MINUTE = 20
_MOST_DROPS_A_MINUTE = 0.5
_FEWEST_CALLS_A_DAY = 50

Method = Literal["hard_limit", "average", "tapered"]


@dataclass(frozen=True)
class IncumbentSettings:
    """What its manager may set; the values are its defaults."""

    max_level: float = 3.0
    target_difference: float = 0.0
    """Free agents less waiting calls; -1 aims at one free agent."""
    intensity: float = 0.0
    """Percent by which every change of the level is made larger, or below 0 smaller."""
    method: Method = "hard_limit"
    """What happens above the limit of dropped calls: level 1, half the level, or less towards the end."""


class IncumbentPacer:
    """A Pacer that decides as the incumbent does."""

    def __init__(self, settings: PacingSettings, own: IncumbentSettings | None = None) -> None:
        self._settings = settings
        self._own = own or IncumbentSettings()
        self._level = 1.0
        self._agents: dict[Hashable, str] = {}
        self._calls: dict[Hashable, str] = {}
        self._call_of_agent: dict[Hashable, Hashable] = {}
        self._notes: deque[tuple[int, int, int]] = deque(maxlen=_NOTES)
        self._placed_today = self._answered_today = self._dropped_today = 0
        self._placed_before = self._dropped_before = 0
        self._drops_last_minute: tuple[int, int] = (0, 0)
        self._note_at: float | None = None
        self._level_at = self._place_at = self._drops_at = 0.0
        self._last_decision = 0

    def observe(self, event: PacingEvent) -> None:
        """Counts agents and calls by what they do."""
        match event:
            case AgentReady(agent=agent):
                self._agent_does(agent, "ready")
            case AgentTalking(agent=agent):
                self._agent_does(agent, "talking")
            case AgentWrapping(agent=agent):
                self._agent_does(agent, "wrapping")
            case AgentPaused(agent=agent):
                self._agent_does(agent, "paused")
            case AgentLeft(agent=agent):
                self._agent_does(agent, "gone")
                del self._agents[agent]
            case CallPlaced(call=call):
                self._placed_today += 1
                self._calls[call] = "ringing"
            case CallAnswered(call=call):
                self._answered_today += 1
                self._calls[call] = "waiting"
            case CallConnected(call=call, agent=agent):
                self._agent_does(agent, "talking")
                self._calls[call] = "connected"
                self._call_of_agent[agent] = call
            case BudgetLooked() | AgentsSpokenFor() | AgentPreviewing() | AgentWillPause():
                pass
            case CallByMachine(call=call):
                self._answered_today -= self._calls.pop(call, "") != "ringing"
            case _:
                self._dropped_today += isinstance(event, CallAbandoned)
                self._calls.pop(event.call, None)

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """Its level times the agents, less the lines in use, every 2.5 s; 0 between."""
        del upcoming
        self._catch_up(now)
        self._last_decision = 0
        if now >= self._place_at:
            self._place_at = now + _PLACED_EVERY_S
            lines = len(self._calls)
            agents = self._count("ready") + self._count("talking")
            goal = round(self._level * agents) - lines
            most = int(self._settings.max_calls_per_second * _PLACED_EVERY_S)
            self._last_decision = max(0, min(goal, self._settings.max_lines - lines, most))
        return self._last_decision

    def next_wakeup(self, now: float) -> float | None:
        """At its next look, a second later at most."""
        return now if self._note_at is None else max(now, min(self._note_at, self._place_at))

    def explain(self, now: float) -> PacingState:
        """Its level, and who does what."""
        del now
        calls = list(self._calls.values())
        return PacingState(
            mode="predictive",
            agents_available=self._count("ready"),
            agents_talking=self._count("talking"),
            agents_wrapping=self._count("wrapping"),
            agents_paused=self._count("paused"),
            calls_ringing=calls.count("ringing"),
            calls_waiting=calls.count("waiting"),
            calls_connected=calls.count("connected"),
            last_decision=self._last_decision,
            reason=f"The dial level is {self._level:g}.",
        )

    def _agent_does(self, agent: Hashable, what: str) -> None:
        if (call := self._call_of_agent.pop(agent, None)) is not None:
            self._calls.pop(call, None)
        self._agents[agent] = what

    def _count(self, what: str) -> int:
        return list(self._agents.values()).count(what)

    def _catch_up(self, now: float) -> None:
        if self._note_at is None:
            self._note_at = now
            self._level_at, self._drops_at = now + _LEVEL_EVERY_S, now + _DROPS_EVERY_S
        while self._note_at <= now:
            waiting = list(self._calls.values()).count("waiting")
            self._notes.append((self._count("ready"), waiting, len(self._agents)))
            self._note_at += _NOTED_EVERY_S
        if now >= self._drops_at:
            placed, dropped = self._placed_today, self._dropped_today
            self._drops_last_minute = (placed - self._placed_before, dropped - self._dropped_before)
            self._placed_before, self._dropped_before = placed, dropped
            self._drops_at = now + _DROPS_EVERY_S
        if now >= self._level_at:
            self._level_at = now + _LEVEL_EVERY_S
            self._change_level(now)

    def _change_level(self, now: float) -> None:
        own = self._own
        ready, waiting, agents = (sum(column) / len(self._notes) for column in zip(*self._notes, strict=True))
        surplus = (ready - waiting + own.target_difference) / agents if agents else 0.0
        eager = own.intensity / 100
        change = surplus * (1 + eager) if surplus >= 0 else surplus * abs(eager - 1)
        self._level = min(max(round(self._level * (1 + change), 3), 1.0), own.max_level)
        calls, drops = self._drops_last_minute
        if calls > _FEWEST_CALLS_A_MINUTE and drops / calls > _MOST_DROPS_A_MINUTE:
            self._level /= 2
        self._hold_limit(now)

    def _hold_limit(self, now: float) -> None:
        if self._placed_today <= _FEWEST_CALLS_A_DAY or not self._answered_today:
            return
        if self._dropped_today / self._answered_today <= self._settings.abandon_target:
            return
        match self._own.method:
            case "hard_limit":
                self._level = 1.0
            case "average":
                self._level /= 2
            case "tapered":
                ends_at = self._settings.period_ends_at
                hours_left = 0.0 if ends_at is None else (ends_at - now) / 3600
                self._level = max(1.0, self._level * hours_left / 10)
