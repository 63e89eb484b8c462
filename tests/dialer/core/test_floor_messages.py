"""Calls of an agentless campaign: whoever answers hears the message, and may opt out by a key."""

from dialer.core.call import CallState
from dialer.core.effects import (
    CallHasEnded,
    CallWasAnswered,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
)
from dialer.core.floor import Floor
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.dialer.core.floors import ANN, BYE, SALES, SURVEY, answer, floor_with, pacing, state


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


def test_a_message_that_went_to_a_line_without_audio_was_heard_by_nobody():
    floor = floor_that_plays()
    answer(floor, 7, at=5.0, campaign=SURVEY)
    floor.unclaimed(7, at=5.0)
    mute = CallEnd(200, by_far_end=False, heard_all=True, no_audio=True)
    assert floor.ended(7, mute, at=30.0) == [CallHasEnded(7, SURVEY, 30.0, Outcome.NETWORK_FAILURE, mute)]


def test_who_answers_as_a_call_that_plays_is_given_up_has_heard_nothing_and_was_abandoned():
    floor = floor_that_plays()
    floor.place(7, SURVEY, lead=7, at=1.0)
    late = CallEnd(200, by_far_end=False, timed_out=True, provisional=True, answered_late=True)
    assert floor.ended(7, late, at=26.0) == [
        CallWasAnswered(7, 26.0),
        CallHasEnded(7, SURVEY, 26.0, Outcome.ABANDONED, late),
    ]


def test_a_busy_tone_outranks_an_answer_that_crosses_our_giving_up():
    floor = floor_that_plays()
    floor.place(7, SURVEY, lead=7, at=1.0)
    late = CallEnd(200, by_far_end=False, heard="busy", answered_late=True)
    assert floor.ended(7, late, at=26.0) == [CallHasEnded(7, SURVEY, 26.0, Outcome.BUSY, late)]


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
