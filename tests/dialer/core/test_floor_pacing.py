"""What a floor with several campaigns tells their pacers, and which calls it gives up."""

import pytest

from dialer.core.call import CallState
from dialer.core.effects import (
    Bridge,
    CallHasEnded,
    HangUpCall,
)
from dialer.core.floor import Floor
from dialer.core.floor_call import FloorCall
from dialer.core.outcome import CallEnd, Outcome
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from tests.dialer.core.floors import (
    ANN,
    BOB,
    BYE,
    CLEO,
    SALES,
    SURVEY,
    answer,
    floor_with,
    only,
    pacing,
    talk,
)

# --- several campaigns --------------------------------------------------------------------------


def test_an_agent_of_two_campaigns_takes_whoever_waits_longest():
    floor = floor_with(ANN, campaigns=(SALES, SURVEY))
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0, campaign=SURVEY)
    answer(floor, 9, at=2.1, campaign=SALES)
    floor.ended(7, BYE, at=3.0)
    assert only(Bridge, floor.dispositioned(7, at=3.1)) == [Bridge(8, ANN)]


def test_a_call_goes_only_to_agents_of_its_campaign():
    floor = floor_with(ANN)
    floor.open_campaign(SURVEY, make_pacer("power", PacingSettings()), 30.0, at=0.0)
    assert only(Bridge, answer(floor, 7, at=1.0, campaign=SURVEY)) == []
    assert floor.connected(7, ANN, at=1.5) == []


def test_the_pacer_of_each_campaign_knows_when_another_has_taken_the_agent():
    floor = floor_with(ANN, campaigns=(SALES, SURVEY))
    assert floor.calls_to_place(SURVEY, 0.0) == 1
    answer(floor, 7, at=1.0)
    assert floor.calls_to_place(SURVEY, 1.0) == 0
    floor.connected(7, ANN, at=1.1)
    assert (pacing(floor, SURVEY).agents_talking, pacing(floor, SURVEY).calls_connected) == (1, 0)
    floor.ended(7, BYE, at=5.0)
    assert pacing(floor, SURVEY).agents_wrapping == 1
    floor.shifts.ready(ANN, at=6.0)
    assert floor.calls_to_place(SURVEY, 6.0) == floor.calls_to_place(SALES, 6.0) == 1


def test_a_campaign_that_closes_places_nothing_and_keeps_its_calls():
    floor = floor_with(ANN)
    talk(floor, 7, ANN, at=1.0)
    floor.place(8, SALES, lead=8, at=2.0)
    floor.close_campaign(SALES)
    floor.close_campaign(99)
    assert floor.calls_to_place(SALES, 2.0) == floor.calls_to_place(99, 2.0) == 0
    floor.ended(7, BYE, at=3.0)
    floor.shifts.ready(ANN, at=4.0)
    assert only(Bridge, floor.answered(8, at=5.0)) == [Bridge(8, ANN)]


def test_a_campaign_that_opens_again_knows_the_calls_that_are_up():
    floor = floor_with(ANN, BOB, CLEO)
    talk(floor, 7, ANN, at=1.0)
    answer(floor, 8, at=2.0)
    floor.place(9, SALES, lead=9, at=2.0)
    before = pacing(floor)
    floor.close_campaign(SALES)
    floor.open_campaign(SALES, make_pacer("progressive", PacingSettings()), 30.0, at=3.0)
    after = pacing(floor)
    assert (after.agents_available, after.agents_talking) == (before.agents_available, 1)
    assert (after.calls_ringing, after.calls_waiting, after.calls_connected) == (1, 1, 1)
    assert floor.calls_to_place(SALES, 4.0) == 0, "the free agents have a call each already"


def test_an_agent_of_two_progressive_campaigns_gets_one_call_among_them():
    floor = floor_with(1, 2, campaigns=(SALES, SURVEY))
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 2
    floor.place(11, SALES, lead=11, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 1
    floor.place(12, SURVEY, lead=12, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == floor.calls_to_place(SURVEY, 1.0) == 0
    floor.answered(11, 2.0)
    assert floor.calls_to_place(SALES, 2.0) == floor.calls_to_place(SURVEY, 2.0) == 0
    floor.ended(12, CallEnd(status=486), 3.0)
    assert floor.calls_to_place(SALES, 3.0) == floor.calls_to_place(SURVEY, 3.0) == 1


def test_a_campaign_with_agents_of_its_own_takes_none_that_it_shares():
    floor = floor_with(1, campaigns=(SALES, SURVEY))
    floor.shifts.log_in(2, 102, [SURVEY], 0.0)
    floor.shifts.line_up(2, 0.0)
    floor.place(11, SURVEY, lead=11, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == 1
    floor.place(12, SURVEY, lead=12, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) == 0


def test_a_predictive_campaign_leaves_agents_to_the_calls_of_another_that_shares_them():
    floor = floor_with(*range(1, 11), campaigns=(SALES, SURVEY), mode="predictive")
    alone = floor.calls_to_place(SALES, 1.0)
    assert alone == floor.calls_to_place(SURVEY, 1.0) >= 10
    for call in range(alone):
        floor.place(100 + call, SURVEY, lead=call, at=1.0)
    assert floor.calls_to_place(SALES, 1.0) <= alone / 2
    for call in range(alone):
        floor.ended(100 + call, CallEnd(status=486), 3.0)
    assert floor.calls_to_place(SALES, 3.0) >= 10


def test_calls_of_a_power_campaign_that_ring_for_shared_agents_count_with_a_predictive_one():
    floor = floor_with(*range(1, 11), campaigns=(SALES,), mode="power")
    floor.open_campaign(SURVEY, make_pacer("predictive", PacingSettings()), 30.0, at=0.0)
    for session in range(11, 15):
        floor.shifts.log_in(session, 100 + session, [SALES, SURVEY], 0.0)
        floor.shifts.line_up(session, 0.0)
    alone = floor.calls_to_place(SURVEY, 1.0)
    for call in range(14):
        floor.place(100 + call, SALES, lead=call, at=1.0)
    assert floor.calls_to_place(SURVEY, 1.0) < alone


@pytest.mark.parametrize("still_talking", [True, False])
def test_a_pacer_hears_that_an_agent_found_a_machine(still_talking):
    floor = floor_with(1, mode="predictive")
    pacer = floor.campaigns[SALES].pacer
    floor.place(7, SALES, lead=7, at=1.0)
    floor.answered(7, 5.0)
    floor.connected(7, 1, 5.1)
    if not still_talking:
        floor.ended(7, BYE, at=10.0)
    assert pacer.explain(10.0).answered == 1
    floor.dispositioned(7, 11.0, by_machine=True)
    assert pacer.explain(11.0).answered == 0
    assert pacer.explain(11.0).calls_connected == int(still_talking)


# --- calls that ring for nobody -----------------------------------------------------------------

CANCELED = CallEnd(487, by_far_end=False, provisional=True)


def busy_floor(*attempts, ring_at_least_s=15.0):
    """The one agent talks; these calls have rung since 2.0, and the pacer was asked at 30.0."""
    floor = floor_with(ANN, mode="predictive")
    talk(floor, 1, ANN, at=1.0)
    for attempt in attempts:
        floor.place(attempt, SALES, lead=attempt, at=1.5, ring_at_least_s=ring_at_least_s)
        floor.rang(attempt, 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    return floor


def test_calls_that_ring_while_nobody_could_take_them_are_given_up_once():
    floor = busy_floor(7, 8, 9)
    assert floor.give_up_surplus(SALES, 30.0) == [
        HangUpCall(each, unless_answered=True) for each in (7, 8, 9)
    ]
    assert floor.give_up_surplus(SALES, 30.25) == []
    (ended,) = only(CallHasEnded, floor.ended(7, CANCELED, 30.5))
    assert ended.outcome == Outcome.NO_ANSWER, "the phone rang, and nobody took it"
    (ended,) = only(CallHasEnded, floor.ended(8, CallEnd(486), 30.5))
    assert ended.outcome == Outcome.BUSY
    floor.answered(9, 30.5)
    (ended,) = only(CallHasEnded, floor.ended(9, CallEnd(200, by_far_end=False), 33.0))
    assert ended.outcome == Outcome.ABANDONED, "who answers in that moment counts as ever"


def test_no_call_is_given_up_before_it_has_rung_as_long_as_the_law_says():
    floor = busy_floor(7, ring_at_least_s=40.0)
    assert floor.give_up_surplus(SALES, 41.9) == []
    assert floor.give_up_surplus(SALES, 42.0) == [HangUpCall(7, unless_answered=True)]


def test_a_call_that_is_not_known_to_ring_is_not_given_up():
    floor = busy_floor()
    floor.place(7, SALES, lead=7, at=1.5, ring_at_least_s=15.0)
    floor.restore_call(FloorCall(8, SALES, 8, CallState.RINGING, rang_at=1.5), 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    assert floor.give_up_surplus(SALES, 30.0) == []


def test_a_canceled_call_that_was_not_given_up_stays_canceled():
    floor = busy_floor(7)
    (ended,) = only(CallHasEnded, floor.ended(7, CANCELED, 30.5))
    assert ended.outcome == Outcome.CANCELED


@pytest.mark.parametrize("mode", ["progressive", "power"])
def test_other_modes_give_up_nothing(mode):
    floor = floor_with(ANN, mode=mode)
    floor.place(7, SALES, lead=7, at=1.5, ring_at_least_s=15.0)
    floor.rang(7, 2.0)
    assert floor.calls_to_place(SALES, 30.0) == 0
    assert floor.give_up_surplus(SALES, 30.0) == []


def test_agents_who_have_asked_for_a_pause_are_not_expected_back():
    floor = floor_with(*range(1, 21), mode="predictive")
    for session in range(1, 21):
        talk(floor, 100 + session, session, at=1.0)
    expected = expected_free(floor, 100.0)
    for session in range(1, 11):
        floor.shifts.pause(session, "lunch", at=100.0)
    assert expected_free(floor, 100.0) == pytest.approx(expected / 2)
    for session in range(11, 21):
        floor.shifts.pause(session, "lunch", at=100.0)
    assert expected_free(floor, 100.0) == 0
    for session in range(1, 21):
        floor.shifts.ready(session, at=100.0)
    assert expected_free(floor, 100.0) == pytest.approx(expected)


def expected_free(floor, now):
    floor.calls_to_place(SALES, now)
    return floor.campaigns[SALES].pacer.explain(now).expected_free_agents


def test_power_counts_no_agent_who_has_asked_for_a_pause():
    floor = Floor()
    pacer = make_pacer("power", PacingSettings(lines_per_agent=2.0))
    floor.open_campaign(SALES, pacer, wrap_up_limit_s=30.0, at=0.0)
    floor.shifts.log_in(ANN, 100, [SALES], 0.0)
    floor.shifts.line_up(ANN, 0.0)
    talk(floor, 7, ANN, at=1.0)
    assert floor.calls_to_place(SALES, 2.0) == 1
    floor.shifts.pause(ANN, "lunch", at=3.0)
    assert floor.calls_to_place(SALES, 3.0) == 0
    floor.shifts.ready(ANN, at=4.0)
    assert floor.calls_to_place(SALES, 4.0) == 1


def test_two_power_campaigns_do_not_both_count_on_the_same_agents():
    floor = floor_with(*range(1, 21), campaigns=(SALES, SURVEY), mode="power")
    numbers = iter(range(1000, 2000))
    for campaign in (SALES, SURVEY):
        for _ in range(floor.calls_to_place(campaign, 1.0)):
            floor.place(next(numbers), campaign, lead=1, at=1.0)
    assert len(floor.calls) <= 30, "half of the first campaign's calls are presumed to be answered"
