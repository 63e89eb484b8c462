"""The table of agent states."""

import pytest

from dialer.core.agent import TRANSITIONS, AgentEvent, AgentState, IllegalAgentEvent, after

ON_SHIFT = set(AgentState) - {AgentState.LOGGED_OUT}


@pytest.mark.parametrize("event", AgentEvent)
@pytest.mark.parametrize("state", AgentState)
def test_each_event_leads_on_or_is_refused(state, event):
    if (state, event) in TRANSITIONS:
        assert after(state, event) == TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalAgentEvent, match=f"{event} cannot happen to an agent who is {state}"):
            after(state, event)


@pytest.mark.parametrize("state", sorted(ON_SHIFT))
def test_an_agent_may_log_out_and_a_softphone_may_fail_at_any_time(state):
    assert after(state, AgentEvent.LOG_OUT) == AgentState.LOGGED_OUT
    assert after(state, AgentEvent.LINE_DOWN) == AgentState.UNAVAILABLE


def test_nothing_happens_to_an_agent_who_has_left():
    from_there = {event: to for (state, event), to in TRANSITIONS.items() if state == AgentState.LOGGED_OUT}
    assert from_there == {AgentEvent.LOG_OUT: AgentState.LOGGED_OUT}


def test_a_call_comes_to_who_is_available_or_dialed_it_after_a_look_and_ends_in_wrap_up():
    assert [state for state, event in TRANSITIONS if event == AgentEvent.RESERVE] == [AgentState.AVAILABLE]
    assert [state for state, event in TRANSITIONS if event == AgentEvent.DIAL] == [AgentState.PREVIEW]
    chosen = (AgentState.PREVIEW, AgentState.WRAP_UP, AgentState.PAUSED)
    looks = {state for (state, _), to in TRANSITIONS.items() if to == AgentState.PREVIEW}
    assert looks == {AgentState.AVAILABLE, *chosen}, "the others look at leads of their own choice"
    assert [state for (state, _), to in TRANSITIONS.items() if to == AgentState.WRAP_UP] == [
        AgentState.TALKING
    ]


def test_the_day_of_an_agent():
    state = AgentState.UNAVAILABLE
    for event, expected in (
        (AgentEvent.LINE_UP, AgentState.AVAILABLE),
        (AgentEvent.RESERVE, AgentState.RESERVED),
        (AgentEvent.CONNECT, AgentState.TALKING),
        (AgentEvent.TALK_END, AgentState.WRAP_UP),
        (AgentEvent.PAUSE, AgentState.PAUSED),
        (AgentEvent.READY, AgentState.AVAILABLE),
        (AgentEvent.RESERVE, AgentState.RESERVED),
        (AgentEvent.RELEASE, AgentState.AVAILABLE),
        (AgentEvent.LOG_OUT, AgentState.LOGGED_OUT),
    ):
        state = after(state, event)
        assert state == expected
