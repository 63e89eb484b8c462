"""Shifts in preview mode, simulated: agents look at leads, dial some, and nobody meets silence."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.campaign import CampaignSettings
from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingSettings
from dialer.forecast import forecast
from dialer.simulation.assumptions import Assumptions, InvalidAssumptionError
from dialer.simulation.forecasting import Plan, jobs, simulate
from dialer.simulation.preview_shift import run_preview_shift
from dialer.simulation.worlds import ShiftWorld, steady

WORLD = ShiftWorld(
    hours=0.5,
    agents=6,
    answer_rate=steady(0.3),
    talk_mean_s=steady(60.0),
    break_every_s=600.0,
    break_mean_s=60.0,
    pacing=PacingSettings(max_lines=50),
)


def shift(world, seed=1):
    return run_preview_shift(world, make_pacer("preview", world.pacing_settings), seed)


def plan_with(hours=0.25, assumed=None, **campaign):
    values = {"answer_rate": 0.3, "talk_mean_s": 60.0} | (assumed or {})
    chosen = {"caller_id": "+12025550123", "dial_mode": "preview"} | campaign
    return Plan(CampaignSettings.parse(chosen), Assumptions.parse(values), hours)


@given(
    seed=st.integers(1, 50),
    agents=st.integers(0, 8),
    max_lines=st.integers(1, 10),
    limit_s=st.none() | st.floats(3.0, 60.0),
    then=st.sampled_from(["dial", "skip"]),
    skip_share=st.floats(0.0, 0.9),
    leads=st.none() | st.integers(1, 60),
)
@settings(max_examples=40)
def test_nobody_is_abandoned_and_no_limit_is_exceeded(
    seed, agents, max_lines, limit_s, then, skip_share, leads
):
    world = replace(
        WORLD,
        agents=agents,
        pacing=PacingSettings(max_lines=max_lines),
        preview_limit_s=limit_s,
        preview_then=then,
        skip_share=skip_share,
        leads=leads,
        retry_skipped_s=300.0,
    )
    figures = shift(world, seed)
    assert figures.abandoned == 0
    assert figures.calls == figures.failed + figures.unanswered + figures.connected
    assert figures.lines_at_peak <= min(agents, max_lines)
    assert leads is None or figures.calls + figures.leads_left <= leads * world.attempts_per_lead
    assert figures == shift(world, seed), "the same seed gives the same shift"


def test_the_longer_agents_look_the_less_they_talk():
    calls = [shift(replace(WORLD, preview_mean_s=mean_s)).calls for mean_s in (5.0, 20.0, 60.0)]
    assert calls == sorted(calls, reverse=True)
    assert calls[0] > 1.5 * calls[2]


def test_a_limit_ends_the_look():
    slow = replace(WORLD, preview_mean_s=300.0)
    dialed = shift(replace(slow, preview_limit_s=10.0)).calls
    assert dialed > 2 * shift(slow).calls
    assert shift(replace(slow, preview_limit_s=10.0, preview_then="skip")).calls < 0.2 * dialed


def test_who_skips_dials_less():
    assert shift(replace(WORLD, skip_share=0.7)).calls < 0.75 * shift(WORLD).calls


def test_a_forecast_of_a_preview_campaign_uses_its_pacer_and_its_limit():
    (job,) = jobs(plan_with(preview_limit_s=15, preview_then="skip"), 5, "preview", [1])
    assert (job.policy, job.world.preview_limit_s, job.world.preview_then) == ("preview", 15, "skip")
    told = simulate(job)
    assert told.abandon_rate == 0.0
    assert told.calls > 0


def test_it_is_compared_with_what_the_other_modes_would_bring():
    found = forecast(plan_with(hours=0.1), [3], 1, compare=True)
    assert [each.policy for each in found.forecasts] == [
        "preview",
        "progressive",
        "power",
        "incumbent",
        "predictive",
    ]


@pytest.mark.parametrize("wrong", [{"preview_mean_s": 0.0}, {"skip_share": 1.0}])
def test_looks_that_cannot_be_are_refused(wrong):
    with pytest.raises(InvalidAssumptionError, match=next(iter(wrong))):
        plan_with(assumed=wrong)
