"""The agents' side of a calling floor: shifts, softphones, pauses and wrap-ups."""

from collections.abc import Callable, Iterable, Mapping

from campaigns.core.agent_profile import ANYONE, AgentProfile
from campaigns.core.agent_work import PAUSED
from dialer.core.agent import AgentEvent, AgentState
from dialer.core.call import CallEvent, CallState
from dialer.core.effects import CallSoftphone, DispositionMissed, Effect, HangUpAgent, HangUpCall
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_pacing import FloorPacing
from dialer.core.floor_queue import FloorQueue
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentTalking,
    AgentWillPause,
    AgentWrapping,
    CallByMachine,
)

NO_ANSWER = "softphone_no_answer"
"""Why an agent is paused whose softphone was rung and not answered."""
UNREGISTERED, NOT_REGISTERED = "softphone_unregistered", "softphone_480"
"""Why an agent is unavailable whose softphone our registrar knows no more, or did not when it was called."""
SOFTPHONE_GONE_LIMIT_S = 1800.0
SOFTPHONE_GONE = "softphone_gone"
WRAP_UP_OVER = "wrap_up_over"
"""Why an agent is paused whose wrap-up has reached its limit."""


class UnknownSession(LookupError):
    """There is no such agent session on this floor."""

    def __init__(self, session: int) -> None:
        super().__init__(f"There is no agent session {session} under way.")


class WrapUpNotExtended(Exception):
    """The agent does not wrap up, has extended this wrap-up, or may not."""

    code = "wrap-up-not-extended"


class FloorShifts:
    """What each agent on shift does, and what follows of it for the call that the agent has."""

    def __init__(
        self,
        agents: dict[int, FloorAgent],
        calls: Mapping[int, FloorCall],
        pacing: FloorPacing,
        queue: FloorQueue,
        advance: Callable[[int, CallEvent], FloorCall | None],
        softphone_gone_limit_s: float,
    ) -> None:
        """Agents by session and calls by attempt; `advance` moves a call on, if it can be."""
        self._gone_limit_s = softphone_gone_limit_s
        self._agents = agents
        self._calls = calls
        self._pacing = pacing
        self._queue = queue
        self._advance = advance
        self.leaves: Callable[[FloorAgent, float], list[Effect]] = lambda each, at: []
        """Has an agent who is gone leave the conversations that they are in."""
        self.arrives: Callable[[FloorAgent, float], list[Effect]] = lambda each, at: []
        """Has an agent whose softphone was rung take part in the conversation that they were called into."""

    def agent(self, session: int) -> FloorAgent:
        """The agent on that shift. Raises UnknownSession."""
        try:
            return self._agents[session]
        except KeyError:
            raise UnknownSession(session) from None

    def log_in(
        self,
        session: int,
        agent: int,
        campaigns: Iterable[int],
        at: float,
        profile: AgentProfile = ANYONE,
        *,
        per_call: bool = False,
    ) -> list[Effect]:
        """An agent's shift begins; calls come once the softphone is on the line.

        One that is rung for each customer (`per_call`) is on the line when the agent says `ready`. Whether
        the agent has the skills that the campaigns ask for was looked at before.
        """
        each = FloorAgent(session, agent, frozenset(campaigns), AgentState.UNAVAILABLE, at, profile=profile)
        each.per_call = per_call
        each.line_is_gone(at)
        self._agents[session] = each
        self._pacing.tell_all(each, AgentPaused(at, session))
        return [each.changed()]

    def restore_agent(self, restored: FloorAgent) -> None:
        """An agent whose shift was under way when the engine ended; nothing is recorded.

        The calls are restored first. An agent whose call is over finishes with it at the next `tick`.
        """
        self._agents[restored.session] = restored
        restored.rejoin(self._calls)
        self._pacing.agent_is_there(restored, restored.since)

    def log_out(self, session: int, at: float, reason: str = "") -> list[Effect]:
        """The shift ends, and the talk with it; who was only being connected gets another agent."""
        each = self.agent(session)
        effects = self.leaves(each, at)
        if call := each.call_among(self._calls):
            call.session = None
            if call.state == CallState.ANSWERED:
                call.let_go_by = session
            else:
                effects.append(HangUpCall(call.attempt, unless_answered=call.answered_at is None))
        effects += each.leave_attempt(at)
        effects += each.move(AgentEvent.LOG_OUT, at, reason)
        effects.append(HangUpAgent(session))
        del self._agents[session]
        self._pacing.tell_all(each, AgentLeft(at, session))
        return effects

    def line_up(self, session: int, at: float) -> list[Effect]:
        """The agent's softphone is on the line."""
        each = self._agents.get(session)
        if each is None:
            return [HangUpAgent(session)]
        each.line_is_up()
        if each.per_call:
            return self._line_up_for_a_call(each, at)
        each.softphone_is_left_alone()
        if each.state != AgentState.UNAVAILABLE:
            return self._queue.find_call(each, at)
        if each.pause_asked is not None:
            return self._pause(each, at)
        effects = each.move(AgentEvent.LINE_UP, at)
        self._pacing.agent_is_free(each, at)
        return effects + self._queue.find_call(each, at)

    def line_down(
        self, session: int, at: float, reason: str, *, busy: bool = False, hung_up: bool = False
    ) -> list[Effect]:
        """The agent's softphone is gone. A customer who was talking waits for another agent.

        One that was `busy` when it was called is called again after a while. One that did not answer pauses
        its agent, who may not be there. Where each customer rings it, an agent who `hung_up` ends the talk.
        """
        each = self._agents.get(session)
        if each is None:
            return self._queue.find_another(session, at)
        each.line_is_gone(at)
        if each.per_call and not (each.state == AgentState.TALKING and not hung_up):
            return self._line_down_after_a_call(each, at, reason)
        if busy:
            each.softphone_was_busy(at)
        else:
            each.softphone_is_left_alone()
        if each.state == AgentState.PAUSED:
            each.pause_asked = each.reason
        if each.state == AgentState.UNAVAILABLE and reason == NO_ANSWER:
            each.pause_asked = each.pause_asked or reason
            return self._pause(each, at)
        call = each.call_among(self._calls)
        effects = self.leaves(each, at)
        effects += each.leave_attempt(at)
        effects += each.move(AgentEvent.LINE_DOWN, at, reason)
        self._pacing.tell_all(each, AgentPaused(at, session))
        return effects + self._offer_again(call, at) if call else effects

    def registration(self, session: int, at: float, *, there: bool, again: bool) -> list[Effect]:
        """Our registrar says whether it knows where the softphone is; `again`: it did not know just before.

        A softphone that is rung for each customer cannot be rung any more, until it is back. One whose line
        is up says itself when it goes, and is called again once it is back.
        """
        each = self._agents.get(session)
        if each is None or each.line_up or each.line_called or each.line_ending:
            return []
        if not there:
            return self._unregistered(each, at)
        if each.state != AgentState.UNAVAILABLE or each.reason not in (UNREGISTERED, NOT_REGISTERED):
            return []
        if each.per_call:
            return self.set_free(each, at)
        return [CallSoftphone(session)] if again else []

    def pause(self, session: int, reason: str, at: float) -> list[Effect]:
        """The agent takes no more calls; during a call, once it is wrapped up."""
        each = self.agent(session)
        each.pause_asked = reason
        looks = each.preview is not None and not each.preview.dialing
        if looks or each.state in (AgentState.AVAILABLE, AgentState.PAUSED):
            return self._pause(each, at)
        self._pacing.tell_all(each, AgentWillPause(at, session))
        return []

    def ready(self, session: int, at: float) -> list[Effect]:
        """The agent takes calls again, or ends the wrap-up. A softphone that is gone is to be called now."""
        each = self.agent(session)
        each.pause_asked = None
        each.softphone_is_left_alone()
        is_back = each.per_call and each.state == AgentState.UNAVAILABLE
        if not is_back and each.state not in (AgentState.PAUSED, AgentState.WRAP_UP):
            self._pacing.tell_all(each, AgentWillPause(at, session, will=False))
            return []
        return self._become_ready(each, at)

    def dispositioned(self, attempt: int, at: float, *, by_machine: bool) -> list[Effect]:
        """An agent who wraps the call up has said how it went, and is done with it."""
        for each in self._agents.values():
            if each.attempt == attempt and each.state == AgentState.WRAP_UP:
                if by_machine:
                    self._pacing.tell_all(each, CallByMachine(at, attempt))
                each.attempt = None
                return self.set_free(each, at)
        return []

    def tick(self, now: float) -> list[Effect]:
        """Ends what has lasted too long, wrap-ups and shifts without a softphone; calls busy ones again."""
        effects: list[Effect] = []
        for each in list(self._agents.values()):
            if each.wrap_up_ends_at is not None and each.wrap_up_ends_at <= now:
                effects += self._end_wrap_up(each, now)
            if each.state == AgentState.UNAVAILABLE and each.line_gone_since is not None:
                gone_until = each.line_gone_since + self._gone_limit_s
                if gone_until <= now:
                    effects += self.log_out(each.session, max(each.since, gone_until), SOFTPHONE_GONE)
                    continue
            if each.call_again_at is not None and each.call_again_at <= now:
                each.call_again_at = None
                effects.append(CallSoftphone(each.session))
        return effects

    def agent_of(self, call: FloorCall) -> FloorAgent | None:
        """The agent who is being connected or talks with the caller."""
        each = self._agents.get(call.session) if call.session is not None else None
        return each if each is not None and each.call_among(self._calls) is call else None

    def take(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        """The two talk; not so where a switch that repeats itself tells of a talk long past."""
        reserved = each.has_a_call and each.attempt == call.attempt
        if not reserved and each.state != AgentState.AVAILABLE:
            call.session = None
            self._pacing.agent_is_there(each, at, call.campaign)
            return []
        each.attempt, call.session = call.attempt, each.session
        besides = None if call.came else call.campaign
        self._pacing.tell_all(each, AgentTalking(at, each.session), besides)
        return each.move(AgentEvent.CONNECT, at)

    def release(self, each: FloorAgent, at: float) -> list[Effect]:
        """The agent was given a call and did not talk: free again, or paused where that was asked."""
        effects = each.leave_attempt(at)
        effects += each.move(AgentEvent.RELEASE, at)
        if each.pause_asked is not None:
            return effects + self._pause(each, at) + each.end_line()
        self._pacing.agent_is_free(each, at)
        effects += self._queue.find_call(each, at)
        return effects if each.has_a_call else effects + each.end_line()

    def set_free(self, each: FloorAgent, at: float) -> list[Effect]:
        """The agent is done with the last call: free again, or paused where that was asked."""
        if each.pause_asked is not None:
            return self._pause(each, at)
        return self._become_ready(each, at)

    def begin_wrap_up(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        """The talk is over; an agent who has said already how it went is free at once."""
        effects = each.end_line() + each.move(AgentEvent.TALK_END, at)
        self._pacing.tell_all(each, AgentWrapping(at, each.session))
        if call.dispositioned:
            each.attempt = None
            return effects + self.set_free(each, at)
        each.begin_wrap_up(call.campaign, at + self._pacing.wrap_up_limit_s(call.campaign))
        return effects

    def extend_wrap_up(self, session: int, at: float) -> float:
        """Lets the agent wrap up for longer, once for each call; until when then.

        Raises UnknownSession and WrapUpNotExtended.
        """
        each = self.agent(session)
        if each.state != AgentState.WRAP_UP or each.wrap_up_ends_at is None:
            raise WrapUpNotExtended("The agent does not wrap up a call now.")
        extension_s = self._pacing.work(each.wraps_up_for).wrap_up_extension_s
        if not extension_s:
            raise WrapUpNotExtended("The campaign's wrap-ups are not extended; see its wrap_up_extension_s.")
        if each.wrap_up_extended:
            raise WrapUpNotExtended("This wrap-up has been extended already; that is done once.")
        each.wrap_up_extended = True
        each.wrap_up_ends_at = max(each.wrap_up_ends_at, at) + extension_s
        return each.wrap_up_ends_at

    # --- inside ---------------------------------------------------------------------------------

    def _unregistered(self, each: FloorAgent, at: float) -> list[Effect]:
        looks = each.state == AgentState.PREVIEW and each.preview is not None and not each.preview.dialing
        if not each.per_call or not (looks or each.state == AgentState.AVAILABLE):
            return []
        each.line_gone_since = at
        effects = each.leave_attempt(at)
        effects += each.move(AgentEvent.LINE_DOWN, at, UNREGISTERED)
        self._pacing.tell_all(each, AgentPaused(at, each.session))
        return effects

    def _line_up_for_a_call(self, each: FloorAgent, at: float) -> list[Effect]:
        each.line_called = False
        call = each.call_among(self._calls)
        if call is not None and call.state == CallState.ANSWERED:
            return each.join(call)
        if arrived := self.arrives(each, at):
            return arrived
        return [] if each.state == AgentState.TALKING else each.end_line()

    def _line_down_after_a_call(self, each: FloorAgent, at: float, reason: str) -> list[Effect]:
        """A softphone that is rung for each customer is not on the line any more, or never was.

        One that was let go is called for the next customer only now.
        """
        was_let_go, each.line_ending, each.line_called = each.line_ending, False, False
        call = each.call_among(self._calls)
        if call is None:
            return self._called_in_and_gone(each, at, reason)
        if each.state == AgentState.TALKING:
            return [HangUpCall(call.attempt)]
        if was_let_go or call.state != CallState.ANSWERED:
            return each.join(call) if call.state == CallState.ANSWERED else []
        call.session = None
        call.tried.add(each.session)
        each.pause_asked = each.pause_asked or reason
        return self.release(each, at) + self._queue.find_agent(call, at)

    def _called_in_and_gone(self, each: FloorAgent, at: float, reason: str) -> list[Effect]:
        """Of an agent who was called into a conversation: one who has not answered is paused."""
        if not (effects := self.leaves(each, at)):
            return []
        if each.state == AgentState.RESERVED:
            each.pause_asked = each.pause_asked or reason
        return effects + self.release(each, at)

    def _end_wrap_up(self, each: FloorAgent, at: float) -> list[Effect]:
        """The limit has passed: nobody has said how the talk went, so that it is what the campaign says."""
        work = self._pacing.work(each.wraps_up_for)
        attempt, each.attempt = each.attempt, None
        effects: list[Effect] = []
        if attempt is not None:
            effects.append(DispositionMissed(attempt, at, work.default_disposition))
        if work.after_wrap_up == PAUSED and each.pause_asked is None:
            each.pause_asked = WRAP_UP_OVER
        return effects + self.set_free(each, at)

    def _offer_again(self, call: FloorCall, at: float) -> list[Effect]:
        call.session = None
        if call.answered_at is None:
            return []  # it rings, and goes to whoever is free once it is answered
        if self._advance(call.attempt, CallEvent.AGENT_LOST):
            call.waits_since = at
        return self._queue.find_agent(call, at) if call.state == CallState.ANSWERED else []

    def _pause(self, each: FloorAgent, at: float) -> list[Effect]:
        reason, each.pause_asked = each.pause_asked or "", None
        effects = each.leave_attempt(at)
        effects += each.move(AgentEvent.PAUSE, at, reason)
        self._pacing.tell_all(each, AgentPaused(at, each.session))
        return effects

    def _become_ready(self, each: FloorAgent, at: float) -> list[Effect]:
        effects = each.leave_attempt(at)
        if not each.can_be_connected:
            self._pacing.tell_all(each, AgentPaused(at, each.session))
            return effects + each.move(AgentEvent.LINE_DOWN, at, "no_softphone")
        back = each.per_call and each.state == AgentState.UNAVAILABLE
        effects += each.move(AgentEvent.LINE_UP if back else AgentEvent.READY, at)
        self._pacing.agent_is_free(each, at)
        return effects + self._queue.find_call(each, at)
