"""The answer rate: quick to follow people, and not led astray by an outage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.answer_rate import AnswerRate


def rate_after(calls, presumed=0.5, weight=10.0):
    rate = AnswerRate(presumed, weight)
    for answered in calls:
        rate.observe(1.0, answered=answered)
    return rate


def each(number, calls):
    """So many calls of which every `number`th is answered."""
    return [index % number == number - 1 for index in range(calls)]


@given(st.integers(2, 20), st.integers(0, 5000))
def test_nobody_answering_for_however_long_hardly_lowers_the_rate(number, silent):
    before = rate_after(each(number, 3000))
    after = rate_after(each(number, 3000) + [False] * silent)
    assert after.value > 0.8 * before.value


@given(st.integers(0, 5000))
def test_before_anybody_has_answered_it_does_not_fall_without_end_either(silent):
    assert rate_after([False] * silent).value > 0.05


def test_an_outage_is_over_with_the_first_answer():
    calls = each(5, 3000) + [False] * 60
    assert rate_after(calls).is_out
    assert not rate_after([*calls, True]).is_out


def test_fewer_people_who_answer_are_no_outage():
    rate = rate_after(each(5, 3000) + each(25, 1500))
    assert not rate.is_out
    assert rate.value == pytest.approx(1 / 25, rel=0.2)


def test_the_less_is_known_the_longer_a_run_without_an_answer_may_be():
    silent = [False] * 50
    assert rate_after(each(5, 3000) + silent).is_out
    assert not rate_after(each(5, 20) + silent).is_out
