"""What the floor promises to agents whose softphones are rung for each customer, and when none answers."""

import contextlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dialer.core.agent import AgentState
from dialer.core.conversation import Conversation, ConversationError, Mode
from dialer.core.effects import (
    Bridge,
    CallSoftphone,
    CallWasAbandoned,
    EndSoftphone,
    GuestLeft,
    HangUpCall,
    Mix,
)
from dialer.core.floor_shifts import NO_ANSWER, UNREGISTERED
from tests.dialer.core.floors import ANN, BOB, BYE, SALES, answer, floor_with, only, state


def floor_per_call(*sessions, mode="progressive"):
    """Agents who are ready, one after the other."""
    floor = floor_with(mode=mode)
    for number, session in enumerate(sessions):
        at = float(number - len(sessions))
        floor.shifts.log_in(session, 100 + session, (SALES,), at, per_call=True)
        floor.shifts.ready(session, at)
    return floor


def in_a_talk():
    floor = floor_per_call(ANN)
    assert answer(floor, 1, at=10.0)[-2:-1] == [CallSoftphone(ANN)]
    assert floor.shifts.line_up(ANN, 10.3) == [Bridge(1, ANN)]
    floor.connected(1, ANN, 10.3)
    assert state(floor, ANN) == AgentState.TALKING
    return floor


def test_a_softphone_is_called_only_once_a_person_has_answered():
    floor = floor_per_call(ANN)
    assert state(floor, ANN) == AgentState.AVAILABLE
    floor.place(1, SALES, lead=1, at=0.0)
    assert floor.rang(1, 1.0)[1:] == []
    assert only(CallSoftphone, floor.answered(1, 5.0)) == [CallSoftphone(ANN)]
    assert state(floor, ANN) == AgentState.RESERVED


def test_it_is_let_go_with_its_customer_and_called_for_the_next():
    floor = in_a_talk()
    assert EndSoftphone(ANN) in floor.ended(1, BYE, 60.0)
    assert state(floor, ANN) == AgentState.WRAP_UP
    floor.dispositioned(1, 60.1)
    assert state(floor, ANN) == AgentState.AVAILABLE
    # The former call of the softphone is not over yet: it could not be called anew.
    assert only(CallSoftphone, answer(floor, 2, at=60.2)) == []
    assert floor.shifts.line_down(ANN, 60.3, "softphone_200") == [CallSoftphone(ANN)]
    assert floor.shifts.line_up(ANN, 60.5) == [Bridge(2, ANN)]


def test_one_that_does_not_answer_pauses_its_agent_and_the_customer_gets_another():
    floor = floor_per_call(ANN, BOB)
    assert only(CallSoftphone, answer(floor, 1, at=10.0)) == [CallSoftphone(ANN)]
    effects = floor.shifts.line_down(ANN, 11.5, NO_ANSWER)
    assert only(CallSoftphone, effects) == [CallSoftphone(BOB)]
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.PAUSED, NO_ANSWER)
    assert only(CallSoftphone, answer(floor, 2, at=12.0)) == []
    floor.shifts.ready(ANN, 20.0)
    assert floor.agents[ANN].attempt == 2


def test_nobody_waits_for_a_softphone_longer_than_the_law_has_it():
    floor = floor_per_call(ANN)
    answer(floor, 1, at=10.0)
    effects = floor.unclaimed(1, 12.0)
    assert only(CallWasAbandoned, effects)
    assert EndSoftphone(ANN) in effects
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert floor.shifts.line_up(ANN, 12.0) == []
    assert floor.shifts.line_down(ANN, 12.1, "softphone_487") == []
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_an_agent_who_hangs_up_the_softphone_ends_the_talk():
    floor = in_a_talk()
    assert floor.shifts.line_down(ANN, 60.0, "softphone_200", hung_up=True) == [HangUpCall(1)]
    floor.ended(1, BYE, 60.1)
    assert state(floor, ANN) == AgentState.WRAP_UP


def test_a_customer_whose_agents_softphone_died_is_offered_to_another():
    floor = in_a_talk()
    floor.shifts.log_in(BOB, 102, (SALES,), 20.0)
    floor.shifts.line_up(BOB, 21.0)
    assert Bridge(1, BOB) in floor.shifts.line_down(ANN, 60.0, "softphone_gone")
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    floor.shifts.ready(ANN, 70.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_a_customer_who_leaves_while_it_rings_leaves_nobody_ringing():
    floor = floor_per_call(ANN)
    answer(floor, 1, at=10.0)
    assert EndSoftphone(ANN) in floor.ended(1, BYE, 10.2)
    assert floor.shifts.line_up(ANN, 10.25) == []
    assert state(floor, ANN) == AgentState.AVAILABLE


@pytest.mark.parametrize("paused_before", [False, True])
def test_one_that_is_called_for_a_shift_and_not_answered_pauses_its_agent(paused_before):
    floor = floor_with()
    floor.shifts.log_in(ANN, 101, (SALES,), 0.0)
    if paused_before:
        floor.shifts.pause(ANN, "lunch", 1.0)
    floor.shifts.line_down(ANN, 20.0, NO_ANSWER)
    assert state(floor, ANN) == AgentState.PAUSED
    assert floor.agents[ANN].reason == ("lunch" if paused_before else NO_ANSWER)
    # The softphone is called again; nobody is there until it answers.
    floor.shifts.ready(ANN, 30.0)
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    floor.shifts.line_up(ANN, 31.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_one_that_is_registered_no_more_gets_nobody_until_it_is_back():
    floor = floor_per_call(ANN)
    floor.shifts.registration(ANN, 5.0, there=True, again=False)
    assert state(floor, ANN) == AgentState.AVAILABLE
    floor.shifts.registration(ANN, 6.0, there=False, again=False)
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.UNAVAILABLE, UNREGISTERED)
    assert only(CallSoftphone, answer(floor, 1, at=10.0)) == []
    assert only(CallSoftphone, floor.shifts.registration(ANN, 11.0, there=True, again=True)) == [
        CallSoftphone(ANN)
    ]
    floor.shifts.registration(ANN, 11.1, there=False, again=False)
    assert state(floor, ANN) == AgentState.RESERVED, "it rings, which says more"
    assert floor.tick(1900.0) is not None
    assert ANN in floor.agents


def test_one_that_is_registered_no_more_is_logged_out_after_half_an_hour_and_not_before():
    floor = floor_per_call(ANN)
    floor.shifts.registration(ANN, 5000.0, there=False, again=False)
    floor.tick(5001.0)
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    floor.tick(5000.0 + 1800.0)
    assert ANN not in floor.agents


def test_an_agent_who_pauses_while_unregistered_is_paused_once_it_is_back():
    floor = floor_per_call(ANN)
    floor.shifts.registration(ANN, 5.0, there=False, again=False)
    floor.shifts.pause(ANN, "lunch", 6.0)
    floor.shifts.registration(ANN, 7.0, there=True, again=True)
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")


def test_a_persistent_softphone_that_was_not_registered_is_called_once_it_is():
    floor = floor_with()
    floor.shifts.log_in(ANN, 101, (SALES,), 0.0)
    floor.shifts.line_down(ANN, 1.0, "softphone_480")
    assert floor.shifts.registration(ANN, 2.0, there=False, again=False) == []
    assert floor.shifts.registration(ANN, 4.0, there=True, again=True) == [CallSoftphone(ANN)]
    assert floor.shifts.registration(ANN, 6.0, there=True, again=False) == [], "not again and again"


def consulted(floor):
    """Ann, whose line is up, asks Bob, whose softphone is rung for each call, about call 1; guest 7."""
    answer(floor, 1, at=10.0)
    floor.shifts.line_up(ANN, 10.3)
    floor.connected(1, ANN, 10.3)
    return floor.conversations.consult_agent(ANN, 7, BOB, 20.0)


def test_an_agent_who_is_consulted_is_rung_first_and_there_once_the_softphone_has_answered():
    floor = floor_per_call(ANN, BOB)
    effects = consulted(floor)
    assert only(CallSoftphone, effects) == [CallSoftphone(BOB)]
    assert (state(floor, BOB), floor.calls[1].conversation.rings) == (AgentState.RESERVED, True)
    (mixed,) = only(Mix, floor.shifts.line_up(BOB, 21.0))
    assert mixed.conversation.third.there
    assert state(floor, BOB) == AgentState.TALKING
    effects = floor.conversations.complete(ANN, 30.0)
    assert EndSoftphone(ANN) in effects
    assert (state(floor, ANN), floor.calls[1].session) == (AgentState.AVAILABLE, BOB)


def test_one_who_is_consulted_and_does_not_answer_is_paused_and_the_customer_is_back():
    floor = floor_per_call(ANN, BOB)
    consulted(floor)
    effects = floor.shifts.line_down(BOB, 21.5, NO_ANSWER)
    assert only(GuestLeft, effects) == [GuestLeft(7, 21.5, "gone")]
    assert (state(floor, BOB), floor.agents[BOB].reason) == (AgentState.PAUSED, NO_ANSWER)
    assert floor.calls[1].conversation == Conversation(ANN)


def test_one_who_is_consulted_and_hangs_up_is_free_and_the_call_goes_on():
    floor = floor_per_call(ANN, BOB)
    consulted(floor)
    floor.shifts.line_up(BOB, 21.0)
    effects = floor.shifts.line_down(BOB, 30.0, "softphone_200", hung_up=True)
    assert only(HangUpCall, effects) == []
    assert (state(floor, BOB), floor.calls[1].conversation) == (AgentState.AVAILABLE, Conversation(ANN))


def test_whom_an_agent_asked_for_while_they_were_rung_gets_the_customer():
    floor = floor_per_call(ANN, BOB)
    consulted(floor)
    floor.conversations.complete(ANN, 20.5)
    floor.shifts.line_up(BOB, 21.0)
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.TALKING)
    assert floor.calls[1].session == BOB


def test_nobody_takes_over_whose_softphone_still_rings():
    floor = floor_per_call(ANN, BOB)
    answer(floor, 1, at=10.0)
    floor.shifts.line_up(ANN, 10.3)
    floor.connected(1, ANN, 10.3)
    floor.conversations.supervise_from(ANN, 7, Mode.LISTENS, BOB, 20.0)
    with pytest.raises(ConversationError, match="not answered yet"):
        floor.conversations.take_over(ANN, 20.5)
    floor.ended(1, BYE, 21.0)
    assert state(floor, BOB) == AgentState.AVAILABLE
    assert floor.shifts.line_up(BOB, 21.1) == []


WISHES = ["consult", "supervise", "complete", "return", "take_over", "transfer", "park", "leave"]


class Softphones(RuleBasedStateMachine):
    """Customers come and go, and softphones answer, ring out, hang up and die, in any order."""

    def __init__(self):
        super().__init__()
        self.floor = floor_per_call(ANN, BOB, mode="power")
        self.now = 0.0
        self.attempt = 0
        self.legs = {}
        self.guests = 0

    def do(self, effects):
        for each in effects:
            match each:
                case CallSoftphone(session=session):
                    assert session not in self.legs, "a softphone has one call at a time"
                    self.legs[session] = "rings"
                case EndSoftphone(session=session):
                    assert session in self.legs
                    self.legs[session] = "ending"
                case Bridge(attempt=attempt, session=session):
                    assert self.legs[session] == "up"
                    self.do(self.floor.connected(attempt, session, self.now))

    @rule(seconds=st.floats(0.1, 40.0))
    def time_passes(self, seconds):
        self.now += seconds
        self.do(self.floor.tick(self.now))

    @rule()
    def a_person_answers(self):
        self.attempt += 1
        self.do(answer(self.floor, self.attempt, self.now))

    @rule(data=st.data(), what=st.sampled_from(["ended", "unclaimed"]))
    def a_customers_call_goes_on(self, data, what):
        if self.floor.calls:
            attempt = data.draw(st.sampled_from(sorted(self.floor.calls)))
            ended = what == "ended"
            self.do(
                self.floor.ended(attempt, BYE, self.now) if ended else self.floor.unclaimed(attempt, self.now)
            )

    @rule(session=st.sampled_from([ANN, BOB]), hung_up=st.booleans())
    def a_softphone_is_off_the_line(self, session, hung_up):
        was = self.legs.pop(session, None)
        if was is not None:
            reason = NO_ANSWER if was == "rings" else "softphone_gone"
            self.do(self.floor.shifts.line_down(session, self.now, reason, hung_up=hung_up))

    @rule(session=st.sampled_from([ANN, BOB]))
    def a_softphone_answers(self, session):
        if self.legs.get(session) in ("rings", "ending"):
            self.legs[session] = "up" if self.legs[session] == "rings" else "ending"
            self.do(self.floor.shifts.line_up(session, self.now))

    @rule(session=st.sampled_from([ANN, BOB]), there=st.booleans())
    def the_registrar_says_who_is_there(self, session, there):
        self.do(self.floor.shifts.registration(session, self.now, there=there, again=there))

    @rule(session=st.sampled_from([ANN, BOB]), wish=st.sampled_from(WISHES))
    def an_agent_has_a_wish_for_a_call(self, session, wish):
        talks, other = self.floor.conversations, BOB if session == ANN else ANN
        self.guests += 1
        wishes = {
            "consult": lambda: talks.consult_agent(session, self.guests, other, self.now),
            "supervise": lambda: talks.supervise_from(session, self.guests, Mode.LISTENS, other, self.now),
            "complete": lambda: talks.complete(session, self.now),
            "return": lambda: talks.end_consultation(session, self.now),
            "take_over": lambda: talks.take_over(session, self.now),
            "transfer": lambda: talks.hand_over(session, [other], self.now),
            "park": lambda: talks.park(session, self.now),
            "leave": lambda: talks.leave(session, self.attempt, self.now),
        }
        with contextlib.suppress(ConversationError):
            self.do(wishes[wish]())

    @rule(session=st.sampled_from([ANN, BOB]))
    def an_agent_is_ready(self, session):
        self.do(self.floor.shifts.ready(session, self.now))

    @rule(session=st.sampled_from([ANN, BOB]))
    def an_agent_pauses(self, session):
        self.do(self.floor.shifts.pause(session, "lunch", self.now))

    @invariant()
    def who_talks_is_on_the_line_and_who_does_not_is_let_go(self):
        for session, each in self.floor.agents.items():
            leg = self.legs.get(session)
            if each.state not in (AgentState.RESERVED, AgentState.TALKING):
                assert leg in (None, "ending"), (each.state, leg)
            if each.state == AgentState.RESERVED:
                assert leg is not None

    @invariant()
    def whoever_is_said_to_be_there_is_on_the_line(self):
        for call in self.floor.calls.values():
            talk = call.conversation
            for guest in talk.guests if talk is not None else ():
                assert self.floor.agents[guest.session].attempt == call.attempt
                assert self.legs.get(guest.session) == ("up" if guest.there else "rings")


Softphones.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestSoftphones = Softphones.TestCase
