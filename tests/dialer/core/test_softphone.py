"""When a softphone that was busy is called again."""

from itertools import count, pairwise, takewhile

from dialer.core.softphone import call_again_after_s


def waits():
    return list(takewhile(lambda wait_s: wait_s is not None, map(call_again_after_s, count(1))))


def test_it_is_called_again_within_seconds_then_later_each_time_and_no_more_after_a_minute():
    assert 1 <= waits()[0] <= 5
    assert all(before < after for before, after in pairwise(waits()))
    assert 45 <= sum(waits()) <= 90


def test_once_given_up_it_stays_so():
    beyond = len(waits()) + 1
    assert {call_again_after_s(times) for times in range(beyond, beyond + 100)} == {None}
