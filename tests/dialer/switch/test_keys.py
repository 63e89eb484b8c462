"""A key that a far end sends more than one way was pressed once."""

from dialer.switch.keys import KeyPresses, KeyWay

EVENT, INFO, SOUND = KeyWay


def new(*came: tuple[str, KeyWay, float]) -> list[bool]:
    presses = KeyPresses()
    return [presses.is_new(digit, way, at) for digit, way, at in came]


def test_a_key_that_comes_two_ways_was_pressed_once() -> None:
    assert new(("1", EVENT, 1.0), ("1", INFO, 1.05)) == [True, False]
    assert new(("1", INFO, 1.0), ("1", EVENT, 1.05)) == [True, False]
    assert new(("1", SOUND, 1.0), ("1", INFO, 2.7)) == [True, False], "told of when it is let go"


def test_a_key_that_is_pressed_twice_comes_twice_the_same_way() -> None:
    came = (("1", EVENT, 1.0), ("1", INFO, 1.1), ("1", EVENT, 1.3), ("1", INFO, 1.4))
    assert new(*came) == [True, False, True, False]


def test_another_key_in_between_changes_nothing() -> None:
    came = (("1", EVENT, 1.0), ("2", EVENT, 1.2), ("1", INFO, 1.3), ("2", INFO, 1.5))
    assert new(*came) == [True, True, False, False]


def test_after_a_while_a_key_is_a_key_whichever_way_it_comes() -> None:
    assert new(("1", EVENT, 1.0), ("1", INFO, 3.1), ("1", EVENT, 3.2)) == [True, True, False]
