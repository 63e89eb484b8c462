"""Who guesses passwords is slowed down; nobody is locked out for good."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.access.core.throttle import BY_ADDRESS, BY_NAME, BY_PAIR, Throttle

HERE, THERE = "192.0.2.1", "198.51.100.1"


def wrong(throttle: Throttle, name: str, address: str, now: float) -> bool:
    """One wrong password, if it is allowed; whether it was."""
    if throttle.wait_s(name, address, now):
        return False
    throttle.tried(name, address, now)
    return True


def test_a_few_tries_are_free_and_then_one_every_half_minute() -> None:
    throttle = Throttle()
    assert [wrong(throttle, "anna", HERE, 0.0) for _ in range(BY_PAIR.burst + 1)] == [True] * 5 + [False]
    assert throttle.wait_s("anna", HERE, 0.0) == BY_PAIR.every_s
    assert wrong(throttle, "anna", HERE, BY_PAIR.every_s)
    assert not wrong(throttle, "anna", HERE, BY_PAIR.every_s)


def test_an_address_that_tries_many_names_is_slowed_down() -> None:
    throttle = Throttle()
    allowed = [wrong(throttle, f"user {number}", HERE, 0.0) for number in range(100)]
    assert sum(allowed) == BY_ADDRESS.burst
    assert wrong(throttle, "user 1", THERE, 0.0)


def test_guesses_from_everywhere_do_not_lock_a_person_out_of_their_own_place() -> None:
    throttle = Throttle()
    throttle.tried("anna", HERE, 0.0)
    throttle.succeeded("anna", HERE)
    tried = sum(wrong(throttle, "anna", f"203.0.113.{number}", 1.0) for number in range(200))
    assert tried == BY_NAME.burst
    assert throttle.wait_s("anna", THERE, 1.0) > 0
    assert throttle.wait_s("anna", HERE, 1.0) == 0


def test_a_whole_office_signs_in_at_nine() -> None:
    throttle = Throttle()
    for number in range(500):
        assert wrong(throttle, f"agent {number}", HERE, 0.0)
        throttle.succeeded(f"agent {number}", HERE)


@given(st.lists(st.tuples(st.sampled_from(["anna", "bob"]), st.sampled_from([HERE, THERE])), max_size=200))
def test_no_limit_lasts(tries: list[tuple[str, str]]) -> None:
    throttle = Throttle()
    for name, address in tries:
        wrong(throttle, name, address, 0.0)
    for name, address in tries:
        assert throttle.wait_s(name, address, 0.0) <= max(
            BY_PAIR.every_s, BY_ADDRESS.every_s, BY_NAME.every_s
        )
