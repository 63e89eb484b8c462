"""Legal periods, the share of abandoned calls in them, and what remains."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.abandonment_rules import Budget, Share, Tally, budget, legal_period, share, tightest
from campaigns.core.rules import AbandonmentRule

START = datetime(2026, 1, 10, 14, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def rule(
    period: str = "30_days", most: float = 0.03, formula: str = "answered", zone: str = "UTC"
) -> AbandonmentRule:
    return AbandonmentRule(
        id=f"test-{most}", source="test", read="", most_rate=most, period=period, formula=formula, zone=zone
    )


def left(most: float, tally: Tally, formula: str = "answered") -> Budget:
    asked = rule(most=most, formula=formula)
    return budget(asked, legal_period(asked, START, START), tally)


@given(
    st.sampled_from(["30_days", "day", "calendar_month"]),
    st.timedeltas(timedelta(0), timedelta(days=900)),
    st.sampled_from(["UTC", "Europe/London", "America/Toronto", "Africa/Cairo"]),
)
def test_periods_follow_each_other_without_gap_or_overlap(period: str, passed: timedelta, zone: str) -> None:
    asked = rule(period, zone=zone)
    now = legal_period(asked, START, START + passed)
    assert now.start <= START + passed < now.end
    assert legal_period(asked, START, max(now.start, START)) == now
    assert legal_period(asked, START, now.end - timedelta(microseconds=1)) == now
    assert legal_period(asked, START, now.end).start == now.end


def test_a_day_is_from_midnight_to_midnight_and_may_have_25_hours() -> None:
    asked = rule("day", zone="Europe/London")
    found = legal_period(asked, START, datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert found.start == datetime(2026, 10, 25, tzinfo=LONDON)
    assert found.end - found.start == timedelta(hours=25)


def test_a_month_is_the_calendars() -> None:
    found = legal_period(rule("calendar_month"), START, datetime(2026, 2, 28, 23, tzinfo=UTC))
    assert (found.start, found.end) == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def test_before_its_start_a_campaign_is_in_no_period() -> None:
    with pytest.raises(ValueError, match="before the campaign's start"):
        legal_period(rule(), START, START - timedelta(seconds=1))


def test_nobody_who_answered_makes_no_share() -> None:
    assert share("answered", Tally(0, 0)).rate is None
    assert share("ofcom", Tally(0, 0)).rate is None
    assert share("ofcom", Tally(3, 0)) == Share(3, 3)


def test_three_of_a_hundred_are_three_percent_and_not_more() -> None:
    at_the_limit = left(0.03, Tally(dropped=3, live=97))
    assert not at_the_limit.broken
    assert at_the_limit.exhausted
    assert left(0.03, Tally(dropped=4, live=97)).broken
    assert left(0.03, Tally(dropped=0, live=97)).remaining == 3


@given(st.integers(0, 200), st.integers(0, 5000), st.sampled_from([0.0, 0.01, 0.03, 0.05]))
def test_what_remains_can_be_abandoned_and_one_more_cannot(dropped: int, live: int, most: float) -> None:
    now = left(most, Tally(dropped, live))
    after = left(most, Tally(dropped + now.remaining, live))
    assert after.broken == now.broken
    assert left(most, Tally(dropped + now.remaining + 1, live)).broken
    assert now.exhausted == (now.remaining == 0)


def test_a_rule_that_allows_everything_never_runs_out() -> None:
    assert not left(1, Tally(50, 0)).exhausted


def test_the_tightest_budget_is_the_one_that_leaves_least() -> None:
    tally = Tally(dropped=1, live=199)
    two = [left(0.05, tally), left(0.03, tally)]
    assert tightest(two) == two[1]
    assert tightest([]) is None


def test_what_cannot_have_been_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have been counted"):
        Tally(-1, 3)
    with pytest.raises(ValueError, match="cannot have been counted"):
        Tally(1, 3, false_positive_rate=1.5)
