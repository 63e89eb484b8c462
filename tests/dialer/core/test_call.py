"""The table of call states: whole, without contradiction, and drawn as it is."""

from pathlib import Path

import pytest

from dialer import documents
from dialer.core import call
from dialer.core.call import CallEvent, CallState, IllegalCallEvent, after

DOCS = Path(__file__).parents[3] / "docs"
PAIRS = [(state, event) for state in CallState for event in CallEvent]


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_each_event_in_each_state_is_either_legal_or_late_or_illegal(state, event):
    legal, late = (state, event) in call.TRANSITIONS, (state, event) in call.LATE
    assert not (legal and late)
    if legal:
        assert after(state, event) == call.TRANSITIONS[state, event] != state
    elif late:
        assert after(state, event) == state
    else:
        with pytest.raises(IllegalCallEvent) as refused:
            after(state, event)
        assert (refused.value.state, refused.value.event) == (state, event)
        assert state in str(refused.value)
        assert event in str(refused.value)


def test_a_call_that_is_over_is_over_whatever_comes_later():
    assert {after(CallState.ENDED, event) for event in CallEvent} == {CallState.ENDED}


def test_every_state_is_reached_from_the_first_and_every_state_can_end():
    assert reachable(CallState.PLACED) == set(CallState)
    for state in CallState:
        assert CallState.ENDED in reachable(state)
        assert state == CallState.ENDED or after(state, CallEvent.END) == CallState.ENDED


def test_only_an_answered_call_is_connected_or_abandoned_or_plays_a_message():
    for event in (CallEvent.CONNECT, CallEvent.UNCLAIMED, CallEvent.PLAY):
        assert {state for state, each in call.TRANSITIONS if each == event} == {CallState.ANSWERED}


def test_the_diagram_shows_each_transition_and_nothing_else():
    lines = [line.strip() for line in call.diagram().splitlines()]
    arrows = {f"{state} --> {to}: {event}" for (state, event), to in call.TRANSITIONS.items()}
    assert lines[0] == "stateDiagram-v2"
    assert set(lines[1:]) == arrows | {"[*] --> placed", "ended --> [*]"}
    assert len(lines) == len(arrows) + 3


@pytest.mark.parametrize("name", sorted(documents.documents()))
def test_the_kept_documents_are_current(name):
    kept = (DOCS / name).read_text("utf-8")
    assert kept == documents.documents()[name], "run: python -m dialer.documents docs"


def test_the_documents_are_written_where_one_asks(tmp_path):
    documents.write(tmp_path / "new")
    written = {path.name: path.read_text("utf-8") for path in (tmp_path / "new").iterdir()}
    assert written == documents.documents()


def reachable(state):
    found, ahead = {state}, [state]
    while ahead:
        here = ahead.pop()
        for (origin, _), to in call.TRANSITIONS.items():
            if origin == here and to not in found:
                found.add(to)
                ahead.append(to)
    return found
