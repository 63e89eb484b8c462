"""Worlds refuse what cannot be, and say what holds when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.simulation.roster import roster
from dialer.simulation.worlds import ShiftWorld, steady, value_at


def test_steps_hold_from_their_share_of_the_shift_on():
    steps = ((0.0, 0.3), (0.5, 0.1), (0.75, 0.2))
    assert [value_at(steps, share) for share in (0.0, 0.49, 0.5, 0.74, 0.75, 1.2)] == [
        0.3, 0.3, 0.1, 0.1, 0.2, 0.2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer_rate": steady(1.2)},
        {"answer_rate": steady(0.8), "machine_share": 0.3},
        {"answer_rate": ((0.1, 0.2),)},
        {"answer_rate": ()},
        {"team": ((0.0, 1.0), (0.6, 0.5), (0.5, 1.0))},
        {"talk_mean_s": steady(2.0)},
        {"chance_spread": 3.0},
        {"hours": 0.0},
        {"agents": -1},
        {"hang_up_share": 1.0},
    ],
)
def test_a_world_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"world|steps|talks|chances|shift"):
        ShiftWorld(**wrong)


@given(
    st.integers(1, 40),
    st.sampled_from([steady(1.0), ((0.0, 0.5), (0.3, 1.0), (0.6, 0.25))]),
    st.integers(0, 1000),
)
def test_agents_are_there_in_the_shares_that_the_world_says(agents, team, seed):
    world = ShiftWorld(agents=agents, team=team)
    duties = roster(world, seed)
    for begins, share in team:
        at = (begins + 0.01) * world.length_s
        present = sum(duty.arrives_at <= at < duty.leaves_at for duty in duties)
        assert abs(present - share * agents) <= 0.5


@given(st.integers(1, 10), st.floats(200.0, 5000.0), st.integers(0, 1000))
def test_breaks_are_within_the_duty_and_follow_each_other(agents, every_s, seed):
    world = ShiftWorld(
        agents=agents, arrive_within_s=600.0, leave_within_s=600.0, break_every_s=every_s, break_mean_s=300.0
    )
    for duty in roster(world, seed):
        assert 0 <= duty.arrives_at <= 600.0
        assert world.length_s - 600.0 <= duty.leaves_at <= world.length_s
        ends_at = duty.arrives_at
        for due_at, lasts_s in duty.breaks:
            assert ends_at <= due_at < duty.leaves_at
            assert lasts_s > 0
            ends_at = due_at + lasts_s
