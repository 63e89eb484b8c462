"""No policy does better than the bound above of the bench."""

import pytest

from bench.pacing.policies import POLICIES
from bench.pacing.scenarios import GROUPS
from dialer.simulation.worlds import ShiftWorld, steady

WORLDS = [
    ShiftWorld(agents=5, hours=1.0),
    ShiftWorld(agents=12, hours=1.0, answer_rate=steady(0.5), talk_mean_s=steady(40.0)),
    ShiftWorld(agents=8, hours=1.0, break_every_s=900.0, break_mean_s=200.0, arrive_within_s=300.0),
]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "clairvoyant"])
def test_no_policy_does_better_than_who_knows_every_outcome(world, policy):
    grid = POLICIES[policy].grid
    best = POLICIES["clairvoyant"].run(world, 3, 0.0)
    reached = POLICIES[policy].run(world, 3, grid[-1])
    assert reached.utilisation <= best.utilisation


def test_the_names_of_scenarios_are_unique():
    names = [world.name for worlds in GROUPS.values() for world in worlds]
    assert len(names) == len(set(names))
