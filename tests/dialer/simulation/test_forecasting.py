"""A forecast follows the campaign's settings and what is assumed, and says how sure it is."""

import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.campaign import CampaignSettings
from dialer.simulation.assumptions import Assumptions, InvalidAssumptionError
from dialer.simulation.estimates import Estimate, estimate
from dialer.simulation.forecasting import (
    NothingToForecastError,
    Plan,
    jobs,
    simulate,
    summarise,
)

ASSUMED = {"answer_rate": 0.3, "talk_mean_s": 60.0}


def plan_with(hours=0.5, assumed=None, **campaign):
    return Plan(
        CampaignSettings.parse({"caller_id": "+12025550123"} | campaign),
        Assumptions.parse(ASSUMED | (assumed or {})),
        hours,
    )


def forecast(plan, agents=6, policy="progressive", seeds=2):
    wanted = jobs(plan, agents, policy, range(1, seeds + 1))
    return summarise(wanted[0], [simulate(job) for job in wanted])


@given(
    st.fixed_dictionaries(
        {
            "answer_rate": st.floats(0.001, 0.95),
            "talk_mean_s": st.floats(1.0, 7200.0),
            "ring_mean_s": st.floats(2.0, 25.0),
            "wrap_mean_s": st.floats(0.0, 3600.0),
            "hang_up_share": st.floats(0.0, 0.9),
            "machine_share": st.floats(0.0, 0.95),
            "failed_share": st.none() | st.floats(0.0, 0.95),
            "chance_spread": st.floats(0.0, 10.0),
            "leads": st.none() | st.integers(1, 1000),
        }
    )
)
@settings(max_examples=40)
def test_assumptions_that_are_accepted_make_a_shift(values):
    try:
        assumed = Assumptions.parse(values)
    except InvalidAssumptionError:
        return
    plan = Plan(CampaignSettings(caller_id="+12025550123"), assumed, 0.05)
    (job,) = jobs(plan, 3, "progressive", [1])
    assert 0 <= simulate(job).utilisation <= 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"answer_rate": 1.2}, "answer_rate is from 0.001 to 0.95, not 1.2"),
        ({"answer_rate": "often"}, "answer_rate is a number from 0.001 to 0.95, not 'often'"),
        ({"talk_mean_s": True}, "talk_mean_s is a number"),
        ({"talk_mean_s": math.nan}, "talk_mean_s is a number"),
        ({"leads": 3.5}, "leads is a whole number"),
        ({"leads": 0}, "leads is from 1"),
        ({"talk_time": 9}, "'talk_time' is no assumption; use answer_rate"),
        ({"machine_share": 0.5, "failed_share": 0.4}, "together at most 1"),
        ({"chance_spread": 2.0}, "chance_spread is below 1.53"),
        ({"conversion_share": 0.1}, "give contact_share, too"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused_by_name(wrong, says):
    with pytest.raises(InvalidAssumptionError, match=says):
        Assumptions.parse(ASSUMED | wrong)


@pytest.mark.parametrize("hours", [0.0, -1.0, 25.0, math.nan, math.inf])
def test_a_shift_that_cannot_be_worked_is_refused(hours):
    with pytest.raises(InvalidAssumptionError, match=r"A shift has 0.05 to 24 hours"):
        plan_with(hours=hours)


@pytest.mark.parametrize("missing", sorted(ASSUMED))
def test_what_a_forecast_cannot_do_without_is_asked_for(missing):
    with pytest.raises(InvalidAssumptionError, match=f"{missing} is missing"):
        Assumptions.parse({name: value for name, value in ASSUMED.items() if name != missing})


def test_the_world_has_the_campaigns_limits_and_rules():
    plan = plan_with(
        assumed={"failed_share": 0.14, "wrap_mean_s": 50.0, "leads": 90},
        max_lines=17,
        ring_timeout_s=20,
        wrap_up_limit_s=60,
        abandon_rate_target=0.02,
        max_attempts_per_lead=4,
        retry_rules={"no_answer": {"delay_s": 900, "max_attempts": 3}, "busy": {"delay_s": None}},
    )
    world = plan.world(9)
    assert (world.agents, world.hours, world.leads) == (9, 0.5, 90)
    assert (world.pacing.max_lines, world.pacing.ring_timeout_s, world.pacing.abandon_target) == (
        17,
        20,
        0.02,
    )
    assert (world.attempts_per_lead, world.retry_unanswered_s, world.retry_failed_s) == (3, 900.0, None)
    assert world.failed_share == pytest.approx(0.14 / 0.7)
    assert world.wrap_s == (20.0, 60.0), "the campaign's limit ends a wrap-up"


def test_every_policy_meets_the_same_people():
    plan = plan_with()
    for policy in ("power", "incumbent"):
        pairs = zip(jobs(plan, 5, "progressive", [4, 7]), jobs(plan, 5, policy, [4, 7]), strict=True)
        assert all(one.seed == other.seed for one, other in pairs)
    assert forecast(plan) == forecast(plan)


def test_power_is_compared_with_a_ratio_above_one():
    (job,) = jobs(plan_with(), 5, "power", [1])
    assert job.world.pacing.lines_per_agent == 1.2
    (own,) = jobs(plan_with(dial_mode="power", lines_per_agent=1.0), 5, "power", [1])
    assert own.world.pacing.lines_per_agent == 1.0


def test_contacts_and_conversions_come_of_the_talks_in_their_shares():
    shares = {"contact_share": 0.5, "conversion_share": 0.2}
    found = forecast(plan_with(hours=2.0, assumed=shares), agents=20, seeds=2)
    talks_per_hour = found.answered.mean / 2.0
    assert found.contacts_per_hour.mean == pytest.approx(0.5 * talks_per_hour, rel=0.1)
    assert found.conversions_per_hour.mean == pytest.approx(0.1 * talks_per_hour, rel=0.25)


def test_what_nothing_was_assumed_about_is_not_told():
    found = forecast(plan_with())
    assert (found.contacts_per_hour, found.conversions_per_hour) == (None, None)
    assert (found.out_of_leads_h, found.worked_through_h) == (None, None)
    found = forecast(plan_with(assumed={"contact_share": 0.5}))
    assert found.contacts_per_hour is not None
    assert found.conversions_per_hour is None


def test_a_list_that_lasts_is_reckoned_on_at_the_rate_of_the_shift():
    calls_once = plan_with(hours=1.0, assumed={"leads": 4000}, max_attempts_per_lead=1)
    found = forecast(calls_once)
    assert found.worked_through_h.mean == pytest.approx(4000 / found.calls.mean, rel=0.02)
    often = forecast(replace(calls_once, settings=replace(calls_once.settings, max_attempts_per_lead=3)))
    expected = 4000 * (1 - 0.7**3) / 0.3 / often.calls.mean
    assert often.worked_through_h.mean == pytest.approx(expected, rel=0.02)


def test_a_list_that_may_or_may_not_run_out_is_worked_through_in_the_same_time_either_way():
    def found(leads):
        return forecast(plan_with(hours=1.0, assumed={"leads": leads}), agents=10, seeds=5)

    lasts = found(3000)
    assert lasts.out_of_leads_h is None
    for leads in (found(3000).calls.mean * share for share in (0.5, 0.98, 1.0, 1.02)):
        near = found(round(leads))
        assert near.worked_through_h.shifts == 5
        per_lead = near.worked_through_h.mean / round(leads)
        assert per_lead == pytest.approx(lasts.worked_through_h.mean / 3000, rel=0.05)


def test_it_says_what_holds_the_campaign_back():
    short = forecast(plan_with(assumed={"leads": 30}, max_attempts_per_lead=1))
    assert short.out_of_leads_h.mean < 0.5
    assert any("short" in note for note in short.notes)
    (note,) = forecast(plan_with(max_lines=4)).notes
    assert note.startswith("All 4 lines")
    assert forecast(plan_with(max_lines=40)).notes == ()


def test_a_mode_without_waiting_agents_has_no_forecast():
    plan = plan_with()
    object.__setattr__(plan.settings, "dial_mode", "agentless")
    with pytest.raises(NothingToForecastError, match="not agentless"):
        _ = plan.policy


def test_a_job_can_be_sent_to_another_process():
    (job,) = jobs(plan_with(), 5, "incumbent", [1])
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301


def test_an_interval_is_students():
    assert estimate([4.0]) == Estimate(4.0, None, None, 1)
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.mean, found.low, found.high) == pytest.approx((3.0, 1.037, 4.963), abs=0.001)
    assert found.shifts == 5
    wide = estimate([float(number % 2) for number in range(61)])
    assert wide.high - wide.mean == pytest.approx(2.000 * 0.5040 / math.sqrt(61), abs=0.001)
