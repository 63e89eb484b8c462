"""What the calling floor promises to agents who look at a lead before it is dialed."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.call import CallState
from dialer.core.effects import (
    AgentChanged,
    Bridge,
    CallHasEnded,
    ClaimWasKept,
    HangUpCall,
    LeadWasPutBack,
    LeadWasShown,
    LeadWasSkipped,
)
from dialer.core.floor_agent import FloorAgent
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import Outcome
from dialer.core.preview import NoPreview, PreviewRule
from tests.dialer.core.claims import claimed
from tests.dialer.core.preview_floor import (
    ANN,
    BOB,
    LEAD,
    NO_ANSWER,
    SALES,
    VISITS,
    dial,
    floor_with,
    only,
    show,
    state,
    wanted,
)


def test_the_agent_who_has_waited_longest_sees_the_first_lead():
    floor = floor_with(BOB, ANN)
    effects = show(floor, LEAD, claimed(71))
    assert effects[0] == AgentChanged(BOB, 102, AgentState.PREVIEW, "", None, 1.0)
    assert effects[1] == LeadWasShown(BOB, 102, VISITS, 70, 1.0, until=None)
    assert [each.session for each in only(LeadWasShown, effects)] == [BOB, ANN]


def test_a_lead_for_whom_nobody_is_free_any_more_goes_back():
    floor = floor_with(ANN)
    other = claimed(71)
    assert only(LeadWasPutBack, show(floor, LEAD, other)) == [LeadWasPutBack(VISITS, other.lead, 1.0)]
    assert only(LeadWasShown, show(floor, other)) == [], "who looks at a lead gets no other"


def test_a_person_on_preview_gets_no_call_of_another_campaign():
    floor = floor_with(ANN, campaigns=(VISITS, SALES))
    show(floor)
    assert wanted(floor, SALES) == 0
    floor.place(9, SALES, lead=9, at=2.0)
    assert only(Bridge, floor.answered(9, at=3.0)) == []
    assert only(Bridge, floor.previews.skip(ANN, "", at=3.5)) == [Bridge(9, ANN)]


def test_a_free_agent_whom_a_call_of_another_campaign_may_need_is_shown_no_lead():
    floor = floor_with(ANN, campaigns=(VISITS, SALES))
    assert wanted(floor) == 1
    floor.place(9, SALES, lead=9, at=1.0)
    assert wanted(floor) == 0


def test_who_answers_is_connected_with_the_agent_who_looked_at_them():
    floor = floor_with(BOB, ANN)
    floor.shifts.pause(BOB, "coffee", at=0.1)
    show(floor)
    assert dial(floor) == [AgentChanged(ANN, 101, AgentState.RESERVED, "", 7, 2.0)]
    floor.shifts.ready(BOB, at=2.5)
    assert floor.rang(7, at=3.0) != []
    assert only(Bridge, floor.answered(7, at=5.0)) == [Bridge(7, ANN)]
    floor.connected(7, ANN, at=5.1)
    assert (state(floor), state(floor, BOB)) == (AgentState.TALKING, AgentState.AVAILABLE)


def test_nobody_elses_call_comes_while_the_lead_rings():
    floor = floor_with(ANN, campaigns=(VISITS, SALES))
    show(floor)
    dial(floor)
    floor.place(9, SALES, lead=9, at=3.0)
    assert only(Bridge, floor.answered(9, at=4.0)) == []
    assert wanted(floor, SALES) == wanted(floor) == 0


def test_after_a_call_that_nobody_answered_the_agent_is_free_for_the_next_lead():
    floor = floor_with(ANN)
    show(floor)
    dial(floor)
    effects = floor.ended(7, NO_ANSWER, at=30.0)
    assert only(CallHasEnded, effects)[0].outcome == Outcome.NO_ANSWER
    assert state(floor) == AgentState.AVAILABLE
    assert wanted(floor, now=30.0) == 1


def test_where_the_softphone_is_gone_another_free_agent_gets_the_call():
    floor = floor_with(BOB, ANN)
    floor.shifts.pause(BOB, "coffee", at=0.1)
    show(floor)
    dial(floor)
    assert only(HangUpCall, floor.shifts.line_down(ANN, at=3.0, reason="softphone_gone")) == []
    floor.shifts.ready(BOB, at=3.5)
    assert wanted(floor, now=3.5) == 0, "Bob is needed for the call that rings"
    assert only(Bridge, floor.answered(7, at=5.0)) == [Bridge(7, BOB)]
    assert floor.illegal_events == 0


def test_where_the_bridge_fails_another_free_agent_gets_the_call():
    floor = floor_with(ANN, BOB)
    show(floor)
    dial(floor)
    assert only(Bridge, floor.answered(7, at=5.0)) == [Bridge(7, ANN)]
    assert only(Bridge, floor.bridge_failed(7, ANN, at=5.1)) == [Bridge(7, BOB)]


def test_a_shift_that_ends_ends_the_call_that_rings_for_it():
    floor = floor_with(ANN)
    show(floor)
    dial(floor)
    assert only(HangUpCall, floor.shifts.log_out(ANN, at=3.0)) == [HangUpCall(7, unless_answered=True)]
    assert floor.calls[7].session is None


def test_a_pause_that_is_asked_for_while_the_lead_rings_begins_after_the_call():
    floor = floor_with(ANN)
    show(floor)
    dial(floor)
    assert floor.shifts.pause(ANN, "lunch", at=3.0) == []
    floor.ended(7, NO_ANSWER, at=30.0)
    assert state(floor) == AgentState.PAUSED


def test_a_lead_that_is_skipped_is_said_to_be_with_who_and_why_and_the_agent_is_free():
    floor = floor_with(ANN)
    show(floor)
    effects = floor.previews.skip(ANN, "wrong_time", at=9.0)
    assert effects[0] == LeadWasSkipped(VISITS, LEAD.lead, 101, "wrong_time", 9.0)
    assert state(floor) == AgentState.AVAILABLE
    with pytest.raises(NoPreview, match="no lead now"):
        floor.previews.skip(ANN, "wrong_time", at=9.1)


@pytest.mark.parametrize(
    ("leave", "after"),
    [
        (lambda floor: floor.shifts.pause(ANN, "lunch", at=9.0), AgentState.PAUSED),
        (lambda floor: floor.shifts.line_down(ANN, at=9.0, reason="softphone_gone"), AgentState.UNAVAILABLE),
        (lambda floor: floor.switch_lost(at=9.0), AgentState.UNAVAILABLE),
        (lambda floor: floor.shifts.log_out(ANN, at=9.0), None),
        (lambda floor: floor.previews.put_all_back(9.0), AgentState.AVAILABLE),
    ],
)
def test_the_lead_of_who_pauses_leaves_or_is_cut_off_goes_back(leave, after):
    floor = floor_with(ANN)
    show(floor)
    assert only(LeadWasPutBack, leave(floor)) == [LeadWasPutBack(VISITS, LEAD.lead, 9.0)]
    assert after is None or state(floor) == after
    assert list(floor.previews.shown()) == []


def test_the_leads_of_a_campaign_that_dials_no_more_go_back():
    floor = floor_with(ANN)
    show(floor)
    floor.close_campaign(VISITS)
    assert only(LeadWasPutBack, floor.tick(9.0)) == [LeadWasPutBack(VISITS, LEAD.lead, 9.0)]
    assert state(floor) == AgentState.AVAILABLE


def test_when_the_time_is_over_the_lead_is_due_to_be_dialed():
    floor = floor_with(ANN, BOB, rule=PreviewRule(20.0, "dial"))
    show(floor)
    show(floor, claimed(71), at=5.0)
    assert floor.previews.due(20.9) is None
    assert floor.previews.due(26.0) is floor.agents[ANN].preview, "the one whose time was over first"
    assert only(LeadWasSkipped, floor.tick(26.0)) == []
    floor.previews.begin(floor.agents[ANN].preview)
    assert floor.previews.due(26.0) is floor.agents[BOB].preview


def test_when_the_time_is_over_the_lead_is_skipped_where_the_campaign_wants_that():
    floor = floor_with(ANN, rule=PreviewRule(20.0, "skip"))
    assert only(LeadWasShown, show(floor))[0].until == 21.0
    assert only(LeadWasSkipped, floor.tick(20.9)) == []
    assert only(LeadWasSkipped, floor.tick(21.0)) == [
        LeadWasSkipped(VISITS, LEAD.lead, 101, "time_limit", 21.0)
    ]
    assert floor.previews.due(21.0) is None


def test_the_claim_of_a_lead_is_kept_for_as_long_as_the_agent_looks_at_it():
    floor = floor_with(ANN)
    show(floor)
    assert floor.tick(29.0) == []
    (kept,) = floor.tick(31.0)
    assert kept == ClaimWasKept(VISITS, LEAD.lead, kept.until, 31.0)
    assert kept.until.timestamp() > 31.0 + 60.0
    assert floor.tick(31.25) == []
    (again,) = floor.tick(kept.until.timestamp() - 20.0)
    assert again.claim.claimed_until == kept.until
    assert floor.previews.skip(ANN, "", at=150.0)[0].claim.claimed_until == again.until


def test_an_agent_who_looked_at_a_lead_when_the_engine_ended_is_free_again():
    floor = floor_with()
    for session, line_up in ((ANN, True), (BOB, False)):
        agents = frozenset([VISITS])
        floor.shifts.restore_agent(
            FloorAgent(session, 100 + session, agents, AgentState.PREVIEW, 5.0, line_up=line_up)
        )
    floor.tick(10.0)
    assert (state(floor), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.UNAVAILABLE)


def test_an_agent_whose_lead_rang_when_the_engine_ended_gets_the_call():
    floor = floor_with(BOB)
    floor.restore_call(FloorCall(7, VISITS, 70, CallState.RINGING), at=10.0)
    ann = FloorAgent(ANN, 101, frozenset([VISITS]), AgentState.RESERVED, 5.0, attempt=7, line_up=True)
    floor.shifts.restore_agent(ann)
    assert floor.tick(10.5) == []
    assert only(Bridge, floor.answered(7, at=11.0)) == [Bridge(7, ANN)]
