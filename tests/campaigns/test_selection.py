"""Which lead, which list and which phone come next, without a database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.selection import (
    LEAD_ORDERS,
    PRIME,
    WEEKDAY_HOURS,
    WEEKEND_HOURS,
    LeadPhone,
    Queue,
    Standing,
    hour_score,
    next_phone,
    open_queues,
    rotation,
    shares,
    shuffled,
    sort_key,
    turns,
)

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
NINE_TO_EIGHT = CallableTimes.parse({day: [["09:00", "20:00"]] for day in DAYS})
weights = st.dictionaries(st.integers(1, 9), st.integers(1, 1000), min_size=1, max_size=6)


def in_order(order: str, *standings: Standing, campaign_id: int = 1) -> list[int]:
    ordered = sorted(standings, key=lambda each: (sort_key(order, each, campaign_id), each.lead_id))
    return [each.lead_id for each in ordered]


def test_each_order_is_what_its_name_says() -> None:
    one = Standing(1, priority=0, rank=5, attempts=2, last_attempt_at=NOW - timedelta(hours=2))
    two = Standing(2, priority=5, rank=0, attempts=1, last_attempt_at=NOW)
    three = Standing(3, priority=5, rank=0)
    assert in_order("priority", one, two, three) == [2, 3, 1]
    assert in_order("best_hour", one, two, three) == [2, 3, 1]
    assert in_order("rank", one, two, three) == [1, 2, 3]
    assert in_order("newest", one, two, three) == [3, 2, 1]
    assert in_order("oldest", one, two, three) == [1, 2, 3]
    assert in_order("fewest_attempts", one, two, three) == [3, 2, 1]
    assert in_order("least_recently_called", one, two, three) == [3, 1, 2]
    with pytest.raises(ValueError, match="not an order"):
        sort_key("by_name", one, 1)


@given(
    st.sampled_from(LEAD_ORDERS),
    st.integers(1, 2**62),
    st.integers(-(2**31) + 1, 2**31 - 1),
    st.integers(1, 2**62),
)
def test_every_key_fits_a_column(order: str, lead_id: int, number: int, campaign_id: int) -> None:
    standing = Standing(lead_id, number, number, abs(number), NOW)
    assert -(2**63) <= sort_key(order, standing, campaign_id) < 2**63


def test_the_shuffle_differs_by_campaign_and_spreads_evenly() -> None:
    leads = [Standing(number) for number in range(1, 10_001)]
    first, again, other = (in_order("random", *leads, campaign_id=each) for each in (1, 1, 2))
    assert first == again
    assert first != other
    tenths = Counter(shuffled(lead.lead_id, 1) * 10 // PRIME for lead in leads)
    assert all(850 < tenths[tenth] < 1150 for tenth in range(10))
    # Neighbours in the list are none in the shuffle, and campaigns do not begin with the same leads.
    assert sum(abs(a - b) < 10 for a, b in pairwise(first)) < 100
    assert len(set(first[:1000]) & set(other[:1000])) < 200


@given(weights, st.integers(0, 500), st.integers(1, 10**6))
def test_each_list_gives_its_exact_share_rounded(mix: dict[int, int], n: int, number: int) -> None:
    given_shares = shares(mix, n, rotation(number))
    assert sum(given_shares.values()) == n
    total = sum(mix.values())
    for list_id, weight in mix.items():
        assert abs(given_shares.get(list_id, 0) - n * weight / total) < 1


@settings(deadline=None, max_examples=50)
@given(weights, st.integers(1, 5))
def test_the_mix_is_right_in_the_long_run_even_for_one_lead_at_a_time(mix: dict[int, int], n: int) -> None:
    claims = 500
    counted: Counter[int] = Counter()
    for number in range(1, claims + 1):
        counted.update(shares(mix, n, rotation(number)))
    total = sum(mix.values())
    for list_id, weight in mix.items():
        assert abs(counted[list_id] - claims * n * weight / total) < 0.02 * claims * n


def test_lists_without_weight_have_no_share() -> None:
    assert shares({1: 0, 2: 0}, 5, 0.5) == {}
    assert shares({1: 0, 2: 3}, 5, 0.5) == {2: 5}


@given(st.dictionaries(st.integers(1, 9), st.integers(0, 60), max_size=5), st.floats(0, 0.999))
def test_lists_take_turns_as_often_as_they_count(counts: dict[int, int], offset: float) -> None:
    order = turns(counts, offset)
    assert Counter(order) == Counter({each: count for each, count in counts.items() if count})
    half = order[: len(order) // 2]
    for list_id, count in counts.items():
        share = count / max(len(order), 1)
        # Lists whose turns fall together stand side by side: as many places as there are lists.
        assert abs(half.count(list_id) - share * len(half)) <= 1 + share * len(counts)


def test_only_open_queues_are_looked_at_and_those_that_can_never_open() -> None:
    queues = [
        Queue(1, 1, 0, ("America/New_York",)),
        Queue(2, 1, 0, ("Asia/Tokyo",)),
        Queue(3, 1, 0, ("America/New_York", "Asia/Tokyo")),
        Queue(4, 1, 0, ()),
        Queue(5, 1, 0, ("Europe/London", "Etc/Unknown")),
        Queue(6, 2, 0, ("America/New_York",)),
    ]
    assert [each.id for each in open_queues("priority", queues, NINE_TO_EIGHT, NOW)] == [1, 4, 5, 6]


def test_by_best_hour_the_zone_where_people_are_at_home_comes_first() -> None:
    queues = [
        Queue(number, 1, 0, (zone,)) for number, zone in enumerate(("America/New_York", "Europe/Moscow"))
    ]
    ordered = open_queues("best_hour", queues, NINE_TO_EIGHT, NOW)
    assert [each.id for each in ordered] == [1, 0]
    assert [each.place for each in ordered] == [-WEEKDAY_HOURS[18], -WEEKDAY_HOURS[10]]
    assert [each.place for each in open_queues("priority", queues, NINE_TO_EIGHT, NOW)] == [0, 0]


def test_the_hour_is_that_of_the_zone_where_it_is_worst() -> None:
    assert hour_score(("Europe/Moscow", "America/New_York"), NOW) == WEEKDAY_HOURS[10]
    assert hour_score((), NOW) == 0
    sunday = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert hour_score(("Europe/London",), sunday) == WEEKEND_HOURS[10]
    assert len(WEEKDAY_HOURS) == len(WEEKEND_HOURS) == 24
    assert max(WEEKDAY_HOURS + WEEKEND_HOURS) == 100


def phone(number: int, attempts: int = 0, *, dead: bool = False, anothers: bool = False) -> LeadPhone:
    return LeadPhone(number, number, f"+1202555000{number}", 1, 1, ("UTC",), attempts, dead, anothers)


def test_the_phone_with_the_fewest_attempts_is_next_then_the_first() -> None:
    assert next_phone([phone(1), phone(2)]) == phone(1)
    assert next_phone([phone(1, 1), phone(2)]) == phone(2)
    assert next_phone([phone(2, 1), phone(1, 1), phone(3, 2)]) == phone(1, 1)


def test_a_phone_that_cannot_be_called_gives_way() -> None:
    phones = [phone(1, dead=True), phone(2, anothers=True), phone(3), phone(4, 5)]
    assert next_phone(phones) == phone(3)
    assert next_phone(phones, {phone(3).e164}) == phone(4, 5)
    assert next_phone(phones, {phone(3).e164, phone(4).e164}) is None
    assert next_phone([]) is None
