"""What agents do on a call: who has the customer afterwards, and who is free."""

import pytest

from campaigns.core.agent_profile import AgentProfile
from campaigns.core.agent_work import AgentWork
from campaigns.core.tiers import parse_tiers
from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.conversation import Conversation, ConversationError, Guest, Mode
from dialer.core.effects import (
    Bridge,
    CallGuest,
    CallHasEnded,
    CallStepped,
    CallWasConnected,
    DispositionMissed,
    GuestAnswered,
    GuestLeft,
    HangUpCall,
    HangUpGuest,
    Mix,
    PressKeys,
)
from dialer.core.floor_conversations import PARK_LIMIT_S
from tests.dialer.core.floors import ANN, BOB, BYE, CLEO, answer, floor_with, only, state, talk

CLOSER, TO = 5, "+12025550177"


def talking(*sessions):
    """A floor where the first of them talks with the caller of attempt 7."""
    floor = floor_with(*sessions)
    talk(floor, 7, sessions[0], at=1.0)
    return floor, floor.conversations


def refused(code):
    return pytest.raises(ConversationError, check=lambda error: error.code == code)


def mixed(effects):
    (mix,) = only(Mix, effects)
    return mix.conversation


def kinds(effects):
    return [each.kind for each in only(CallStepped, effects)]


# --- alone with the customer ----------------------------------------------------------------------


def test_hold_and_mute_are_mixes_and_the_agent_stays_talking():
    floor, desk = talking(ANN)
    assert desk.hold(ANN, at=2.0) == [
        Mix(7, Conversation(ANN, Mode.HELD)),
        CallStepped(7, 2.0, "hold", agent=101),
    ]
    assert state(floor, ANN) == AgentState.TALKING
    assert mixed(desk.resume(ANN, at=3.0)) == Conversation(ANN)
    assert mixed(desk.mute(ANN, at=4.0)) == Conversation(ANN, agent_mode=Mode.MUTED)
    with refused("not-on-hold"):
        desk.resume(ANN, at=5.0)


def test_who_talks_with_nobody_can_do_none_of_it():
    floor = floor_with(ANN)
    for wish in (floor.conversations.hold, floor.conversations.join, floor.conversations.park):
        with refused("no-conversation"):
            wish(ANN, at=1.0)


def test_keys_are_pressed_for_whom_the_agent_talks_with():
    _, desk = talking(ANN)
    assert desk.press(ANN, "1#") == [PressKeys(7, "customer", "1#")]
    desk.hold(ANN, at=2.0)
    with refused("nobody-to-dial"):
        desk.press(ANN, "1")
    desk.resume(ANN, at=3.0)
    desk.consult(ANN, CLOSER, TO, at=4.0)
    desk.guest_answered(CLOSER, at=5.0)
    assert desk.press(ANN, "2") == [PressKeys(7, "5", "2")]


# --- a third party --------------------------------------------------------------------------------


def test_a_third_party_is_consulted_and_gets_the_customer():
    floor, desk = talking(ANN)
    called = desk.consult(ANN, CLOSER, TO, at=2.0, notes="wants gold")
    assert mixed(called).customer_mode == Mode.HELD
    assert only(CallGuest, called) == [CallGuest(7, CLOSER, TO)]
    answered = desk.guest_answered(CLOSER, at=4.0)
    assert only(GuestAnswered, answered) == [GuestAnswered(CLOSER, 4.0)]
    done = desk.complete(ANN, at=9.0)
    assert mixed(done) == Conversation(None, guests=(Guest(CLOSER, there=True),))
    assert state(floor, ANN) == AgentState.WRAP_UP
    floor.dispositioned(7, at=10.0)
    assert state(floor, ANN) == AgentState.AVAILABLE, "the agent need not wait for the call's end"
    over = floor.ended(7, BYE, at=60.0)
    assert HangUpGuest(CLOSER) in over
    assert not only(DispositionMissed, over)


def test_a_blind_transfer_gives_the_customer_to_who_answers_and_back_where_nobody_does():
    for comes in (True, False):
        floor, desk = talking(ANN)
        desk.consult(ANN, CLOSER, TO, at=2.0, takes_over=True)
        if comes:
            assert mixed(desk.guest_answered(CLOSER, at=5.0)).agent is None
            assert state(floor, ANN) == AgentState.WRAP_UP
        else:
            assert mixed(desk.guest_left(CLOSER, "busy", at=5.0)) == Conversation(ANN)
            assert state(floor, ANN) == AgentState.TALKING


def test_when_the_third_party_that_has_the_customer_hangs_up_the_call_is_over():
    floor, desk = talking(ANN)
    desk.consult(ANN, CLOSER, TO, at=2.0, takes_over=True)
    desk.guest_answered(CLOSER, at=5.0)
    assert HangUpCall(7) in desk.guest_left(CLOSER, "answered", at=50.0)
    over = floor.ended(7, BYE, at=51.0)
    assert only(CallHasEnded, over)
    assert not only(DispositionMissed, over), "the agent still wraps it up"


def test_a_consultation_that_is_ended_gives_the_customer_back():
    _, desk = talking(ANN)
    desk.consult(ANN, CLOSER, TO, at=2.0)
    ended = desk.end_consultation(ANN, at=3.0)
    assert mixed(ended) == Conversation(ANN)
    assert HangUpGuest(CLOSER) in ended
    assert desk.guest_left(CLOSER, "canceled", at=3.1) == [GuestLeft(CLOSER, 3.1, "canceled")]


def test_who_answers_after_the_call_is_over_is_let_go():
    floor, desk = talking(ANN)
    desk.consult(ANN, CLOSER, TO, at=2.0)
    assert HangUpGuest(CLOSER) in floor.ended(7, BYE, at=3.0)
    assert desk.guest_answered(CLOSER, at=3.1) == [HangUpGuest(CLOSER)]


# --- other agents ---------------------------------------------------------------------------------


def test_another_agent_is_consulted_and_takes_over():
    floor, desk = talking(ANN, BOB)
    desk.consult_agent(ANN, CLOSER, BOB, at=2.0)
    assert (state(floor, BOB), floor.agents[BOB].attempt) == (AgentState.TALKING, 7)
    assert only(Bridge, answer(floor, 8, at=3.0)) == [], "nobody is free"
    done = desk.complete(ANN, at=4.0, notes="angry")
    assert mixed(done) == Conversation(BOB)
    assert only(CallWasConnected, done) == [CallWasConnected(7, BOB, 102, 4.0, 0.0)]
    assert only(Bridge, done) == [Bridge(8, ANN)], "the agent who handed over is free at once"
    floor.ended(7, BYE, at=9.0)
    assert state(floor, BOB) == AgentState.WRAP_UP


def test_an_agent_who_was_only_consulted_is_free_afterwards():
    floor, desk = talking(ANN, BOB)
    desk.consult_agent(ANN, CLOSER, BOB, at=2.0)
    assert mixed(desk.end_consultation(ANN, at=3.0)) == Conversation(ANN)
    assert state(floor, BOB) == AgentState.AVAILABLE
    desk.consult_agent(ANN, CLOSER + 1, BOB, at=4.0)
    floor.ended(7, BYE, at=5.0)
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.WRAP_UP, AgentState.AVAILABLE)


@pytest.mark.parametrize("leave", ["line_down", "log_out"])
def test_a_consulted_agent_who_vanishes_gives_the_customer_back(leave):
    floor, desk = talking(ANN, BOB)
    desk.consult_agent(ANN, CLOSER, BOB, at=2.0)
    gone = (
        floor.shifts.line_down(BOB, 3.0, "softphone_gone")
        if leave == "line_down"
        else floor.shifts.log_out(BOB, 3.0)
    )
    assert mixed(gone) == Conversation(ANN)
    assert floor.calls[7].session == ANN


def test_when_the_agent_vanishes_the_customer_gets_another_and_the_guest_is_let_go():
    floor, desk = talking(ANN, BOB)
    desk.consult(ANN, CLOSER, TO, at=2.0)
    gone = floor.shifts.line_down(ANN, 3.0, "softphone_gone")
    assert HangUpGuest(CLOSER) in gone
    assert only(Bridge, gone) == [Bridge(7, BOB)]


def test_a_call_is_handed_to_whoever_is_free_and_has_waited_longest():
    floor, desk = talking(ANN, BOB, CLEO)
    given = desk.hand_over(ANN, [BOB, CLEO], at=2.0, notes="has a question")
    assert mixed(given) == Conversation(None, Mode.HELD)
    assert only(Bridge, given) == [Bridge(7, BOB)]
    assert given.index(mix_of(given)) < given.index(Bridge(7, BOB)), "the switch parts them first"
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.RESERVED)
    floor.connected(7, BOB, at=2.2)
    assert floor.calls[7].conversation == Conversation(BOB)
    with refused("agent-not-free"):
        desk.hand_over(BOB, [BOB], at=3.0)
    assert floor.calls[7].session == BOB


def mix_of(effects):
    return only(Mix, effects)[0]


def test_who_cannot_be_connected_with_a_call_that_was_handed_over_leaves_it_to_the_next():
    floor, desk = talking(ANN, BOB, CLEO)
    desk.hand_over(ANN, [BOB], at=2.0)
    assert only(Bridge, floor.bridge_failed(7, BOB, at=2.1)) == [Bridge(7, CLEO)]


# --- parking --------------------------------------------------------------------------------------


def test_a_parked_call_is_taken_by_any_agent_of_the_campaign():
    floor, desk = talking(ANN, BOB)
    parked = desk.park(ANN, at=2.0)
    assert mixed(parked).parked is not None
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert [each.attempt for each in desk.parked()] == [7]
    assert only(Bridge, desk.take(BOB, 7, at=3.0)) == [Bridge(7, BOB)]
    with refused("not-parked"):
        desk.take(ANN, 7, at=3.1)
    floor.connected(7, BOB, at=3.2)
    assert floor.calls[7].state == CallState.CONNECTED


def test_what_is_parked_too_long_goes_back_to_who_parked_it_or_to_the_next_who_is_free():
    for parker_is_free in (True, False):
        floor, desk = talking(ANN, BOB)
        desk.park(ANN, at=2.0)
        if not parker_is_free:
            floor.shifts.pause(ANN, "lunch", at=3.0)
        assert floor.tick(PARK_LIMIT_S + 1.9) == []
        due = floor.tick(PARK_LIMIT_S + 2.0)
        assert only(Bridge, due) == [Bridge(7, ANN if parker_is_free else BOB)]


def test_nobody_waits_for_ever():
    floor, desk = talking(ANN)
    desk.park(ANN, at=2.0)
    floor.shifts.log_out(ANN, at=3.0)
    floor.tick(PARK_LIMIT_S + 2.0)
    assert floor.waiting == [7]
    assert floor.tick(PARK_LIMIT_S + 303.0) == [HangUpCall(7)]


def test_an_agent_who_was_called_in_leaves_and_the_call_goes_on():
    floor, desk = talking(ANN, BOB)
    with refused("no-conversation"):
        desk.leave(BOB, 7, at=2.0)
    desk.consult_agent(ANN, CLOSER, BOB, at=3.0)
    with refused("no-conversation"):
        desk.leave(ANN, 7, at=4.0)
    left = desk.leave(BOB, 7, at=5.0)
    assert (mixed(left), kinds(left)) == (Conversation(ANN), ["leave"])
    assert only(GuestLeft, left) == [GuestLeft(CLOSER, 5.0, "returned")]
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.TALKING, AgentState.AVAILABLE)


def test_who_takes_the_customer_over_is_a_guest_no_longer():
    _, desk = talking(ANN, BOB)
    desk.consult_agent(ANN, CLOSER, BOB, at=3.0)
    assert only(GuestLeft, desk.complete(ANN, at=4.0)) == [GuestLeft(CLOSER, 4.0, "took_over")]


# --- supervisors ----------------------------------------------------------------------------------


def test_a_supervisors_phone_is_called_in_and_is_heard_as_they_wish():
    floor, desk = talking(ANN)
    called = desk.supervise(ANN, 9, Mode.LISTENS, "sip:boss@example.org", at=2.0)
    assert only(CallGuest, called) == [CallGuest(7, 9, "sip:boss@example.org")]
    assert not only(Mix, called), "nothing changes for who talks"
    assert mixed(desk.guest_answered(9, at=3.0)).guest(9).there
    assert mixed(desk.supervise_as(ANN, Mode.WHISPERS, at=4.0)).guest(9).mode == Mode.WHISPERS
    with refused("take-over-without-session"):
        desk.take_over(ANN, at=5.0)
    assert HangUpGuest(9) in desk.stop_supervising(ANN, at=6.0)
    assert floor.calls[7].conversation == Conversation(ANN)


def test_a_supervisor_on_shift_takes_the_call_over():
    floor, desk = talking(ANN, BOB)
    desk.supervise_from(ANN, 9, Mode.LISTENS, BOB, at=2.0)
    taken = desk.take_over(ANN, at=3.0)
    assert mixed(taken) == Conversation(BOB)
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.TALKING)
    assert floor.calls[7].session == BOB


def test_a_supervisor_who_hangs_up_changes_nothing_for_the_others():
    _, desk = talking(ANN)
    desk.supervise(ANN, 9, Mode.LISTENS, "sip:boss@example.org", at=2.0)
    desk.guest_answered(9, at=3.0)
    desk.hold(ANN, at=4.0)
    assert mixed(desk.guest_left(9, "answered", at=5.0)) == Conversation(ANN, Mode.HELD)


# --- levels of agents -----------------------------------------------------------------------------


def with_levels(*sessions):
    """The first agent talks; second is Bob's and Cleo's level, third that of who knows mortgages well."""
    floor, desk = talking(*sessions)
    levels = [
        {"name": "second", "agents": [102, 103]},
        {"name": "third", "skills": {"mortgages": 5}},
    ]
    floor.work_changes(1, AgentWork(tiers=parse_tiers(levels)))
    return floor, desk


def test_a_call_is_handed_up_to_whoever_of_the_level_has_waited_longest_and_the_agent_is_free():
    floor, desk = with_levels(ANN, BOB, CLEO)
    effects = desk.hand_up(ANN, "second", at=5.0, notes="wants gold")
    longest = min((BOB, CLEO), key=lambda each: floor.agents[each].waits_since)
    (step,) = only(CallStepped, effects)
    assert (step.kind, step.notes, step.to_session) == ("hand_up", "wants gold", longest)
    assert only(Bridge, effects) == [Bridge(7, longest)]
    assert (state(floor, ANN), floor.calls[7].handed_over) == (AgentState.AVAILABLE, True)


def test_the_level_may_be_of_skills_and_is_consulted_first_where_that_is_wished():
    floor, desk = with_levels(ANN, BOB, CLEO)
    floor.agents[CLEO].profile = AgentProfile.parse({"mortgages": 7}, [], {})
    floor.agents[BOB].profile = AgentProfile.parse({"mortgages": 4}, [], {})
    assert desk.next_of(ANN, "third") == CLEO
    assert only(Bridge, desk.hand_up(ANN, "third", at=5.0)) == [Bridge(7, CLEO)]


def test_where_nobody_of_the_level_is_free_or_there_is_no_such_level_nothing_changes():
    floor, desk = with_levels(ANN, BOB)
    with refused("unknown-tier"):
        desk.hand_up(ANN, "fourth", at=5.0)
    for ask in (lambda: desk.hand_up(ANN, "third", at=5.0), lambda: desk.next_of(ANN, "third")):
        with refused("agent-not-free"):
            ask()
    assert (state(floor, ANN), floor.calls[7].handed_over) == (AgentState.TALKING, False)
