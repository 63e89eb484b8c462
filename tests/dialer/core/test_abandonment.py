"""Abandoned / answered by a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.abandonment import Abandonment


def test_there_is_no_rate_before_anybody_answered():
    assert Abandonment().rate is None


def test_the_rate_counts_the_abandoned_among_those_who_answered():
    assert Abandonment(answered=100, abandoned=3).rate == 0.03


@given(st.lists(st.booleans(), min_size=1))
def test_each_person_counts_once(people):
    counts = Abandonment()
    for abandoned in people:
        counts = counts.after_answer(abandoned=abandoned)
    assert counts == Abandonment(len(people), sum(people))
    assert counts.rate == sum(people) / len(people)


@pytest.mark.parametrize(("answered", "abandoned"), [(0, 1), (5, 6), (3, -1), (-1, -1)])
def test_counts_that_cannot_be_are_refused(answered, abandoned):
    with pytest.raises(ValueError, match="cannot have been abandoned"):
        Abandonment(answered, abandoned)
