"""The calling floor: who is free, which calls are up, and who is connected to whom.

Pure: each method takes what happened with `at` (Unix seconds) and returns what has to be done and what
has to be recorded, in order. Nothing here waits, writes or sends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dialer.core import agent as agents
from dialer.core import call as calls
from dialer.core.agent import AgentEvent, AgentState
from dialer.core.call import CallEvent, CallState, IllegalCallEvent
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallRang,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    Effect,
    HangUpAgent,
    HangUpCall,
)
from dialer.core.outcome import CallEnd, Outcome, outcome_of_answered, outcome_of_unanswered
from dialer.core.pacing import (
    AgentLeft,
    AgentPaused,
    AgentReady,
    AgentTalking,
    AgentWrapping,
    CallAbandoned,
    CallAnswered,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
    Pacer,
    PacingEvent,
)


@dataclass
class FloorAgent:
    """An agent on shift."""

    session: int
    agent: int
    campaigns: frozenset[int]
    state: AgentState
    since: float
    reason: str = ""
    attempt: int | None = None
    """The call that is being connected, talked or wrapped up."""
    line_up: bool = False
    pause_asked: str | None = None
    """A pause that begins when the present call is wrapped up, with its reason."""
    wrap_up_ends_at: float | None = None


@dataclass
class FloorCall:
    """A call that has not ended."""

    attempt: int
    campaign: int
    lead: int
    state: CallState = CallState.PLACED
    answered_at: float | None = None
    waits_since: float | None = None
    """When it was answered, or lost its agent."""
    session: int | None = None
    """The agent who is being connected or talks."""
    tried: set[int] = field(default_factory=set)
    """Agents who could not be connected with it; none is tried twice."""
    was_connected: bool = False
    dispositioned: bool = False


@dataclass
class FloorCampaign:
    """A campaign that runs, or whose calls still live."""

    campaign: int
    pacer: Pacer
    wrap_up_limit_s: float
    running: bool = True


_WRAP_UP_LIMIT_S = 60.0
"""For a call whose campaign was stopped before the engine started."""
_WITH_A_CALL = {AgentState.RESERVED: CallState.ANSWERED, AgentState.TALKING: CallState.CONNECTED}
"""The states of an agent who has a call, and that of the call."""


class UnknownSession(LookupError):
    """There is no such agent session on this floor."""


class Floor:
    """The state of one node's calls and agents, and every decision about them but pacing and law."""

    def __init__(self) -> None:
        self.agents: dict[int, FloorAgent] = {}
        self.calls: dict[int, FloorCall] = {}
        self.campaigns: dict[int, FloorCampaign] = {}
        self.waiting: list[int] = []
        """Answered calls without an agent, the longest waiting first."""
        self.illegal_events = 0
        """How many events came that the tables do not know; each changed nothing."""

    # --- campaigns ------------------------------------------------------------------------------

    def open_campaign(self, campaign: int, pacer: Pacer, wrap_up_limit_s: float, at: float) -> None:
        """The campaign dials from now on; its pacer is told who is there and which calls are up."""
        known = self.campaigns[campaign] = FloorCampaign(campaign, pacer, wrap_up_limit_s)
        for call in self.calls.values():
            if call.campaign == campaign:
                self._tell_of_call(call, at)
        for each in self.agents.values():
            if campaign in each.campaigns:
                self._tell_of_agent(known, each, at)

    def close_campaign(self, campaign: int) -> None:
        """No more calls are placed; those that live go on."""
        if known := self.campaigns.get(campaign):
            known.running = False

    def calls_to_place(self, campaign: int, now: float) -> int:
        """What the campaign's pacer says; 0 where it does not run."""
        known = self.campaigns.get(campaign)
        return known.pacer.calls_to_place(now) if known and known.running else 0

    # --- agents ---------------------------------------------------------------------------------

    def agent(self, session: int) -> FloorAgent:
        """The agent on that shift. Raises UnknownSession."""
        try:
            return self.agents[session]
        except KeyError:
            raise UnknownSession(f"There is no agent session {session} under way.") from None

    def log_in(self, session: int, agent: int, campaigns: Iterable[int], at: float) -> list[Effect]:
        """An agent's shift begins; calls come once the softphone is on the line."""
        each = FloorAgent(session, agent, frozenset(campaigns), AgentState.UNAVAILABLE, at)
        self.agents[session] = each
        self._observe(each, AgentPaused(at, session))
        return [self._changed(each)]

    def restore_agent(self, restored: FloorAgent) -> None:
        """An agent whose shift was under way when the engine ended; nothing is recorded.

        The calls are restored first. An agent whose call is over finishes with it at the next `tick`.
        """
        self.agents[restored.session] = restored
        self._rejoin(restored)
        for campaign in self._campaigns_of(restored):
            self._tell_of_agent(campaign, restored, restored.since)

    def log_out(self, session: int, at: float, reason: str = "") -> list[Effect]:
        """The shift ends, and the talk with it."""
        each = self.agent(session)
        effects: list[Effect] = []
        if call := self._call_of(each):
            call.session = None
            effects.append(HangUpCall(call.attempt))
        effects += self._leave_attempt(each, at)
        effects += self._move(each, AgentEvent.LOG_OUT, at, reason)
        effects.append(HangUpAgent(session))
        del self.agents[session]
        self._observe(each, AgentLeft(at, session))
        return effects

    def line_up(self, session: int, at: float) -> list[Effect]:
        """The agent's softphone is on the line."""
        each = self.agents.get(session)
        if each is None:
            return [HangUpAgent(session)]
        each.line_up = True
        if each.state != AgentState.UNAVAILABLE:
            return self._serve(each, at)
        if each.pause_asked is not None:
            return self._pause(each, at)
        effects = self._move(each, AgentEvent.LINE_UP, at)
        self._observe(each, AgentReady(at, session))
        return effects + self._serve(each, at)

    def line_down(self, session: int, at: float, reason: str) -> list[Effect]:
        """The agent's softphone is gone. A customer who was talking waits for another agent."""
        each = self.agents.get(session)
        if each is None:
            return []
        each.line_up = False
        if each.state == AgentState.PAUSED:
            each.pause_asked = each.reason
        call = self._call_of(each)
        effects = self._leave_attempt(each, at)
        effects += self._move(each, AgentEvent.LINE_DOWN, at, reason)
        self._observe(each, AgentPaused(at, session))
        return effects + self._offer_again(call, at) if call else effects

    def pause(self, session: int, reason: str, at: float) -> list[Effect]:
        """The agent takes no more calls; during a call, once it is wrapped up."""
        each = self.agent(session)
        each.pause_asked = reason
        if each.state in (AgentState.AVAILABLE, AgentState.PAUSED):
            return self._pause(each, at)
        return []

    def ready(self, session: int, at: float) -> list[Effect]:
        """The agent takes calls again, or ends the wrap-up."""
        each = self.agent(session)
        each.pause_asked = None
        if each.state not in (AgentState.PAUSED, AgentState.WRAP_UP):
            return []
        return self._become_ready(each, at)

    def dispositioned(self, attempt: int, at: float) -> list[Effect]:
        """The agent said how the call went; that ends the wrap-up."""
        if call := self.calls.get(attempt):
            call.dispositioned = True
            return []
        for each in self.agents.values():
            if each.attempt == attempt and each.state == AgentState.WRAP_UP:
                each.attempt = None
                return self._finish_wrap_up(each, at)
        return []

    # --- calls ----------------------------------------------------------------------------------

    def place(self, attempt: int, campaign: int, lead: int, at: float) -> None:
        """A call is about to be placed; its attempt is recorded already."""
        self.calls[attempt] = FloorCall(attempt, campaign, lead)
        self._pacer_sees(campaign, CallPlaced(at, attempt))

    def restore_call(self, restored: FloorCall, at: float) -> None:
        """A call that was up when the engine ended; nothing is recorded."""
        self.calls[restored.attempt] = restored
        self._tell_of_call(restored, at)

    def rang(self, attempt: int, at: float) -> list[Effect]:
        """The phone rings."""
        return [CallRang(attempt, at)] if self._advance(attempt, CallEvent.RING) else []

    def answered(self, attempt: int, at: float) -> list[Effect]:
        """The call was answered: the agent who waits longest takes it, or it waits for one."""
        call = self._advance(attempt, CallEvent.ANSWER)
        if call is None:
            return []
        call.answered_at = call.waits_since = at
        self._pacer_sees(call.campaign, CallAnswered(at, attempt))
        return [CallWasAnswered(attempt, at), *self._find_agent(call, at)]

    def connected(self, attempt: int, session: int, at: float) -> list[Effect]:
        """The switch says that the caller and the agent hear each other."""
        call, each = self.calls.get(attempt), self.agents.get(session)
        if call is None or each is None or call.campaign not in each.campaigns:
            return []
        if self._advance(attempt, CallEvent.CONNECT) is None:
            return []
        self._stop_waiting(call)
        call.was_connected = True
        waited_s = 0.0 if call.waits_since is None else max(0.0, at - call.waits_since)
        effects: list[Effect] = [CallWasConnected(attempt, session, each.agent, at, waited_s)]
        self._pacer_sees(call.campaign, CallConnected(at, attempt, session, waited_s))
        other = self._agent_of(call)
        if other is not None and other is not each:
            effects += self._release(other, at)
        return effects + self._take(each, call, at)

    def bridge_failed(self, attempt: int, session: int, at: float) -> list[Effect]:
        """The caller or the agent was gone when they were to be connected; another agent is tried."""
        effects: list[Effect] = []
        each = self.agents.get(session)
        if each is not None and each.state == AgentState.RESERVED and each.attempt == attempt:
            effects += self._release(each, at)
        call = self.calls.get(attempt)
        if call is not None and call.session == session and self._agent_of(call) is None:
            call.session = None
            call.tried.add(session)
            if call.state == CallState.ANSWERED:
                effects += self._find_agent(call, at)
        return effects

    def unclaimed(self, attempt: int, at: float) -> list[Effect]:
        """The switch plays the message to a person nobody claimed in time."""
        call = self._advance(attempt, CallEvent.UNCLAIMED)
        if call is None:
            return []
        self._stop_waiting(call)
        if call.was_connected:
            return []
        self._pacer_sees(call.campaign, CallAbandoned(at, attempt))
        return [CallWasAbandoned(attempt, at)]

    def ended(self, attempt: int, end: CallEnd, at: float) -> list[Effect]:
        """The call is over; its agent, if it had one, wraps up."""
        call = self.calls.get(attempt)
        return [] if call is None else self._end(call, self._outcome(call, end), end, at)

    def lost(self, attempt: int, outcome: Outcome, at: float) -> list[Effect]:
        """Nobody can tell how the call ended: the switch died with it, or nothing remembers it."""
        call = self.calls.get(attempt)
        end = CallEnd(status=0, by_far_end=False)
        return [] if call is None else self._end(call, outcome, end, at)

    def switch_lost(self, at: float) -> list[Effect]:
        """The switch died: every call is lost and no softphone is on the line."""
        effects: list[Effect] = []
        for each in self.agents.values():
            each.line_up = False  # so that nobody is given a call that is about to be lost
        for attempt in list(self.calls):
            effects += self.lost(attempt, Outcome.LOST, at)
        for session in list(self.agents):
            effects += self.line_down(session, at, "switch_lost")
        return effects

    # --- time -----------------------------------------------------------------------------------

    def next_wakeup(self, now: float) -> float | None:
        """When `tick` or a pacer has something to do although nothing happened."""
        wakeups = [each.wrap_up_ends_at for each in self.agents.values()]
        wakeups += [each.pacer.next_wakeup(now) for each in self.campaigns.values() if each.running]
        return min((each for each in wakeups if each is not None), default=None)

    def tick(self, now: float) -> list[Effect]:
        """Ends the wrap-ups that have lasted too long."""
        effects: list[Effect] = []
        for each in list(self.agents.values()):
            if each.wrap_up_ends_at is not None and each.wrap_up_ends_at <= now:
                effects += self._finish_wrap_up(each, now)
        return effects

    # --- inside ---------------------------------------------------------------------------------

    def _advance(self, attempt: int, event: CallEvent) -> FloorCall | None:
        """The call, moved on; None where the event is late, unknown or illegal."""
        call = self.calls.get(attempt)
        if call is None:
            return None
        try:
            state = calls.after(call.state, event)
        except IllegalCallEvent:
            self.illegal_events += 1
            return None
        if state == call.state:
            return None
        call.state = state
        return call

    def _outcome(self, call: FloorCall, end: CallEnd) -> Outcome:
        if call.answered_at is None:
            return outcome_of_unanswered(end)
        being_connected = call.state == CallState.ANSWERED and call.session is not None
        return outcome_of_answered(had_agent=call.was_connected or being_connected)

    def _end(self, call: FloorCall, outcome: Outcome, end: CallEnd, at: float) -> list[Effect]:
        each = self._agent_of(call)
        del self.calls[call.attempt]
        self._stop_waiting(call)
        effects: list[Effect] = [CallHasEnded(call.attempt, call.campaign, at, outcome, end)]
        self._tell_pacer_of_end(call, outcome, at)
        if each is not None and each.state == AgentState.TALKING:
            return effects + self._begin_wrap_up(each, call, at)
        if (call.was_connected or outcome == Outcome.HUMAN) and not call.dispositioned:
            effects.append(DispositionMissed(call.attempt, at))
        return effects + self._release(each, at) if each is not None else effects

    def _begin_wrap_up(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        effects = self._move(each, AgentEvent.TALK_END, at)
        self._observe(each, AgentWrapping(at, each.session))
        if call.dispositioned:
            each.attempt = None
            return effects + self._finish_wrap_up(each, at)
        campaign = self.campaigns.get(call.campaign)
        each.wrap_up_ends_at = at + (campaign.wrap_up_limit_s if campaign else _WRAP_UP_LIMIT_S)
        return effects

    def _leave_attempt(self, each: FloorAgent, at: float) -> list[Effect]:
        """The agent has nothing more to do with the call; one in wrap-up stays without a disposition."""
        attempt, each.attempt = each.attempt, None
        each.wrap_up_ends_at = None
        if attempt is None or each.state != AgentState.WRAP_UP:
            return []
        return [DispositionMissed(attempt, at)]

    def _tell_pacer_of_end(self, call: FloorCall, outcome: Outcome, at: float) -> None:
        if call.answered_at is None:
            rang_out = outcome in (Outcome.NO_ANSWER, Outcome.CANCELED)
            event = CallUnanswered(at, call.attempt) if rang_out else CallFailed(at, call.attempt)
            self._pacer_sees(call.campaign, event)
        elif call.state == CallState.ANSWERED and not call.was_connected:
            if outcome == Outcome.HUMAN and call.session is not None:
                waited_s = at - call.answered_at
                self._pacer_sees(call.campaign, CallConnected(at, call.attempt, call.session, waited_s))
            else:
                self._pacer_sees(call.campaign, CallAbandoned(at, call.attempt))

    def _find_agent(self, call: FloorCall, at: float) -> list[Effect]:
        free = [each for each in self.agents.values() if self._suits(each, call)]
        if free:
            return self._reserve(min(free, key=lambda each: each.since), call, at)
        self.waiting.append(call.attempt)
        return []

    def _serve(self, each: FloorAgent, at: float) -> list[Effect]:
        """Gives an agent who has just become free the call that has waited longest."""
        waiting = [self.calls[attempt] for attempt in self.waiting if self._suits(each, self.calls[attempt])]
        if not waiting:
            return []
        call = min(waiting, key=lambda call: call.waits_since or at)
        self._stop_waiting(call)
        return self._reserve(each, call, at)

    @staticmethod
    def _suits(each: FloorAgent, call: FloorCall) -> bool:
        free = each.state == AgentState.AVAILABLE and each.line_up
        return free and call.campaign in each.campaigns and each.session not in call.tried

    def _offer_again(self, call: FloorCall, at: float) -> list[Effect]:
        call.session = None
        if self._advance(call.attempt, CallEvent.AGENT_LOST):
            call.waits_since = at
        return self._find_agent(call, at) if call.state == CallState.ANSWERED else []

    def _reserve(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        each.attempt = call.attempt
        call.session = each.session
        changed = self._move(each, AgentEvent.RESERVE, at)
        # The campaign's own pacer counts the call as waiting, and the agent as free for it.
        besides = None if call.was_connected else call.campaign
        self._observe(each, AgentTalking(at, each.session), besides)
        return [Bridge(call.attempt, each.session), *changed]

    def _take(self, each: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        """The two talk; not so where a switch that repeats itself tells of a talk long past."""
        reserved = each.state in _WITH_A_CALL and each.attempt == call.attempt
        if not reserved and each.state != AgentState.AVAILABLE:
            call.session = None
            if campaign := self.campaigns.get(call.campaign):
                self._tell_of_agent(campaign, each, at)
            return []
        each.attempt, call.session = call.attempt, each.session
        self._observe(each, AgentTalking(at, each.session), besides=call.campaign)
        return self._move(each, AgentEvent.CONNECT, at)

    def _release(self, each: FloorAgent, at: float) -> list[Effect]:
        effects = self._leave_attempt(each, at)
        effects += self._move(each, AgentEvent.RELEASE, at)
        if each.pause_asked is not None:
            return effects + self._pause(each, at)
        self._observe(each, AgentReady(at, each.session))
        return effects + self._serve(each, at)

    def _finish_wrap_up(self, each: FloorAgent, at: float) -> list[Effect]:
        if each.pause_asked is not None:
            return self._pause(each, at)
        return self._become_ready(each, at)

    def _pause(self, each: FloorAgent, at: float) -> list[Effect]:
        reason, each.pause_asked = each.pause_asked or "", None
        effects = self._leave_attempt(each, at)
        effects += self._move(each, AgentEvent.PAUSE, at, reason)
        self._observe(each, AgentPaused(at, each.session))
        return effects

    def _become_ready(self, each: FloorAgent, at: float) -> list[Effect]:
        effects = self._leave_attempt(each, at)
        if not each.line_up:
            self._observe(each, AgentPaused(at, each.session))
            return effects + self._move(each, AgentEvent.LINE_DOWN, at, "no_softphone")
        effects += self._move(each, AgentEvent.READY, at)
        self._observe(each, AgentReady(at, each.session))
        return effects + self._serve(each, at)

    def _stop_waiting(self, call: FloorCall) -> None:
        if call.attempt in self.waiting:
            self.waiting.remove(call.attempt)

    def _rejoin(self, each: FloorAgent) -> None:
        """Brings a restored agent together with the call that the switch, or else the record, names."""
        talk = next((call for call in self.calls.values() if call.session == each.session), None)
        if talk is not None and talk.state == CallState.CONNECTED:
            each.state, each.attempt, each.wrap_up_ends_at = AgentState.TALKING, talk.attempt, None
            return
        if each.state not in _WITH_A_CALL:
            return
        call = self.calls.get(each.attempt) if each.attempt is not None else None
        if call is not None and call.session is None and call.state == _WITH_A_CALL[each.state]:
            call.session = each.session
            return
        if call is not None or each.state == AgentState.RESERVED:
            each.attempt = None
        each.state, each.wrap_up_ends_at = AgentState.WRAP_UP, each.since

    def _call_of(self, each: FloorAgent) -> FloorCall | None:
        """The call that the agent is being connected or talks with."""
        call = self.calls.get(each.attempt) if each.attempt is not None else None
        busy = each.state in _WITH_A_CALL
        return call if busy and call is not None and call.session == each.session else None

    def _agent_of(self, call: FloorCall) -> FloorAgent | None:
        """The agent who is being connected or talks with the caller."""
        each = self.agents.get(call.session) if call.session is not None else None
        return each if each is not None and self._call_of(each) is call else None

    def _move(self, each: FloorAgent, event: AgentEvent, at: float, reason: str = "") -> list[Effect]:
        before, was_reason = each.state, each.reason
        each.state = agents.after(each.state, event)
        each.reason = reason
        if each.state == before and reason == was_reason:
            return []
        each.since = max(at, each.since)  # the switch's events and the agents' wishes may come out of order
        return [self._changed(each)]

    def _changed(self, each: FloorAgent) -> AgentChanged:
        return AgentChanged(each.session, each.agent, each.state, each.reason, each.attempt, each.since)

    # --- what the pacers are told ---------------------------------------------------------------

    def _campaigns_of(self, each: FloorAgent) -> list[FloorCampaign]:
        return [self.campaigns[campaign] for campaign in each.campaigns if campaign in self.campaigns]

    def _pacer_sees(self, campaign: int, event: PacingEvent) -> None:
        if known := self.campaigns.get(campaign):
            known.pacer.observe(event)

    def _observe(self, each: FloorAgent, event: PacingEvent, besides: int | None = None) -> None:
        for campaign in self._campaigns_of(each):
            if campaign.campaign != besides:
                campaign.pacer.observe(event)

    def _tell_of_call(self, call: FloorCall, at: float) -> None:
        """Makes a call known that is up already; a talk becomes known with its agent."""
        if call.was_connected or call.state == CallState.ABANDONED:
            return
        self._pacer_sees(call.campaign, CallPlaced(at, call.attempt))
        if call.state == CallState.ANSWERED:
            self._pacer_sees(call.campaign, CallAnswered(at, call.attempt))

    def _tell_of_agent(self, campaign: FloorCampaign, each: FloorAgent, at: float) -> None:
        """Makes an agent known who is on shift already."""
        call = self._call_of(each)
        mine = call if call is not None and call.campaign == campaign.campaign else None
        event: PacingEvent
        match each.state:
            case AgentState.TALKING if mine is not None:
                event = CallConnected(at, mine.attempt, each.session, waited_s=0.0)
            case AgentState.RESERVED if mine is not None and not mine.was_connected:
                event = AgentReady(at, each.session)
            case AgentState.AVAILABLE:
                event = AgentReady(at, each.session)
            case AgentState.RESERVED | AgentState.TALKING:
                event = AgentTalking(at, each.session)
            case AgentState.WRAP_UP:
                event = AgentWrapping(at, each.session)
            case _:
                event = AgentPaused(at, each.session)
        campaign.pacer.observe(event)
