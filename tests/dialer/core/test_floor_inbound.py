"""People who have called us: who is served first, what they hear meanwhile, and what pacers know of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    CallWasAnswered,
    CallWasConnected,
    DispositionMissed,
    HangUpCall,
    MessageBegan,
    PlayToCaller,
    PromiseCallback,
)
from dialer.core.inbound import InboundWait
from dialer.core.outcome import CallEnd, Outcome
from tests.dialer.core.floors import (
    ANN,
    BOB,
    BYE,
    SALES,
    SURVEY,
    answer,
    floor_with,
    only,
    pacing,
    state,
    talk,
)

THEIRS, OURS = 50, 7
BY_US = CallEnd(200, by_far_end=False)


def come(floor, attempt=THEIRS, at=10.0, campaign=SALES, *, is_open=True, longest_s=120.0):
    """Somebody calls and is answered."""
    wait = InboundWait("music", "message", longest_s, open=is_open, callback_key="1", promise="promise")
    floor.inbound.come(attempt, campaign, attempt, wait, at)
    return floor.answered(attempt, at)


def heard(effects):
    return [(each.number, each.prompt) for each in only(PlayToCaller, effects)]


def outcome(effects):
    (ended,) = only(CallHasEnded, effects)
    assert ended.came
    return ended.outcome


def test_who_calls_gets_the_agent_who_has_waited_longest():
    floor = floor_with(ANN, BOB)
    effects = come(floor)
    assert effects[:2] == [CallWasAnswered(THEIRS, 10.0), Bridge(THEIRS, ANN)]
    assert heard(effects) == []
    (connected,) = only(CallWasConnected, floor.connected(THEIRS, ANN, 10.5))
    assert (connected.came, connected.waited_s) == (True, 0.5)
    ended = floor.ended(THEIRS, BYE, 20.0)
    assert outcome(ended) == Outcome.HUMAN
    assert state(floor, ANN) == AgentState.WRAP_UP


def test_who_waits_hears_music_again_and_again_until_an_agent_is_free():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    assert heard(come(floor)) == [(1, "music")]
    assert heard(floor.tick(11.0)) == []
    assert heard(floor.prompt_ended(THEIRS, 1, 15.0)) == [(1, "music")]
    floor.ended(OURS, BYE, 20.0)
    effects = floor.dispositioned(OURS, 21.0)
    assert Bridge(THEIRS, ANN) in effects
    assert heard(floor.prompt_ended(THEIRS, 1, 21.1)) == [], "the agent is being connected"
    assert heard(floor.bridge_failed(THEIRS, ANN, 21.2)) == []
    assert heard(floor.tick(21.3)) == [(1, "music")], "the agent could not be connected"


def test_who_answered_our_call_comes_before_who_called_and_those_in_their_turn():
    floor = floor_with(ANN, mode="power")
    talk(floor, OURS, ANN, at=5.0)
    come(floor, THEIRS, 10.0)
    come(floor, THEIRS + 1, 11.0)
    answer(floor, OURS + 1, 19.5)
    floor.ended(OURS, BYE, 20.0)
    assert Bridge(OURS + 1, ANN) in floor.dispositioned(OURS, 20.0)
    floor.connected(OURS + 1, ANN, 20.1)
    floor.ended(OURS + 1, BYE, 30.0)
    assert Bridge(THEIRS, ANN) in floor.dispositioned(OURS + 1, 31.0)


def test_the_longest_wait_ends_with_the_message():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor, at=10.0, longest_s=30.0)
    assert not only(MessageBegan, floor.tick(39.9))
    told = floor.tick(40.0)
    assert only(MessageBegan, told) == [MessageBegan(THEIRS, 40.0)]
    assert heard(told) == [(2, "message")]
    assert floor.waiting == []
    assert floor.tick(41.0) == []
    assert floor.prompt_ended(THEIRS, 1, 41.0) == [], "that was the music's end"
    assert floor.prompt_ended(THEIRS, 2, 44.0) == [HangUpCall(THEIRS)]
    assert outcome(floor.ended(THEIRS, BY_US, 44.1)) == Outcome.TOLD


@pytest.mark.parametrize("why", ["closed", "nobody works for the campaign", "all have gone home"])
def test_who_cannot_be_served_is_told_at_once(why):
    floor = floor_with(ANN) if why != "nobody works for the campaign" else floor_with()
    if why == "all have gone home":
        talk(floor, OURS, ANN, at=5.0)
        come(floor)
        floor.shifts.log_out(ANN, 12.0)
        effects = floor.tick(12.1)
    else:
        effects = come(floor, is_open=why != "closed")
    assert heard(effects) == [(2, "message")]
    assert not only(Bridge, effects)


def test_who_asks_to_be_called_back_is_out_of_the_line_and_hears_that_they_will_be():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    assert floor.key_pressed(THEIRS, "2", 11.0) == []
    assert floor.key_pressed(THEIRS, "1", 12.0) == [PromiseCallback(THEIRS)]
    assert floor.key_pressed(THEIRS, "1", 12.1) == [], "asked once"
    floor.ended(OURS, BYE, 12.2)
    assert not only(Bridge, floor.dispositioned(OURS, 12.3)), "no agent gets who is promised a call"
    assert floor.tick(200.0) == []
    promised = floor.inbound.promised(THEIRS, 201.0, kept=True)
    assert (only(MessageBegan, promised), heard(promised)) == (
        [MessageBegan(THEIRS, 201.0)],
        [(3, "promise")],
    )
    assert floor.prompt_ended(THEIRS, 3, 203.0) == [HangUpCall(THEIRS)]
    assert outcome(floor.ended(THEIRS, BY_US, 203.1)) == Outcome.ASKED_BACK


def test_who_can_be_promised_no_call_keeps_their_place():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor, THEIRS, 10.0)
    come(floor, THEIRS + 1, 11.0)
    floor.key_pressed(THEIRS, "1", 12.0)
    assert heard(floor.prompt_ended(THEIRS, 1, 12.5)) == []
    assert heard(floor.inbound.promised(THEIRS, 13.0, kept=False)) == [(1, "music")]
    assert floor.key_pressed(THEIRS, "1", 14.0) == [], "nor is it asked for again"
    floor.ended(OURS, BYE, 20.0)
    assert Bridge(THEIRS, ANN) in floor.dispositioned(OURS, 21.0)


def test_who_has_asked_to_be_called_back_and_hangs_up_at_once_leaves_nothing_behind():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    floor.key_pressed(THEIRS, "1", 12.0)
    assert outcome(floor.ended(THEIRS, BYE, 12.1)) == Outcome.GAVE_UP
    assert floor.inbound.promised(THEIRS, 12.2, kept=True) == []


def test_an_agent_who_talks_hears_of_no_key():
    floor = floor_with(ANN)
    come(floor)
    floor.connected(THEIRS, ANN, 10.1)
    assert floor.key_pressed(THEIRS, "1", 11.0) == []


def test_who_called_and_is_handed_over_is_no_more_told_that_nobody_is_free():
    floor = floor_with(ANN)
    come(floor, longest_s=30.0)
    floor.connected(THEIRS, ANN, 10.1)
    floor.conversations.park(ANN, 20.0)
    floor.shifts.pause(ANN, "lunch", 21.0)
    floor.tick(141.0)
    assert floor.waiting == [THEIRS]
    assert heard(floor.tick(200.0)) == [], "they hear the music of those who are parked"
    assert Bridge(THEIRS, ANN) in floor.shifts.ready(ANN, 210.0)


def test_who_hangs_up_while_waiting_gave_up():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    effects = floor.ended(THEIRS, BYE, 30.0)
    assert outcome(effects) == Outcome.GAVE_UP
    assert not only(DispositionMissed, effects)
    assert floor.waiting == []


def test_who_hangs_up_before_we_have_answered_gave_up():
    floor = floor_with(ANN)
    floor.inbound.come(THEIRS, SALES, THEIRS, InboundWait("music", "message", 120.0), 10.0)
    assert outcome(floor.ended(THEIRS, CallEnd(487), 10.1)) == Outcome.GAVE_UP


def test_who_brings_no_sound_is_the_networks_failure():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    ended = floor.ended(THEIRS, CallEnd(200, by_far_end=False, no_audio=True), 20.0)
    assert outcome(ended) == Outcome.NETWORK_FAILURE


def test_who_loses_their_agent_waits_with_music_again():
    floor = floor_with(ANN)
    come(floor)
    floor.connected(THEIRS, ANN, 10.1)
    floor.shifts.line_down(ANN, 60.0, "softphone_gone")
    assert floor.waiting == [THEIRS]
    assert heard(floor.tick(60.1)) == [(1, "music")]
    assert outcome(floor.ended(THEIRS, BYE, 70.0)) == Outcome.HUMAN


def test_the_switch_tells_whom_nobody_takes_care_of():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    assert floor.unclaimed(THEIRS, 20.0) == [MessageBegan(THEIRS, 20.0)]
    assert floor.calls[THEIRS].state == CallState.PLAYING
    assert outcome(floor.ended(THEIRS, BY_US, 25.0)) == Outcome.TOLD


def test_a_service_that_stops_tells_those_who_wait():
    floor = floor_with(ANN)
    talk(floor, OURS, ANN, at=5.0)
    come(floor)
    assert heard(floor.inbound.tell_all(20.0)) == [(2, "message")]
    assert floor.calls[THEIRS].hears_why


def test_no_pacer_counts_their_calls_but_the_agents_they_take():
    floor = floor_with(ANN, BOB)
    come(floor)
    assert floor.calls_to_place(SALES, 10.0) == 1
    floor.connected(THEIRS, ANN, 10.5)
    assert (pacing(floor).agents_talking, pacing(floor).calls_connected) == (1, 0)
    floor.ended(THEIRS, BYE, 20.0)
    assert (pacing(floor).agents_wrapping, pacing(floor).calls_waiting) == (1, 0)
    floor.dispositioned(THEIRS, 21.0)
    assert pacing(floor).agents_available == 2


def test_a_pacer_that_begins_is_not_told_of_their_talk_as_one_of_its_own():
    floor = floor_with(ANN, campaigns=(SALES, SURVEY))
    come(floor, campaign=SURVEY)
    floor.connected(THEIRS, ANN, 10.5)
    floor.close_campaign(SURVEY)
    other = floor_with()
    floor.open_campaign(SURVEY, other.campaigns[SALES].pacer, wrap_up_limit_s=30.0, at=11.0)
    assert (pacing(floor, SURVEY).agents_talking, pacing(floor, SURVEY).calls_connected) == (1, 0)


@pytest.mark.parametrize("mode", ["progressive", "power"])
def test_nobody_is_dialed_for_an_agent_whom_a_caller_is_about_to_get(mode):
    floor = floor_with(ANN, campaigns=(SALES, SURVEY), mode=mode)
    wait = InboundWait("music", "message", 120.0)
    floor.inbound.come(THEIRS, SALES, THEIRS, wait, 10.0)
    assert floor.calls_to_place(SALES, 10.0) == 0
    assert floor.calls_to_place(SURVEY, 10.0) == 0


@given(st.lists(st.sampled_from(["come", "free", "ours"]), max_size=30))
def test_callers_are_served_in_the_order_in_which_they_came(steps):
    floor, at, number, served, came = floor_with(ANN, mode="power"), 10.0, 100, [], []
    for step in steps:
        at, number = at + 1.0, number + 1
        if step == "come":
            came.append(number)
            effects = come(floor, number, at, longest_s=1000.0)
        elif step == "ours":
            effects = answer(floor, number, at)
        else:
            effects = []
            for attempt in [each for each in floor.calls if floor.calls[each].state == CallState.CONNECTED]:
                floor.ended(attempt, BYE, at)
                effects += floor.dispositioned(attempt, at)
        for bridge in only(Bridge, effects):
            floor.connected(bridge.attempt, bridge.session, at)
            served += [bridge.attempt] if floor.calls[bridge.attempt].came else []
    assert served == came[: len(served)]
    waiting = [floor.calls[each] for each in floor.waiting]
    assert state(floor, ANN) == AgentState.TALKING or not waiting
