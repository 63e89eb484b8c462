"""What became of a call, from how the network says it ended."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.outcome import (
    CallEnd,
    Outcome,
    outcome_of_answered,
    outcome_of_tone,
    outcome_of_unanswered,
)
from dialer.core.tones import FAILED, Tone

TABLE = [
    (CallEnd(486), Outcome.BUSY),
    (CallEnd(600), Outcome.BUSY),
    (CallEnd(404), Outcome.INVALID_NUMBER),
    (CallEnd(484), Outcome.INVALID_NUMBER),
    (CallEnd(604), Outcome.INVALID_NUMBER),
    (CallEnd(410), Outcome.DISCONNECTED),
    (CallEnd(480), Outcome.NO_ANSWER),
    (CallEnd(480, provisional=True), Outcome.NO_ANSWER),
    (CallEnd(487), Outcome.CANCELED),
    (CallEnd(487, by_far_end=False, provisional=True), Outcome.CANCELED),
    (CallEnd(200, by_far_end=False), Outcome.CANCELED),
    (CallEnd(503, "our own transport", by_far_end=False), Outcome.NETWORK_FAILURE),
    (CallEnd(603, "crossed our CANCEL", by_far_end=False), Outcome.REJECTED),
    (CallEnd(503), Outcome.CONGESTION),
    (CallEnd(603), Outcome.REJECTED),
    (CallEnd(603, "Network Blocked"), Outcome.BLOCKED),
    (CallEnd(607), Outcome.REJECTED),
    (CallEnd(608), Outcome.BLOCKED),
    (CallEnd(408, provisional=True), Outcome.NO_ANSWER),
    (CallEnd(408), Outcome.NETWORK_FAILURE),
    (CallEnd(487, by_far_end=False, timed_out=True, provisional=True), Outcome.NO_ANSWER),
    (CallEnd(487, by_far_end=False, timed_out=True), Outcome.NETWORK_FAILURE),
    (CallEnd(0, by_far_end=False, timed_out=True), Outcome.NETWORK_FAILURE),
    (CallEnd(0, "every line is in use", by_far_end=False), Outcome.NETWORK_FAILURE),
    (CallEnd(500), Outcome.NETWORK_FAILURE),
    (CallEnd(401), Outcome.NETWORK_FAILURE),
    (CallEnd(302), Outcome.NETWORK_FAILURE),
    (CallEnd(480, q850_cause=1), Outcome.INVALID_NUMBER),
    (CallEnd(404, q850_cause=3), Outcome.NETWORK_FAILURE),
    (CallEnd(480, q850_cause=17), Outcome.BUSY),
    (CallEnd(486, q850_cause=18), Outcome.NO_ANSWER),
    (CallEnd(404, q850_cause=20), Outcome.NO_ANSWER),
    (CallEnd(480, q850_cause=21), Outcome.REJECTED),
    (CallEnd(404, q850_cause=22), Outcome.DISCONNECTED),
    (CallEnd(500, q850_cause=34), Outcome.CONGESTION),
    (CallEnd(503, q850_cause=41), Outcome.NETWORK_FAILURE),
    (CallEnd(480, q850_cause=16), Outcome.NO_ANSWER),
    (CallEnd(486, q850_cause=127), Outcome.BUSY),
    (CallEnd(607, q850_cause=21), Outcome.REJECTED),
    (CallEnd(608, q850_cause=21), Outcome.BLOCKED),
    (CallEnd(408, provisional=True, q850_cause=102), Outcome.NO_ANSWER),
    (CallEnd(603, q850_cause=21), Outcome.REJECTED),
    (
        CallEnd(603, "Decline", q850_cause=21, reason_header='SIP;cause=603;text="v=analytics1;url=x"'),
        Outcome.BLOCKED,
    ),
    (CallEnd(603, "Decline", reason_header='SIP;cause=603;text="busy"'), Outcome.REJECTED),
    (CallEnd(487, by_far_end=False, q850_cause=17), Outcome.CANCELED),
    (CallEnd(487, by_far_end=False, provisional=True, heard="busy"), Outcome.BUSY),
    (CallEnd(487, by_far_end=False, provisional=True, heard="congestion"), Outcome.CONGESTION),
    (CallEnd(480, provisional=True, heard="sit_vacant"), Outcome.INVALID_NUMBER),
    (CallEnd(486, provisional=True, heard="sit_intercept"), Outcome.DISCONNECTED),
    (CallEnd(404, provisional=True, q850_cause=1, heard="sit_no_circuit"), Outcome.CONGESTION),
    (CallEnd(480, provisional=True, heard="sit_reorder"), Outcome.CONGESTION),
    (CallEnd(487, by_far_end=False, provisional=True, heard="sit"), Outcome.NETWORK_FAILURE),
    (CallEnd(404, provisional=True, heard="sit"), Outcome.INVALID_NUMBER),
    (CallEnd(480, provisional=True, q850_cause=22, heard="sit_other"), Outcome.DISCONNECTED),
    (CallEnd(480, provisional=True, heard="fax"), Outcome.FAX),
    (CallEnd(480, provisional=True, heard="ringing"), Outcome.NO_ANSWER),
    (CallEnd(487, by_far_end=False, timed_out=True, provisional=True, heard="ringing"), Outcome.NO_ANSWER),
]


@pytest.mark.parametrize(("end", "outcome"), TABLE)
def test_a_call_that_nobody_answered_has_the_outcome_of_its_sip_status(end, outcome):
    assert outcome_of_unanswered(end) == outcome


def test_an_answer_is_a_person_unless_nobody_was_there_for_them():
    assert outcome_of_answered(had_agent=True) == Outcome.HUMAN
    assert outcome_of_answered(had_agent=False) == Outcome.ABANDONED


@given(
    st.builds(
        CallEnd,
        status=st.integers(-1, 1000),
        reason=st.text(),
        by_far_end=st.booleans(),
        timed_out=st.booleans(),
        provisional=st.booleans(),
        q850_cause=st.none() | st.integers(0, 127),
        reason_header=st.text(),
    )
)
def test_whatever_the_network_says_there_is_an_outcome_and_it_never_claims_a_person(end):
    outcome = outcome_of_unanswered(end)
    assert outcome not in (Outcome.HUMAN, Outcome.ABANDONED, Outcome.MACHINE, Outcome.LOST, Outcome.UNKNOWN)
    if end.timed_out:
        assert outcome == (Outcome.NO_ANSWER if end.provisional else Outcome.NETWORK_FAILURE)


def test_every_tone_that_says_no_has_an_outcome_and_ring_back_has_none() -> None:
    assert all(outcome_of_tone(tone) is not None for tone in FAILED)
    assert outcome_of_tone(Tone.RINGING) is None
    assert outcome_of_tone("") is None


def test_an_answer_without_audio_that_can_be_used_met_nobody_whatever_was_sent() -> None:
    end = CallEnd(200, by_far_end=False, no_audio=True)
    assert outcome_of_unanswered(end) == Outcome.NETWORK_FAILURE
    assert outcome_of_unanswered(replace(end, timed_out=True, provisional=True)) == Outcome.NETWORK_FAILURE


@pytest.mark.parametrize(
    "end",
    [
        CallEnd(603, "network BLOCKED"),
        CallEnd(603, "Decline", reason_header='SIP;cause=603;text="Network Blocked"'),
        CallEnd(403, reason_header='SIP;cause=603;text="v=analytics1;url=x"'),
        CallEnd(480, reason_header='SIP;cause=603;text="V=ANALYTICS1"'),
        CallEnd(608, heard="sit_vacant"),
        CallEnd(603, "Network Blocked", heard="sit"),
    ],
)
def test_what_a_network_blocks_is_blocked_whatever_was_heard(end: CallEnd) -> None:
    assert outcome_of_unanswered(end) == Outcome.BLOCKED


def test_a_refusal_without_those_words_is_a_persons() -> None:
    assert outcome_of_unanswered(CallEnd(603, reason_header="Q.850;cause=21")) == Outcome.REJECTED
    assert outcome_of_unanswered(CallEnd(503, reason_header='SIP;text="v=analytics1"')) == Outcome.CONGESTION
