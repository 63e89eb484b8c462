"""Lines are shared by weight, and none is left over while somebody wants one."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.core.sharing import share_lines


def test_where_there_are_enough_everybody_has_what_they_want():
    assert share_lines({1: 3, 2: 5}, {}, {1: 1, 2: 9}, 10) == {1: 3, 2: 5}


def test_where_there_are_not_the_weights_decide():
    assert share_lines({1: 50, 2: 50}, {}, {1: 1, 2: 3}, 20) == {1: 5, 2: 15}


def test_what_one_does_not_want_the_others_get():
    assert share_lines({1: 50, 2: 4}, {}, {1: 1, 2: 3}, 20) == {1: 16, 2: 4}


def test_lines_that_a_campaign_uses_already_count():
    assert share_lines({1: 50, 2: 50}, {1: 10}, {1: 1, 2: 1}, 20) == {1: 5, 2: 15}


def test_without_lines_nobody_has_any():
    assert share_lines({1: 5, 2: 0}, {}, {1: 1, 2: 1}, -3) == {1: 0, 2: 0}


wants = st.dictionaries(st.integers(1, 6), st.integers(-2, 40), max_size=5)


used = st.dictionaries(st.integers(1, 6), st.integers(0, 40), max_size=5)


@given(wants, used, st.lists(st.integers(1, 1000), min_size=6, max_size=6), st.integers(-5, 120))
def test_shares_are_whole_wanted_and_fair(wanted, in_use, drawn, free):
    weights = dict(enumerate(drawn, 1))
    shares = share_lines(wanted, in_use, weights, free)
    assert sum(shares.values()) == min(max(0, free), sum(max(0, each) for each in wanted.values()))
    for one, share in shares.items():
        assert 0 <= share <= max(0, wanted[one])
        if share < wanted[one]:
            for other, more in shares.items():
                # Nobody has a line that one who wants it has more right to.
                least = (in_use.get(one, 0) + share + 1) / weights[one]
                assert more == 0 or (in_use.get(other, 0) + more) / weights[other] <= least + 1e-9
