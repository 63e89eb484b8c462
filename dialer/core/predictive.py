"""Predictive dialing: more calls than free agents, as many as their risk of an abandoned person allows.

The model is a state-dependent, myopic rule with a price. It looks half a minute ahead at every agent who is
busy and every call that rings (`freeing`, `answering`), takes the chance that one more person who answers
would find no agent (`lookahead`), and places calls while that is no more than a price, which follows what
happens so that the abandoned people stay within their target (`price`). In small models that can be solved
exactly it comes within a tenth of a point of the best rule; the laws of talks, wrap-ups, rings and answers
are learned from the shift itself. On predictive dialing as a problem of control see Samuelson, "Predictive
dialing for outbound telephone call centers", Interfaces 29 (1999).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from dialer.core.answering import Answering
from dialer.core.census import (
    AgentPhase,
    Census,
    Change,
    PersonAbandoned,
    PersonDisowned,
    PhaseEnded,
    RingingEnded,
)
from dialer.core.freeing import Freeing
from dialer.core.limits import Limits
from dialer.core.lookahead import Array, NewCalls, Outlook
from dialer.core.pacing_events import AgentReady, AgentsSpokenFor, BudgetLooked, CallPlaced, PacingEvent
from dialer.core.pacing_settings import DialMode, PacingPrior, PacingSettings, PacingState
from dialer.core.price import Price
from dialer.core.ratio import limit_is_reached
from dialer.core.survival import Survival

_ASKED_AGAIN_S = 1.0
_PRESUMED_RATE, _PRESUMED_CALLS = 0.5, 10.0
"""Before anything is known half of all people answer: so few calls are placed."""
_MOST_PRIOR_CALLS = 50.0
"""So many calls of the prior count at most, added to those presumed: yesterday is not today."""
_PRESUMED_TALK_S, _PRESUMED_WRAP_S = 120.0, 15.0
_TALK_SHRINK_S, _WRAP_SHRINK_S = 20.0, 5.0
_PRESUMED_ENDS = 2.0
_MOST_AT_ONCE = 400
LEAST_RING_S = 15.0
"""A call rings at least so long, or four times: 16 CFR 310.4(b)(4)(ii). Other laws may ask for more."""


@dataclass(frozen=True, slots=True)
class _Belief:
    """What the last decision rested on."""

    risk: float
    """Of the first call more."""
    answers: float
    """Of the calls that ring."""
    free_agents: float
    """Before the last of those calls can be answered."""


class PredictivePacer:
    """Places calls ahead of agents becoming free. Deterministic: the same events give the same calls."""

    def __init__(self, settings: PacingSettings) -> None:
        prior = settings.prior or PacingPrior()
        self._census = Census(settings.ring_timeout_s)
        self._limits = Limits(settings)
        self._answering = Answering(settings.ring_timeout_s, *_presumed(prior))
        self._freeing = Freeing(
            self._answering.seconds,
            settings.abandon_grace_s,
            Survival(prior.mean_talk_s or _PRESUMED_TALK_S, _PRESUMED_ENDS, _TALK_SHRINK_S),
            Survival(prior.mean_wrap_s or _PRESUMED_WRAP_S, _PRESUMED_ENDS, _WRAP_SHRINK_S),
        )
        self._price = Price(settings.abandon_target, settings.period_ends_at)
        self._belief: _Belief | None = None
        self._spoken_for = 0.0
        self._holds_back = False
        self._last_decision = self._wants = 0
        self._reason = "Nothing has been asked yet."

    def observe(self, event: PacingEvent) -> None:
        """Takes note of what happened, and learns from what it brought to an end."""
        for change in self._census.observe(event):
            self._learn(change, event.at)
        match event:
            case CallPlaced(at=at, call=call, answer_chance=score):
                self._limits.placed(at)
                if call in self._census.ringing:
                    self._answering.placed(call, at, score)
            case AgentReady():
                self._price.begin(event.at)
            case BudgetLooked():
                self._price.budget_looked(event)
            case AgentsSpokenFor(agents=agents):
                self._spoken_for = agents
            case _:
                pass

    def calls_to_place(self, now: float, upcoming: Sequence[float | None] = ()) -> int:
        """How many calls to place now. `upcoming`: chances of an answer of the next leads, in order."""
        for change in self._census.forget(now):
            self._learn(change, now)
        wanted, why = self._wanted(now, upcoming)
        self._wants = wanted
        decision, limit = self._limits.held(wanted, now, self._census.lines, self._census.at_work)
        self._last_decision, self._reason = decision, why + limit
        return decision

    def surplus(self, now: float) -> list[Hashable]:
        """The calls that ring for long enough to be given up, where it wants none more and no agent is free.

        Each could only be abandoned by now, or hold back calls that would be answered when somebody is free.
        """
        census = self._census
        if self._wants or census.count(AgentPhase.AVAILABLE):
            return []
        return [call for call, placed_at in census.ringing.items() if now - placed_at >= LEAST_RING_S]

    def next_wakeup(self, now: float) -> float | None:
        """Time alone changes the risk: in a while, as long as anybody is at work."""
        if not self._census.at_work:
            return None
        return max(now + _ASKED_AGAIN_S, self._limits.next_wakeup(now) or 0.0)

    def explain(self, now: float) -> PacingState:
        """What it believes and why it decided as it did."""
        mode: DialMode = "progressive" if self._holds_back else "predictive"
        belief, price, answering = self._belief, self._price, self._answering
        return replace(
            self._census.state(mode, self._last_decision, self._reason),
            answered=price.answered,
            abandoned=price.abandoned,
            answer_rate=answering.rate.value,
            mean_ring_s=answering.answer_times.mean_s(),
            mean_talk_s=self._freeing.talk.mean_s(),
            mean_wrap_s=self._freeing.wrap.mean_s(),
            expected_answers=float(answering.moments(now)[0][-1]),
            expected_free_agents=belief.free_agents if belief else None,
            abandon_risk=belief.risk if belief else None,
            most_abandon_risk=price.value(now),
            budget_left=price.budget_left,
        )

    def _learn(self, change: Change, at: float) -> None:
        match change:
            case RingingEnded(call=call, rang_s=rang_s, answered=answered):
                self._answering.ended(call, rang_s, answered=answered)
                if answered:
                    self._price.person_answered(at)
            case PersonAbandoned():
                self._price.person_abandoned()
            case PersonDisowned(was_abandoned=was_abandoned):
                self._price.person_disowned(at, was_abandoned=was_abandoned)
            case PhaseEnded(phase=AgentPhase.TALKING, lasted_s=lasted_s, then=then):
                over = then not in (AgentPhase.PAUSED, None)
                self._freeing.talk_ended(lasted_s, over=over)
                if then == AgentPhase.AVAILABLE:
                    self._freeing.wrap_ended(0.0, returned=True)
            case PhaseEnded(lasted_s=lasted_s, foretold=True):
                self._freeing.wrap_ended(lasted_s, returned=None)
            case PhaseEnded(lasted_s=lasted_s, then=then):
                self._freeing.wrap_ended(lasted_s, returned=then not in (AgentPhase.PAUSED, None))

    def _wanted(self, now: float, upcoming: Sequence[float | None]) -> tuple[int, str]:
        census = self._census
        self._belief, self._holds_back = None, False
        if not census.at_work:
            return 0, "No agent is at work."
        free = census.count(AgentPhase.AVAILABLE) - len(census.waiting)
        if hindered := self._hindered(now):
            self._holds_back = True
            fewest = max(0, free - len(census.ringing))
            return fewest, f"{hindered} One call for each free agent: {fewest}."
        unspoken_for = free - self._spoken_for
        fewest = max(0, floor(unspoken_for) - len(census.ringing))
        outlook, belief = self._looked_ahead(now, unspoken_for)
        price = self._price.value(now)
        calls = 0
        if belief.risk <= price:
            calls = outlook.calls_at(price, self._new_calls(upcoming), _MOST_AT_ONCE)
        self._belief = belief
        return max(calls, fewest), _why(belief, price, calls, fewest)

    def _looked_ahead(self, now: float, unspoken_for: float) -> tuple[Outlook, _Belief]:
        census = self._census
        mean, variance, third = self._freeing.moments(
            now - _times(census.going_on(AgentPhase.TALKING)),
            now - _times(census.going_on(AgentPhase.WRAPPING)),
        )
        mean = mean + unspoken_for
        answers, spread, skewed = self._answering.moments(now)
        moments = (mean - answers, variance + spread, third - skewed)
        outlook = Outlook(moments, self._answering.new_call, answers, self._answering.doubt)
        return outlook, _Belief(outlook.risk(), float(answers[-1]), float(mean[-1]))

    def _new_calls(self, upcoming: Sequence[float | None]) -> NewCalls:
        chances = self._answering.chances(np.array([*upcoming, None], dtype=float))
        return NewCalls(chances[:-1], float(chances[-1]))

    def _hindered(self, now: float) -> str:
        """Why no person may be abandoned now, in a sentence; empty where some may."""
        price, looked = self._price, self._price.looked
        if looked is not None and looked.at_limit:
            return limit_is_reached(looked)
        if price.is_spent(now):
            counts = f"{price.abandoned} of {price.answered} people who answered"
            return (
                f"One more abandoned person could break the target of {price.target:.2%} ({counts} so far)."
            )
        if self._answering.is_out:
            return "So many calls in a row were not answered that it looks like an outage."
        return ""


def _presumed(prior: PacingPrior) -> tuple[float, float]:
    """The answer rate to begin with, and how many calls it counts for."""
    calls = 0.0 if prior.answer_rate is None else min(prior.dialed, _MOST_PRIOR_CALLS)
    weight = _PRESUMED_CALLS + calls
    return (_PRESUMED_RATE * _PRESUMED_CALLS + (prior.answer_rate or 0.0) * calls) / weight, weight


def _why(belief: _Belief, price: float, calls: int, fewest: int) -> str:
    ahead = f"{belief.free_agents:.1f} agents free soon for {belief.answers:.1f} answers of calls that ring"
    if calls < fewest:
        return f"One call for each free agent, {fewest}: {ahead}."
    risk = f"the next call's risk of an abandoned person is {belief.risk:.1%}"
    return f"{calls} more by the model: {ahead}; {risk}, up to {price:.1%} is allowed."


def _times(since: Sequence[float]) -> Array:
    return np.array(since, dtype=float)
