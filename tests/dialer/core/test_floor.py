"""What the calling floor promises to callers, to the record and to the pacers."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallRang,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
)
from dialer.core.outcome import CallEnd, Outcome
from tests.dialer.core.floors import (
    ANN,
    BOB,
    BYE,
    CLEO,
    SALES,
    answer,
    floor_with,
    only,
    state,
    talk,
)

# --- who gets the call --------------------------------------------------------------------------


def test_the_agent_who_has_waited_longest_gets_the_call():
    floor = floor_with(BOB, ANN, CLEO)
    assert only(Bridge, answer(floor, 7, at=10.0)) == [Bridge(7, BOB)]
    assert only(Bridge, answer(floor, 8, at=11.0)) == [Bridge(8, ANN)]
    assert only(Bridge, answer(floor, 9, at=12.0)) == [Bridge(9, CLEO)]


def test_whoever_comes_back_is_last_in_line():
    floor = floor_with(ANN, BOB)
    floor.shifts.pause(ANN, "coffee", at=1.0)
    floor.shifts.ready(ANN, at=2.0)
    assert only(Bridge, answer(floor, 7, at=3.0)) == [Bridge(7, BOB)]


def test_who_answers_while_nobody_is_free_gets_the_next_free_agent_in_order_of_waiting():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert only(Bridge, answer(floor, 8, at=10.0)) == []
    assert only(Bridge, answer(floor, 9, at=10.5)) == []
    floor.ended(7, BYE, at=11.0)
    assert only(Bridge, floor.shifts.ready(ANN, at=11.2)) == [Bridge(8, ANN)]
    floor.connected(8, ANN, at=11.3)
    floor.ended(8, BYE, at=11.4)
    assert only(Bridge, floor.shifts.ready(ANN, at=11.5)) == [Bridge(9, ANN)]


def test_agents_who_are_paused_wrapping_up_or_without_a_softphone_get_no_call():
    floor = floor_with(ANN, BOB, CLEO)
    floor.shifts.pause(ANN, "lunch", at=1.0)
    floor.shifts.line_down(BOB, at=1.0, reason="softphone_gone")
    talk(floor, 7, CLEO, at=2.0)
    floor.ended(7, BYE, at=3.0)
    assert only(Bridge, answer(floor, 8, at=4.0)) == []
    assert floor.waiting == [8]


def test_the_whole_story_of_a_call_is_recorded():
    floor = floor_with(ANN)
    floor.place(7, SALES, lead=70, at=1.0)
    assert floor.rang(7, at=2.0) == [CallRang(7, 2.0)]
    answered, bridge, reserved = floor.answered(7, at=5.0)
    assert (answered, bridge) == (CallWasAnswered(7, 5.0), Bridge(7, ANN))
    assert reserved == AgentChanged(ANN, 101, AgentState.RESERVED, "", 7, 5.0)
    connected, talking = floor.connected(7, ANN, at=5.25)
    assert connected == CallWasConnected(7, ANN, 101, 5.25, waited_s=0.25)
    assert talking == AgentChanged(ANN, 101, AgentState.TALKING, "", 7, 5.25)
    ended, wrapping = floor.ended(7, BYE, at=60.0)
    assert ended == CallHasEnded(7, SALES, 60.0, Outcome.HUMAN, BYE)
    assert wrapping == AgentChanged(ANN, 101, AgentState.WRAP_UP, "", 7, 60.0)
    assert floor.dispositioned(7, at=65.0) == [AgentChanged(ANN, 101, AgentState.AVAILABLE, "", None, 65.0)]


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(CallEnd(486), Outcome.BUSY), (CallEnd(0, by_far_end=False), Outcome.NETWORK_FAILURE)],
)
def test_a_call_that_nobody_answered_ends_with_the_networks_outcome(end, outcome):
    floor = floor_with(ANN)
    floor.place(7, SALES, lead=7, at=1.0)
    assert floor.ended(7, end, at=2.0) == [CallHasEnded(7, SALES, 2.0, outcome, end)]
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_events_that_come_late_or_twice_or_for_nobody_change_nothing():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.rang(7, at=2.0) == floor.answered(7, at=2.0) == floor.connected(7, ANN, at=2.0) == []
    floor.ended(7, BYE, at=3.0)
    assert floor.rang(7, at=4.0) == floor.answered(7, at=4.0) == floor.connected(7, ANN, at=4.0) == []
    assert floor.unclaimed(7, at=4.0) == floor.ended(7, BYE, at=4.0) == []
    assert floor.illegal_events == 0


def test_an_event_that_cannot_happen_changes_nothing_and_is_counted():
    floor = floor_with(ANN)
    floor.place(7, SALES, lead=7, at=1.0)
    assert floor.unclaimed(7, at=2.0) == floor.connected(7, ANN, at=2.0) == []
    assert floor.calls[7].state == CallState.PLACED
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert floor.illegal_events == 2


# --- people who meet nobody ---------------------------------------------------------------------


def test_who_is_not_claimed_in_time_is_abandoned_and_no_agent_is_given_the_call_any_more():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0)
    assert floor.unclaimed(8, at=4.0) == [CallWasAbandoned(8, 4.0)]
    floor.ended(7, BYE, at=4.5)
    assert only(Bridge, floor.shifts.ready(ANN, at=5.0)) == []
    assert floor.ended(8, BYE, at=7.0)[0].outcome == Outcome.ABANDONED


def test_who_hangs_up_while_no_agent_is_free_is_abandoned_too():
    floor = floor_with()
    answer(floor, 8, at=2.0)
    assert floor.ended(8, BYE, at=2.5) == [CallHasEnded(8, SALES, 2.5, Outcome.ABANDONED, BYE)]
    assert floor.waiting == []


def test_who_answers_as_the_call_is_given_up_was_answered_and_abandoned():
    floor = floor_with(ANN)
    floor.place(7, SALES, lead=7, at=1.0)
    late = CallEnd(200, by_far_end=False, timed_out=True, provisional=True, answered_late=True)
    effects = floor.ended(7, late, at=26.0)
    assert only(CallWasAnswered, effects) == [CallWasAnswered(7, 26.0)]
    (ended,) = only(CallHasEnded, effects)
    assert ended.outcome == Outcome.ABANDONED


def test_who_hangs_up_on_the_agent_they_are_being_connected_with_is_not_abandoned():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    effects = floor.ended(7, BYE, at=1.1)
    assert only(CallHasEnded, effects)[0].outcome == Outcome.HUMAN
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 1.1)]
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_an_agent_kept_for_somebody_the_switch_gave_up_is_free_again_when_the_bridge_fails():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    assert only(CallWasAbandoned, floor.unclaimed(7, at=3.0)) == [CallWasAbandoned(7, 3.0)]
    assert only(Bridge, floor.bridge_failed(7, ANN, at=3.1)) == []
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_a_softphone_lost_while_the_message_plays_brings_nobody_back_to_life():
    floor = floor_with(ANN, BOB)
    answer(floor, 7, at=1.0)
    floor.unclaimed(7, at=3.0)
    assert only(Bridge, floor.shifts.line_down(ANN, at=3.1, reason="softphone_gone")) == []
    assert floor.waiting == []
    assert floor.illegal_events == 0


# --- bridges that fail --------------------------------------------------------------------------


def test_when_the_caller_was_gone_the_agent_is_free_and_gets_the_next_who_waits():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    answer(floor, 8, at=1.1)
    floor.ended(7, BYE, at=1.2)
    assert floor.agents[ANN].attempt == 8
    assert floor.bridge_failed(7, ANN, at=1.3) == []
    assert floor.agents[ANN].attempt == 8


def test_when_the_bridge_fails_another_agent_gets_the_call():
    floor = floor_with(ANN, BOB)
    answer(floor, 7, at=1.0)
    effects = floor.bridge_failed(7, ANN, at=1.1)
    assert only(Bridge, effects) == [Bridge(7, BOB)]
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.RESERVED)


def test_no_agent_is_tried_twice_for_the_same_call():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    assert only(Bridge, floor.bridge_failed(7, ANN, at=1.1)) == []
    assert floor.waiting == [7]
    floor.shifts.pause(ANN, "coffee", at=1.2)
    assert only(Bridge, floor.shifts.ready(ANN, at=1.3)) == []
    floor.shifts.log_in(BOB, 102, [SALES], at=1.4)
    assert only(Bridge, floor.shifts.line_up(BOB, at=1.5)) == [Bridge(7, BOB)]


def test_a_failed_bridge_of_agents_long_at_other_work_changes_nothing():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    assert floor.bridge_failed(7, ANN, at=2.0) == floor.bridge_failed(7, BOB, at=2.0) == []
    assert floor.bridge_failed(99, 99, at=2.0) == []
    assert state(floor, ANN) == AgentState.TALKING


# --- the switch is lost -------------------------------------------------------------------------


def test_when_the_switch_is_lost_every_call_is_lost_and_nobody_is_given_another():
    floor = floor_with(ANN, BOB, CLEO)
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0)
    floor.shifts.pause(CLEO, "lunch", at=2.0)
    answer(floor, 9, at=2.5)
    floor.place(10, SALES, lead=10, at=2.5)
    effects = floor.switch_lost(at=3.0)
    assert {(each.attempt, each.outcome) for each in only(CallHasEnded, effects)} == {
        (attempt, Outcome.LOST) for attempt in (7, 8, 9, 10)
    }
    assert only(Bridge, effects) == []
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 3.0)]
    assert {each.state for each in floor.agents.values()} == {AgentState.UNAVAILABLE}
    assert floor.calls == {}
    assert floor.waiting == []
