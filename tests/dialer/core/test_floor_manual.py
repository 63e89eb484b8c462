"""What the calling floor promises of calls that agents choose themselves."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.effects import Bridge, LeadWasPutBack, LeadWasShown
from dialer.core.outcome import CallEnd
from dialer.core.preview import NotFreeToCall
from tests.dialer.core.claims import claimed
from tests.dialer.core.preview_floor import ANN, NO_ANSWER, only, state
from tests.dialer.core.test_floor_callbacks import MINE, MODES, answer, dial, floor_of

CHOSEN = claimed(70)


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_who_chooses_is_given_nobody_else(mode):
    floor = floor_of(mode, ANN)
    floor.previews.choose(ANN, 1.0)
    assert (state(floor), floor.calls_to_place(MINE, 1.1)) == (AgentState.PREVIEW, 0)
    assert only(Bridge, answer(floor, 7, 1.2)) == []
    floor.tick(1.3)
    assert state(floor) == AgentState.PREVIEW
    with pytest.raises(NotFreeToCall):
        floor.previews.choose(ANN, 1.4)


@pytest.mark.parametrize("mode", MODES)
def test_the_lead_is_dialed_for_that_agent_who_is_free_again_afterwards(mode):
    floor = floor_of(mode, ANN)
    floor.previews.choose(ANN, 1.0)
    assert only(LeadWasShown, floor.previews.chosen(ANN, MINE, CHOSEN, 1.1))
    dial(floor)
    assert (state(floor), floor.calls_to_place(MINE, 3.1)) == (AgentState.RESERVED, 0)
    floor.ended(9, NO_ANSWER, 20.0)
    assert (state(floor), floor.calls_to_place(MINE, 20.5)) == (AgentState.AVAILABLE, 1)


@pytest.mark.parametrize("answered", [True, False])
def test_who_was_paused_is_paused_again_for_the_same_reason(answered):
    floor = floor_of("predictive", ANN)
    floor.shifts.pause(ANN, "lunch", 0.5)
    floor.previews.choose(ANN, 1.0)
    floor.previews.chosen(ANN, MINE, CHOSEN, 1.1)
    dial(floor)
    if answered:
        assert only(Bridge, floor.answered(9, 4.0)) == [Bridge(9, ANN)]
        floor.connected(9, ANN, 4.1)
        floor.ended(9, CallEnd(200, by_far_end=True), 60.0)
        floor.dispositioned(9, 61.0)
    else:
        floor.ended(9, NO_ANSWER, 20.0)
    assert (state(floor), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")
    assert floor.calls_to_place(MINE, 70.0) == 0


def test_a_lead_that_cannot_be_had_leaves_the_agent_as_before():
    floor = floor_of("progressive", ANN)
    floor.previews.choose(ANN, 1.0)
    floor.previews.not_chosen(ANN, 1.1)
    assert (state(floor), floor.calls_to_place(MINE, 1.5)) == (AgentState.AVAILABLE, 1)
    floor.shifts.pause(ANN, "lunch", 2.0)
    floor.previews.choose(ANN, 3.0)
    floor.previews.not_chosen(ANN, 3.1)
    assert (state(floor), floor.agents[ANN].reason) == (AgentState.PAUSED, "lunch")


def test_in_a_wrap_up_the_next_call_is_made_at_once():
    floor = floor_of("predictive", ANN)
    answer(floor, 7, 1.0)
    floor.connected(7, ANN, 1.1)
    with pytest.raises(NotFreeToCall):
        floor.previews.choose(ANN, 2.0)
    floor.ended(7, CallEnd(200, by_far_end=True), 3.0)
    floor.previews.choose(ANN, 4.0)
    assert (state(floor), floor.agents[ANN].attempt) == (AgentState.PREVIEW, None)
    floor.tick(1000.0)
    assert state(floor) == AgentState.PREVIEW


@pytest.mark.parametrize("leave", ["line_down", "log_out"])
def test_of_an_agent_who_goes_meanwhile_the_lead_goes_back(leave):
    floor = floor_of("power", ANN)
    floor.previews.choose(ANN, 1.0)
    if leave == "line_down":
        floor.shifts.line_down(ANN, 1.1, "gone")
    else:
        floor.shifts.log_out(ANN, 1.1)
    assert floor.previews.chosen(ANN, MINE, CHOSEN, 1.2) == [LeadWasPutBack(MINE, CHOSEN.lead, 1.2)]
    assert ANN not in floor.agents or state(floor) == AgentState.UNAVAILABLE


def test_where_the_campaign_stops_meanwhile_the_agent_is_free_again():
    floor = floor_of("power", ANN)
    floor.previews.choose(ANN, 1.0)
    floor.close_campaign(MINE)
    assert only(LeadWasPutBack, floor.previews.chosen(ANN, MINE, CHOSEN, 1.2))
    assert state(floor) == AgentState.AVAILABLE


def test_who_has_no_softphone_calls_nobody():
    floor = floor_of("power", ANN)
    floor.shifts.pause(ANN, "lunch", 0.5)
    floor.shifts.line_down(ANN, 0.6, "gone")
    for session in (ANN, 99):
        with pytest.raises(NotFreeToCall):
            floor.previews.choose(session, 1.0)
