"""Calls that go through a menu: prompts, answers, opting out, and agents who take over."""

import pytest

from campaigns.core.menu import Menu
from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.call import CallState
from dialer.core.detection import Detection, MachineAction
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    CallWasAnswered,
    HangUpCall,
    MessageBegan,
    MessageOver,
    PersonOptedOut,
    PlayToCaller,
    QuestionAnswered,
)
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.dialer.core.floors import ANN, BYE, SURVEY, answer, floor_with, only, pacing, state

MENU = Menu.parse(
    {
        "start": "ask",
        "steps": {
            "ask": {
                "do": "ask",
                "prompt": "question",
                "question": "q",
                "keys": {"1": "thanks", "0": "agent", "3": "out"},
                "retries": 0,
                "no_input": "bye",
            },
            "agent": {"do": "transfer", "prompt": "wait", "within_s": 20, "no_agent": "bye"},
            "out": {"do": "opt_out", "prompt": "removed"},
            "thanks": {"do": "hang_up", "prompt": "thanks", "disposition": "survey_completed"},
            "bye": {"do": "hang_up"},
        },
    }
)


def floor_that_asks(*sessions):
    """A survey with a menu that these agents work for, and a call that was answered at 0."""
    floor = floor_with(*sessions, campaigns=())
    pacer = make_pacer("agentless", PacingSettings(max_lines=3))
    floor.open_campaign(SURVEY, pacer, 30.0, at=-50.0, agentless=True, opt_out_key="9", menu=MENU)
    for each in sessions:
        floor.shifts.log_in(each, 100 + each, [SURVEY], -10.0)
        floor.shifts.line_up(each, -9.0)
    assert answer(floor, 7, at=0.0, campaign=SURVEY) == [
        CallWasAnswered(7, 0.0),
        MessageBegan(7, 0.0),
        PlayToCaller(7, SURVEY, 1, "question", 10.0, stop_on_key=True),
    ]
    assert floor.calls[7].state == CallState.PLAYING
    return floor


def test_an_answer_is_kept_and_the_menu_goes_on_to_its_end():
    floor = floor_that_asks(ANN)
    assert state(floor, ANN) == AgentState.AVAILABLE, "nobody is offered the call"
    answered, thanks = floor.key_pressed(7, "1", 2.0)
    assert answered == QuestionAnswered(7, "q", "1", 2.0)
    assert thanks.prompt == "thanks"
    assert floor.prompt_ended(7, 1, 2.0) == [], "the question was cut off by the key"
    assert floor.prompt_ended(7, 2, 4.0) == [HangUpCall(7)]
    over, ended = floor.ended(7, CallEnd(200, by_far_end=False), 4.1)
    assert over == MessageOver(7, 4.1, heard_all=True, disposition="survey_completed")
    assert ended.outcome == Outcome.ANSWERED


def test_who_hangs_up_before_the_end_has_cut_it_short():
    floor = floor_that_asks()
    over, _ = floor.ended(7, BYE, 1.0)
    assert over == MessageOver(7, 1.0, heard_all=False)


def test_time_is_up_for_keys():
    floor = floor_that_asks()
    floor.prompt_ended(7, 1, 3.0)
    assert floor.tick(7.9) == []
    assert floor.tick(8.0) == [HangUpCall(7)]
    over, _ = floor.ended(7, CallEnd(200, by_far_end=False), 8.1)
    assert over == MessageOver(7, 8.1, heard_all=True)


def test_the_key_that_opts_out_does_so_once_and_ends_the_menu():
    floor = floor_that_asks()
    assert floor.key_pressed(7, "9", 2.0) == [PersonOptedOut(7, 2.0)]
    assert floor.key_pressed(7, "1", 2.1) == floor.prompt_ended(7, 1, 2.2) == floor.tick(99.0) == []
    (ended,) = floor.ended(7, CallEnd(200, by_far_end=False), 2.3)
    assert isinstance(ended, CallHasEnded)


def test_a_step_of_the_menu_opts_out_and_says_so():
    floor = floor_that_asks()
    _, opted_out, told = floor.key_pressed(7, "3", 2.0)
    assert (opted_out, told.prompt) == (PersonOptedOut(7, 2.0), "removed")
    assert floor.prompt_ended(7, told.number, 4.0) == [HangUpCall(7)]
    (ended,) = floor.ended(7, CallEnd(200, by_far_end=False), 4.1)
    assert isinstance(ended, CallHasEnded), "what it came to is on record"


def test_an_agent_who_is_free_takes_the_call_and_says_how_it_went():
    floor = floor_that_asks(ANN)
    assert only(Bridge, floor.key_pressed(7, "0", 2.0)) == [Bridge(7, ANN)]
    assert floor.tick(99.0) == [], "no menu while they are being connected"
    floor.connected(7, ANN, 2.5)
    assert (floor.calls[7].state, state(floor, ANN)) == (CallState.CONNECTED, AgentState.TALKING)
    assert pacing(floor, SURVEY).calls_connected == 1
    assert floor.tick(60.0) == floor.key_pressed(7, "1", 61.0) == []
    (ended, *_) = floor.ended(7, BYE, 70.0)
    assert ended.outcome == Outcome.HUMAN
    assert state(floor, ANN) == AgentState.WRAP_UP
    assert pacing(floor, SURVEY).calls_connected == 0
    floor.dispositioned(7, 75.0)
    assert state(floor, ANN) == AgentState.AVAILABLE


def test_who_waits_for_an_agent_gets_the_first_who_is_free():
    floor = floor_that_asks(ANN)
    floor.shifts.pause(ANN, "lunch", 1.0)
    assert only(Bridge, floor.key_pressed(7, "0", 2.0)) == []
    assert floor.waiting == [7]
    assert floor.calls[7].seeks_an_agent
    assert Bridge(7, ANN) in floor.shifts.ready(ANN, 9.0)


def test_where_none_is_free_in_time_the_menu_goes_on():
    floor = floor_that_asks()
    (_, wait) = floor.key_pressed(7, "0", 2.0)
    assert (wait.prompt, wait.stay_s) == ("wait", 25.0)
    assert floor.tick(21.9) == []
    assert floor.tick(22.0) == [HangUpCall(7)]
    assert (floor.waiting, floor.calls[7].state) == ([], CallState.PLAYING)
    over, ended = floor.ended(7, CallEnd(200, by_far_end=False), 22.1)
    assert (over.heard_all, ended.outcome) == (True, Outcome.ANSWERED)


@pytest.mark.parametrize("gone", ["line", "log out"])
def test_who_loses_the_agent_gets_another_or_waits(gone):
    floor = floor_that_asks(ANN)
    floor.key_pressed(7, "0", 2.0)
    floor.connected(7, ANN, 2.5)
    if gone == "line":
        floor.shifts.line_down(ANN, 10.0, "softphone_gone")
        assert (floor.waiting, floor.calls[7].state) == ([7], CallState.ANSWERED)
        floor.unclaimed(7, 12.0)
        (ended, *_) = floor.ended(7, BYE, 20.0)
    else:
        assert HangUpCall(7) in floor.shifts.log_out(ANN, 10.0)
        (ended, *_) = floor.ended(7, BYE, 10.1)
    assert ended.outcome == Outcome.HUMAN


def test_a_machine_is_left_its_message_and_the_menu_is_over():
    floor = floor_with()
    opts_out = Menu.parse(
        {
            "start": "ask",
            "steps": {
                "ask": {"do": "ask", "prompt": "q", "keys": {"1": "out"}, "retries": 0, "no_input": "out"},
                "out": {"do": "opt_out"},
            },
        }
    )
    left = Detection("act", MachineAction.MESSAGE, message="/srv/voicemail.wav")
    pacer = make_pacer("agentless", PacingSettings(max_lines=3))
    floor.open_campaign(SURVEY, pacer, 30.0, at=-50.0, agentless=True, detection=left, menu=opts_out)
    answer(floor, 7, at=0.0, campaign=SURVEY)
    floor.prompt_ended(7, 1, 3.0)
    floor.judged(7, Verdict.MACHINE, 0.98, 4.6, 4.6)
    assert floor.tick(8.1) == [], "it presses nothing, and is neither hung up on nor opted out"
    assert floor.key_pressed(7, "1", 9.0) == []
    (ended,) = floor.ended(7, CallEnd(200, by_far_end=False), 30.0)
    assert ended.outcome == Outcome.MACHINE


def test_who_has_lost_the_agent_and_is_being_left_is_offered_to_nobody():
    floor = floor_that_asks(ANN)
    floor.key_pressed(7, "0", 2.0)
    floor.connected(7, ANN, 2.5)
    floor.shifts.line_down(ANN, 10.0, "softphone_gone")
    floor.unclaimed(7, 12.0)
    assert floor.waiting == []
    assert only(Bridge, floor.shifts.line_up(ANN, 13.0)) == []
