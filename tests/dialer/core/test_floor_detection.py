"""What a floor does with answers that are no person's."""

from dialer.core.agent import AgentState
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    CallWasAbandoned,
    DispositionMissed,
    LeaveMachine,
)
from dialer.core.outcome import CallEnd, Outcome
from tests.dialer.core.floors import ANN, BOB, answer, floor_with, only, pacing, state, talk


def ended_as(floor, attempt, at, **end):
    effects = floor.ended(attempt, CallEnd(200, by_far_end=False, **end), at)
    (ended,) = only(CallHasEnded, effects)
    assert not only(DispositionMissed, effects)
    return ended.outcome


def test_an_agent_who_was_given_an_announcement_is_free_at_once() -> None:
    floor = floor_with(ANN)
    talk(floor, 7, ANN, 10.0)
    effects = floor.tone_heard(7, "sit_vacant", 11.5)
    assert effects[0] == LeaveMachine(7)
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert Bridge(8, ANN) in answer(floor, 8, 12.0), "before the announcement's call is over"
    assert ended_as(floor, 7, 12.1, heard="sit_vacant") == Outcome.INVALID_NUMBER
    assert state(floor, ANN) == AgentState.RESERVED


def test_an_agent_who_is_being_connected_with_a_fax_gets_the_next_call() -> None:
    floor = floor_with(ANN)
    assert Bridge(7, ANN) in answer(floor, 7, 10.0)
    answer(floor, 8, 10.2)
    assert Bridge(8, ANN) in floor.tone_heard(7, "fax", 11.0)
    assert floor.connected(7, ANN, 11.01) == [], "the switch had bridged them already"
    assert ended_as(floor, 7, 11.2, heard="fax") == Outcome.FAX


def test_a_fax_that_waits_is_nobody_who_was_abandoned() -> None:
    floor = floor_with()
    answer(floor, 7, 10.0)
    assert floor.tone_heard(7, "fax", 11.0) == [LeaveMachine(7)]
    assert floor.tone_heard(7, "fax", 11.1) == []
    assert floor.waiting == []
    assert not only(CallWasAbandoned, floor.unclaimed(7, 12.0))
    assert ended_as(floor, 7, 12.2) == Outcome.FAX, "also where the switch has forgotten why"
    assert pacing(floor).calls_waiting == 0


def test_ring_back_after_the_answer_and_tones_of_unknown_calls_do_nothing() -> None:
    floor = floor_with(ANN, BOB)
    talk(floor, 7, ANN, 10.0)
    assert floor.tone_heard(7, "ringing", 11.0) == []
    assert floor.tone_heard(99, "fax", 11.0) == []
    floor.place(8, 1, lead=8, at=11.0)
    assert floor.tone_heard(8, "fax", 12.0) == [], "not answered"
