"""What becomes of simulated calls: as many are answered as the world says, within the time that they ring."""

from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.simulation.fates import Fates
from dialer.simulation.worlds import ShiftWorld, steady

WORLD = ShiftWorld(answer_rate=steady(0.3))


def fates_of(timeout_s, ring_mean_s, ring_sigma=0.5, calls=4000):
    pacing = replace(WORLD.pacing, ring_timeout_s=timeout_s)
    world = replace(WORLD, pacing=pacing, ring_mean_s=ring_mean_s, ring_sigma=ring_sigma)
    fates = Fates(world, 7)
    return [fates.fate(call, 0.0, 0.3) for call in range(calls)]


@given(st.floats(3.0, 60.0), st.floats(2.0, 25.0), st.floats(0.0, 1.0))
@settings(max_examples=25)
def test_the_answer_rate_is_of_all_calls_however_short_they_ring(timeout_s, ring_mean_s, ring_sigma):
    answered = [each for each in fates_of(timeout_s, ring_mean_s, ring_sigma) if each.answered]
    assert len(answered) / 4000 == pytest.approx(0.3, abs=0.03)
    assert all(min(2.0, timeout_s) <= each.rings_s <= min(25.0, timeout_s) for each in answered)


def test_rings_that_are_short_enough_are_the_same_for_every_timeout():
    pairs = [
        (long.rings_s, short.rings_s)
        for long, short in zip(fates_of(25.0, 9.0), fates_of(12.0, 9.0), strict=True)
        if long.answered
    ]
    assert all(long == short for long, short in pairs if long <= 12.0)
    moved = [short for long, short in pairs if long > 12.0]
    as_before = [long for long, _ in pairs if long <= 12.0]
    assert fmean(moved) == pytest.approx(fmean(as_before), rel=0.05)
