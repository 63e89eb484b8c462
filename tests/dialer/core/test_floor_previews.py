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
from dialer.core.floor import Floor
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
    floor.pause(BOB, "coffee", at=0.1)
    show(floor)
    assert dial(floor) == [AgentChanged(ANN, 101, AgentState.RESERVED, "", 7, 2.0)]
    floor.ready(BOB, at=2.5)
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
    floor.pause(BOB, "coffee", at=0.1)
    show(floor)
    dial(floor)
    assert only(HangUpCall, floor.line_down(ANN, at=3.0, reason="softphone_gone")) == []
    floor.ready(BOB, at=3.5)
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
    assert only(HangUpCall, floor.log_out(ANN, at=3.0)) == [HangUpCall(7)]
    assert floor.calls[7].session is None


def test_a_pause_that_is_asked_for_while_the_lead_rings_begins_after_the_call():
    floor = floor_with(ANN)
    show(floor)
    dial(floor)
    assert floor.pause(ANN, "lunch", at=3.0) == []
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
        (lambda floor: floor.pause(ANN, "lunch", at=9.0), AgentState.PAUSED),
        (lambda floor: floor.line_down(ANN, at=9.0, reason="softphone_gone"), AgentState.UNAVAILABLE),
        (lambda floor: floor.switch_lost(at=9.0), AgentState.UNAVAILABLE),
        (lambda floor: floor.log_out(ANN, at=9.0), None),
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


def test_no_more_leads_are_due_than_calls_may_be_placed_in_a_second():
    floor = floor_with(ANN, BOB, rule=PreviewRule(20.0, "dial"), max_calls_per_second=1.0)
    show(floor, LEAD, claimed(71))
    assert floor.previews.may_dial(VISITS, 30.0)
    dial(floor, session=ANN, at=30.0)
    assert not floor.previews.may_dial(VISITS, 30.5)
    assert floor.previews.due(30.5) is None
    assert floor.previews.due(31.0) is floor.agents[BOB].preview


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


@pytest.mark.parametrize("runs", [True, False])
def test_the_claim_of_a_lead_is_kept_while_it_is_dialed(runs):
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    if not runs:
        floor.close_campaign(VISITS)
    assert floor.tick(40.0) == [], "compliance is asked by the claim as it was"
    (kept,) = floor.tick(46.0)
    assert kept == ClaimWasKept(VISITS, LEAD.lead, kept.until, 46.0)
    assert kept.until.timestamp() > 46.0 + 60.0
    floor.log_out(ANN, at=47.0)
    (back,) = floor.previews.not_dialed(preview, at=48.0)
    assert back.claim.claimed_until == kept.until


def test_a_lead_that_may_not_be_called_any_more_gives_way_to_the_next():
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    assert [each.state for each in floor.previews.refused(preview, at=3.0)] == [AgentState.AVAILABLE]
    assert wanted(floor, now=3.0) == 1


def test_while_a_lead_is_being_dialed_it_can_be_neither_skipped_nor_dialed_again():
    floor = floor_with(ANN, rule=PreviewRule(20.0, "skip"))
    show(floor)
    floor.previews.begin(floor.previews.of(ANN))
    for ask in (floor.previews.of, lambda session: floor.previews.skip(session, "", 3.0)):
        with pytest.raises(NoPreview, match="dialed already"):
            ask(ANN)
    assert floor.pause(ANN, "lunch", at=3.0) == floor.tick(30.0) == floor.previews.put_all_back(30.0) == []
    floor.previews.refused(floor.agents[ANN].preview, at=100.0)
    assert state(floor) == AgentState.PAUSED


def test_a_lead_that_waits_for_its_turn_is_asked_for_once_and_not_skipped_by_the_timer():
    floor = floor_with(ANN, rule=PreviewRule(20.0, "skip"))
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.ask(preview)
    with pytest.raises(NoPreview, match="dialed already"):
        floor.previews.ask(preview)
    assert only(LeadWasSkipped, floor.tick(25.0)) == []
    assert floor.previews.due(25.0) is None
    assert floor.previews.not_dialed(preview, at=26.0) == []
    assert only(LeadWasSkipped, floor.tick(27.0)) == [
        LeadWasSkipped(VISITS, LEAD.lead, 101, "time_limit", 27.0)
    ]


@pytest.mark.parametrize(
    "leave",
    [
        lambda floor: floor.previews.skip(ANN, "later", at=3.0),
        lambda floor: floor.pause(ANN, "lunch", at=3.0),
        lambda floor: floor.line_down(ANN, at=3.0, reason="softphone_gone"),
        lambda floor: floor.log_out(ANN, at=3.0),
        lambda floor: floor.previews.put_all_back(3.0),
    ],
)
def test_a_lead_that_waits_for_its_turn_is_skipped_or_goes_back_once(leave):
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.ask(preview)
    assert len(only(LeadWasPutBack | LeadWasSkipped, leave(floor))) == 1
    assert floor.previews.not_dialed(preview, at=3.5) == []


@pytest.mark.parametrize(
    "gone", [Floor.log_out, lambda floor, s, at: floor.line_down(s, at, "softphone_gone")]
)
def test_an_agent_who_is_gone_when_compliance_has_answered_gets_no_call(gone):
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    assert only(LeadWasPutBack, gone(floor, ANN, 2.0)) == [], "it may be on record as called already"
    floor.place(7, VISITS, 70, at=2.1)
    assert floor.previews.dialed(preview, 7, at=2.1) == []
    assert floor.calls[7].session is None


def test_where_nobody_can_say_whether_it_may_be_called_the_lead_stays_and_is_tried_again_later():
    floor = floor_with(ANN, rule=PreviewRule(20.0, "dial"))
    show(floor)
    preview = floor.previews.due(21.0)
    floor.previews.begin(preview)
    assert floor.previews.not_dialed(preview, at=21.5) == []
    assert floor.previews.due(22.0) is None
    assert floor.previews.due(22.5) is preview
    floor.previews.begin(preview)
    floor.log_out(ANN, at=23.0)
    assert floor.previews.not_dialed(preview, at=23.1) == [LeadWasPutBack(VISITS, LEAD.lead, 23.1)]


def test_a_pause_that_is_asked_for_while_a_dial_fails_begins_at_once():
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    assert floor.pause(ANN, "lunch", at=3.0) == []
    effects = floor.previews.not_dialed(preview, at=3.5)
    assert only(LeadWasPutBack, effects) == [LeadWasPutBack(VISITS, LEAD.lead, 3.5)]
    assert only(AgentChanged, effects) == [AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 3.5)]
    assert floor.agents[ANN].pause_asked is None


def test_a_pause_that_is_taken_back_while_a_dial_fails_is_none():
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    floor.pause(ANN, "lunch", at=3.0)
    floor.ready(ANN, at=3.1)
    assert floor.previews.not_dialed(preview, at=3.5) == []
    assert state(floor) == AgentState.PREVIEW


def test_an_agent_who_looked_at_a_lead_when_the_engine_ended_is_free_again():
    floor = floor_with()
    for session, line_up in ((ANN, True), (BOB, False)):
        agents = frozenset([VISITS])
        floor.restore_agent(
            FloorAgent(session, 100 + session, agents, AgentState.PREVIEW, 5.0, line_up=line_up)
        )
    floor.tick(10.0)
    assert (state(floor), state(floor, BOB)) == (AgentState.AVAILABLE, AgentState.UNAVAILABLE)


def test_an_agent_whose_lead_rang_when_the_engine_ended_gets_the_call():
    floor = floor_with(BOB)
    floor.restore_call(FloorCall(7, VISITS, 70, CallState.RINGING), at=10.0)
    ann = FloorAgent(ANN, 101, frozenset([VISITS]), AgentState.RESERVED, 5.0, attempt=7, line_up=True)
    floor.restore_agent(ann)
    assert floor.tick(10.5) == []
    assert only(Bridge, floor.answered(7, at=11.0)) == [Bridge(7, ANN)]
