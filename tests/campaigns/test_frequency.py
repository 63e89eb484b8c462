"""How often a person may be tried, and how long they are left alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.facts import Facts, PastAttempt
from campaigns.core.frequency import free_by_cooling, free_by_frequency
from campaigns.core.rules import CoolingRule, FrequencyRule, Rule, parse_rule

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
ME = Facts(("UTC",), "+12025550100", 1, campaign_id=1, subject="a", debt="x")
HOUR = timedelta(hours=1)
BASE = {"id": "r", "source": "s", "read": NOW.date()}


def frequency(**values: Any) -> FrequencyRule:
    rule = parse_rule({**BASE, "kind": "frequency", **values})
    assert isinstance(rule, FrequencyRule)
    return rule


def cooling(**values: Any) -> CoolingRule:
    rule = parse_rule({**BASE, "kind": "cooling", **values})
    assert isinstance(rule, CoolingRule)
    return rule


def attempt(hours_ago: float, **changes: Any) -> PastAttempt:
    past = PastAttempt(NOW - hours_ago * HOUR, "no_answer", ME.e164, 1, campaign_id=1, subject="a", debt="x")
    return replace(past, **changes)


def test_an_attempt_counts_until_exactly_so_many_hours_later() -> None:
    rule = frequency(most=2, hours=24)
    assert free_by_frequency(rule, ME, [attempt(1)]) is None
    assert free_by_frequency(rule, ME, [attempt(1), attempt(24)]) == NOW
    assert free_by_frequency(rule, ME, [attempt(1), attempt(23), attempt(5)]) == NOW + 19 * HOUR


def test_days_are_the_callees_own_in_the_zone_where_they_last_longest() -> None:
    rule = frequency(most=1, days=1)
    late = attempt(0, at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    assert free_by_frequency(rule, ME, [late]) == datetime(2026, 11, 25, tzinfo=UTC)
    there = replace(ME, zones=("UTC", "Asia/Kolkata"))
    assert free_by_frequency(rule, there, [late]) == datetime(2026, 11, 25, 18, 30, tzinfo=UTC)


def test_a_day_is_23_hours_long_where_clocks_go_forward() -> None:
    rule = frequency(most=1, days=1)
    facts = replace(ME, zones=("America/New_York",))
    late = attempt(0, at=datetime(2026, 3, 8, 4, 59, tzinfo=UTC))
    later = attempt(0, at=datetime(2026, 3, 8, 5, tzinfo=UTC))
    assert free_by_frequency(rule, facts, [late]) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert free_by_frequency(rule, facts, [later]) == datetime(2026, 3, 9, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "changes", "counts"),
    [
        ({"of": "person"}, {"lead_id": 2}, True),
        ({"of": "person"}, {"e164": "+12025550199"}, True),
        ({"of": "person"}, {"e164": "+12025550199", "lead_id": 2}, False),
        ({"of": "phone"}, {"e164": "+12025550199"}, False),
        ({"of": "phone"}, {"lead_id": 2}, True),
        ({"of": "lead"}, {"lead_id": 2}, False),
        ({"of": "lead"}, {"e164": "+12025550199"}, True),
        ({"about": "subject"}, {"subject": "b"}, False),
        ({"about": "subject"}, {"subject": ""}, True),
        ({"about": "subject"}, {"debt": "y"}, True),
        ({"about": "debt"}, {"debt": "y"}, False),
        ({"about": "debt"}, {"debt": ""}, True),
        ({"about": "campaign"}, {"campaign_id": 2}, False),
        ({"not_counted": ["busy"]}, {"outcome": "busy"}, False),
        ({"not_counted": ["busy"]}, {"outcome": ""}, True),
    ],
)
def test_what_counts_is_the_rules_to_say_and_not_known_is_the_same(
    rule: dict[str, Any], changes: dict[str, Any], counts: bool
) -> None:
    found = free_by_frequency(frequency(most=1, hours=2, **rule), ME, [attempt(1, **changes)])
    assert (found is not None) == counts


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        ("abandoned", {"outcome": "abandoned"}),
        ("machine", {"outcome": "machine"}),
        ("machine", {"outcome": "human", "machine": True}),
        ("conversation", {"talked": True}),
        ("refusal", {"refused": True}),
    ],
)
def test_rest_runs_from_the_end_of_the_call_in_which_it_happened(after: str, changes: dict[str, Any]) -> None:
    rule = cooling(after=after, hours=72)
    assert free_by_cooling(rule, ME, [attempt(1)]) is None
    assert free_by_cooling(rule, ME, [attempt(1, **changes)]) == NOW + 71 * HOUR
    ended = attempt(1, ended_at=NOW, **changes)
    assert free_by_cooling(rule, ME, [attempt(5, **changes), ended, attempt(2, **changes)]) == NOW + 72 * HOUR


def test_days_of_rest_begin_with_the_events_day_or_with_the_next() -> None:
    talk = attempt(0, talked=True)
    same, following = (
        cooling(after="conversation", days=7),
        cooling(after="conversation", days=7, first_day="next"),
    )
    assert free_by_cooling(same, ME, [talk]) == datetime(2026, 12, 1, tzinfo=UTC)
    assert free_by_cooling(following, ME, [talk]) == datetime(2026, 12, 2, tzinfo=UTC)


def test_where_an_agent_waits_a_rule_may_ask_for_no_rest() -> None:
    rule = cooling(after="machine", hours=24, unless_agent_guaranteed=True)
    waiting = replace(ME, agent_guaranteed=True)
    assert free_by_cooling(rule, ME, [attempt(1, outcome="machine")]) is not None
    assert free_by_cooling(rule, waiting, [attempt(1, outcome="machine")]) is None
    assert (
        free_by_cooling(cooling(after="machine", hours=24), waiting, [attempt(1, outcome="machine")])
        is not None
    )


histories = st.lists(
    st.builds(
        attempt,
        st.floats(0, 24 * 40),
        outcome=st.sampled_from(["", "busy", "abandoned", "machine", "human"]),
        lead_id=st.integers(1, 2),
        talked=st.booleans(),
    ),
    max_size=8,
)
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(frequency, most=st.integers(1, 3), hours=st.integers(1, 100)),
    st.builds(frequency, most=st.integers(1, 3), days=st.integers(1, 30)),
    st.builds(cooling, after=st.sampled_from(["abandoned", "conversation"]), days=st.integers(1, 30)),
)


@given(rules, histories, st.data())
def test_one_more_past_attempt_never_frees_anybody_earlier(
    rule: FrequencyRule | CoolingRule, history: list[PastAttempt], data: st.DataObject
) -> None:
    free = free_by_frequency if isinstance(rule, FrequencyRule) else free_by_cooling
    fewer = [each for each in history if data.draw(st.booleans())]
    never = datetime.min.replace(tzinfo=UTC)
    assert (free(rule, ME, fewer) or never) <= (free(rule, ME, history) or never)  # type: ignore[arg-type]


@given(rules, histories)
def test_the_order_of_the_past_does_not_matter(
    rule: FrequencyRule | CoolingRule, history: list[PastAttempt]
) -> None:
    free = free_by_frequency if isinstance(rule, FrequencyRule) else free_by_cooling
    assert free(rule, ME, history) == free(rule, ME, history[::-1])  # type: ignore[arg-type]
