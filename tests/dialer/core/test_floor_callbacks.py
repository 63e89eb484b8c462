"""What the calling floor promises of callbacks: their agents see them first, whatever they work for."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.effects import Bridge, CallWasConnected, LeadWasPutBack, LeadWasShown
from dialer.core.floor import Floor
from dialer.core.outcome import CallEnd
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.dialer.core.claims import claimed
from tests.dialer.core.preview_floor import ANN, BOB, only, state

MINE, THEIRS = 1, 2
PROMISED = claimed(70, at=0.0)
MODES = ("preview", "progressive", "power", "predictive")


def floor_of(mode, *sessions, theirs="progressive"):
    """Agents of one campaign, the last one available since 0; they do not work for the other."""
    floor = Floor()
    floor.open_campaign(MINE, make_pacer(mode, PacingSettings(lines_per_agent=1.0)), 30.0, at=-100.0)
    floor.open_campaign(THEIRS, make_pacer(theirs, PacingSettings()), 30.0, at=-100.0)
    for number, session in enumerate(sessions):
        at = float(number + 1 - len(sessions))
        floor.shifts.log_in(session, 100 + session, [MINE], at)
        floor.shifts.line_up(session, at)
    return floor


def answer(floor, attempt, at, campaign=MINE):
    floor.place(attempt, campaign, 5, at)
    return floor.answered(attempt, at)


def dial(floor, attempt=9, campaign=MINE, at=3.0):
    preview = floor.previews.of(ANN)
    floor.previews.begin(preview)
    floor.place(attempt, campaign, 70, at)
    return floor.previews.dialed(preview, attempt, at)


def end_talk(floor, attempt, at):
    floor.ended(attempt, CallEnd(200, by_far_end=True), at)
    floor.dispositioned(attempt, at)


@pytest.mark.parametrize("mode", MODES)
def test_whom_a_callback_is_due_for_is_dialed_for_no_more_and_sees_it_first(mode):
    floor = floor_of(mode, ANN)
    assert floor.calls_to_place(MINE, 0.5) == 1
    floor.previews.expect(ANN, 1.0, due=True)
    assert floor.calls_to_place(MINE, 1.0) == 0
    put_back = floor.previews.show(MINE, [claimed(71)], 1.0)
    assert [type(each) for each in put_back] == [LeadWasPutBack]
    assert floor.previews.expected() == [ANN]
    (shown,) = only(LeadWasShown, floor.previews.show_callback(ANN, MINE, PROMISED, 1.5))
    assert (shown.session, shown.lead, state(floor)) == (ANN, 70, AgentState.PREVIEW)
    assert floor.previews.expected() == []


def test_who_has_answered_already_is_not_abandoned_for_a_callback():
    floor = floor_of("power", ANN, BOB)
    floor.previews.expect(ANN, 1.0, due=True)
    assert only(Bridge, answer(floor, 7, 1.1)) == [Bridge(7, BOB)], "who owes no call comes first"
    assert only(Bridge, answer(floor, 8, 1.2)) == [Bridge(8, ANN)]
    assert floor.previews.show_callback(ANN, MINE, PROMISED, 2.0) == [
        LeadWasPutBack(MINE, PROMISED.lead, 2.0)
    ]


def test_who_talks_is_dialed_for_no_more_and_sees_it_as_soon_as_free():
    floor = floor_of("predictive", ANN)
    answer(floor, 7, 1.0)
    floor.connected(7, ANN, 1.1)
    floor.previews.expect(ANN, 2.0, due=True)
    assert floor.previews.expected() == []
    end_talk(floor, 7, 3.0)
    assert (state(floor), floor.previews.expected()) == (AgentState.AVAILABLE, [ANN])
    assert floor.calls_to_place(MINE, 3.05) == 0
    assert only(LeadWasShown, floor.previews.show_callback(ANN, MINE, PROMISED, 3.1))


def test_where_the_callback_is_gone_the_agent_is_dialed_for_again():
    floor = floor_of("progressive", ANN)
    floor.previews.expect(ANN, 1.0, due=True)
    assert floor.previews.expect(ANN, 1.2, due=True) == []
    floor.previews.expect(ANN, 1.5, due=False)
    assert floor.calls_to_place(MINE, 2.0) == 1


@pytest.mark.parametrize("mode", MODES)
def test_it_is_dialed_for_its_agent_alone_and_nobody_is_dialed_for_them_meanwhile(mode):
    floor = floor_of(mode, ANN)
    floor.previews.expect(ANN, 1.0, due=True)
    floor.previews.show_callback(ANN, MINE, PROMISED, 1.0)
    dial(floor)
    assert (state(floor), floor.calls_to_place(MINE, 3.1)) == (AgentState.RESERVED, 0)
    assert floor.answered(9, 4.0)[-1] == Bridge(9, ANN)
    assert only(CallWasConnected, floor.connected(9, ANN, 4.1))
    end_talk(floor, 9, 60.0)
    assert state(floor) == AgentState.AVAILABLE
    assert floor.calls_to_place(MINE, 60.5) == 1


@pytest.mark.parametrize("theirs", MODES)
def test_a_callback_of_another_campaign_is_a_guest_there_and_leaves_no_trace(theirs):
    floor = floor_of("predictive", ANN, theirs=theirs)
    floor.previews.expect(ANN, 1.0, due=True)
    floor.previews.show_callback(ANN, THEIRS, PROMISED, 1.0)
    assert floor.calls_to_place(MINE, 1.1) == 0
    dial(floor, campaign=THEIRS)
    assert floor.answered(9, 4.0)[-1] == Bridge(9, ANN)
    assert only(CallWasConnected, floor.connected(9, ANN, 4.1))
    assert state(floor) == AgentState.TALKING
    end_talk(floor, 9, 60.0)
    assert state(floor) == AgentState.AVAILABLE
    seen = floor.campaigns[THEIRS].pacer.explain(61.0)
    assert (seen.agents_available, seen.agents_talking, seen.calls_waiting, seen.calls_connected) == (0,) * 4
    assert floor.calls_to_place(THEIRS, 61.0) == 0
    assert floor.calls_to_place(MINE, 61.0) == 1


def test_an_agent_who_pauses_instead_lets_it_go_back():
    floor = floor_of("progressive", ANN)
    floor.previews.expect(ANN, 1.0, due=True)
    floor.previews.show_callback(ANN, MINE, PROMISED, 1.0)
    assert only(LeadWasPutBack, floor.shifts.pause(ANN, "lunch", 2.0))
    floor.previews.expect(ANN, 3.0, due=True)
    assert floor.previews.expected() == []
    floor.shifts.ready(ANN, 4.0)
    assert floor.previews.expected() == [ANN]
