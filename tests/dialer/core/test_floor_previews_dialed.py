"""What the calling floor promises of leads that are to be dialed: their turn, and what comes between."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.effects import (
    AgentChanged,
    ClaimWasKept,
    LeadWasPutBack,
    LeadWasSkipped,
)
from dialer.core.preview import NoPreview, PreviewRule
from tests.dialer.core.claims import claimed
from tests.dialer.core.preview_floor import (
    ANN,
    BOB,
    LEAD,
    VISITS,
    dial,
    floor_with,
    only,
    show,
    state,
    wanted,
)


def test_no_more_leads_are_due_than_calls_may_be_placed_in_a_second():
    floor = floor_with(ANN, BOB, rule=PreviewRule(20.0, "dial"), max_calls_per_second=1.0)
    show(floor, LEAD, claimed(71))
    assert floor.previews.may_dial(VISITS, 30.0)
    dial(floor, session=ANN, at=30.0)
    assert not floor.previews.may_dial(VISITS, 30.5)
    assert floor.previews.due(30.5) is None
    assert floor.previews.due(31.0) is floor.agents[BOB].preview


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
    floor.shifts.log_out(ANN, at=47.0)
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
    assert floor.shifts.pause(ANN, "lunch", at=3.0) == []
    assert floor.tick(30.0) == floor.previews.put_all_back(30.0) == []
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
        lambda floor: floor.shifts.pause(ANN, "lunch", at=3.0),
        lambda floor: floor.shifts.line_down(ANN, at=3.0, reason="softphone_gone"),
        lambda floor: floor.shifts.log_out(ANN, at=3.0),
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
    "gone",
    [
        lambda floor, s, at: floor.shifts.log_out(s, at),
        lambda floor, s, at: floor.shifts.line_down(s, at, "softphone_gone"),
    ],
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
    floor.shifts.log_out(ANN, at=23.0)
    assert floor.previews.not_dialed(preview, at=23.1) == [LeadWasPutBack(VISITS, LEAD.lead, 23.1)]


def test_a_pause_that_is_asked_for_while_a_dial_fails_begins_at_once():
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    assert floor.shifts.pause(ANN, "lunch", at=3.0) == []
    effects = floor.previews.not_dialed(preview, at=3.5)
    assert only(LeadWasPutBack, effects) == [LeadWasPutBack(VISITS, LEAD.lead, 3.5)]
    assert only(AgentChanged, effects) == [AgentChanged(ANN, 101, AgentState.PAUSED, "lunch", None, 3.5)]
    assert floor.agents[ANN].pause_asked is None


def test_a_pause_that_is_taken_back_while_a_dial_fails_is_none():
    floor = floor_with(ANN)
    show(floor)
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    floor.shifts.pause(ANN, "lunch", at=3.0)
    floor.shifts.ready(ANN, at=3.1)
    assert floor.previews.not_dialed(preview, at=3.5) == []
    assert state(floor) == AgentState.PREVIEW
