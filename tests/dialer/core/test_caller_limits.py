"""Limits on calls that come: from one number, from strangers, and in all."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.core.caller_limits import CallerLimits, CallerRule

RULE = CallerRule(per_caller=3, per_caller_s=600, strangers=2, strangers_s=60, in_all=5, in_all_s=5)
ANN, BOB = "+12025551000", "+12025551001"


def call(limits, caller, now, *, stranger=False):
    """0 where it is taken, else in how many seconds it may be."""
    wait_s = limits.came(caller, now)
    if not wait_s and caller:
        limits.taken(caller, now, stranger=stranger)
    return wait_s


def test_who_calls_again_and_again_is_asked_to_wait_and_others_are_not():
    limits = CallerLimits(RULE)
    assert [call(limits, ANN, 10.0 * number) for number in range(3)] == [0, 0, 0]
    assert call(limits, ANN, 100.0) == 500.0
    assert call(limits, BOB, 100.0) == 0.0
    assert call(limits, ANN, 600.0) == 0.0, "the first of the three is ten minutes ago"


def test_calls_that_all_come_at_once_are_asked_to_wait_a_moment():
    limits = CallerLimits(RULE)
    assert [call(limits, f"+1202555{number}", 1.0) for number in range(1000, 1005)] == [0.0] * 5
    assert call(limits, ANN, 2.0) == 4.0
    assert call(limits, "", 2.0) == 4.0
    assert call(limits, ANN, 6.0) == 0.0


def test_who_was_refused_for_another_reason_may_try_again_at_once():
    limits = CallerLimits(RULE)
    assert [limits.came(ANN, 10.0 * number) for number in range(9)] == [0.0] * 9


def test_strangers_count_apart():
    limits = CallerLimits(RULE)
    assert limits.stranger_wait_s(0.0) == 0.0
    call(limits, ANN, 0.0, stranger=True)
    call(limits, ANN, 20.0)
    call(limits, BOB, 30.0, stranger=True)
    assert limits.stranger_wait_s(40.0) == 20.0
    assert limits.stranger_wait_s(60.0) == 0.0


@given(st.lists(st.tuples(st.sampled_from([ANN, BOB, ""]), st.floats(0, 30)), max_size=60))
def test_no_stretch_of_time_has_more_than_the_rule_says(calls):
    limits, now, taken = CallerLimits(RULE), 0.0, []
    for caller, later in calls:
        now += later
        if not call(limits, caller, now):
            taken.append((caller, now))
    for caller, at in taken:
        within = [each for each in taken if at <= each[1] < at + RULE.in_all_s]
        assert len(within) <= RULE.in_all
        own = [each for each in taken if each[0] == caller and at <= each[1] < at + RULE.per_caller_s]
        assert not caller or len(own) <= RULE.per_caller
