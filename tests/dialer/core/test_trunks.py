"""Which trunk a call takes, and what keeps it from one."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.breaker import FIRST_WAIT_S, LONGEST_WAIT_S, BreakerState
from dialer.core.trunks import MOST_TRIES, Trunk, TrunkBook, is_a_refusal, may_try_another

US = "+12025550123"
CALLS = count()


def trunk(name: str, **settings: object) -> Trunk:
    return Trunk(name, f"sip:{{number}}@{name}.example", **settings)  # type: ignore[arg-type]


def place(book: TrunkBook, now: float = 0.0, e164: str = US) -> tuple[int, str]:
    """Places a call on the first of its routes."""
    call, first = next(CALLS), book.routes(e164, now)[0].name
    book.placed(call, first, now)
    return call, first


def names(book: TrunkBook, now: float = 0.0, e164: str = US) -> list[str]:
    return [each.name for each in book.routes(e164, now)]


def state(book: TrunkBook, name: str, now: float) -> BreakerState:
    return next(each.state for each in book.standings(now) if each.name == name)


def fail(book: TrunkBook, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        call, _ = place(book, now)
        book.failed(call, now, "503 Service Unavailable")


# --- the order ----------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_trunks_of_one_priority_share_the_calls_by_their_weights(weights: list[int]) -> None:
    book = TrunkBook([trunk(f"t{i}", weight=weight) for i, weight in enumerate(weights)])
    placed = Counter(place(book)[1] for _ in range(3 * sum(weights)))
    assert placed == {f"t{i}": 3 * weight for i, weight in enumerate(weights)}


def test_calls_are_mixed_evenly_and_not_in_blocks() -> None:
    book = TrunkBook([trunk("a", weight=3), trunk("b", weight=1)])
    order = "".join(place(book)[1] for _ in range(8))
    assert "aaaa" not in order
    assert order.count("b") == 2


def test_a_higher_priority_is_only_for_when_the_lower_has_no_room() -> None:
    book = TrunkBook([trunk("spare", priority=2), trunk("main", priority=1, lines=1)])
    assert names(book) == ["main", "spare"]
    place(book)
    assert names(book) == ["spare"]


def test_a_trunk_that_comes_back_does_not_get_all_calls_that_it_missed() -> None:
    book = TrunkBook([trunk("a"), trunk("b")])
    book.reachable("b", up=False)
    for _ in range(100):
        place(book)
    book.reachable("b", up=True)
    assert Counter(place(book)[1] for _ in range(10)) == {"a": 5, "b": 5}


def test_a_call_is_offered_to_no_more_than_a_few() -> None:
    book = TrunkBook([trunk(f"t{i}") for i in range(10)])
    assert len(set(names(book))) == MOST_TRIES


@pytest.mark.parametrize(("e164", "expected"), [("+442071838750", ["uk"]), (US, ["us"]), ("+4930123456", [])])
def test_a_trunk_gets_only_numbers_that_it_serves(e164: str, expected: list[str]) -> None:
    book = TrunkBook([trunk("uk", prefixes=("+44",)), trunk("us", prefixes=("+1",))])
    assert names(book, e164=e164) == expected
    assert book.serves(e164) == bool(expected)


def test_numbers_are_rewritten_as_the_trunk_wants_them() -> None:
    asked = Trunk("pbx", "sip:9{number}@pbx.example", strip="+1")
    assert asked.address(US) == "sip:92025550123@pbx.example"
    assert asked.address("+442071838750") == "sip:9+442071838750@pbx.example"


def test_trunks_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        TrunkBook([trunk("a"), trunk("a")])
    with pytest.raises(ValueError, match="needs trunks"):
        TrunkBook([])


# --- capacity -----------------------------------------------------------------------------------


def test_no_trunk_has_more_calls_than_lines() -> None:
    book = TrunkBook([trunk("a", lines=2), trunk("b", lines=1)])
    assert book.room(0) == 3
    calls = [place(book) for _ in range(3)]
    assert names(book) == []
    assert book.room(0) == 0
    call, name = calls[0]
    book.ended(call, 5.0, None)
    assert names(book, 5.0) == [name]


@given(
    rate=st.floats(0.2, 50),
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_no_second_has_more_calls_than_the_rate_and_a_burst(rate: float, gaps: list[float]) -> None:
    book = TrunkBook([trunk("a", calls_per_second=rate)])
    now, placed = 0.0, []
    for gap in gaps:
        now += gap
        while book.routes(US, now):
            place(book, now)
            placed.append(now)
    for start in placed:
        within = sum(start <= at < start + 1 for at in placed)
        assert within <= 1.3 * rate + 1 + 1e-6


def test_a_rate_comes_back_with_time() -> None:
    book = TrunkBook([trunk("a", calls_per_second=2)])
    place(book)
    assert not book.routes(US, 0.1)
    assert book.routes(US, 0.25)


@pytest.mark.parametrize("rate", [0.5, 1.5, 3, 5, 8, 20, 47])
def test_a_rate_is_reached_where_trunks_are_asked_four_times_a_second(rate: float) -> None:
    book = TrunkBook([trunk("a", calls_per_second=rate)])
    beat_s, beats, placed = 0.252, 400, 0
    for beat in range(beats):
        while book.routes(US, beat * beat_s):
            place(book, beat * beat_s)
            placed += 1
    assert placed >= 0.97 * rate * beats * beat_s


# --- failover and health ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 401, 402, 403, 407, 408, 415, 420, 488, 500, 502, 503, 504, 606])
def test_what_a_trunk_says_of_itself_is_tried_elsewhere(status: int) -> None:
    assert may_try_another(status, None)
    assert may_try_another(status, 34)


@pytest.mark.parametrize("status", [0, 404, 410, 480, 484, 486, 487, 600, 603, 604, 607, 608])
def test_what_is_said_of_the_callee_is_final(status: int) -> None:
    assert not may_try_another(status, None)
    assert not is_a_refusal(status, None)


def test_a_bad_request_is_refused_by_the_trunk_and_would_be_elsewhere() -> None:
    assert is_a_refusal(400, None)
    assert not may_try_another(400, None)
    assert not is_a_refusal(400, 1), "by that cause it tells of the number"


@pytest.mark.parametrize("cause", [1, 17, 18, 19, 20, 21, 22, 28])
def test_a_cause_that_tells_of_the_callee_outranks_a_gateways_failure(cause: int) -> None:
    assert not may_try_another(503, cause)


def test_a_trunk_that_fails_in_a_row_gets_no_more_calls_for_a_while() -> None:
    book = TrunkBook([trunk("bad"), trunk("good", priority=2)])
    fail(book, 4)
    assert names(book) == ["bad", "good"]
    fail(book, 1)
    assert names(book) == ["good"]
    assert state(book, "bad", 0.0) == BreakerState.OPEN
    standing = book.standings(0.0)[0]
    assert standing.reason == "503 Service Unavailable"
    assert standing.opens_again_in_s == FIRST_WAIT_S


def test_half_of_the_latest_calls_failing_is_enough() -> None:
    book = TrunkBook([trunk("bad")])
    for _ in range(10):
        call, _ = place(book)
        book.ended(call, 0.0, None)
        fail(book, 1)
    assert state(book, "bad", 0.0) == BreakerState.OPEN


def test_one_call_looks_whether_it_works_again_and_closes_the_breaker() -> None:
    book = TrunkBook([trunk("a")])
    fail(book, 5)
    now = FIRST_WAIT_S
    call, _ = place(book, now)
    assert names(book, now) == [], "only one at a time"
    book.ended(call, now, None)
    assert state(book, "a", now) == BreakerState.CLOSED
    fail(book, 4, now)
    assert names(book, now) == ["a"], "what was before is forgotten"


def test_each_probe_that_fails_doubles_the_wait_up_to_a_limit() -> None:
    book = TrunkBook([trunk("a")])
    fail(book, 5)
    now, waits = 0.0, []
    for _ in range(8):
        waits.append(book.standings(now)[0].opens_again_in_s or 0.0)
        now += waits[-1]
        fail(book, 1, now)
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S


def test_a_probe_of_unknown_fate_makes_way_for_another() -> None:
    book = TrunkBook([trunk("a")])
    fail(book, 5)
    call, _ = place(book, FIRST_WAIT_S)
    book.gone(call)
    assert names(book, FIRST_WAIT_S) == ["a"]


def test_answers_without_audio_open_the_breaker_although_calls_go_through() -> None:
    book = TrunkBook([trunk("mute")])
    for _ in range(3):
        silent, _ = place(book)
        busy, _ = place(book)
        book.ended(busy, 0.0, None)
        book.silent(silent, 0.0)
    assert state(book, "mute", 0.0) == BreakerState.OPEN
    now = FIRST_WAIT_S
    busy, _ = place(book, now)
    book.ended(busy, now, None)
    assert state(book, "mute", now) == BreakerState.PROBING, "a busy line says nothing of audio"
    heard, _ = place(book, now)
    book.ended(heard, now, 30.0, audio=True)
    assert state(book, "mute", now) == BreakerState.CLOSED


def test_a_probe_that_talks_closes_the_breaker_while_it_talks() -> None:
    book = TrunkBook([trunk("a")])
    fail(book, 5)
    call, _ = place(book, FIRST_WAIT_S)
    book.rang(call)
    assert state(book, "a", FIRST_WAIT_S) == BreakerState.CLOSED
    book = TrunkBook([trunk("mute")])
    for _ in range(3):
        silent, _ = place(book)
        book.silent(silent, 0.0)
    call, _ = place(book, FIRST_WAIT_S)
    book.answered(call)
    assert book.room(FIRST_WAIT_S + 60) == 0, "time alone shows nothing, as while a message plays"
    book.heard(call)
    assert book.room(FIRST_WAIT_S + 60) > 1


def test_a_mute_trunk_is_told_however_long_its_calls_hear_a_message() -> None:
    book = TrunkBook([trunk("mute"), trunk("good", priority=2)])
    now = 0.0
    for _ in range(3):
        call, name = place(book, now)
        assert name == "mute"
        book.answered(call)
        now += 30.0
        book.room(now)
        book.silent(call, now)
    assert names(book, now) == ["good"]


def test_what_fits_gets_a_route() -> None:
    london = trunk("london", prefixes=("+44",), lines=1, priority=2)
    book = TrunkBook([london, trunk("main", lines=1)])
    numbers = ["+442071838750", US]
    for e164, fits in zip(numbers, book.fitting(numbers, 0.0), strict=True):
        routes = book.routes(e164, 0.0)
        assert bool(routes) == fits
        if routes:
            book.placed(e164, routes[0].name, 0.0)


def test_a_call_that_moves_on_leaves_its_line() -> None:
    book = TrunkBook([trunk("a", lines=1), trunk("b", lines=1)])
    call, first = place(book)
    book.failed(call, 0.0, "503")
    book.placed(call, "b", 0.0)
    assert names(book) == [first]
    assert book.trunk_of(call) == trunk("b", lines=1)


def test_ratios_are_of_calls_that_are_over() -> None:
    book = TrunkBook([trunk("a")])
    assert book.standings(0.0)[0].answer_seizure_ratio is None
    for talked_s in (None, None, 2.0, 60.0):
        call, _ = place(book)
        book.ended(call, 0.0, talked_s)
    standing = book.standings(0.0)[0]
    assert (standing.answer_seizure_ratio, standing.short_call_ratio) == (0.5, 0.5)


@given(st.lists(st.tuples(st.sampled_from("pfseg"), st.integers(0, 30), st.floats(0, 5)), max_size=150))
def test_lines_are_never_lost_whatever_happens(steps: list[tuple[str, int, float]]) -> None:
    book = TrunkBook([trunk("a", lines=3), trunk("b", lines=2)])
    up: dict[int, str] = {}
    now = 0.0
    for what, which, gap in steps:
        now += gap
        call = sorted(up)[which % len(up)] if up else -1
        if what == "p":
            if routes := book.routes(US, now):
                call = next(CALLS)
                book.placed(call, routes[0].name, now)
                up[call] = routes[0].name
            continue
        if what == "f":
            book.failed(call, now, "503")
        elif what == "s":
            book.silent(call, now)
        elif what == "e":
            book.ended(call, now, 10.0)
        else:
            book.gone(call)
        up.pop(call, None)
    in_use = Counter(up.values())
    assert {each.name: each.calls for each in book.standings(now)} == {"a": in_use["a"], "b": in_use["b"]}
