"""What messages brought: who is held out is chance and stays so, and the intervals are the published ones."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.message_effect import Arm, difference, effect, held_out, holdout_place, share_of
from campaigns.core.selection import PRIME, shuffled

IDS = st.integers(1, 2**62)


@given(IDS, IDS, st.floats(0, 1), st.floats(0, 1))
def test_who_is_held_out_stays_so_and_a_greater_share_holds_out_more(
    lead: int, campaign: int, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert held_out(lead, campaign, low) == held_out(lead, campaign, low)
    assert held_out(lead, campaign, low) <= held_out(lead, campaign, high)
    assert not held_out(lead, campaign, 0.0)
    assert held_out(lead, campaign, 1.0)
    assert 0 <= holdout_place(lead, campaign) < PRIME


@pytest.mark.parametrize("step", [1, 2, 7, 100, 4096])
def test_the_share_is_held_whatever_the_leads_numbers(step: int) -> None:
    for campaign in (1, 2, 99):
        count = sum(held_out(3 + number * step, campaign, 0.1) for number in range(10_000))
        assert 850 < count < 1150  # five standard deviations


def test_being_held_out_has_nothing_to_do_with_neighbours_orders_or_other_campaigns() -> None:
    out = [held_out(number, 3, 0.5) for number in range(20_000)]
    others = [held_out(number, 4, 0.5) for number in range(20_000)]
    early = [shuffled(number, 3) < PRIME // 2 for number in range(20_000)]
    for pairs in (
        list(pairwise(out)),
        list(zip(out, others, strict=True)),
        list(zip(out, early, strict=True)),
    ):
        assert 0.48 < Counter(one == other for one, other in pairs)[True] / len(pairs) < 0.52


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe 1998, table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(share_of(*one), share_of(*other))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_difference_and_turns_with_it(a: int, b: int, c: int, d: int) -> None:
    one, other = share_of(min(a, b), max(a, b)), share_of(min(c, d), max(c, d))
    there, back = difference(one, other), difference(other, one)
    assert there.low == pytest.approx(-back.high)
    if there.value is not None:
        assert -1 <= there.low <= there.value <= there.high <= 1


def test_leads_count_as_they_were_assigned() -> None:
    found = effect(0.1, Arm(900, 500, 90, 45), Arm(100, 60, 5, 2))
    assert (found.contact_rate.with_messages.value, found.contact_rate.held_out.value) == (0.1, 0.05)
    assert found.contact_rate.difference.value == pytest.approx(0.05)
    assert found.conversion_rate.held_out.count == 2
    nobody = effect(0.0, Arm(10, 1, 1, 1), Arm(0, 0, 0, 0))
    assert nobody.contact_rate.difference.value is None
    assert nobody.contact_rate.held_out.value is None
