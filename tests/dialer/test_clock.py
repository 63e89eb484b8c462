"""The engine's clock is the system's, but for small steps backwards."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.clock import MOST_HELD_BACK_S, SteadyClock


class Wall:
    """A clock that somebody sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_clock_that_is_set_back_a_little_is_waited_for() -> None:
    wall = Wall()
    clock = SteadyClock(wall)
    wall.now = 995.0
    assert clock() == 1000.0
    wall.now = 999.0
    assert clock() == 1000.0
    wall.now = 1001.0
    assert clock() == 1001.0


def test_a_clock_that_was_wrong_is_followed() -> None:
    wall = Wall()
    clock = SteadyClock(wall)
    wall.now = 1000.0 - 3600.0
    assert clock() == wall.now


@given(st.lists(st.floats(-50.0, 100.0), max_size=50))
def test_it_is_never_behind_the_system_and_never_far_ahead(steps: list[float]) -> None:
    wall = Wall()
    clock = SteadyClock(wall)
    for step in steps:
        wall.now += step
        assert 0 <= clock() - wall.now <= MOST_HELD_BACK_S
