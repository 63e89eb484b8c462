"""What becomes of who answers while the agent who had them dialed logs out."""

import pytest

from dialer.core.agent import AgentState
from dialer.core.effects import (
    Bridge,
    CallWasAbandoned,
    HangUpAgent,
    HangUpCall,
)
from dialer.legs import agent_leg, call_leg, effects_of
from dialer.switch.legs import LegBook
from dialer.switch.messages import BridgeFailed, LegEnded, LegsBridged, PlaceLeg
from tests.dialer.core.preview_floor import (
    ANN,
    BOB,
    dial,
    floor_with,
    only,
    show,
    state,
    wanted,
)


def test_who_answers_after_the_shift_that_had_them_dialed_has_ended_gets_another_agent():
    floor = floor_with(ANN, BOB)
    show(floor)
    dial(floor)
    floor.rang(7, at=2.5)
    floor.shifts.log_out(ANN, at=3.0)
    assert only(Bridge, floor.answered(7, at=4.0)) == [Bridge(7, BOB)]


@pytest.mark.parametrize(
    "let_go",
    [
        lambda floor: floor.shifts.line_down(ANN, at=5.2, reason="softphone_gone"),
        lambda floor: floor.bridge_failed(7, ANN, at=5.2),
    ],
)
def test_who_is_being_connected_when_the_shift_ends_gets_another_agent_once_the_switch_can_bridge_them(
    let_go,
):
    floor = floor_with(ANN, BOB)
    show(floor)
    dial(floor)
    assert only(Bridge, floor.answered(7, at=5.0)) == [Bridge(7, ANN)]
    assert only(HangUpCall | Bridge, floor.shifts.log_out(ANN, at=5.1)) == []
    assert wanted(floor, now=5.1) == 0, "Bob is needed for who has answered"
    assert only(Bridge, let_go(floor)) == [Bridge(7, BOB)]
    assert only(Bridge, let_go(floor)) == []
    floor.connected(7, BOB, at=5.4)
    assert state(floor, BOB) == AgentState.TALKING
    assert floor.illegal_events == 0


def test_who_is_being_connected_when_the_last_shift_ends_hears_the_message():
    floor = floor_with(ANN)
    show(floor)
    dial(floor)
    floor.answered(7, at=5.0)
    floor.shifts.log_out(ANN, at=5.1)
    assert floor.connected(7, ANN, at=5.15) == []
    assert floor.shifts.line_down(ANN, at=5.2, reason="softphone_gone") == []
    assert floor.waiting == [7]
    assert only(CallWasAbandoned, floor.unclaimed(7, at=7.2)) == [CallWasAbandoned(7, 7.2)]


def test_switch_and_floor_together_bring_who_is_being_connected_to_a_free_agent():
    floor, book = floor_with(ANN, BOB), LegBook()
    for leg, role in ((call_leg(7), "customer"), (agent_leg(ANN), "agent"), (agent_leg(BOB), "agent")):
        book.place(PlaceLeg(leg, role, "", "", 25.0, claim_within_s=2.0, message="sorry.wav"), 0.0)
        book.answered(leg, 5.0)
    show(floor)
    dial(floor)
    at_once = [*floor.answered(7, at=5.0), *floor.shifts.log_out(ANN, at=5.1)]
    said = carried_out(book, at_once, 5.1)
    later = [effect for event in said for effect in effects_of(event, floor)]
    assert only(Bridge, later) == [Bridge(7, BOB)]
    assert only(LegsBridged, carried_out(book, later, 5.2))


def carried_out(book, effects, now):
    """What the switch says once it has done what the floor wants."""
    said = []
    for each in effects:
        match each:
            case Bridge(attempt=attempt, session=session):
                said += book.companies.bridge(call_leg(attempt), agent_leg(session), now)
            case HangUpAgent(session=session):
                said += book.hang_up(agent_leg(session), now)
            case HangUpCall(attempt=attempt):
                said += book.hang_up(call_leg(attempt), now)
    return [each for each in said if isinstance(each, LegsBridged | BridgeFailed | LegEnded)]
