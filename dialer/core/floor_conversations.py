"""What agents and supervisors do on a call: hold, call in, hand over, park, listen, whisper, take over."""

from collections.abc import Callable, Collection, Mapping

from campaigns.core.tiers import HANDED_OVER
from dialer.core.agent import AgentEvent, AgentState
from dialer.core.call import CallEvent, CallState
from dialer.core.conversation import (
    CUSTOMER,
    Conversation,
    ConversationError,
    Guest,
    Mode,
    Parked,
)
from dialer.core.effects import (
    CallGuest,
    CallStepped,
    CallWasConnected,
    Effect,
    GuestAnswered,
    GuestLeft,
    HangUpCall,
    HangUpGuest,
    Mix,
    PressKeys,
)
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.floor_pacing import FloorPacing
from dialer.core.floor_queue import FloorQueue
from dialer.core.floor_shifts import FloorShifts
from dialer.core.pacing_events import AgentTalking, CallConnected

PARK_LIMIT_S = 120.0
_WAITS_AT_MOST_S = 300.0
"""A customer who was handed over or parked hears music no longer than that while nobody is free."""


def agent_not_free() -> ConversationError:
    """Of an agent who cannot be given a call, whoever and wherever they are."""
    return ConversationError(
        "agent-not-free", "This agent is not free, or does not work for the call's campaign now."
    )


def nobody_free() -> ConversationError:
    """Of several agents, none of whom can be given a call now."""
    return ConversationError(
        "agent-not-free", "Nobody is free who could take the call; park it, or try again in a moment."
    )


Wish = Callable[[Conversation], Conversation]


class FloorConversations:
    """Carries wishes out; a wish that cannot be had raises ConversationError and changes nothing."""

    def __init__(
        self,
        agents: Mapping[int, FloorAgent],
        calls: Mapping[int, FloorCall],
        pacing: FloorPacing,
        queue: FloorQueue,
        shifts: FloorShifts,
        advance: Callable[[int, CallEvent], FloorCall | None],
    ) -> None:
        """Agents by session and calls by attempt, as they are on the floor at any time."""
        self._agents = agents
        self._calls = calls
        self._pacing = pacing
        self._queue = queue
        self._shifts = shifts
        self._advance = advance

    # --- what can be seen -------------------------------------------------------------------------

    def talk_of(self, session: int) -> tuple[FloorAgent, FloorCall, Conversation]:
        """An agent's present conversation. Raises UnknownSession and ConversationError."""
        each = self._shifts.agent(session)
        call = each.call_among(self._calls)
        if call is None or call.state != CallState.CONNECTED or call.conversation is None:
            raise ConversationError("no-conversation", "The agent talks with nobody now.")
        return each, call, call.conversation

    def conversation(self, attempt: int) -> Conversation | None:
        """Who is in that call's conversation."""
        call = self._calls.get(attempt)
        return None if call is None else call.conversation

    def parked(self) -> list[FloorCall]:
        """Every call that is parked."""
        return [each for each in self._calls.values() if each.conversation and each.conversation.parked]

    def guests(self) -> set[int]:
        """The numbers of all guests that there are."""
        talks = [each.conversation for each in self._calls.values() if each.conversation is not None]
        return {guest.number for talk in talks for guest in talk.guests}

    # --- alone with the customer ------------------------------------------------------------------

    def hold(self, session: int, at: float) -> list[Effect]:
        """Music for the customer."""
        return self._change(session, Conversation.held, "hold", at)

    def resume(self, session: int, at: float) -> list[Effect]:
        """Back to the customer."""
        return self._change(session, Conversation.resumed, "resume", at)

    def mute(self, session: int, at: float) -> list[Effect]:
        """Nobody hears the agent."""
        return self._change(session, Conversation.muted, "mute", at)

    def unmute(self, session: int, at: float) -> list[Effect]:
        """The agent is heard again."""
        return self._change(session, Conversation.unmuted, "unmute", at)

    def press(self, session: int, digits: str) -> list[Effect]:
        """Keys for the far end with whom the agent talks: the customer, or a guest while they are on hold."""
        _, call, talk = self.talk_of(session)
        third, party = talk.third, CUSTOMER
        if talk.customer_mode == Mode.HELD:
            if third is None or not third.there or third.session is not None:
                raise ConversationError("nobody-to-dial", "There is no far end that hears keys now.")
            party = third.party
        return [PressKeys(call.attempt, party, digits)]

    # --- with others ------------------------------------------------------------------------------

    def consult(
        self, session: int, number: int, to: str, at: float, *, takes_over: bool = False, notes: str = ""
    ) -> list[Effect]:
        """Calls a third party for the agent; with `takes_over` for the customer, as soon as it answers."""
        _, call, talk = self.talk_of(session)
        changed = talk.consulting(Guest(number, takes_over=takes_over))
        step = self._step(call, "transfer" if takes_over else "consult", at, guest=number, notes=notes)
        return [*self._mix(call, changed), CallGuest(call.attempt, number, to), step]

    def consult_agent(
        self, session: int, number: int, other: int, at: float, notes: str = ""
    ) -> list[Effect]:
        """Has another agent talk with the agent, who is free and works for the campaign.

        One whose softphone is rung for each call is there once it has answered.
        """
        _, call, talk = self.talk_of(session)
        called = self._free_for_a_word(other, call)
        changed = talk.consulting(Guest(number, session=other, there=called.line_up))
        step = self._step(call, "consult", at, to=called, guest=number, notes=notes)
        return [*self._call_in(called, call, at), *self._mix(call, changed), step]

    def complete(self, session: int, at: float, notes: str = "") -> list[Effect]:
        """Hands the customer over to whom the agent consults."""
        each, call, talk = self.talk_of(session)
        third = talk.require_third()
        to = self._agents.get(third.session) if third.session is not None else None
        step = self._step(call, "complete", at, to=to, guest=third.number, notes=notes)
        changed = talk.completed()
        if changed.agent == talk.agent:
            call.conversation = changed  # as soon as it answers
            return [step]
        return [step, *self._hand_over(each, call, changed, at)]

    def join(self, session: int, at: float) -> list[Effect]:
        """All three hear each other."""
        return self._change(session, Conversation.joined, "join", at)

    def end_consultation(self, session: int, at: float) -> list[Effect]:
        """Ends what the third party has to do with it; the agent has the customer."""
        _, call, talk = self.talk_of(session)
        third = talk.require_third()
        back = self._mix(call, talk.without(third.number))
        return [*back, *self._end_guest(third, at), self._step(call, "return", at, guest=third.number)]

    def hand_over(
        self, session: int, to: Collection[int], at: float, notes: str = "", kind: str = "transfer"
    ) -> list[Effect]:
        """Gives the customer to whichever of these agents has waited longest; the agent is free at once.

        Raises ConversationError where none of them is free.
        """
        each, call, _ = self.talk_of(session)
        free = [self._agents[one] for one in to if one in self._agents and self._agents[one].suits(call)]
        if not free:
            raise nobody_free()
        taker = min(free, key=lambda one: one.waits_since)
        effects = self._set_aside(each, call, Conversation(None, Mode.HELD), at)
        step = self._step(call, kind, at, by=each, to=taker, notes=notes)
        return [*effects, step, *self._queue.reserve(taker, call, at), *self._shifts.release(each, at)]

    def hand_up(self, session: int, tier: str, at: float, notes: str = "") -> list[Effect]:
        """Gives the customer to whoever of that level has waited longest; the agent is free at once."""
        members = [each.session for each in self._members(session, tier)]
        return self.hand_over(session, members, at, notes, kind="hand_up")

    def next_of(self, session: int, tier: str) -> int:
        """The shift of whoever of that level has waited longest, to be consulted about an agent's call."""
        members = self._members(session, tier)
        if not members:
            raise nobody_free()
        return min(members, key=lambda each: each.waits_since).session

    def _members(self, session: int, tier: str) -> list[FloorAgent]:
        """Who of that level is free for the agent's call. Raises UnknownSession and ConversationError."""
        _, call, _ = self.talk_of(session)
        level = self._pacing.work(call.campaign).tier(tier)
        if level is None:
            raise ConversationError("unknown-tier", "The campaign has no level of this name; see its tiers.")
        agents = self._agents.values()
        return [each for each in agents if each.suits(call) and level.has(each.agent, each.profile)]

    # --- parking ----------------------------------------------------------------------------------

    def park(self, session: int, at: float, notes: str = "", limit_s: float = PARK_LIMIT_S) -> list[Effect]:
        """Music for the customer until somebody takes the call; the agent is free at once."""
        each, call, talk = self.talk_of(session)
        effects = self._set_aside(each, call, talk.on_park(Parked(session, at, at + limit_s)), at)
        step = self._step(call, "park", at, by=each, notes=notes)
        return [*effects, step, *self._shifts.release(each, at)]

    def take(self, session: int, attempt: int, at: float) -> list[Effect]:
        """The agent, who is free, gets a parked call. Raises UnknownSession and ConversationError."""
        self._shifts.agent(session)
        call = self._calls.get(attempt)
        if call is None or call.conversation is None or call.conversation.parked is None:
            raise ConversationError("not-parked", "This call is not parked any more.")
        taker = self._free(session, call)
        call.conversation = Conversation(None, Mode.HELD)
        step = self._step(call, "take", at, by=taker)
        return [step, *self._queue.reserve(taker, call, at)]

    def tick(self, now: float) -> list[Effect]:
        """Offers what was parked too long, and ends what has waited too long for anybody."""
        effects: list[Effect] = []
        for call in list(self._calls.values()):
            talk = call.conversation
            if talk is None or talk.agent is not None or talk.guests or call.session is not None:
                continue
            if talk.parked is not None and talk.parked.until <= now:
                effects += self._unpark(call, talk.parked, now)
            elif talk.parked is None and now - (call.waits_since or now) > _WAITS_AT_MOST_S:
                call.waits_since = now
                effects.append(HangUpCall(call.attempt))
        return effects

    # --- supervisors: `who` asked for it is kept with each step ------------------------------------

    def supervise(
        self, session: int, number: int, mode: Mode, to: str, at: float, who: str = ""
    ) -> list[Effect]:
        """Calls a supervisor's phone into an agent's conversation."""
        _, call, talk = self.talk_of(session)
        changed = talk.supervised(Guest(number, mode=mode))
        call.conversation = changed
        step = self._step(call, mode.value, at, guest=number, notes=who)
        return [CallGuest(call.attempt, number, to), step]

    def supervise_from(
        self, session: int, number: int, mode: Mode, other: int, at: float, who: str = ""
    ) -> list[Effect]:
        """A supervisor who is on shift and free is in an agent's conversation."""
        _, call, talk = self.talk_of(session)
        boss = self._free_for_a_word(other, call)
        changed = talk.supervised(Guest(number, session=other, mode=mode, there=boss.line_up))
        step = self._step(call, mode.value, at, to=boss, guest=number, notes=who)
        return [*self._call_in(boss, call, at), *self._mix(call, changed), step]

    def supervise_as(self, session: int, mode: Mode, at: float, who: str = "") -> list[Effect]:
        """The supervisor listens, whispers or talks from now on."""
        return self._change(session, lambda talk: talk.in_mode(mode), mode.value, at, who)

    def stop_supervising(self, session: int, at: float, who: str = "") -> list[Effect]:
        """The supervisor is out of it."""
        _, call, talk = self.talk_of(session)
        boss = talk.require_supervisor()
        rest = self._mix(call, talk.without(boss.number))
        step = self._step(call, "unsupervise", at, guest=boss.number, notes=who)
        return [*rest, *self._end_guest(boss, at), step]

    def take_over(self, session: int, at: float, who: str = "") -> list[Effect]:
        """The supervisor has the customer, and the agent is free at once."""
        each, call, talk = self.talk_of(session)
        boss, changed = talk.require_supervisor(), talk.taken_over()
        to = self._agents.get(boss.session) if boss.session is not None else None
        step = self._step(call, "take_over", at, to=to, guest=boss.number, notes=who)
        return [step, *self._hand_over(each, call, changed, at)]

    # --- what happens to guests -------------------------------------------------------------------

    def guest_answered(self, number: int, at: float) -> list[Effect]:
        """A guest is on the line; one whom nobody waits for any more is let go."""
        call = self._call_with(number)
        if call is None or call.conversation is None:
            return [HangUpGuest(number)]
        talk, changed = call.conversation, call.conversation.arrived(number)
        if changed == talk:
            return []
        answered = GuestAnswered(number, at)
        each = self._agents.get(call.session) if call.session is not None else None
        if changed.agent != talk.agent and each is not None:
            return [answered, *self._hand_over(each, call, changed, at)]
        return [answered, *self._mix(call, changed)]

    def guest_left(self, number: int, outcome: str, at: float) -> list[Effect]:
        """A guest has hung up, or did not come: the agent has the customer back, or the call is over."""
        effects: list[Effect] = [GuestLeft(number, at, outcome)]
        call = self._call_with(number)
        if call is None or call.conversation is None:
            return effects
        rest = call.conversation.without(number)
        if rest.agent is None:
            call.conversation = rest
            return [*effects, HangUpCall(call.attempt)]
        return [*effects, *self._mix(call, rest)]

    def agent_arrived(self, each: FloorAgent, at: float) -> list[Effect]:
        """The softphone of an agent who was called in is on the line; nothing of one who was not."""
        talks = [call.conversation for call in self._calls.values() if call.conversation is not None]
        for guest in (talk.guest_of(each.session) for talk in talks):
            if guest is not None and not guest.there:
                return [*each.move(AgentEvent.CONNECT, at), *self.guest_answered(guest.number, at)]
        return []

    def leave(self, session: int, attempt: int, at: float) -> list[Effect]:
        """An agent who was called in, or supervises, has no more to do with it.

        Raises UnknownSession and ConversationError.
        """
        each = self._shifts.agent(session)
        call = self._calls.get(attempt)
        guest = call.conversation.guest_of(session) if call is not None and call.conversation else None
        if call is None or call.conversation is None or guest is None:
            raise ConversationError("no-conversation", "The agent was not called into this conversation.")
        rest = self._mix(call, call.conversation.without(guest.number))
        step = self._step(call, "leave", at, by=each, guest=guest.number)
        return [*rest, step, *self._end_guest(guest, at)]

    def agent_gone(self, each: FloorAgent, at: float) -> list[Effect]:
        """An agent's softphone or shift is gone: what becomes of the conversations that they were in."""
        own = each.call_among(self._calls)
        effects = self.over(own, at) if own is not None else []
        for call in self._calls.values():
            guest = call.conversation.guest_of(each.session) if call.conversation is not None else None
            if call.conversation is not None and guest is not None:
                effects += [GuestLeft(guest.number, at, "gone")]
                effects += self._mix(call, call.conversation.without(guest.number))
        return effects

    def over(self, call: FloorCall, at: float) -> list[Effect]:
        """The conversation is over, or has lost its agent: nobody needs its guests."""
        talk, call.conversation = call.conversation, None
        return [effect for guest in talk.guests for effect in self._end_guest(guest, at)] if talk else []

    # --- inside -----------------------------------------------------------------------------------

    def _change(self, session: int, wish: Wish, kind: str, at: float, notes: str = "") -> list[Effect]:
        _, call, talk = self.talk_of(session)
        return [*self._mix(call, wish(talk)), self._step(call, kind, at, notes=notes)]

    def _mix(self, call: FloorCall, changed: Conversation) -> list[Effect]:
        call.conversation = changed
        return [Mix(call.attempt, changed)]

    def _call_in(self, other: FloorAgent, call: FloorCall, at: float) -> list[Effect]:
        other.attempt = call.attempt
        self._pacing.tell_all(other, AgentTalking(at, other.session))
        if other.line_up:
            return other.move(AgentEvent.CONNECT, at)
        return [*other.call_softphone(), *other.move(AgentEvent.RESERVE, at)]

    def _hand_over(self, each: FloorAgent, call: FloorCall, changed: Conversation, at: float) -> list[Effect]:
        """The agent leaves the conversation to another, or to a third party: that one is wrapped up."""
        former = call.conversation
        stay = {guest.number for guest in changed.guests}
        effects = self._mix(call, changed)
        for guest in former.guests if former is not None else ():
            if guest.session is not None and guest.session == changed.agent:
                effects.append(GuestLeft(guest.number, at, "took_over"))
            elif guest.number not in stay:
                effects += self._end_guest(guest, at)
        taker = self._agents.get(changed.agent) if changed.agent is not None else None
        call.session = None if taker is None else taker.session
        if taker is None:
            return effects + self._shifts.begin_wrap_up(each, call, at)
        effects.append(CallWasConnected(call.attempt, taker.session, taker.agent, at, 0.0))
        self._pacing.tell(call.campaign, CallConnected(at, call.attempt, taker.session, 0.0))
        effects += self._shifts.take(taker, call, at)
        return effects + self._shifts.release(each, at)

    def _set_aside(self, each: FloorAgent, call: FloorCall, waiting: Conversation, at: float) -> list[Effect]:
        """The customer waits for somebody else, with music; guests are let go."""
        effects = self.over(call, at)
        self._advance(call.attempt, CallEvent.AGENT_LOST)
        call.session, call.waits_since = None, at
        call.tried.discard(each.session)
        return self._mix(call, waiting) + effects

    def _unpark(self, call: FloorCall, parked: Parked, now: float) -> list[Effect]:
        call.conversation, call.waits_since = Conversation(None, Mode.HELD), now
        step = self._step(call, "unpark", now)
        parker = self._agents.get(parked.session)
        if parker is not None and parker.suits(call):
            return [step, *self._queue.reserve(parker, call, now)]
        return [step, *self._queue.find_agent(call, now)]

    def _end_guest(self, guest: Guest, at: float) -> list[Effect]:
        if guest.session is None:
            return [HangUpGuest(guest.number)]
        effects: list[Effect] = [GuestLeft(guest.number, at, "returned")]
        each = self._agents.get(guest.session)
        if each is not None and each.state in (AgentState.RESERVED, AgentState.TALKING):
            effects += self._shifts.release(each, at)
        return effects

    def _free_for_a_word(self, session: int, call: FloorCall) -> FloorAgent:
        each = self._free(session, call)
        if not each.can_be_called_in:
            raise agent_not_free()
        return each

    def _free(self, session: int, call: FloorCall) -> FloorAgent:
        each = self._agents.get(session)
        if each is None or not each.suits(call):
            raise agent_not_free()
        return each

    def _call_with(self, number: int) -> FloorCall | None:
        calls = self._calls.values()
        return next((each for each in calls if each.conversation and each.conversation.guest(number)), None)

    def _step(
        self,
        call: FloorCall,
        kind: str,
        at: float,
        *,
        by: FloorAgent | None = None,
        to: FloorAgent | None = None,
        guest: int | None = None,
        notes: str = "",
    ) -> CallStepped:
        call.handed_over = call.handed_over or kind in HANDED_OVER
        who = by or (self._agents.get(call.session) if call.session is not None else None)
        return CallStepped(
            call.attempt,
            at,
            kind,
            agent=None if who is None else who.agent,
            to_agent=None if to is None else to.agent,
            to_session=None if to is None else to.session,
            guest=guest,
            notes=notes,
        )
