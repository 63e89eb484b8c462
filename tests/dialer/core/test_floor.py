"""What the calling floor promises to callers, to agents, to the record and to the pacers."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    CallRang,
    CallSoftphone,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    HangUpAgent,
    HangUpCall,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
)
from dialer.core.floor import Floor, UnknownSession
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings

SALES, SURVEY = 1, 2
BYE = CallEnd(200)
ANN, BOB, CLEO = 1, 2, 3
"""Sessions; the agent behind session n is 100 + n."""


def floor_with(*sessions, campaigns=(SALES,), mode="progressive"):
    """Agents who became available one after the other, a second apart; the last one at 0."""
    floor = Floor()
    for campaign in campaigns:
        floor.open_campaign(campaign, make_pacer(mode, PacingSettings()), wrap_up_limit_s=30.0, at=-100.0)
    for number, session in enumerate(sessions):
        at = float(number + 1 - len(sessions))
        floor.log_in(session, 100 + session, campaigns, at)
        floor.line_up(session, at)
    return floor


def answer(floor, attempt, at, campaign=SALES):
    floor.place(attempt, campaign, lead=attempt, at=at - 5.0)
    return floor.answered(attempt, at)


def talk(floor, attempt, session, at):
    assert Bridge(attempt, session) in answer(floor, attempt, at)
    floor.connected(attempt, session, at)


def only(kind, effects):
    return [each for each in effects if isinstance(each, kind)]


def state(floor, session):
    return floor.agents[session].state


def pacing(floor, campaign=SALES):
    return floor.campaigns[campaign].pacer.explain(0.0)


# --- a message for whoever answers ---------------------------------------------------------------


def floor_that_plays(*sessions):
    """A sales campaign with these agents, and a survey that plays a message; whoever opts out presses 9."""
    floor = floor_with(*sessions)
    pacer = make_pacer("agentless", PacingSettings(max_lines=3))
    floor.open_campaign(SURVEY, pacer, wrap_up_limit_s=30.0, at=0.0, agentless=True, opt_out_key="9")
    return floor


def test_a_call_that_plays_a_message_is_offered_to_nobody_and_is_not_abandoned():
    floor = floor_that_plays(ANN)
    assert floor.calls_to_place(SURVEY, 1.0) == 3
    assert answer(floor, 7, at=5.0, campaign=SURVEY) == [CallWasAnswered(7, 5.0)]
    assert floor.unclaimed(7, at=5.0) == [MessageBegan(7, 5.0)]
    assert (floor.calls[7].state, floor.waiting, state(floor, ANN)) == ("playing", [], "available")
    assert floor.calls_to_place(SURVEY, 6.0) == 2
    assert floor.calls_to_place(SALES, 6.0) == 1, "its calls speak for nobody"
    heard = CallEnd(200, by_far_end=False, heard_all=True)
    assert floor.ended(7, heard, at=30.0) == [
        MessageOver(7, 30.0, heard_all=True),
        CallHasEnded(7, SURVEY, 30.0, Outcome.ANSWERED, heard),
    ]
    told = pacing(floor, SURVEY)
    assert (told.calls_connected, told.abandoned, told.answered) == (0, 0, 0)


def test_who_hangs_up_on_the_message_has_not_heard_it_all():
    floor = floor_that_plays()
    answer(floor, 7, at=5.0, campaign=SURVEY)
    floor.unclaimed(7, at=5.0)
    over, ended = floor.ended(7, BYE, at=6.0)
    assert over == MessageOver(7, 6.0, heard_all=False)
    assert ended.outcome == Outcome.ANSWERED


def test_who_presses_the_key_has_opted_out_once_whatever_comes_later():
    floor = floor_that_plays()
    answer(floor, 7, at=5.0, campaign=SURVEY)
    floor.unclaimed(7, at=5.0)
    assert floor.key_pressed(7, "1", at=6.0) == []
    assert floor.key_pressed(7, "9", at=7.0) == [PersonOptedOut(7, 7.0)]
    assert floor.key_pressed(7, "9", at=7.1) == floor.key_pressed(8, "9", at=7.1) == []
    (ended,) = floor.ended(7, CallEnd(200, by_far_end=False), at=7.2)
    assert ended.outcome == Outcome.ANSWERED


def test_a_call_of_that_kind_that_nobody_answered_has_no_message_to_tell_of():
    floor = floor_that_plays()
    floor.place(7, SURVEY, lead=7, at=1.0)
    (ended,) = floor.ended(7, CallEnd(486), at=5.0)
    assert ended.outcome == Outcome.BUSY


def test_a_call_of_that_kind_that_is_lost_is_lost():
    floor = floor_that_plays()
    answer(floor, 7, at=5.0, campaign=SURVEY)
    floor.unclaimed(7, at=5.0)
    (ended,) = floor.switch_lost(at=6.0)
    assert ended.outcome == Outcome.LOST
    assert floor.calls_to_place(SURVEY, 7.0) == 3


def test_a_message_that_plays_on_while_the_engine_starts_again_keeps_its_line():
    floor = Floor()
    call = FloorCall(7, SURVEY, 7, CallState.PLAYING, -5.0, agentless=True, opt_out_key="9")
    floor.restore_call(call, at=0.0)
    assert floor.offer_unclaimed(at=0.0) == []
    pacer = make_pacer("agentless", PacingSettings(max_lines=3))
    floor.open_campaign(SURVEY, pacer, wrap_up_limit_s=30.0, at=0.0, agentless=True, opt_out_key="9")
    assert floor.calls_to_place(SURVEY, 1.0) == 2
    assert floor.key_pressed(7, "9", at=2.0) == [PersonOptedOut(7, 2.0)]


# --- who gets the call --------------------------------------------------------------------------


def test_the_agent_who_has_waited_longest_gets_the_call():
    floor = floor_with(BOB, ANN, CLEO)
    assert only(Bridge, answer(floor, 7, at=10.0)) == [Bridge(7, BOB)]
    assert only(Bridge, answer(floor, 8, at=11.0)) == [Bridge(8, ANN)]
    assert only(Bridge, answer(floor, 9, at=12.0)) == [Bridge(9, CLEO)]


def test_whoever_comes_back_is_last_in_line():
    floor = floor_with(ANN, BOB)
    floor.pause(ANN, "coffee", at=1.0)
    floor.ready(ANN, at=2.0)
    assert only(Bridge, answer(floor, 7, at=3.0)) == [Bridge(7, BOB)]


def test_who_answers_while_nobody_is_free_gets_the_next_free_agent_in_order_of_waiting():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert only(Bridge, answer(floor, 8, at=10.0)) == []
    assert only(Bridge, answer(floor, 9, at=10.5)) == []
    floor.ended(7, BYE, at=11.0)
    assert only(Bridge, floor.ready(ANN, at=11.2)) == [Bridge(8, ANN)]
    floor.connected(8, ANN, at=11.3)
    floor.ended(8, BYE, at=11.4)
    assert only(Bridge, floor.ready(ANN, at=11.5)) == [Bridge(9, ANN)]


def test_agents_who_are_paused_wrapping_up_or_without_a_softphone_get_no_call():
    floor = floor_with(ANN, BOB, CLEO)
    floor.pause(ANN, "lunch", at=1.0)
    floor.line_down(BOB, at=1.0, reason="softphone_gone")
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
    assert only(Bridge, floor.ready(ANN, at=5.0)) == []
    assert floor.ended(8, BYE, at=7.0)[0].outcome == Outcome.ABANDONED


def test_who_hangs_up_while_no_agent_is_free_is_abandoned_too():
    floor = floor_with()
    answer(floor, 8, at=2.0)
    assert floor.ended(8, BYE, at=2.5) == [CallHasEnded(8, SALES, 2.5, Outcome.ABANDONED, BYE)]
    assert floor.waiting == []


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
    assert only(Bridge, floor.line_down(ANN, at=3.1, reason="softphone_gone")) == []
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
    floor.pause(ANN, "coffee", at=1.2)
    assert only(Bridge, floor.ready(ANN, at=1.3)) == []
    floor.log_in(BOB, 102, [SALES], at=1.4)
    assert only(Bridge, floor.line_up(BOB, at=1.5)) == [Bridge(7, BOB)]


def test_a_failed_bridge_of_agents_long_at_other_work_changes_nothing():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    assert floor.bridge_failed(7, ANN, at=2.0) == floor.bridge_failed(7, BOB, at=2.0) == []
    assert floor.bridge_failed(99, 99, at=2.0) == []
    assert state(floor, ANN) == AgentState.TALKING


# --- softphones that are busy -------------------------------------------------------------------


def busy(floor, session, at):
    return floor.line_down(session, at, "softphone_486", busy=True)


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
    floor.log_out(ANN, at=3600.0)
    assert called_again(floor, 3600, from_s=3600) == []


def test_a_busy_softphone_that_is_called_again_changes_nothing_on_record_until_it_answers():
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    assert floor.tick(1.9) == []
    assert floor.tick(2.0) == [CallSoftphone(ANN)]
    assert floor.tick(2.1) == []
    assert busy(floor, ANN, at=2.2) == []
    assert only(AgentChanged, floor.line_up(ANN, at=3.0))[0].state == AgentState.AVAILABLE
    assert called_again(floor, 3600, from_s=4) == []


@pytest.mark.parametrize("freed", ["it answered", "its agent asked"])
def test_the_patience_with_a_softphone_starts_again_once_it_answered_or_its_agent_asked(freed):
    floor = floor_with(ANN)
    busy(floor, ANN, at=0.0)
    first = called_again(floor, 3600)
    if freed == "it answered":
        floor.line_up(ANN, at=3600.0)
    else:
        floor.ready(ANN, at=3600.0)
    busy(floor, ANN, at=3600.0)
    assert called_again(floor, 3600, from_s=3600) == [3600 + instant for instant in first]


def test_a_softphone_that_is_gone_for_another_reason_is_left_alone():
    floor = floor_with(ANN, BOB)
    busy(floor, ANN, at=0.0)
    busy(floor, BOB, at=0.0)
    floor.line_down(ANN, at=1.0, reason="softphone_603")
    floor.log_out(BOB, at=1.0)
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
    assert only(DispositionMissed, floor.ready(ANN, at=12.0)) == [DispositionMissed(7, 12.0)]
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
        lambda floor: floor.log_out(ANN, 12.0),
        lambda floor: floor.line_down(ANN, 12.0, "softphone_gone"),
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
    floor.line_down(ANN, at=5.0, reason="softphone_gone")
    assert floor.unclaimed(7, at=7.0) == [], "who has talked is not abandoned"
    effects = floor.ended(7, BYE, at=10.0)
    assert only(CallHasEnded, effects)[0].outcome == Outcome.HUMAN
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 10.0)]


def test_a_conversation_that_ends_on_its_way_to_another_agent_misses_its_disposition():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    floor.line_down(ANN, at=5.0, reason="softphone_gone")
    assert state(floor, BOB) == AgentState.RESERVED
    effects = floor.ended(7, BYE, at=5.1)
    assert only(DispositionMissed, effects) == [DispositionMissed(7, 5.1)]
    assert state(floor, BOB) == AgentState.AVAILABLE


# --- pauses, softphones and shifts --------------------------------------------------------------


def test_a_pause_asked_for_in_a_call_begins_after_the_wrap_up():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.pause(ANN, "lunch", at=5.0) == []
    floor.ended(7, BYE, at=10.0)
    assert state(floor, ANN) == AgentState.WRAP_UP
    assert floor.dispositioned(7, at=12.0) == [AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 12.0)]


def test_a_pause_asked_for_while_being_connected_begins_when_that_fails():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    floor.pause(ANN, "lunch", at=1.05)
    effects = floor.bridge_failed(7, ANN, at=1.1)
    assert only(Bridge, effects) == []
    assert (state(floor, ANN), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")


def test_ready_takes_back_a_pause_that_has_not_begun():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.pause(ANN, "lunch", at=5.0)
    floor.ready(ANN, at=6.0)
    floor.ended(7, BYE, at=10.0)
    floor.dispositioned(7, at=12.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_another_reason_for_a_pause_is_recorded():
    floor = floor_with(ANN)
    floor.pause(ANN, "coffee", at=1.0)
    assert floor.pause(ANN, "meeting", at=2.0) == [
        AgentChanged(ANN, 101, AgentState.PAUSED, "meeting", None, 2.0)
    ]
    assert floor.pause(ANN, "meeting", at=3.0) == []


def test_a_pause_holds_when_the_softphone_is_lost_and_comes_back():
    floor = floor_with(ANN)
    floor.pause(ANN, "lunch", at=1.0)
    floor.switch_lost(at=2.0)
    assert state(floor, ANN) == AgentState.UNAVAILABLE
    assert floor.line_up(ANN, at=3.0) == [AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 3.0)]
    floor.ready(ANN, at=4.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_the_customer_of_a_lost_softphone_is_offered_to_another_agent_and_waits_anew():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    effects = floor.line_down(ANN, at=60.0, reason="softphone_gone")
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
    floor.line_down(ANN, at=60.0, reason="softphone_gone")
    assert floor.calls_to_place(SALES, 60.0) == 0
    assert (pacing(floor).agents_talking, pacing(floor).calls_connected) == (1, 0)
    floor.bridge_failed(7, BOB, at=60.1)
    assert floor.calls_to_place(SALES, 60.1) == 1


def test_without_another_agent_the_customer_of_a_lost_softphone_waits_for_it():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.line_down(ANN, at=60.0, reason="softphone_gone")
    assert floor.waiting == [7]
    assert only(Bridge, floor.line_up(ANN, at=61.0)) == [Bridge(7, ANN)]


def test_a_softphone_that_is_on_the_line_again_disturbs_no_wrap_up():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    assert floor.line_up(ANN, at=2.0) == []
    floor.ended(7, BYE, at=10.0)
    assert floor.line_up(ANN, at=11.0) == []
    assert floor.agents[ANN].attempt == 7


def test_logging_out_in_a_talk_ends_the_talk():
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, at=1.0)
    assert floor.log_out(ANN, at=9.0) == [
        HangUpCall(7),
        AgentChanged(ANN, 101, AgentState.LOGGED_OUT, "", None, 9.0),
        HangUpAgent(ANN),
    ]
    assert floor.line_down(ANN, at=9.1, reason="softphone_gone") == []
    assert floor.ended(7, BYE, at=9.2) == [
        CallHasEnded(7, SALES, 9.2, Outcome.HUMAN, BYE),
        DispositionMissed(7, 9.2),
    ]
    assert state(floor, BOB) == AgentState.AVAILABLE


def test_a_bridge_that_comes_about_after_the_agent_left_is_no_conversation():
    floor = floor_with(ANN)
    answer(floor, 7, at=1.0)
    floor.log_out(ANN, at=1.01)
    assert floor.connected(7, ANN, at=1.02) == []
    assert floor.ended(7, BYE, at=1.1)[0].outcome == Outcome.ABANDONED
    assert pacing(floor).calls_waiting == 0


def test_a_softphone_that_answers_after_its_agent_left_is_hung_up():
    assert floor_with().line_up(ANN, at=1.0) == [HangUpAgent(ANN)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda floor: floor.agent(ANN),
        lambda floor: floor.pause(ANN, "lunch", 1.0),
        lambda floor: floor.ready(ANN, 1.0),
        lambda floor: floor.log_out(ANN, 1.0),
    ],
)
def test_a_session_that_is_not_there_is_named(ask):
    with pytest.raises(UnknownSession, match="no agent session 1"):
        ask(floor_with())


def test_the_time_of_an_agent_never_runs_backwards():
    floor = floor_with(ANN)
    floor.pause(ANN, "coffee", at=10.0)
    (changed,) = floor.ready(ANN, at=9.5)
    assert (changed.state, changed.at) == (AgentState.AVAILABLE, 10.0)
    answer(floor, 7, at=12.0)
    assert only(CallWasConnected, floor.connected(7, ANN, at=11.9))[0].waited_s == 0.0


# --- the switch is lost -------------------------------------------------------------------------


def test_when_the_switch_is_lost_every_call_is_lost_and_nobody_is_given_another():
    floor = floor_with(ANN, BOB, CLEO)
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0)
    floor.pause(CLEO, "lunch", at=2.0)
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


# --- several campaigns --------------------------------------------------------------------------


def test_an_agent_of_two_campaigns_takes_whoever_waits_longest():
    floor = floor_with(ANN, campaigns=(SALES, SURVEY))
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0, campaign=SURVEY)
    answer(floor, 9, at=2.1, campaign=SALES)
    floor.ended(7, BYE, at=3.0)
    assert only(Bridge, floor.dispositioned(7, at=3.1)) == [Bridge(8, ANN)]


def test_a_call_goes_only_to_agents_of_its_campaign():
    floor = floor_with(ANN)
    floor.open_campaign(SURVEY, make_pacer("power", PacingSettings()), 30.0, at=0.0)
    assert only(Bridge, answer(floor, 7, at=1.0, campaign=SURVEY)) == []
    assert floor.connected(7, ANN, at=1.5) == []


def test_the_pacer_of_each_campaign_knows_when_another_has_taken_the_agent():
    floor = floor_with(ANN, campaigns=(SALES, SURVEY))
    assert floor.calls_to_place(SURVEY, 0.0) == 1
    answer(floor, 7, at=1.0)
    assert floor.calls_to_place(SURVEY, 1.0) == 0
    floor.connected(7, ANN, at=1.1)
    assert (pacing(floor, SURVEY).agents_talking, pacing(floor, SURVEY).calls_connected) == (1, 0)
    floor.ended(7, BYE, at=5.0)
    assert pacing(floor, SURVEY).agents_wrapping == 1
    floor.ready(ANN, at=6.0)
    assert floor.calls_to_place(SURVEY, 6.0) == floor.calls_to_place(SALES, 6.0) == 1


def test_a_campaign_that_closes_places_nothing_and_keeps_its_calls():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.place(8, SALES, lead=8, at=2.0)
    floor.close_campaign(SALES)
    floor.close_campaign(99)
    assert floor.calls_to_place(SALES, 2.0) == floor.calls_to_place(99, 2.0) == 0
    floor.ended(7, BYE, at=3.0)
    floor.ready(ANN, at=4.0)
    assert only(Bridge, floor.answered(8, at=5.0)) == [Bridge(8, ANN)]


def test_a_campaign_that_opens_again_knows_the_calls_that_are_up():
    floor = floor_with(ANN, BOB, CLEO)
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0)
    floor.place(9, SALES, lead=9, at=2.0)
    before = pacing(floor)
    floor.close_campaign(SALES)
    floor.open_campaign(SALES, make_pacer("progressive", PacingSettings()), 30.0, at=3.0)
    after = pacing(floor)
    assert (after.agents_available, after.agents_talking) == (before.agents_available, 1)
    assert (after.calls_ringing, after.calls_waiting, after.calls_connected) == (1, 1, 1)
    assert floor.calls_to_place(SALES, 4.0) == 0, "the free agents have a call each already"


# --- an engine that starts again ----------------------------------------------------------------


def restored_floor(call, *agents):
    floor = floor_with()
    floor.restore_call(call, at=0.0)
    for each in agents:
        floor.restore_agent(each)
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
    assert only(Bridge, floor.ready(ANN, at=0.5)) == [Bridge(7, ANN)]
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
    floor.restore_agent(restored(ANN, AgentState.AVAILABLE))
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
    assert floor.line_up(ANN, at=5.0) == []
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
    floor.restore_agent(restored(ANN, AgentState.TALKING, 7))
    floor.restore_agent(restored(BOB, AgentState.PAUSED))
    floor.line_down(ANN, at=1.0, reason="softphone_gone")
    assert only(Bridge, floor.ready(BOB, at=2.0)) == [Bridge(7, BOB)]
    floor.connected(7, BOB, at=2.1)
    floor.ended(7, BYE, at=10.0)
    assert floor.tick(11.0) == []
    assert state(floor, BOB) == AgentState.WRAP_UP


def test_an_agent_of_two_progressive_campaigns_gets_one_call_among_them():
    floor = floor_with(1, 2, campaigns=(SALES, SURVEY))
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 2
    floor.place(11, SALES, lead=11, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 1
    floor.place(12, SURVEY, lead=12, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 0
    floor.answered(11, 2.0)
    assert floor.calls_to_place(SALES, 2.0) == floor.calls_to_place(SURVEY, 2.0) == 0
    floor.ended(12, CallEnd(status=486), 3.0)
    assert floor.calls_to_place(SALES, 3.0) == floor.calls_to_place(SURVEY, 3.0) == 1


def test_a_campaign_with_agents_of_its_own_takes_none_that_it_shares():
    floor = floor_with(1, campaigns=(SALES, SURVEY))
    floor.log_in(2, 102, [SURVEY], 0.0)
    floor.line_up(2, 0.0)
    floor.place(11, SURVEY, lead=11, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == 1
    floor.place(12, SURVEY, lead=12, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == 0


def test_a_predictive_campaign_leaves_agents_to_the_calls_of_another_that_shares_them():
    floor = floor_with(*range(1, 11), campaigns=(SALES, SURVEY), mode="predictive")
    alone = floor.calls_to_place(SALES, 1.0)
    assert alone == floor.calls_to_place(SURVEY, 1.0) >= 10
    for call in range(alone):
        floor.place(100 + call, SURVEY, lead=call, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) <= alone / 2
    for call in range(alone):
        floor.ended(100 + call, CallEnd(status=486), 3.0)
    assert floor.calls_to_place(SALES, 3.0) >= 10


def test_calls_of_a_power_campaign_that_ring_for_shared_agents_count_with_a_predictive_one():
    floor = floor_with(*range(1, 11), campaigns=(SALES,), mode="power")
    floor.open_campaign(SURVEY, make_pacer("predictive", PacingSettings()), 30.0, at=0.0)
    for session in range(11, 15):
        floor.log_in(session, 100 + session, [SALES, SURVEY], 0.0)
        floor.line_up(session, 0.0)
    alone = floor.calls_to_place(SURVEY, 1.0)
    for call in range(14):
        floor.place(100 + call, SALES, lead=call, at=1.0)
    assert floor.calls_to_place(SURVEY, 1.0) < alone


@pytest.mark.parametrize("still_talking", [True, False])
def test_a_pacer_hears_that_an_agent_found_a_machine(still_talking):
    floor = floor_with(1, mode="predictive")
    pacer = floor.campaigns[SALES].pacer
    floor.place(7, SALES, lead=7, at=1.0)
    floor.answered(7, 5.0)
    floor.connected(7, 1, 5.1)
    if not still_talking:
        floor.ended(7, BYE, at=10.0)
    assert pacer.explain(10.0).answered == 1
    floor.dispositioned(7, 11.0, by_machine=True)
    assert pacer.explain(11.0).answered == 0
    assert pacer.explain(11.0).calls_connected == int(still_talking)


# --- calls that ring for nobody -----------------------------------------------------------------

CANCELED = CallEnd(487, by_far_end=False, provisional=True)


def busy_floor(*attempts, ring_at_least_s=15.0):
    """The one agent talks; these calls have rung since 2.0, and the pacer was asked at 30.0."""
    floor = floor_with(ANN, mode="predictive")
    talk(floor, 1, ANN, at=1.0)
    for attempt in attempts:
        floor.place(attempt, SALES, lead=attempt, at=1.5, ring_at_least_s=ring_at_least_s)
        floor.rang(attempt, 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    return floor


def test_calls_that_ring_while_nobody_could_take_them_are_given_up_once():
    floor = busy_floor(7, 8, 9)
    assert floor.give_up_surplus(SALES, 30.0) == [
        HangUpCall(each, unless_answered=True) for each in (7, 8, 9)
    ]
    assert floor.give_up_surplus(SALES, 30.25) == []
    (ended,) = only(CallHasEnded, floor.ended(7, CANCELED, 30.5))
    assert ended.outcome == Outcome.NO_ANSWER, "the phone rang, and nobody took it"
    (ended,) = only(CallHasEnded, floor.ended(8, CallEnd(486), 30.5))
    assert ended.outcome == Outcome.BUSY
    floor.answered(9, 30.5)
    (ended,) = only(CallHasEnded, floor.ended(9, CallEnd(200, by_far_end=False), 33.0))
    assert ended.outcome == Outcome.ABANDONED, "who answers in that moment counts as ever"


def test_no_call_is_given_up_before_it_has_rung_as_long_as_the_law_says():
    floor = busy_floor(7, ring_at_least_s=40.0)
    assert floor.give_up_surplus(SALES, 41.9) == []
    assert floor.give_up_surplus(SALES, 42.0) == [HangUpCall(7, unless_answered=True)]


def test_a_call_that_is_not_known_to_ring_is_not_given_up():
    floor = busy_floor()
    floor.place(7, SALES, lead=7, at=1.5, ring_at_least_s=15.0)
    floor.restore_call(FloorCall(8, SALES, 8, CallState.RINGING, rang_at=1.5), 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    assert floor.give_up_surplus(SALES, 30.0) == []


def test_a_canceled_call_that_was_not_given_up_stays_canceled():
    floor = busy_floor(7)
    (ended,) = only(CallHasEnded, floor.ended(7, CANCELED, 30.5))
    assert ended.outcome == Outcome.CANCELED


@pytest.mark.parametrize("mode", ["progressive", "power"])
def test_other_modes_give_up_nothing(mode):
    floor = floor_with(ANN, mode=mode)
    floor.place(7, SALES, lead=7, at=1.5, ring_at_least_s=15.0)
    floor.rang(7, 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    assert floor.give_up_surplus(SALES, 30.0) == []


def test_who_is_being_connected_when_the_agent_logs_out_gets_another_agent():
    floor = floor_with(ANN, BOB)
    assert Bridge(7, ANN) in answer(floor, 7, at=10.0)
    effects = floor.log_out(ANN, at=10.1)
    assert not only(HangUpCall | Bridge, effects)
    assert floor.line_down(ANN, 10.15, "softphone_gone")[0] == Bridge(7, BOB)
    floor.connected(7, BOB, at=10.2)
    assert state(floor, BOB) == AgentState.TALKING


def test_who_is_being_connected_when_the_last_agent_logs_out_waits_for_the_message():
    floor = floor_with(ANN)
    answer(floor, 7, at=10.0)
    assert not only(HangUpCall, floor.log_out(ANN, at=10.1))
    floor.line_down(ANN, 10.15, "softphone_gone")
    assert floor.waiting == [7]
    assert only(CallWasAbandoned, floor.unclaimed(7, at=12.0))


def test_agents_who_have_asked_for_a_pause_are_not_expected_back():
    floor = floor_with(*range(1, 21), mode="predictive")
    for session in range(1, 21):
        talk(floor, 100 + session, session, at=1.0)
    expected = expected_free(floor, 100.0)
    for session in range(1, 11):
        floor.pause(session, "lunch", at=100.0)
    assert expected_free(floor, 100.0) == pytest.approx(expected / 2)
    for session in range(11, 21):
        floor.pause(session, "lunch", at=100.0)
    assert expected_free(floor, 100.0) == 0
    for session in range(1, 21):
        floor.ready(session, at=100.0)
    assert expected_free(floor, 100.0) == pytest.approx(expected)


def expected_free(floor, now):
    floor.calls_to_place(SALES, now)
    return floor.campaigns[SALES].pacer.explain(now).expected_free_agents


def test_power_counts_no_agent_who_has_asked_for_a_pause():
    floor = Floor()
    pacer = make_pacer("power", PacingSettings(lines_per_agent=2.0))
    floor.open_campaign(SALES, pacer, wrap_up_limit_s=30.0, at=0.0)
    floor.log_in(ANN, 100, [SALES], 0.0)
    floor.line_up(ANN, 0.0)
    talk(floor, 7, ANN, at=1.0)
    assert floor.calls_to_place(SALES, 2.0) == 1
    floor.pause(ANN, "lunch", at=3.0)
    assert floor.calls_to_place(SALES, 3.0) == 0
    floor.ready(ANN, at=4.0)
    assert floor.calls_to_place(SALES, 4.0) == 1


def test_two_power_campaigns_do_not_both_count_on_the_same_agents():
    floor = floor_with(*range(1, 21), campaigns=(SALES, SURVEY), mode="power")
    numbers = iter(range(1000, 2000))
    for campaign in (SALES, SURVEY):
        for _ in range(floor.calls_to_place(campaign, 1.0)):
            floor.place(next(numbers), campaign, lead=1, at=1.0)
    assert len(floor.calls) <= 30, "half of the first campaign's calls are presumed to be answered"
