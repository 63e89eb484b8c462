"""When a softphone that was busy is called again."""

from itertools import pairwise

from dialer.core.softphone import call_again_after_s

WAITS = [call_again_after_s(times_busy) for times_busy in range(1, 1000)]


def test_it_is_called_again_within_seconds_and_then_never_sooner_than_before():
    assert 1 <= WAITS[0] <= 5
    assert all(before <= after for before, after in pairwise(WAITS))


def test_it_is_called_every_half_minute_however_long_it_stays_busy():
    assert set(WAITS[10:]) == {30.0}
