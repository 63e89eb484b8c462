"""The calling floor: who is free, which calls are up, and who is connected to whom.

Pure: each method takes what happened with `at` (Unix seconds) and returns what has to be done and what
has to be recorded, in order. Nothing here waits, writes or sends.
"""

from collections.abc import Sequence
from math import inf

from campaigns.core.agent_work import AS_USUAL, AgentWork
from campaigns.core.menu import Menu
from campaigns.core.menu_run import MenuRun
from dialer.core import call as calls
from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.call import CallEvent, CallState, IllegalCallEvent
from dialer.core.conversation import Conversation
from dialer.core.detection import OFF, Detection
from dialer.core.effects import (
    CallHasEnded,
    CallRang,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    CallWasJudged,
    DispositionMissed,
    Effect,
    HangUpCall,
    LeaveMachine,
    MessageBegan,
)
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_conversations import FloorConversations
from dialer.core.floor_inbound import FloorInbound
from dialer.core.floor_languages import Speaker, speakers
from dialer.core.floor_menu import FloorMenus
from dialer.core.floor_message import key_pressed, message_over
from dialer.core.floor_pacing import FloorCampaign, FloorPacing
from dialer.core.floor_previews import FloorPreviews
from dialer.core.floor_queue import FloorQueue
from dialer.core.floor_shifts import SOFTPHONE_GONE_LIMIT_S, FloorShifts
from dialer.core.outcome import CallEnd, Outcome, outcome_of_tone
from dialer.core.pacing import Pacer
from dialer.core.pacing_events import (
    AgentLeft,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallPlaced,
)
from dialer.core.preview import PreviewRule

_AS_LONG_AS_WANTED = PreviewRule()


class Floor:
    """The state of one node's calls and agents, and every decision about them but pacing and law."""

    def __init__(self, softphone_gone_limit_s: float = SOFTPHONE_GONE_LIMIT_S) -> None:
        """An agent whose softphone has been gone for so long is logged out."""
        self.agents: dict[int, FloorAgent] = {}
        self.calls: dict[int, FloorCall] = {}
        self.illegal_events = 0
        """How many events came that the tables do not know; each changed nothing."""
        self._pacing = FloorPacing(self.agents, self.calls)
        self._queue = FloorQueue(self.agents, self.calls, self._pacing)
        self._menus = FloorMenus(self.calls, self._queue, self._advance)
        self.inbound = FloorInbound(self.agents, self.calls, self._queue, self._advance)
        self.shifts = FloorShifts(
            self.agents, self.calls, self._pacing, self._queue, self._advance, softphone_gone_limit_s
        )
        self.conversations = FloorConversations(
            self.agents, self.calls, self._pacing, self._queue, self.shifts, self._advance
        )
        self.shifts.leaves = self.conversations.agent_gone
        self.shifts.arrives = self.conversations.agent_arrived
        self.previews = FloorPreviews(self.agents, self.calls, self._pacing, self.shifts.set_free)

    @property
    def waiting(self) -> list[int]:
        """Answered calls without an agent, the longest waiting first."""
        return self._queue.waiting

    # --- campaigns ------------------------------------------------------------------------------

    @property
    def campaigns(self) -> dict[int, FloorCampaign]:
        """The campaigns that run, or that were stopped since the floor began."""
        return self._pacing.campaigns

    def open_campaign(
        self,
        campaign: int,
        pacer: Pacer,
        wrap_up_limit_s: float,
        at: float,
        *,
        agentless: bool = False,
        opt_out_key: str = "",
        preview: PreviewRule = _AS_LONG_AS_WANTED,
        detection: Detection = OFF,
        menu: Menu | None = None,
        work: AgentWork = AS_USUAL,
    ) -> None:
        """The campaign dials from now on; its pacer is told who is there and which calls are up.

        `agentless`: it plays a message or its menu to whoever answers. `opt_out_key` counts while one plays.
        """
        opened = FloorCampaign(
            campaign,
            pacer,
            wrap_up_limit_s,
            agentless=agentless,
            opt_out_key=opt_out_key,
            preview=preview,
            detection=detection,
            menu=menu,
            work=work,
        )
        self._pacing.open(opened, at)

    def work_changes(self, campaign: int, work: AgentWork) -> None:
        """How agents work for the campaign from now on; who waits is looked at anew with the next tick."""
        if known := self.campaigns.get(campaign):
            known.work = work

    def menu_changes(self, campaign: int, menu: Menu | None) -> None:
        """What calls go through that are placed from now on."""
        if known := self.campaigns.get(campaign):
            known.menu = menu

    def close_campaign(self, campaign: int) -> None:
        """No more calls are placed; those that live go on."""
        self._pacing.close(campaign)

    def budget_looked(self, campaign: int, budget: BudgetLooked) -> None:
        """What the laws on abandoned calls leave the campaign."""
        self._pacing.tell(campaign, budget)

    def speakers(self, campaign: int, languages: Sequence[str], now: float) -> list[Speaker]:
        """Whether somebody is there for leads of the campaign in these languages, in order."""
        return speakers(
            self._pacing.work(campaign),
            campaign,
            languages,
            self.agents.values(),
            self.calls.values(),
            one_for_each=self._pacing.is_one_for_each(campaign, now),
        )

    def calls_to_place(self, campaign: int, now: float) -> int:
        """What the campaign's pacer says; 0 where it does not run."""
        return self._pacing.calls_to_place(campaign, now)

    def give_up_surplus(self, campaign: int, now: float) -> list[Effect]:
        """Ends calls that ring for nobody, as the campaign's pacer says and the law lets them go."""
        let_go = self._pacing.given_up(campaign, now)
        return [HangUpCall(call.attempt, unless_answered=True) for call in let_go]

    # --- calls ----------------------------------------------------------------------------------

    def dispositioned(self, attempt: int, at: float, *, by_machine: bool = False) -> list[Effect]:
        """The agent said how the call went, and maybe that a machine answered; that ends the wrap-up."""
        if call := self.calls.get(attempt):
            call.dispositioned = True
            if by_machine and not call.came:
                self._pacing.tell(call.campaign, CallByMachine(at, attempt))
        return self.shifts.dispositioned(attempt, at, by_machine=by_machine)

    def place(
        self,
        attempt: int,
        campaign: int,
        lead: int,
        at: float,
        answer_chance: float | None = None,
        ring_at_least_s: float = inf,
        *,
        claim_from_answer: bool = False,
        language: str = "",
        last_agent: int | None = None,
    ) -> None:
        """A call is about to be placed; its attempt is recorded already.

        `claim_from_answer`: a law counts from the answer, so that no verdict may be waited for. `language`:
        the lead's; `last_agent`: who had the last talk with the lead.
        """
        call = self.calls[attempt] = FloorCall(attempt, campaign, lead, ring_at_least_s=ring_at_least_s)
        call.language, call.last_agent = language, last_agent
        if known := self.campaigns.get(campaign):
            call.agentless, call.opt_out_key = known.agentless, known.opt_out_key
            call.detection = known.detection
            call.held = known.detection.holds and not claim_from_answer
            call.menu = MenuRun(known.menu) if known.menu is not None else None
        self._pacing.tell(campaign, CallPlaced(at, attempt, answer_chance))

    def restore_call(self, restored: FloorCall, at: float) -> None:
        """A call that was up when the engine ended; nothing is recorded."""
        self.calls[restored.attempt] = restored
        self._pacing.call_is_up(restored, at)

    def offer_unclaimed(self, at: float) -> list[Effect]:
        """Restored calls that wait for an agent are offered, once it is known which of them live."""
        return self._queue.offer_unclaimed(at)

    def rang(self, attempt: int, at: float) -> list[Effect]:
        """The phone rings."""
        call = self._advance(attempt, CallEvent.RING)
        if call is None:
            return []
        call.rang_at = at
        return [CallRang(attempt, at)]

    def answered(self, attempt: int, at: float) -> list[Effect]:
        """The call was answered: the agent who waits longest takes it, or it waits for one.

        Nobody is offered a call that is agentless, which begins with its menu, if it has one; nor one that
        is held until it is known who answered.
        """
        call = self._advance(attempt, CallEvent.ANSWER)
        if call is None:
            return []
        call.answered_at = call.waits_since = at
        if call.came:
            return self.inbound.answered(call, at)
        if call.is_kept:
            return [CallWasAnswered(attempt, at)]
        self._pacing.tell(call.campaign, CallAnswered(at, attempt))
        if call.agentless:
            return [CallWasAnswered(attempt, at), *self._menus.begin(call, at)]
        return [CallWasAnswered(attempt, at), *self._queue.find_agent(call, at)]

    def connected(self, attempt: int, session: int, at: float) -> list[Effect]:
        """The switch says that the caller and the agent hear each other."""
        call, each = self.calls.get(attempt), self.agents.get(session)
        if call is None or each is None or not (call.campaign in each.campaigns or each.has_dialed(call)):
            return []
        if self._advance(attempt, CallEvent.CONNECT) is None:
            return []
        self._queue.leave(call)
        call.was_connected = True
        call.conversation = Conversation(session)
        if call.menu is not None:
            call.menu.close()
        waited_s = 0.0 if call.waits_since is None else max(0.0, at - call.waits_since)
        effects: list[Effect] = [CallWasConnected(attempt, session, each.agent, at, waited_s, call.came)]
        if not call.came:
            self._pacing.tell(call.campaign, CallConnected(at, attempt, session, waited_s))
        if call.campaign not in each.campaigns:
            self._pacing.tell(call.campaign, AgentLeft(at, session))  # a guest, whom it does not count on
        other = self.shifts.agent_of(call)
        if other is not None and other is not each:
            effects += self.shifts.release(other, at)
        return effects + self.shifts.take(each, call, at)

    def bridge_failed(self, attempt: int, session: int, at: float) -> list[Effect]:
        """The caller or the agent was gone when they were to be connected; another agent is tried."""
        effects: list[Effect] = []
        each = self.agents.get(session)
        if each is not None and each.state == AgentState.RESERVED and each.attempt == attempt:
            effects += self.shifts.release(each, at)
        call = self.calls.get(attempt)
        if call is not None and call.session == session and self.shifts.agent_of(call) is None:
            call.session = None
            call.tried.add(session)
            if call.state == CallState.ANSWERED:
                effects += self._queue.find_agent(call, at)
        return effects if each is not None else effects + self._queue.find_another(session, at)

    def unclaimed(self, attempt: int, at: float) -> list[Effect]:
        """The switch plays the message: to a person nobody claimed in time, or an agentless campaign's."""
        known = self.calls.get(attempt)
        if known is not None and (known.agentless or known.came):
            if self._advance(attempt, CallEvent.PLAY) is None:
                return []
            self._queue.leave(known)
            return [MessageBegan(attempt, at)]
        call = self._advance(attempt, CallEvent.UNCLAIMED)
        if call is None:
            return []
        self._queue.leave(call)
        if call.was_connected:
            return []
        self._pacing.tell(call.campaign, CallAbandoned(at, attempt))
        effects: list[Effect] = [CallWasAbandoned(attempt, at)]
        each = self.shifts.agent_of(call)
        if each is not None and each.per_call:
            # The softphone rings still: its agent is not to be kept until the message is over.
            call.session = None
            effects += self.shifts.release(each, at)
        return effects

    def judged(
        self, attempt: int, verdict: Verdict, confidence: float, took_s: float, at: float
    ) -> list[Effect]:
        """Detection says who answered: a person gets an agent, and of a machine becomes what is set."""
        call = self.calls.get(attempt)
        if call is None:
            return []
        effects: list[Effect] = [CallWasJudged(attempt, at, verdict, confidence, took_s)]
        if call.verdict is not None:
            return effects
        call.verdict = verdict
        if call.is_taken(verdict):
            return effects + self._by_machine(call, at, call.detection.left_to(verdict))
        if not call.held or call.state != CallState.ANSWERED:
            return effects
        self._pacing.tell(call.campaign, CallAnswered(at, attempt))
        call.waits_since = at
        if call.agentless:
            return effects + self._menus.begin(call, at)
        return effects + self._queue.find_agent(call, at)

    def message_left(self, attempt: int, at: float) -> list[Effect]:
        """A machine is being left its message."""
        return [MessageBegan(attempt, at)] if attempt in self.calls else []

    def tone_heard(self, attempt: int, tone: str, at: float) -> list[Effect]:
        """An answered call begins with a tone of the network: nobody is there, and it is ended."""
        call = self.calls.get(attempt)
        if call is None or outcome_of_tone(tone) is None or call.answered_at is None:
            return []
        call.heard = tone
        return self._by_machine(call, at)

    def key_pressed(self, attempt: int, digit: str, at: float) -> list[Effect]:
        """A key was pressed while a message or a prompt played, or after it."""
        call = self.calls.get(attempt)
        if call is None:
            return []
        effects = key_pressed(call, digit, at) or self._menus.key(call, digit, at)
        return effects or self.inbound.key(call, digit)

    def prompt_ended(self, attempt: int, number: int, at: float) -> list[Effect]:
        """The caller has heard the prompt of that number."""
        call = self.calls.get(attempt)
        if call is None:
            return []
        return self.inbound.prompt_ended(call, number) + self._menus.prompt_ended(call, number, at)

    def ended(self, attempt: int, end: CallEnd, at: float) -> list[Effect]:
        """The call is over; its agent, if it had one, wraps up."""
        call = self.calls.get(attempt)
        if call is None:
            return []
        met: list[Effect] = []
        outcome = call.outcome(end)
        if outcome == Outcome.ABANDONED and call.answered_at is None:
            call.answered_at = at
            self._pacing.tell(call.campaign, CallAnswered(at, attempt))
            met.append(CallWasAnswered(attempt, at))
        return met + self._end(call, outcome, end, at)

    def lost(self, attempt: int, outcome: Outcome, at: float) -> list[Effect]:
        """Nobody can tell how the call ended: the switch died with it, or nothing remembers it."""
        call = self.calls.get(attempt)
        end = CallEnd(status=0, by_far_end=False)
        return [] if call is None else self._end(call, outcome, end, at)

    def switch_lost(self, at: float) -> list[Effect]:
        """The switch died: every call is lost and no softphone is on the line."""
        effects: list[Effect] = []
        for each in self.agents.values():
            each.line_is_gone(at)  # so that nobody is given a call that is about to be lost
        for attempt in list(self.calls):
            effects += self.lost(attempt, Outcome.LOST, at)
        for session in list(self.agents):
            effects += self.shifts.line_down(session, at, "switch_lost")
        return effects

    # --- time -----------------------------------------------------------------------------------

    def tick(self, now: float) -> list[Effect]:
        """Ends what has lasted too long (wrap-ups, previews, waits, shifts without a softphone); calls busy
        softphones again."""
        effects = self.previews.tick(now) + self._menus.tick(now) + self.inbound.tick(now)
        effects += self.shifts.tick(now) + self._queue.tick(now)
        return effects + self.conversations.tick(now)

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

    def _end(self, call: FloorCall, outcome: Outcome, end: CallEnd, at: float) -> list[Effect]:
        each = self.shifts.agent_of(call)
        del self.calls[call.attempt]
        self._queue.leave(call)
        effects = self.conversations.over(call, at) + message_over(call, outcome, end, at)
        effects.append(CallHasEnded(call.attempt, call.campaign, at, outcome, end, call.came))
        self._pacing.call_ended(call, outcome, at)
        if each is not None and each.state == AgentState.TALKING:
            return effects + self.shifts.begin_wrap_up(each, call, at)
        wrapped_up = any(
            one.attempt == call.attempt and one.state == AgentState.WRAP_UP for one in self.agents.values()
        )
        if (call.was_connected or outcome == Outcome.HUMAN) and not (call.dispositioned or wrapped_up):
            effects.append(DispositionMissed(call.attempt, at))
        return effects + self.shifts.release(each, at) if each is not None else effects

    def _by_machine(self, call: FloorCall, at: float, message: str = "") -> list[Effect]:
        """No person is on the line: its agent is free at once, and has nothing to say of it.

        Nobody was abandoned then; the message that says who has called plays on, in case it was a person.
        """
        each, hears_who_called = self.shifts.agent_of(call), call.state == CallState.ABANDONED
        if self._advance(call.attempt, CallEvent.BY_MACHINE) is None:
            return []
        call.session, call.dispositioned = None, True
        gone = self.conversations.over(call, at)
        self._queue.leave(call)
        if call.menu is not None:
            call.menu.close()
        if not call.was_connected or each is not None:
            self._pacing.tell(call.campaign, CallByMachine(at, call.attempt))
        effects: list[Effect] = gone if hears_who_called else [LeaveMachine(call.attempt, message), *gone]
        if each is None:
            return effects
        if each.state == AgentState.TALKING:
            return effects + self.shifts.begin_wrap_up(each, call, at)
        return effects + self.shifts.release(each, at)
