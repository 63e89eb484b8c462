"""The simulated world is a pure function of its arguments, and has the shares that it was given."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.simulation.options import SOUNDS
from dialer.simulation.people import FINAL_STATUS, PERMANENT, Kind, World, behave, behave_as, kind_of

numbers = st.integers(10**6, 10**14).map(lambda digits: f"+{digits}")
calls_before = st.integers(0, 20)
seeds = st.text(max_size=20)
weights = st.dictionaries(st.sampled_from(Kind), st.floats(0, 100), min_size=1).filter(
    lambda shares: sum(shares.values()) > 1e-3
)
worlds = st.builds(World, shares=weights, pace=st.floats(0.01, 10))


@given(numbers, calls_before, worlds, seeds)
def test_the_same_call_has_the_same_fate(e164: str, times_called: int, world: World, seed: str) -> None:
    assert behave(e164, times_called, world, seed) == behave(e164, times_called, world, seed)


@given(numbers, calls_before, worlds, seeds)
def test_a_call_only_meets_what_occurs_in_its_world(
    e164: str, times_called: int, world: World, seed: str
) -> None:
    assert world.shares.get(kind_of(e164, times_called, world, seed), 0) > 0


@given(numbers, calls_before, calls_before, worlds, seeds)
def test_a_number_that_is_out_of_service_stays_so(
    e164: str, one: int, other: int, world: World, seed: str
) -> None:
    kinds = {kind_of(e164, times_called, world, seed) for times_called in (one, other)}
    assert len(kinds) == 1 or kinds.isdisjoint(PERMANENT)


@given(st.sampled_from(Kind), numbers, calls_before, worlds, seeds)
def test_a_behaviour_can_be_carried_out(
    kind: Kind, e164: str, times_called: int, world: World, seed: str
) -> None:
    behaviour = behave_as(kind, e164, times_called, world, seed)
    assert behaviour.kind is kind
    assert behaviour.status == FINAL_STATUS[kind]
    assert behaviour.provisional in (0, 180, 183)
    assert 0 < behaviour.wait_s < math.inf
    assert behaviour.patience_s >= 0
    assert behaviour.talk_s is None or behaviour.talk_s > 0
    assert not behaviour.sound or (SOUNDS / behaviour.sound).is_file()


@given(st.sampled_from(Kind), numbers, calls_before, st.floats(0.1, 10), seeds)
def test_pace_scales_every_time(kind: Kind, e164: str, times_called: int, pace: float, seed: str) -> None:
    usual = behave_as(kind, e164, times_called, World(), seed)
    paced = behave_as(kind, e164, times_called, World(pace=pace), seed)
    assert paced.wait_s == pytest.approx(usual.wait_s * pace)
    assert paced.patience_s == pytest.approx(usual.patience_s * pace)
    assert paced.key_after_s == pytest.approx(usual.key_after_s * pace)
    if usual.talk_s is not None:
        assert paced.talk_s == pytest.approx(usual.talk_s * pace)


@pytest.mark.parametrize("times_called", [0, 3])
def test_the_shares_of_a_world_are_met(times_called: int) -> None:
    world, calls = World(), 20_000
    met = Counter(kind_of(f"+1555{number:07}", times_called, world, "shares") for number in range(calls))
    for kind, share in world.shares.items():
        five_sigma = 5 * math.sqrt(share * (1 - share) / calls)
        assert met[kind] / calls == pytest.approx(share, abs=five_sigma)


def test_the_times_of_people_have_the_means_that_were_given() -> None:
    world = World()
    people = [behave_as(Kind.PERSON, f"+1555{number:07}", 0, world, "means") for number in range(5_000)]
    assert sum(person.wait_s for person in people) / 5_000 == pytest.approx(world.ring_mean_s, rel=0.05)
    assert sum(person.talk_s or 0 for person in people) / 5_000 == pytest.approx(world.talk_mean_s, rel=0.05)
    assert max(person.wait_s for person in people) <= 2.5 * world.ring_mean_s


@pytest.mark.parametrize(
    "shares", [{}, {Kind.BUSY: 0.0}, {Kind.BUSY: -1.0, Kind.PERSON: 2.0}, {Kind.BUSY: math.nan}]
)
def test_a_world_without_people_or_networks_is_refused(shares: dict[Kind, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        World(shares=shares)


@pytest.mark.parametrize("pace", [0.0, -1.0, math.inf, math.nan])
def test_a_world_where_time_stands_still_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="pace"):
        World(pace=pace)
