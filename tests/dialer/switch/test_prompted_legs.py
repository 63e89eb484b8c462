"""Legs that an engine has claimed for a menu: prompts, keys, and how they end without the engine."""

import pytest

from dialer.switch.leg_actions import Ending, HangUp, Hear, StartPrompt, StopPrompt
from dialer.switch.messages import LegKey, LegsBridged, LegUnclaimed, PlayPrompt, PromptEnded
from tests.dialer.switch.test_legs import agent, book_with, customer


def prompted(*, engine=True, stop_on_key=False, path="q.wav", end_key="9"):
    """A customer's leg that was answered at 1 and is played a prompt of 3 s from 2 on."""
    book = book_with(customer(end_key=end_key), answered_at=1.0)
    asked = PlayPrompt("call-1", 5, path, stay_s=4.0, stop_on_key=stop_on_key)
    actions = book.prompts.play(asked, 2.0)
    if path:
        assert actions == [StartPrompt("call-1", path)]
        book.prompts.started("call-1", 3.0, 2.0)
    if not engine:
        assert book.engine_gone(2.5) == []
    return book


def test_a_prompt_claims_the_call_and_its_end_is_told():
    book = prompted()
    assert book.tick(4.9) == []
    assert book.tick(5.0) == [PromptEnded(at=5.0, leg="call-1", number=5)]
    assert book.prompts.play(PlayPrompt("call-1", 6, "r.wav", stay_s=4.0), 6.0) == [
        StartPrompt("call-1", "r.wav")
    ]
    book.prompts.started("call-1", 1.0, 6.0)
    assert book.tick(7.0) == [PromptEnded(at=7.0, leg="call-1", number=6)]


@pytest.mark.parametrize("engine", [True, False])
def test_a_call_of_which_nobody_says_more_is_ended_after_its_prompt(engine):
    book = prompted(engine=engine)
    book.tick(5.0)
    assert book.tick(8.9) == []
    assert book.tick(9.0) == [HangUp("call-1")]


@pytest.mark.parametrize("engine", [True, False])
def test_the_key_that_opts_out_ends_the_call_at_any_prompt(engine):
    book = prompted(engine=engine)
    assert book.prompts.key("call-1", "9", 3.0) == [LegKey(at=3.0, leg="call-1", digit="9"), HangUp("call-1")]
    assert book.prompts.play(PlayPrompt("call-1", 6, "r.wav", stay_s=4.0), 3.1) == []
    (ended,) = book.ended("call-1", Ending(200, "OK", by_far_end=False), 3.2)
    assert (ended.ended_by, ended.heard_s) == ("switch", None)


def test_a_key_ends_a_prompt_that_may_be_cut_off_and_no_other():
    told = LegKey(at=3.0, leg="call-1", digit="4")
    assert prompted().prompts.key("call-1", "4", 3.0) == [told]
    book = prompted(stop_on_key=True)
    over = PromptEnded(at=3.0, leg="call-1", number=5)
    assert book.prompts.key("call-1", "4", 3.0) == [told, StopPrompt("call-1"), over]
    assert book.prompts.key("call-1", "5", 3.5) == [LegKey(at=3.5, leg="call-1", digit="5")]
    assert book.tick(7.0) == [HangUp("call-1")]


def test_a_prompt_of_nothing_is_over_at_once_and_one_that_cannot_be_played_too():
    book = book_with(customer(), answered_at=1.0)
    nothing = PlayPrompt("call-1", 5, "", stay_s=4.0)
    assert book.prompts.play(nothing, 2.0) == [PromptEnded(at=2.0, leg="call-1", number=5)]
    book.prompts.play(PlayPrompt("call-1", 6, "broken.wav", stay_s=4.0), 3.0)
    book.prompts.started("call-1", 0.0, 3.0)
    assert book.tick(3.0) == [PromptEnded(at=3.0, leg="call-1", number=6)]


def test_who_is_in_a_menu_can_be_given_to_an_agent_and_then_hears_no_prompt():
    book = prompted()
    book.place(agent(), 2.0)
    book.answered("agent-1", 2.0)
    assert book.companies.bridge("call-1", "agent-1", 3.0) == [
        Hear("call-1", ("agent-1",)),
        Hear("agent-1", ("call-1",)),
        LegsBridged(at=3.0, leg="call-1", other="agent-1"),
    ]
    assert book.tick(99.0) == book.prompts.key("call-1", "4", 99.0) == []
    assert book.prompts.play(PlayPrompt("call-1", 6, "r.wav", stay_s=4.0), 99.0) == []
    book.ended("agent-1", Ending(200, "OK", by_far_end=True), 100.0)
    assert LegUnclaimed(at=102.0, leg="call-1") in book.tick(102.0)


def test_only_an_answered_customer_is_played_a_prompt():
    book = book_with(agent())
    book.place(customer(), 0.0)
    for leg in ("call-1", "agent-1", "nobody"):
        assert book.prompts.play(PlayPrompt(leg, 5, "q.wav", stay_s=4.0), 0.5) == []
