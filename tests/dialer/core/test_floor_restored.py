"""A floor that takes up what a former engine left."""

from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    CallWasConnected,
    DispositionMissed,
)
from dialer.core.floor import Floor
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import Outcome
from tests.dialer.core.floors import ANN, BOB, BYE, SALES, floor_with, only, pacing, state

# --- an engine that starts again ----------------------------------------------------------------


def restored_floor(call, *agents):
    floor = floor_with()
    floor.restore_call(call, at=0.0)
    for each in agents:
        floor.shifts.restore_agent(each)
    return floor


def restored(session, agent_state, attempt=None, *, line_up=True):
    return FloorAgent(
        session, 100 + session, frozenset({SALES}), agent_state, -50.0, attempt=attempt, line_up=line_up
    )


def test_a_talk_that_outlived_the_engine_ends_as_every_talk_does():
    call = FloorCall(7, SALES, 7, CallState.CONNECTED, -60.0, session=ANN, was_connected=True)
    floor = restored_floor(call, restored(ANN, AgentState.TALKING, 7))
    assert (pacing(floor).agents_talking, pacing(floor).calls_connected) == (1, 1)
    floor.ended(7, BYE, at=10.0)
    assert (state(floor, ANN), floor.agents[ANN].wrap_up_ends_at) == (AgentState.WRAP_UP, 40.0)
    assert pacing(floor).calls_connected == 0


def unclaimed_call(attempt, answered_at, **more):
    return FloorCall(attempt, SALES, attempt, CallState.ANSWERED, answered_at, **more)


def test_an_answered_call_that_a_former_engine_gave_to_nobody_is_given_to_the_next_free_agent():
    floor = restored_floor(unclaimed_call(7, -1.0), restored(ANN, AgentState.PAUSED))
    assert floor.offer_unclaimed(at=0.0) == []
    assert floor.waiting == [7]
    assert only(Bridge, floor.shifts.ready(ANN, at=0.5)) == [Bridge(7, ANN)]
    (connected, _) = floor.connected(7, ANN, at=0.6)
    assert connected == CallWasConnected(7, ANN, 101, 0.6, waited_s=1.6)
    assert floor.waiting == []
    assert (pacing(floor).calls_waiting, pacing(floor).calls_connected) == (0, 1)


def test_an_agent_who_is_free_when_the_engine_starts_again_gets_the_call_that_has_waited_longest():
    floor = restored_floor(unclaimed_call(7, -1.0), restored(ANN, AgentState.AVAILABLE))
    floor.restore_call(unclaimed_call(8, -1.5), at=0.0)
    assert only(Bridge, floor.offer_unclaimed(at=0.0)) == [Bridge(8, ANN)]
    assert floor.offer_unclaimed(at=0.1) == []
    assert floor.waiting == [7]


def test_a_customer_who_lost_the_agent_while_no_engine_was_there_gets_another_and_waits_anew():
    floor = restored_floor(unclaimed_call(7, -600.0, was_connected=True), restored(ANN, AgentState.AVAILABLE))
    assert only(Bridge, floor.offer_unclaimed(at=0.0)) == [Bridge(7, ANN)]
    connected = floor.connected(7, ANN, at=0.2)[0]
    assert connected == CallWasConnected(7, ANN, 101, 0.2, waited_s=0.2)


def test_a_call_that_is_being_connected_with_a_restored_agent_is_offered_to_nobody_else():
    floor = restored_floor(
        unclaimed_call(7, -1.0), restored(ANN, AgentState.RESERVED, 7), restored(BOB, AgentState.AVAILABLE)
    )
    assert floor.offer_unclaimed(at=0.0) == []
    assert (floor.waiting, state(floor, BOB)) == ([], AgentState.AVAILABLE)


def test_a_talk_that_ended_while_no_engine_was_there_ends_with_its_agent_in_wrap_up():
    call = FloorCall(7, SALES, 7, CallState.CONNECTED, -60.0, was_connected=True)
    floor = restored_floor(call, restored(ANN, AgentState.TALKING, 7))
    effects = floor.lost(7, Outcome.UNKNOWN, at=1.0)
    assert only(CallHasEnded, effects)[0].outcome == Outcome.UNKNOWN
    assert (state(floor, ANN), floor.agents[ANN].attempt) == (AgentState.WRAP_UP, 7)


def test_an_agent_whose_call_is_over_and_recorded_goes_on_at_the_next_tick():
    floor = restored_floor(FloorCall(8, SALES, 8), restored(ANN, AgentState.TALKING, 7))
    effects = floor.tick(1.0)
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 1.0)]
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_what_the_switch_says_of_an_agent_holds_against_an_older_record():
    call = FloorCall(8, SALES, 8, CallState.CONNECTED, -5.0, session=ANN, was_connected=True)
    wrapping = restored(ANN, AgentState.WRAP_UP, 7)
    wrapping.wrap_up_ends_at = 60.0
    floor = restored_floor(call, wrapping)
    assert (state(floor, ANN), floor.agents[ANN].attempt) == (AgentState.TALKING, 8)


def test_what_the_switch_repeats_of_a_talk_long_past_is_recorded_and_disturbs_no_agent():
    live = FloorCall(8, SALES, 8, CallState.CONNECTED, -5.0, session=ANN, was_connected=True)
    floor = floor_with()
    floor.restore_call(live, at=0.0)
    floor.restore_call(FloorCall(7, SALES, 7), at=0.0)
    floor.shifts.restore_agent(restored(ANN, AgentState.AVAILABLE))
    floor.answered(7, at=-40.0)
    (connected,) = floor.connected(7, ANN, at=-39.0)
    assert connected == CallWasConnected(7, ANN, 101, -39.0, waited_s=1.0)
    effects = floor.ended(7, BYE, at=-10.0)
    assert effects == [CallHasEnded(7, SALES, -10.0, Outcome.HUMAN, BYE), DispositionMissed(7, -10.0)]
    assert (state(floor, ANN), floor.agents[ANN].attempt) == (AgentState.TALKING, 8)
    assert pacing(floor).calls_connected == 1


def test_a_repeated_connection_frees_the_agent_who_was_kept_meanwhile():
    floor = restored_floor(
        FloorCall(7, SALES, 7), restored(ANN, AgentState.AVAILABLE), restored(BOB, AgentState.AVAILABLE)
    )
    assert only(Bridge, floor.answered(7, at=-40.0)) == [Bridge(7, ANN)]
    floor.connected(7, BOB, at=-39.0)
    assert (state(floor, ANN), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.TALKING)


def test_an_agent_restored_in_wrap_up_may_get_the_softphone_back_and_still_say_how_it_went():
    wrapping = restored(ANN, AgentState.WRAP_UP, 7, line_up=False)
    wrapping.wrap_up_ends_at = 60.0
    floor = restored_floor(FloorCall(8, SALES, 8), wrapping)
    assert floor.shifts.line_up(ANN, at=5.0) == []
    floor.dispositioned(7, at=6.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_without_a_softphone_the_end_of_a_wrap_up_leads_to_no_calls():
    wrapping = restored(ANN, AgentState.WRAP_UP, 7, line_up=False)
    wrapping.wrap_up_ends_at = 60.0
    floor = restored_floor(FloorCall(8, SALES, 8), wrapping)
    floor.tick(60.0)
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.UNAVAILABLE, "no_softphone")
    assert pacing(floor).agents_paused == 1


def test_a_call_of_a_campaign_that_no_longer_runs_still_finds_an_agent_and_time_to_wrap_up():
    floor = Floor()
    call = FloorCall(7, SALES, 7, CallState.CONNECTED, -60.0, session=ANN, was_connected=True)
    floor.restore_call(call, at=0.0)
    floor.shifts.restore_agent(restored(ANN, AgentState.TALKING, 7))
    floor.shifts.restore_agent(restored(BOB, AgentState.PAUSED))
    floor.shifts.line_down(ANN, at=1.0, reason="softphone_gone")
    assert only(Bridge, floor.shifts.ready(BOB, at=2.0)) == [Bridge(7, BOB)]
    floor.connected(7, BOB, at=2.1)
    floor.ended(7, BYE, at=10.0)
    assert floor.tick(11.0) == []
    assert state(floor, BOB) == AgentState.WRAP_UP
