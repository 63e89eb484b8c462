"""What a floor does with answers that are no person's."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.amd import Verdict
from dialer.core.detection import Detection, MachineAction
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    CallWasAbandoned,
    CallWasAnswered,
    CallWasJudged,
    DispositionMissed,
    LeaveMachine,
    MessageBegan,
)
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
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

VOICEMAIL = "/srv/voicemail.wav"
FLAG = Detection("flag")
HANG_UP = Detection("act", MachineAction.HANG_UP)
MESSAGE = Detection("act", MachineAction.MESSAGE, message=VOICEMAIL)
AGENT = Detection("act", MachineAction.AGENT)


def detecting(*sessions, wanted, held=False, mode="progressive"):
    floor = floor_with(*sessions)
    pacer = make_pacer(mode, PacingSettings())
    chosen = Detection(wanted.mode, wanted.action, not held, wanted.message)
    floor.open_campaign(SALES, pacer, 30.0, -100.0, detection=chosen)
    return floor


def judged(floor, attempt, verdict, at):
    first, *effects = floor.judged(attempt, verdict, 0.9, 1.5, at)
    assert first == CallWasJudged(attempt, at, verdict, 0.9, 1.5)
    return effects


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


# --- who answered ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_that_is_only_flagged_changes_nothing(verdict) -> None:
    floor = detecting(ANN, wanted=FLAG)
    talk(floor, 7, ANN, 10.0)
    assert judged(floor, 7, verdict, 12.0) == []
    assert state(floor, ANN) == AgentState.TALKING
    (ended,) = only(CallHasEnded, floor.ended(7, BYE, 20.0))
    assert ended.outcome == Outcome.HUMAN
    assert state(floor, ANN) == AgentState.WRAP_UP


@pytest.mark.parametrize(("wanted", "message"), [(HANG_UP, ""), (MESSAGE, VOICEMAIL)])
def test_a_machine_is_taken_from_the_agent_who_was_connected_at_once(wanted, message) -> None:
    floor = detecting(ANN, wanted=wanted)
    talk(floor, 7, ANN, 10.0)
    assert judged(floor, 7, Verdict.MACHINE, 13.0)[0] == LeaveMachine(7, message)
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert Bridge(8, ANN) in answer(floor, 8, 14.0), "while the machine still has its message to hear"
    assert ended_as(floor, 7, 40.0) == Outcome.MACHINE
    assert pacing(floor).calls_connected == 0


def test_a_fax_is_ended_without_a_message() -> None:
    floor = detecting(ANN, wanted=MESSAGE)
    talk(floor, 7, ANN, 10.0)
    assert judged(floor, 7, Verdict.FAX, 11.0)[0] == LeaveMachine(7)
    assert ended_as(floor, 7, 11.2) == Outcome.FAX


@pytest.mark.parametrize("held", [True, False])
def test_a_machine_may_be_an_agents_too(held) -> None:
    floor = detecting(ANN, wanted=AGENT, held=held)
    effects = answer(floor, 7, 10.0)
    effects += judged(floor, 7, Verdict.MACHINE, 12.0)
    assert [each for each in effects if isinstance(each, Bridge)] == [Bridge(7, ANN)]


@pytest.mark.parametrize("verdict", [Verdict.HUMAN, Verdict.UNSURE])
def test_a_person_whom_detection_has_kept_gets_an_agent(verdict) -> None:
    floor = detecting(ANN, wanted=HANG_UP, held=True)
    assert answer(floor, 7, 10.0) == [CallWasAnswered(7, 10.0)]
    assert (pacing(floor).calls_ringing, pacing(floor).calls_waiting) == (1, 0)
    assert Bridge(7, ANN) in judged(floor, 7, verdict, 11.6)
    assert (pacing(floor).calls_ringing, pacing(floor).calls_waiting) == (0, 1)
    assert judged(floor, 7, Verdict.MACHINE, 12.0) == [], "told once"


def test_a_person_for_whom_nobody_is_free_after_the_verdict_was_abandoned() -> None:
    floor = detecting(wanted=HANG_UP, held=True)
    answer(floor, 7, 10.0)
    assert judged(floor, 7, Verdict.HUMAN, 11.6) == []
    assert floor.waiting == [7]
    assert only(CallWasAbandoned, floor.unclaimed(7, 12.8))
    assert ended_as(floor, 7, 18.0) == Outcome.ABANDONED


def test_who_hangs_up_while_it_is_not_known_who_answered_counts_as_abandoned() -> None:
    floor = detecting(ANN, wanted=HANG_UP, held=True)
    answer(floor, 7, 10.0)
    (ended,) = only(CallHasEnded, floor.ended(7, BYE, 11.0))
    assert ended.outcome == Outcome.ABANDONED
    assert state(floor, ANN) == AgentState.AVAILABLE
    assert floor.judged(7, Verdict.HUMAN, 0.9, 1.5, 11.1) == []


def test_a_machine_that_was_kept_is_no_answer_and_nobody_who_was_abandoned() -> None:
    floor = detecting(wanted=MESSAGE, held=True)
    answer(floor, 7, 10.0)
    assert judged(floor, 7, Verdict.MACHINE, 13.6) == [LeaveMachine(7, VOICEMAIL)]
    assert (pacing(floor).calls_ringing, pacing(floor).calls_waiting) == (0, 0)
    assert floor.message_left(7, 16.0) == [MessageBegan(7, 16.0)]
    assert ended_as(floor, 7, 30.0) == Outcome.MACHINE


@pytest.mark.parametrize(
    ("verdict", "outcome"), [(Verdict.MACHINE, Outcome.MACHINE), (Verdict.FAX, Outcome.FAX)]
)
@pytest.mark.parametrize("wanted", [HANG_UP, MESSAGE])
def test_a_machine_for_which_nobody_was_free_is_nobody_who_was_abandoned(wanted, verdict, outcome) -> None:
    floor = detecting(wanted=wanted, mode="predictive")
    answer(floor, 7, 10.0)
    assert only(CallWasAbandoned, floor.unclaimed(7, 12.0))
    assert (pacing(floor).answered, pacing(floor).abandoned) == (1, 1)
    assert judged(floor, 7, verdict, 14.6) == [], "the message plays on, should it be a person after all"
    assert (pacing(floor).answered, pacing(floor).abandoned) == (0, 0)
    assert ended_as(floor, 7, 18.0) == outcome


@pytest.mark.parametrize(("wanted", "verdict"), [(HANG_UP, Verdict.UNSURE), (FLAG, Verdict.MACHINE)])
def test_who_may_be_a_person_was_abandoned_where_nobody_was_free(wanted, verdict) -> None:
    floor = detecting(wanted=wanted)
    answer(floor, 7, 10.0)
    floor.unclaimed(7, 12.0)
    judged(floor, 7, verdict, 14.6)
    assert ended_as(floor, 7, 18.0) == Outcome.ABANDONED


def test_two_machines_at_once_leave_both_agents_free() -> None:
    floor = detecting(ANN, BOB, wanted=HANG_UP)
    talk(floor, 7, ANN, 10.0)
    talk(floor, 8, BOB, 10.1)
    judged(floor, 7, Verdict.MACHINE, 13.0)
    judged(floor, 8, Verdict.MACHINE, 13.0)
    assert {state(floor, ANN), state(floor, BOB)} == {AgentState.AVAILABLE}


def test_where_a_law_counts_from_the_answer_nobody_waits_for_a_verdict() -> None:
    floor = detecting(ANN, wanted=HANG_UP, held=True)
    floor.place(7, SALES, lead=7, at=5.0, claim_from_answer=True)
    assert Bridge(7, ANN) in floor.answered(7, 10.0)


def test_an_agent_who_asked_for_a_pause_has_it_after_the_machine() -> None:
    floor = detecting(ANN, wanted=HANG_UP)
    talk(floor, 7, ANN, 10.0)
    floor.shifts.pause(ANN, "lunch", 11.0)
    judged(floor, 7, Verdict.MACHINE, 13.0)
    assert state(floor, ANN) == AgentState.PAUSED


def test_a_machine_that_hears_an_agentless_message_is_left_its_own() -> None:
    floor = floor_with()
    pacer = make_pacer("agentless", PacingSettings())
    floor.open_campaign(SURVEY, pacer, 30.0, 0.0, agentless=True, opt_out_key="9", detection=MESSAGE)
    answer(floor, 7, 10.0, SURVEY)
    floor.unclaimed(7, 10.0)
    assert judged(floor, 7, Verdict.MACHINE, 13.0) == [LeaveMachine(7, VOICEMAIL)]
    assert ended_as(floor, 7, 30.0, heard_all=True) == Outcome.MACHINE


@pytest.mark.parametrize("held", [True, False])
def test_a_machine_whose_verdict_is_to_be_checked_is_an_agents(held) -> None:
    floor = floor_with(ANN)
    chosen = Detection("act", MachineAction.HANG_UP, not held, review_share=1.0)
    floor.open_campaign(SALES, make_pacer("progressive", PacingSettings()), 30.0, -100.0, detection=chosen)
    effects = answer(floor, 7, 10.0)
    effects += judged(floor, 7, Verdict.MACHINE, 12.0)
    assert only(Bridge, effects) == [Bridge(7, ANN)]
    floor.connected(7, ANN, 12.1)
    (ended,) = only(CallHasEnded, floor.ended(7, BYE, 20.0))
    assert ended.outcome == Outcome.HUMAN, "until the agent has said what it was"
