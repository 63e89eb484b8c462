"""Predictive dialing in simulated shifts: agents are busier than with progressive, and the target holds."""

from dataclasses import replace
from math import sqrt
from statistics import fmean

import pytest

from dialer.core.pacing import make_pacer
from dialer.core.pacing_settings import PacingPrior, PacingSettings
from dialer.core.predictive import PredictivePacer
from dialer.simulation.shift import run_shift
from dialer.simulation.worlds import ShiftWorld, steady

WORLD = ShiftWorld(
    agents=15, hours=0.6, answer_rate=steady(0.3), talk_mean_s=steady(60.0), period_known=False
)


def with_prior(answer_rate):
    prior = PacingPrior(answer_rate=answer_rate, dialed=2000.0, mean_talk_s=60.0, mean_wrap_s=12.5)
    return replace(WORLD, pacing=replace(WORLD.pacing, prior=prior), budget_look_s=5.0)


WORLDS = {
    "steady": WORLD,
    "the answer rate halves": replace(WORLD, answer_rate=((0.0, 0.3), (0.5, 0.15))),
    "the answer rate doubles": replace(WORLD, answer_rate=((0.0, 0.2), (0.5, 0.4))),
    "nobody answers for three minutes": replace(WORLD, answer_rate=((0.0, 0.3), (0.5, 0.0), (7 / 12, 0.3))),
    "the team halves": replace(WORLD, agents=20, team=((0.0, 1.0), (0.5, 0.5))),
    "everything stalls for ten seconds": replace(WORLD, stalls=((0.3, 10.0), (0.7, 10.0))),
    "leads differ, and scores are twice too high": replace(WORLD, chance_spread=1.0, score_scale=2.0),
    "machines answer": replace(WORLD, machine_share=0.1),
    "few lines": replace(WORLD, pacing=PacingSettings(max_lines=30)),
    "agents come, go and take breaks": replace(WORLD, arrive_within_s=300.0, break_every_s=1200.0),
    "the law is looked at": replace(WORLD, budget_look_s=5.0),
    "yesterday half as many answered": with_prior(0.15),
    "yesterday twice as many answered": with_prior(0.6),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_target_holds_and_agents_are_busier_than_with_one_call_for_each(name):
    world = WORLDS[name]
    figures, plain = (
        run_shift(world, make_pacer(mode, world.pacing_settings), 3) for mode in ("predictive", "progressive")
    )
    allowed = 0.03 * figures.persons
    assert figures.abandoned <= allowed + 2.5 * sqrt(allowed)
    assert figures.utilisation > plain.utilisation + 0.05
    assert figures.lines_at_peak <= world.pacing.max_lines


@pytest.mark.parametrize("agents", [25, 50])
@pytest.mark.parametrize("minutes", [1, 3, 6])
def test_people_who_are_back_after_an_outage_do_not_find_hundreds_of_calls(agents, minutes):
    world = ShiftWorld(
        hours=1.0,
        agents=agents,
        answer_rate=((0.0, 0.2), (0.5, 0.0), (0.5 + minutes / 60, 0.2)),
        period_known=False,
        budget_look_s=5.0,
    )
    figures = run_shift(world, make_pacer("predictive", world.pacing_settings), 2)
    allowed = 0.03 * figures.persons
    assert figures.abandoned <= allowed + 1.5 * sqrt(allowed)
    assert figures.utilisation > 0.75


def test_a_team_of_two_is_hardly_more_daring_than_progressive():
    world = replace(WORLD, agents=2, hours=1.0)
    figures = run_shift(world, make_pacer("predictive", world.pacing_settings), 3)
    assert figures.abandoned <= 0.03 * figures.persons + 6
    assert figures.lines_at_peak <= 12


def test_a_shift_is_the_same_for_the_same_seed():
    one, other = (
        run_shift(replace(WORLD, hours=0.2), make_pacer("predictive", WORLD.pacing_settings), 8)
        for _ in range(2)
    )
    assert one == other


def test_giving_up_calls_that_ring_for_nobody_keeps_agents_busier_where_people_answer_late(monkeypatch):
    late = replace(WORLD, agents=10, hours=1.5, ring_mean_s=14.0, ring_sigma=0.35)

    def figures(seed):
        return run_shift(late, make_pacer("predictive", late.pacing_settings), seed)

    with_it = [figures(seed) for seed in range(1, 5)]
    monkeypatch.setattr(PredictivePacer, "surplus", lambda *_: [])
    without = [figures(seed) for seed in range(1, 5)]
    assert fmean(each.utilisation for each in with_it) > fmean(each.utilisation for each in without)
    for each in with_it:
        assert each.calls == each.failed + each.unanswered + each.abandoned + each.connected
        assert each.answered == each.abandoned + each.connected
