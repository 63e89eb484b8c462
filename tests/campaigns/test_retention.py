"""How long calls are kept, by the rules on records."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.retention import Retention, months_before, retention, shortest_months

RULES = load_rulebook().jurisdictions


@pytest.mark.parametrize(
    ("countries", "kind", "chosen", "kept"),
    [
        (["US"], "sales", None, Retention(60, "us-tsr-records")),
        (["PR"], "sales", None, Retention(60, "us-tsr-records")),
        (["US"], "collections", None, Retention(60, "us-tsr-records")),
        (["GB"], "sales", None, Retention(6, "gb-records")),
        (["CA"], "survey", None, Retention(36, "ca-records")),
        (["GB", "CA"], "sales", None, Retention(36, "ca-records")),
        (["GB"], "sales", 3, Retention(6, "gb-records")),
        (["GB"], "sales", 24, Retention(24)),
        (["DE"], "sales", None, Retention(None)),
        (["DE"], "sales", 12, Retention(12)),
        (["AR"], "sales", None, Retention(60, "us-tsr-records")),
        ([], "sales", None, Retention(60, "us-tsr-records")),
        (["DE", "AR"], "sales", 12, Retention(60, "us-tsr-records")),
    ],
)
def test_the_longest_rule_that_matches_holds_and_a_longer_choice(
    countries: list[str], kind: str, chosen: int | None, kept: Retention
) -> None:
    assert retention(RULES, countries, kind, chosen) == kept


def test_rules_of_collections_hold_for_collections_alone() -> None:
    without_tsr = [each for each in RULES if each.id in ("us-reg-f", "gb")]
    assert retention(without_tsr, ["US"], "collections", None) == Retention(36, "us-reg-f-records")
    assert retention(without_tsr, ["US"], "sales", None) == Retention(None)


def test_nothing_is_looked_at_that_is_younger_than_the_shortest_rule_or_choice() -> None:
    assert shortest_months(RULES, None) == 6
    assert shortest_months(RULES, 24) == 24
    assert shortest_months([], None) == 3


@given(
    st.sets(st.sampled_from(["US", "GB", "CA", "DE", "FR", "AR", "PR"])),
    st.sets(st.sampled_from(["US", "GB", "CA", "DE", "FR", "AR", "PR"])),
    st.sampled_from(["sales", "survey", "appointment", "collections"]),
    st.none() | st.integers(3, 200),
)
def test_one_more_country_never_lets_calls_go_earlier(
    some: set[str], more: set[str], kind: str, chosen: int | None
) -> None:
    fewer = retention(RULES, some, kind, chosen).months if some else None
    both = retention(RULES, some | more, kind, chosen).months
    assert fewer is None or (both is not None and both >= fewer)
    assert chosen is None or (both is not None and both >= chosen)
    shortest = shortest_months(RULES, chosen)
    assert both is None or both >= shortest


@pytest.mark.parametrize(
    ("at", "months", "before"),
    [
        (datetime(2026, 11, 23, 15, tzinfo=UTC), 6, datetime(2026, 5, 23, 15, tzinfo=UTC)),
        (datetime(2026, 8, 31, tzinfo=UTC), 6, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), 60, datetime(2023, 2, 28, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 12, datetime(2025, 1, 15, tzinfo=UTC)),
        (datetime(2026, 1, 15, tzinfo=UTC), 1, datetime(2025, 12, 15, tzinfo=UTC)),
        (datetime(90, 1, 15, tzinfo=UTC), 1200, datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(at: datetime, months: int, before: datetime) -> None:
    assert months_before(at, months) == before
