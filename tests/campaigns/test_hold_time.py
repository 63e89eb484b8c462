"""Time on hold: a talk falls into parts that add up to it, whatever was done with its call."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.hold_time import LEFT, ON_HOLD, TALKING, TURNS, Part, Turn, parts_of, parts_of_talk

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
ANNA, BEA, CLOSER = 1, 2, 70


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def held(*turns: tuple[float, str, int | None], until: float | None = 60) -> list[tuple[str, float | None]]:
    """What Anna's talk from second 0 on comes to: each part with its end."""
    taken = [Turn(at(second), kind, None if kind == LEFT else ANNA, guest) for second, kind, guest in turns]
    parts = parts_of_talk(NINE, None if until is None else at(until), ANNA, taken)
    return [(each.state, each.ended_at and (each.ended_at - NINE).total_seconds()) for each in parts]


def test_a_customer_is_on_hold_until_the_agent_is_back_or_the_talk_is_over() -> None:
    assert held() == [(TALKING, 60)]
    assert held((10, "hold", None), (25, "resume", None)) == [(TALKING, 10), (ON_HOLD, 25), (TALKING, 60)]
    assert held((10, "hold", None)) == [(TALKING, 10), (ON_HOLD, 60)]
    assert held((10, "hold", None), until=None) == [(TALKING, 10), (ON_HOLD, None)]
    assert held((0, "hold", None), until=None) == [(ON_HOLD, None)]


def test_a_consultation_is_time_on_hold_until_it_is_joined_or_its_guest_has_left() -> None:
    consult = (10.0, "consult", CLOSER)
    assert held(consult, (20, "join", None)) == [(TALKING, 10), (ON_HOLD, 20), (TALKING, 60)]
    assert held(consult, (20, LEFT, CLOSER)) == [(TALKING, 10), (ON_HOLD, 20), (TALKING, 60)]
    assert held(consult, (20, "return", CLOSER)) == [(TALKING, 10), (ON_HOLD, 20), (TALKING, 60)]
    assert held((10, "transfer", CLOSER), (40, LEFT, CLOSER)) == [(TALKING, 10), (ON_HOLD, 40), (TALKING, 60)]


def test_a_guest_whose_end_is_heard_of_late_ends_no_hold_that_came_after() -> None:
    found = held((10, "consult", CLOSER), (20, "return", CLOSER), (30, "hold", None), (31, LEFT, CLOSER))
    assert found == [(TALKING, 10), (ON_HOLD, 20), (TALKING, 30), (ON_HOLD, 60)]


def test_what_another_agent_did_with_the_call_is_not_ones_own_time() -> None:
    turns = [Turn(at(5), "hold", BEA), Turn(at(8), "consult", BEA, CLOSER)]
    assert parts_of_talk(NINE, at(60), ANNA, turns) == [Part(TALKING, NINE, at(60))]
    before = [Turn(at(-5), "hold", ANNA)]
    assert parts_of_talk(NINE, at(60), ANNA, before) == [Part(TALKING, NINE, at(60))]


def test_only_talks_fall_into_parts() -> None:
    paused = Part("paused", NINE, at(60))
    assert parts_of(paused, 7, ANNA, {7: [Turn(at(1), "hold", ANNA)]}) == [paused]


turns_taken = st.lists(
    st.builds(
        Turn,
        st.integers(-5_000, 70_000).map(lambda ms: NINE + timedelta(milliseconds=ms)),
        st.sampled_from(sorted({*TURNS, LEFT})),
        st.sampled_from([ANNA, BEA, None]),
        st.sampled_from([CLOSER, CLOSER + 1, None]),
    ),
    max_size=12,
)


@given(turns_taken, st.integers(0, 60_000), st.booleans())
def test_the_parts_of_a_talk_follow_each_other_and_add_up_to_it(
    turns: list[Turn], lasted_ms: int, goes_on: bool
) -> None:
    end = None if goes_on else NINE + timedelta(milliseconds=lasted_ms)
    parts = parts_of_talk(NINE, end, ANNA, turns)
    assert (parts[0].started_at, parts[-1].ended_at) == (NINE, end)
    assert [each.ended_at for each in parts[:-1]] == [each.started_at for each in parts[1:]]
    assert all(each.ended_at is None or each.started_at <= each.ended_at for each in parts)
    assert all(each.state in (TALKING, ON_HOLD) for each in parts)
