"""The queue of a calling floor: answered calls that wait for an agent, and which agent takes which."""

from collections.abc import Mapping
from math import inf

from dialer.core.agent import AgentEvent
from dialer.core.call import CallState
from dialer.core.effects import Effect
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_pacing import FloorPacing
from dialer.core.pacing_events import AgentTalking
from dialer.core.routing import admits, choose


class FloorQueue:
    """Gives the agent whose turn it is the call that has waited longest."""

    def __init__(
        self, agents: Mapping[int, FloorAgent], calls: Mapping[int, FloorCall], pacing: FloorPacing
    ) -> None:
        """Agents by session and calls by attempt, as they are on the floor at any time."""
        self.waiting: list[int] = []
        """Answered calls without an agent, the longest waiting first."""
        self._agents = agents
        self._calls = calls
        self._pacing = pacing

    def find_agent(self, call: FloorCall, at: float) -> list[Effect]:
        """A call that has just been answered, or has lost its agent, gets one or waits.

        One that an agent had dialed gets that agent, and one that is kept nobody, before its verdict.
        """
        if call.is_kept:
            return []
        own = self._agents.get(call.session) if call.session is not None else None
        if own is not None and own.call_among(self._calls) is call:
            self._pacing.tell_all(own, AgentTalking(at, own.session), besides=call.campaign)
            return own.join(call)
        if each := self._whose_turn(call, at):
            return self.reserve(each, call, at)
        self.waiting.append(call.attempt)
        return []

    def find_another(self, session: int, at: float) -> list[Effect]:
        """The switch has let go of an agent who logged out: the caller whom it may have bridged gets another.

        Before that it would refuse to bridge the caller with anybody else.
        """
        effects: list[Effect] = []
        for call in [each for each in self._calls.values() if each.let_go_by == session]:
            call.let_go_by = None
            if call.state == CallState.ANSWERED and call.session is None and call.attempt not in self.waiting:
                effects += self.find_agent(call, at)
        return effects

    def find_call(self, each: FloorAgent, at: float) -> list[Effect]:
        """An agent who has just become free gets a call, if one waits."""
        calls = [self._calls[attempt] for attempt in self.waiting]
        waiting = [call for call in calls if each.suits(call) and self._admits(each, call, at)]
        if not waiting:
            return []
        call = min(waiting, key=_turn)
        self.leave(call)
        return self.reserve(each, call, at)

    def tick(self, now: float) -> list[Effect]:
        """Callers who have waited long enough for an agent who speaks their language get any who is free."""
        effects: list[Effect] = []
        for call in sorted((self._calls[attempt] for attempt in self.waiting), key=_turn):
            if each := self._whose_turn(call, now):
                self.leave(call)
                effects += self.reserve(each, call, now)
        return effects

    def offer_unclaimed(self, at: float) -> list[Effect]:
        """Calls that were answered before the floor began, and that no agent has, get one or wait."""
        unclaimed = [
            each
            for each in self._calls.values()
            if each.state == CallState.ANSWERED
            and each.session is None
            and not each.agentless
            and not (each.conversation is not None and each.conversation.parked)
            and each.attempt not in self.waiting
        ]
        for call in unclaimed:
            # One that was connected has waited since its agent was lost: nobody knows for how long.
            call.waits_since = at if call.was_connected or call.answered_at is None else call.answered_at
        unclaimed.sort(key=lambda call: call.waits_since or at)
        return [effect for call in unclaimed for effect in self.find_agent(call, at)]

    def leave(self, call: FloorCall) -> None:
        """The call waits no longer."""
        if call.attempt in self.waiting:
            self.waiting.remove(call.attempt)

    def _whose_turn(self, call: FloorCall, at: float) -> FloorAgent | None:
        """Whose turn the call is; an agent whose callback is due comes after all others."""
        free = [each for each in self._agents.values() if each.suits(call)]
        work, waited_s = self._pacing.work(call.campaign), _waited_s(call, at)
        owing_none = [each for each in free if not each.callback_due]
        return choose(work, call, owing_none, waited_s) or choose(work, call, free, waited_s)

    def _admits(self, each: FloorAgent, call: FloorCall, at: float) -> bool:
        work = self._pacing.work(call.campaign)
        return admits(work, each.profile, call.language, _waited_s(call, at))

    def reserve(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        """This agent, who is free, is connected with the caller."""
        each.attempt = call.attempt
        call.session = each.session
        changed = each.move(AgentEvent.RESERVE, at)
        # The campaign's own pacer counts the call as waiting, and the agent as free for it.
        besides = None if call.was_connected or call.came else call.campaign
        self._pacing.tell_all(each, AgentTalking(at, each.session), besides)
        return [*each.join(call), *changed]


def _waited_s(call: FloorCall, at: float) -> float:
    return 0.0 if call.waits_since is None else at - call.waits_since


def _turn(call: FloorCall) -> tuple[bool, float]:
    """The lowest comes first: who has answered our call, for whom a law counts, then who has called us."""
    return call.came, inf if call.waits_since is None else call.waits_since
