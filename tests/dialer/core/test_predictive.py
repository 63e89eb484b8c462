"""The predictive pacer: within its limits, safe when it knows nothing, and quick to follow what happens."""

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.pacing import make_pacer, surplus_calls
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentReady,
    AgentsSpokenFor,
    AgentTalking,
    AgentWrapping,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallByMachine,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
)
from dialer.core.pacing_settings import PacingPrior, PacingSettings

KNOWN = PacingPrior(answer_rate=0.2, dialed=2000.0, mean_talk_s=120.0, mean_wrap_s=15.0)
LATE_S = [0.0, 0.5, 2.0, 40.0]
"""How long after it happened an event is told."""


def pacer_with(agents=0, **settings):
    pacer = make_pacer("predictive", PacingSettings(**settings))
    for agent in range(agents):
        pacer.observe(AgentReady(0.0, agent))
    return pacer


def outcomes(pacer, number, rate, at, seconds, calls=None):
    """So many calls, evenly over some seconds: of each ten `10 * rate` are answered and talked with."""
    calls = calls or count()
    answered = 0.0
    for index in range(number):
        placed, call = at + seconds * index / number, next(calls)
        pacer.observe(CallPlaced(placed, call))
        answered += rate
        if answered >= 1:
            answered -= 1
            talk(pacer, call, placed + 8)
        else:
            pacer.observe(CallUnanswered(placed + 25, call))


def talk(pacer, call, at, agent="somebody"):
    pacer.observe(CallAnswered(at, call))
    pacer.observe(CallConnected(at, call, agent, 0.0))
    pacer.observe(AgentWrapping(at + 0.1, agent))
    pacer.observe(AgentPaused(at + 0.2, agent))


def budget(at, *, at_limit, most_rate=0.03):
    return BudgetLooked(at, "us-tsr-abandonment", 0.031, most_rate, 0, at + 9e5, at_limit=at_limit)


agents, calls, when = st.integers(0, 4), st.integers(0, 12), st.floats(0.0, 300.0)
of_agents = st.builds(
    lambda kind, at, agent: kind(at, agent),
    st.sampled_from([AgentReady, AgentReady, AgentTalking, AgentWrapping, AgentPaused, AgentLeft]),
    when,
    agents,
)
of_calls = st.builds(
    lambda kind, at, call: kind(at, call),
    st.sampled_from(
        [CallPlaced, CallPlaced, CallAnswered, CallFailed, CallUnanswered, CallAbandoned, CallByMachine]
    ),
    when,
    calls,
)
connections = st.builds(CallConnected, when, calls, agents, st.sampled_from([0.0, 1.5]))
looks = st.builds(lambda at, limit: budget(at, at_limit=limit), when, st.booleans())
shared = st.builds(AgentsSpokenFor, when, st.floats(0.0, 5.0))
any_order = st.lists(st.one_of(of_agents, of_calls, connections, looks, shared), max_size=60)


@given(any_order, st.integers(0, 6), st.floats(0.0, 20.0), st.sampled_from([None, 1.0, 2.5]))
def test_it_survives_any_order_of_events_within_its_limits(events, max_lines, rate, per_agent):
    limits = PacingSettings(
        max_lines=max_lines, max_calls_per_second=rate, max_lines_per_agent=per_agent, prior=KNOWN
    )
    one, other = make_pacer("predictive", limits), make_pacer("predictive", limits)
    for number, event in enumerate(events):
        one.observe(event)
        other.observe(event)
        now = max(each.at for each in events[: number + 1])
        placed = one.calls_to_place(now, [0.1, None, 0.9])
        assert placed == other.calls_to_place(now, [0.1, None, 0.9])
        state = one.explain(now)
        assert state == other.explain(now)
        at_work = state.agents_available + state.agents_talking + state.agents_wrapping
        lines = state.calls_ringing + state.calls_waiting + state.calls_connected
        assert 0 <= placed <= max(0, max_lines - lines)
        assert placed <= max(1.0, rate)
        assert placed == 0 or at_work
        assert placed == 0 or per_agent is None or lines + placed <= per_agent * at_work
        assert 0 <= state.answer_rate <= 1.5
        assert state.expected_answers >= 0
        assert state.reason.endswith(".")
        woken = one.next_wakeup(now)
        assert woken is None or woken > now - 1e-9


@given(any_order)
def test_nothing_is_placed_where_everybody_has_left_or_paused(events):
    pacer = make_pacer("predictive", PacingSettings(prior=KNOWN))
    for event in events:
        pacer.observe(event)
    for agent in range(5):
        pacer.observe((AgentLeft if agent % 2 else AgentPaused)(301.0, agent))
    assert pacer.calls_to_place(302.0) == 0
    assert pacer.explain(302.0).reason == "No agent is at work."
    assert pacer.next_wakeup(302.0) is None


@pytest.mark.parametrize("team", [1, 3, 10, 50])
def test_where_nothing_is_known_it_begins_with_few_calls_for_each_agent(team):
    pacer = pacer_with(team)
    assert team <= pacer.calls_to_place(0.0) <= 2 * team


def test_what_is_known_from_earlier_lets_it_begin_with_more():
    cautious, knowing = pacer_with(10), pacer_with(10, prior=KNOWN)
    assert knowing.calls_to_place(0.0) > cautious.calls_to_place(0.0) >= 10


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.5, 1.0])
@pytest.mark.parametrize("dialed", [0.0, 3.0, 1e6])
def test_no_prior_however_odd_makes_it_begin_with_many_calls(rate, dialed):
    prior = PacingPrior(answer_rate=rate, dialed=dialed)
    pacer = pacer_with(10, prior=prior, max_calls_per_second=1000.0)
    assert 10 <= pacer.calls_to_place(0.0) <= 80


def test_the_less_is_known_of_the_rate_the_fewer_calls_it_risks():
    def places_after(calls):
        pacer = pacer_with(40, max_calls_per_second=1000.0)
        outcomes(pacer, calls, 0.5, at=0.0, seconds=calls / 2)
        return pacer.calls_to_place(3000.0)

    assert places_after(0) < places_after(40) < places_after(2000)


def test_the_smaller_the_team_the_nearer_it_is_to_one_call_for_each_agent():
    each_gets = [
        pacer_with(team, prior=KNOWN, max_calls_per_second=1000.0).calls_to_place(0.0) / team
        for team in (1, 3, 10, 30)
    ]
    assert each_gets == sorted(each_gets)
    assert each_gets[0] == 1.0
    assert each_gets[-1] >= 2.5


def test_agents_who_have_wrapped_up_for_long_are_expected_back_and_called_for():
    def after_wrapping_up_for(seconds):
        pacer = pacer_with(20, prior=KNOWN)
        for number in range(300):
            pacer.observe(AgentWrapping(20.0 * number, 0))
            pacer.observe(AgentReady(20.0 * number + 15, 0))
        for agent in range(20):
            pacer.observe(AgentWrapping(7000.0 - seconds, agent))
        return pacer.calls_to_place(7000.0)

    assert after_wrapping_up_for(14.0) > 10, "calls are placed before anybody is free"
    assert after_wrapping_up_for(14.0) > after_wrapping_up_for(7.0) >= after_wrapping_up_for(1.0)


def test_likely_leads_get_fewer_calls_at_once_than_unlikely_ones():
    likely, unlikely = (
        pacer_with(20, prior=KNOWN).calls_to_place(0.0, [score] * 400) for score in (0.5, 0.05)
    )
    assert likely < unlikely


def test_calls_that_ring_count_by_how_likely_they_are_answered_and_how_long_they_have_rung():
    def more_beside(rung_s, score):
        pacer = pacer_with(20, prior=KNOWN)
        for call in range(30):
            pacer.observe(CallPlaced(100.0 - rung_s, call, score))
        pacer.calls_to_place(100.0)
        return pacer.explain(100.0).expected_answers

    assert more_beside(3.0, 0.5) > 2 * more_beside(3.0, 0.1)
    assert more_beside(3.0, 0.2) > 2 * more_beside(22.0, 0.2)


def test_within_a_minute_it_follows_an_answer_rate_that_halves():
    pacer, numbers = pacer_with(60, prior=KNOWN), count()
    outcomes(pacer, 3000, 0.4, at=0.0, seconds=600.0, calls=numbers)
    assert pacer.explain(700.0).answer_rate == pytest.approx(0.4, abs=0.03)
    outcomes(pacer, 400, 0.2, at=700.0, seconds=60.0, calls=numbers)
    assert pacer.explain(790.0).answer_rate == pytest.approx(0.22, abs=0.06)


def test_chance_alone_does_not_make_it_change_its_mind():
    pacer, numbers, random = pacer_with(20, prior=KNOWN), count(), np.random.default_rng(5)
    for minute in range(60):
        rate = random.binomial(60, 0.2) / 60
        outcomes(pacer, 60, rate, at=60.0 * minute, seconds=60.0, calls=numbers)
        assert pacer.explain(60.0 * minute).answer_rate == pytest.approx(0.2, abs=0.06)


def test_in_an_outage_it_places_one_call_for_each_free_agent_until_somebody_answers():
    pacer, number = pacer_with(20, prior=KNOWN), count()
    outcomes(pacer, 600, 0.2, 0.0, 300.0, number)
    assert pacer.calls_to_place(400.0) > 20
    outcomes(pacer, 300, 0.0, 400.0, 100.0, number)
    assert pacer.calls_to_place(600.0) == 20
    state = pacer.explain(600.0)
    assert state.mode == "progressive"
    assert "outage" in state.reason
    outcomes(pacer, 1, 1.0, 600.0, 1.0, number)
    assert pacer.calls_to_place(620.0) > 20
    assert pacer.explain(620.0).mode == "predictive"


def test_at_the_legal_limit_it_places_one_call_for_each_free_agent_and_says_so():
    pacer = pacer_with(5, prior=KNOWN)
    assert pacer.calls_to_place(0.0) > 5
    pacer.observe(budget(1.0, at_limit=True))
    pacer.observe(CallPlaced(1.0, "a"))
    assert pacer.calls_to_place(1.0) == 4
    told = pacer.explain(1.0)
    assert told.mode == "progressive"
    assert told.reason == (
        "The limit of abandoned calls is reached (us-tsr-abandonment: 3.10% of 3.00%). "
        "One call for each free agent: 4."
    )
    pacer.observe(budget(2.0, at_limit=False))
    assert pacer.calls_to_place(2.0) > 4
    assert pacer.explain(2.0).mode == "predictive"


def test_where_one_more_abandoned_person_would_break_the_target_it_places_one_call_for_each_free_agent():
    pacer, numbers = pacer_with(10, prior=KNOWN), count()
    for call in range(6):
        pacer.observe(CallPlaced(1.0, call))
        pacer.observe(CallAnswered(5.0, call))
        pacer.observe(CallAbandoned(7.0, call))
    assert pacer.calls_to_place(8.0) == 10
    told = pacer.explain(8.0)
    assert (told.mode, told.answered, told.abandoned) == ("progressive", 6, 6)
    assert told.reason.startswith("One more abandoned person could break the target of 3.00% (6 of 6 people")
    outcomes(pacer, 1000, 0.5, at=10.0, seconds=100.0, calls=numbers)
    assert pacer.calls_to_place(150.0) > 10
    assert pacer.explain(150.0).mode == "predictive"


def test_a_law_that_allows_less_than_the_campaign_holds():
    free, bound = (pacer_with(30, prior=KNOWN, max_calls_per_second=1000.0) for _ in range(2))
    bound.observe(budget(0.0, at_limit=False, most_rate=0.01))
    for pacer in (free, bound):
        outcomes(pacer, 1000, 0.4, at=0.0, seconds=100.0)
        pacer.observe(CallPlaced(150.0, "a"))
        pacer.observe(CallAbandoned(150.0, "a"))
    assert (free.explain(200.0).budget_left, bound.explain(200.0).budget_left) == pytest.approx((11.03, 3.01))
    assert bound.calls_to_place(200.0) < free.calls_to_place(200.0)


def test_a_target_of_none_is_progressive():
    pacer = pacer_with(30, prior=KNOWN, abandon_target=0.0)
    assert pacer.calls_to_place(0.0) == 30
    outcomes(pacer, 1000, 0.4, at=0.0, seconds=100.0)
    assert pacer.calls_to_place(200.0) == 30
    assert pacer.explain(200.0).mode == "progressive"


def test_abandoned_people_make_it_careful_and_answers_make_it_bold_again():
    pacer, numbers = pacer_with(30, prior=KNOWN), count(100)
    outcomes(pacer, 100, 0.4, at=0.0, seconds=100.0, calls=numbers)
    before = pacer.explain(200.0).most_abandon_risk
    for call in range(3):
        pacer.observe(CallPlaced(201.0, call))
        pacer.observe(CallAbandoned(206.0, call))
    careful = pacer.explain(207.0).most_abandon_risk
    assert careful < before
    outcomes(pacer, 1000, 0.4, at=210.0, seconds=100.0, calls=numbers)
    assert pacer.explain(400.0).most_abandon_risk > careful


def test_a_machine_that_the_agent_found_was_no_person_who_answered():
    pacer = pacer_with(1)
    pacer.observe(CallPlaced(0.0, "a"))
    talk(pacer, "a", 8.0, agent=0)
    assert pacer.explain(9.0).answered == 1
    for _ in range(2):
        pacer.observe(CallByMachine(9.0, "a"))
        assert pacer.explain(9.0).answered == 0


def test_a_machine_that_met_nobody_was_no_person_who_was_abandoned():
    told = [pacer_with(1), pacer_with(1)]
    for pacer in told:
        pacer.observe(CallPlaced(0.0, "a"))
        pacer.observe(CallAnswered(8.0, "a"))
    told[0].observe(CallAbandoned(10.0, "a"))
    assert (told[0].explain(10.0).answered, told[0].explain(10.0).abandoned) == (1, 1)
    for _ in range(2):
        for pacer in told:
            pacer.observe(CallByMachine(11.0, "a"))
        after, never_abandoned = (pacer.explain(12.0) for pacer in told)
        assert (after.answered, after.abandoned) == (0, 0)
        assert after.most_abandon_risk == pytest.approx(never_abandoned.most_abandon_risk)


def test_agents_whom_other_campaigns_will_need_are_not_called_for():
    pacer = pacer_with(10, prior=KNOWN)
    alone = pacer.calls_to_place(0.0)
    pacer.observe(AgentsSpokenFor(1.0, 6.0))
    assert 4 <= pacer.calls_to_place(1.0) < alone
    pacer.observe(AgentsSpokenFor(2.0, 50.0))
    assert pacer.calls_to_place(2.0) == 0


def test_calls_that_have_rung_for_long_are_given_up_while_all_agents_are_busy():
    pacer = pacer_with(2, prior=KNOWN)
    for call in range(40):
        pacer.observe(CallPlaced(float(call % 20), call))
    assert pacer.calls_to_place(21.0) == 0
    assert surplus_calls(pacer, 21.0) == [], "two agents are free"
    for agent in range(2):
        pacer.observe(AgentTalking(21.0, agent))
    assert pacer.calls_to_place(21.5) == 0
    assert set(surplus_calls(pacer, 21.5)) == {call for call in range(40) if call % 20 <= 6}
    for call in range(40):
        pacer.observe(CallUnanswered(25.0, call))
    assert surplus_calls(pacer, 26.0) == []
    assert surplus_calls(make_pacer("power", PacingSettings()), 26.0) == []


@given(st.sampled_from(LATE_S), st.sampled_from([CallFailed, CallUnanswered, CallAnswered]))
def test_calls_of_whose_end_it_never_hears_are_forgotten_in_time(late_s, end):
    pacer = pacer_with(5, prior=KNOWN)
    for call in range(20):
        pacer.observe(CallPlaced(0.0, call))
    assert pacer.calls_to_place(1.0) < 5
    assert pacer.calls_to_place(120.0) >= 5
    assert pacer.explain(120.0).calls_ringing == 0
    pacer.observe(end(120.0 + late_s, 3))
    assert pacer.calls_to_place(300.0) >= 5


def test_it_tells_managers_what_it_believes():
    pacer = pacer_with(10, prior=KNOWN)
    decided = pacer.calls_to_place(0.0)
    for call in range(decided):
        pacer.observe(CallPlaced(0.0, call))
    pacer.calls_to_place(1.0)
    told = pacer.explain(1.0)
    assert told.mode == "predictive"
    assert (told.agents_available, told.calls_ringing) == (10, decided)
    assert told.answer_rate == pytest.approx(0.25), "fifty calls at 20 %, and ten presumed at 50 %"
    assert told.expected_answers == pytest.approx(0.25 * decided, rel=0.1)
    assert told.expected_free_agents == pytest.approx(10.0)
    assert told.mean_talk_s == pytest.approx(120.0)
    assert told.mean_wrap_s == pytest.approx(15.0)
    assert 0 < told.most_abandon_risk < 0.1
    assert told.budget_left == 0.0
    assert "agents free soon for" in told.reason
    assert "is allowed" in told.reason
