"""What the calling floor promises to agents: softphones, wrap-ups, pauses and the end of a shift."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallSoftphone,
    CallWasAbandoned,
    CallWasConnected,
    DispositionMissed,
    HangUpAgent,
    HangUpCall,
)
from dialer.core.floor_shifts import UnknownSession
from dialer.core.outcome import Outcome
from tests.dialer.core.floors import (
    ANN,
    BOB,
    BYE,
    SALES,
    answer,
    floor_with,
    only,
    pacing,
    state,
    talk,
)

# --- softphones that are busy -------------------------------------------------------------------


def busy(floor, session, at):
    return floor.shifts.line_down(session, at, "softphone_486", busy=True)


def called_again(floor, seconds, from_s=0):
    """When Ann's softphone is called within so many seconds, each time busy half a second later."""
    instants = []
    for second in range(from_s, from_s + seconds):
        if only(CallSoftphone, floor.tick(float(second))):
            instants.append(second)
            busy(floor, ANN, at=second + 0.5)
    return instants


def test_a_softphone_that_is_busy_is_called_again_for_as_long_as_the_shift_goes_on():
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    instants = called_again(floor, 3600)
    gaps = [after - before for before, after in zip([0, *instants], instants, strict=False)]
    assert gaps[0] <= 3
    assert max(gaps) <= 31
    assert instants[-1] > 3600 - 32
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    floor.shifts.log_out(ANN, at=3600.0)
    assert called_again(floor, 3600, from_s=3600) == []


def test_a_busy_softphone_that_is_called_again_changes_nothing_on_record_until_it_answers():
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    assert floor.tick(1.9) == []
    assert floor.tick(2.0) == [CallSoftphone(ANN)]
    assert floor.tick(2.1) == []
    assert busy(floor, ANN, at=2.2) == []
    assert only(AgentChanged, floor.shifts.line_up(ANN, at=3.0))[0].state == AgentState.AVAILABLE
    assert called_again(floor, 3600, from_s=4) == []


@pytest.mark.parametrize("freed", ["it answered", "its agent asked"])
def test_the_patience_with_a_softphone_starts_again_once_it_answered_or_its_agent_asked(freed):
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    first = called_again(floor, 3600)
    if freed == "it answered":
        floor.shifts.line_up(ANN, at=3600.0)
    else:
        floor.shifts.ready(ANN, at=3600.0)
    busy(floor, ANN, at=3600.0)
    assert called_again(floor, 3600, from_s=3600) == [3600 + instant for instant in first]


def test_a_softphone_that_is_gone_for_another_reason_is_left_alone():
    floor = floor_with(ANN, BOB)
    busy(floor, ANN, at=0.0)
    busy(floor, BOB, at=0.0)
    floor.shifts.line_down(ANN, at=1.0, reason="softphone_603")
    floor.shifts.log_out(BOB, at=1.0)
    assert called_again(floor, 3600) == []


def test_when_the_switch_is_lost_nobody_is_called_by_an_older_plan():
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    floor.switch_lost(at=1.0)
    assert called_again(floor, 3600) == []


# --- wrap-up and dispositions -------------------------------------------------------------------


def test_a_wrap_up_ends_at_its_limit_and_the_disposition_is_missed():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.ended(7, BYE, at=10.0)
    assert floor.tick(39.9) == []
    assert floor.tick(40.0) == [
        DispositionMissed(7, 40.0),
        AgentChanged(ANN, 101, AgentState.AVAILABLE, "", None, 40.0),
    ]


def test_ready_ends_the_wrap_up_without_a_disposition():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.ended(7, BYE, at=10.0)
    assert only(DispositionMissed, floor.shifts.ready(ANN, at=12.0)) == [DispositionMissed(7, 12.0)]
    assert floor.dispositioned(7, at=13.0) == []


def test_a_call_dispositioned_before_it_ends_needs_no_wrap_up():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.dispositioned(7, at=5.0) == []
    effects = floor.ended(7, BYE, at=10.0)
    assert [each.state for each in only(AgentChanged, effects)] == [AgentState.WRAP_UP, AgentState.AVAILABLE]
    assert only(DispositionMissed, effects) == []


@pytest.mark.parametrize(
    "leave",
    [
        lambda floor: floor.shifts.log_out(ANN, 12.0),
        lambda floor: floor.shifts.line_down(ANN, 12.0, "softphone_gone"),
        lambda floor: floor.switch_lost(12.0),
    ],
)
def test_who_leaves_in_wrap_up_misses_the_disposition(leave):
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.ended(7, BYE, at=10.0)
    assert only(DispositionMissed, leave(floor)) == [DispositionMissed(7, 12.0)]


def test_a_conversation_that_lost_its_agent_and_found_no_other_misses_its_disposition():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.shifts.line_down(ANN, at=5.0, reason="softphone_gone")
    assert floor.unclaimed(7, at=7.0) == [], "who has talked is not abandoned"
    effects = floor.ended(7, BYE, at=10.0)
    assert only(CallHasEnded, effects)[0].outcome == Outcome.HUMAN
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 10.0)]


def test_a_conversation_that_ends_on_its_way_to_another_agent_misses_its_disposition():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    floor.shifts.line_down(ANN, at=5.0, reason="softphone_gone")
    assert state(floor, BOB) == AgentState.RESERVED
    effects = floor.ended(7, BYE, at=5.1)
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 5.1)]
    assert state(floor, BOB) == AgentState.AVAILABLE


# --- pauses, softphones and shifts --------------------------------------------------------------


def test_a_pause_asked_for_in_a_call_begins_after_the_wrap_up():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.shifts.pause(ANN, "lunch", at=5.0) == []
    floor.ended(7, BYE, at=10.0)
    assert state(floor, ANN) == AgentState.WRAP_UP
    assert floor.dispositioned(7, at=12.0) == [AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 12.0)]


def test_a_pause_asked_for_while_being_connected_begins_when_that_fails():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    floor.shifts.pause(ANN, "lunch", at=1.05)
    effects = floor.bridge_failed(7, ANN, at=1.1)
    assert only(Bridge, effects) == []
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")


def test_ready_takes_back_a_pause_that_has_not_begun():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.shifts.pause(ANN, "lunch", at=5.0)
    floor.shifts.ready(ANN, at=6.0)
    floor.ended(7, BYE, at=10.0)
    floor.dispositioned(7, at=12.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_another_reason_for_a_pause_is_recorded():
    floor = floor_with(ANN)
    floor.shifts.pause(ANN, "coffee", at=1.0)
    assert floor.shifts.pause(ANN, "meeting", at=2.0) == [
        AgentChanged(ANN, 101, AgentState.PAUSED, "meeting", None, 2.0)
    ]
    assert floor.shifts.pause(ANN, "meeting", at=3.0) == []


def test_a_pause_holds_when_the_softphone_is_lost_and_comes_back():
    floor = floor_with(ANN)
    floor.shifts.pause(ANN, "lunch", at=1.0)
    floor.switch_lost(at=2.0)
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    assert floor.shifts.line_up(ANN, at=3.0) == [
        AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 3.0)
    ]
    floor.shifts.ready(ANN, at=4.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_the_customer_of_a_lost_softphone_is_offered_to_another_agent_and_waits_anew():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    effects = floor.shifts.line_down(ANN, at=60.0, reason="softphone_gone")
    assert effects == [
        AgentChanged(ANN, 101, AgentState.UNAVAILABLE, "softphone_gone", None, 60.0),
        Bridge(7, BOB),
        AgentChanged(BOB, 102, AgentState.RESERVED, "", 7, 60.0),
    ]
    connected = floor.connected(7, BOB, at=60.5)[0]
    assert connected == CallWasConnected(7, BOB, 102, 60.5, waited_s=0.5)
    floor.ended(7, BYE, at=90.0)
    assert (state(floor, BOB), floor.agents[BOB].attempt) == (AgentState.WRAP_UP, 7)


def test_no_call_is_placed_for_an_agent_who_is_kept_for_the_customer_of_a_lost_softphone():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    assert floor.calls_to_place(SALES, 2.0) == 1
    floor.shifts.line_down(ANN, at=60.0, reason="softphone_gone")
    assert floor.calls_to_place(SALES, 60.0) == 0
    assert (pacing(floor).agents_talking, pacing(floor).calls_connected) == (1, 0)
    floor.bridge_failed(7, BOB, at=60.1)
    assert floor.calls_to_place(SALES, 60.1) == 1


def test_without_another_agent_the_customer_of_a_lost_softphone_waits_for_it():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.shifts.line_down(ANN, at=60.0, reason="softphone_gone")
    assert floor.waiting == [7]
    assert only(Bridge, floor.shifts.line_up(ANN, at=61.0)) == [Bridge(7, ANN)]


def test_a_softphone_that_is_on_the_line_again_disturbs_no_wrap_up():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.shifts.line_up(ANN, at=2.0) == []
    floor.ended(7, BYE, at=10.0)
    assert floor.shifts.line_up(ANN, at=11.0) == []
    assert floor.agents[ANN].attempt == 7


def test_logging_out_in_a_talk_ends_the_talk():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    assert floor.shifts.log_out(ANN, at=9.0) == [
        HangUpCall(7),
        AgentChanged(ANN, 101, AgentState.LOGGED_OUT, "", None, 9.0),
        HangUpAgent(ANN),
    ]
    assert floor.shifts.line_down(ANN, at=9.1, reason="softphone_gone") == []
    assert floor.ended(7, BYE, at=9.2) == [
        CallHasEnded(7, SALES, 9.2, Outcome.HUMAN, BYE),
        DispositionMissed(7, 9.2),
    ]
    assert state(floor, BOB) == AgentState.AVAILABLE


def test_a_bridge_that_comes_about_after_the_agent_left_is_no_conversation():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    floor.shifts.log_out(ANN, at=1.01)
    assert floor.connected(7, ANN, at=1.02) == []
    assert floor.ended(7, BYE, at=1.1)[0].outcome == Outcome.ABANDONED
    assert pacing(floor).calls_waiting == 0


def test_a_softphone_that_answers_after_its_agent_left_is_hung_up():
    assert floor_with().shifts.line_up(ANN, at=1.0) == [HangUpAgent(ANN)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda floor: floor.shifts.agent(ANN),
        lambda floor: floor.shifts.pause(ANN, "lunch", 1.0),
        lambda floor: floor.shifts.ready(ANN, 1.0),
        lambda floor: floor.shifts.log_out(ANN, 1.0),
    ],
)
def test_a_session_that_is_not_there_is_named(ask):
    with pytest.raises(UnknownSession, match="no agent session 1"):
        ask(floor_with())


def test_the_time_of_an_agent_never_runs_backwards():
    floor = floor_with(ANN)
    floor.shifts.pause(ANN, "coffee", at=10.0)
    (changed,) = floor.shifts.ready(ANN, at=9.5)
    assert (changed.state, changed.at) == (AgentState.AVAILABLE, 10.0)
    answer(floor, 7, at=12.0)
    assert only(CallWasConnected, floor.connected(7, ANN, at=11.9))[0].waited_s == 0.0


def test_who_is_being_connected_when_the_agent_logs_out_gets_another_agent():
    floor = floor_with(ANN, BOB)
    assert Bridge(7, ANN) in answer(floor, 7, at=10.0)
    effects = floor.shifts.log_out(ANN, at=10.1)
    assert not only(HangUpCall | Bridge, effects)
    assert floor.shifts.line_down(ANN, 10.15, "softphone_gone")[0] == Bridge(7, BOB)
    floor.connected(7, BOB, at=10.2)
    assert state(floor, BOB) == AgentState.TALKING


def test_who_is_being_connected_when_the_last_agent_logs_out_waits_for_the_message():
    floor = floor_with(ANN)
    answer(floor, 7, at=10.0)
    assert not only(HangUpCall, floor.shifts.log_out(ANN, at=10.1))
    floor.shifts.line_down(ANN, 10.15, "softphone_gone")
    assert floor.waiting == [7]
    assert only(CallWasAbandoned, floor.unclaimed(7, at=12.0))
