"""Whether a lead is called again, and when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.retry import (
    DEAD_PHONE,
    NEXT_PHONE,
    OUTCOMES,
    Final,
    LastCall,
    RetryAt,
    RetryRules,
    decide,
)
from campaigns.core.retry_rule import at_another_time, part_of_day
from campaigns.errors import InvalidRetryRulesError, UnknownOutcomeError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NONE = RetryRules.parse({})

results = st.sampled_from([*OUTCOMES, *STANDARD])


@pytest.mark.parametrize(
    ("result", "hours"),
    [
        ("busy", 1 / 6),
        ("no_answer", 2),
        ("congestion", 0.25),
        ("network_failure", 0.25),
        ("canceled", 1),
        ("lost", 1),
        ("unknown", 1),
        ("abandoned", 72),
        ("rejected", 24),
        ("machine", 4),
        ("answering_machine", 4),
        ("callback", 24),
        ("no_disposition", 24),
        ("hung_up", 24),
        ("skipped", 1),
    ],
)
def test_what_may_pass_is_tried_again_after_its_delay(result: str, hours: float) -> None:
    expected = RetryAt(NOW + timedelta(hours=hours), f"retry_{result}")
    assert decide(result, 1, 5, NONE, NOW) == expected


@pytest.mark.parametrize(
    "result",
    [
        "invalid_number",
        "disconnected",
        "blocked",
        "fax",
        "sale",
        "promise_to_pay",
        "not_interested",
        "do_not_call",
        "wrong_number",
        "language_barrier",
        "deceased",
        "fax_or_modem",
    ],
)
def test_what_will_not_pass_is_final(result: str) -> None:
    assert decide(result, 1, 5, NONE, NOW) == Final(result)


@given(results, st.integers(1, 200), st.integers(1, 100))
def test_no_lead_is_tried_again_beyond_its_attempts(result: str, attempts: int, most: int) -> None:
    decision = decide(result, attempts, most, NONE, NOW)
    if attempts >= most:
        assert isinstance(decision, Final)
    if isinstance(decision, RetryAt):
        assert decision.at > NOW


@given(st.sampled_from([code for code, each in STANDARD.items() if Flag.DNC in each.flags]))
def test_no_rule_calls_again_after_an_opt_out(code: str) -> None:
    with pytest.raises(InvalidRetryRulesError, match="opt-out"):
        RetryRules.parse({code: {"delay_s": 60}})
    assert decide(code, 1, 5, NONE, NOW) == Final(code)


@given(results)
def test_reasons_fit_their_column(result: str) -> None:
    decision = decide(result, 1, 5, NONE, NOW)
    assert len(decision.reason) <= 40
    assert len(result) <= 20


def test_a_campaigns_own_rule_goes_before_the_default() -> None:
    rules = RetryRules.parse(
        {"busy": {"delay_s": 30, "max_attempts": 2}, "no_answer": {"delay_s": None}, "sale": {"delay_s": 60}}
    )
    assert decide("busy", 1, 5, rules, NOW) == RetryAt(NOW + timedelta(seconds=30), "retry_busy")
    assert decide("busy", 2, 5, rules, NOW) == Final("max_attempts_reached")
    assert decide("no_answer", 1, 5, rules, NOW) == Final("no_answer")
    assert decide("sale", 1, 5, rules, NOW) == RetryAt(NOW + timedelta(seconds=60), "retry_sale")
    assert decide("canceled", 1, 5, rules, NOW) == decide("canceled", 1, 5, NONE, NOW)


@pytest.mark.parametrize("result", DEAD_PHONE)
def test_a_dead_phone_gives_way_to_another(result: str) -> None:
    assert decide(result, 1, 5, NONE, NOW, another_phone=True) == RetryAt(NOW, NEXT_PHONE)
    assert decide(result, 5, 5, NONE, NOW, another_phone=True) == Final(result)
    rules = RetryRules.parse({result: {"delay_s": 60}})
    again = RetryAt(NOW + timedelta(seconds=60), f"retry_{result}")
    assert decide(result, 1, 5, rules, NOW, another_phone=True) == again


def test_another_phone_changes_nothing_where_the_phone_works() -> None:
    for result in {*OUTCOMES, *STANDARD} - set(DEAD_PHONE):
        assert decide(result, 1, 5, NONE, NOW, another_phone=True) == decide(result, 1, 5, NONE, NOW)


def test_outcomes_and_dispositions_share_no_name() -> None:
    assert not set(OUTCOMES) & set(STANDARD)


def test_a_result_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownOutcomeError):
        decide("vanished", 1, 5, NONE, NOW)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"vanished": {"delay_s": 60}},
        {"busy": 60},
        {"busy": {}},
        {"busy": {"max_attempts": 3}},
        {"busy": {"delay_s": 0}},
        {"busy": {"delay_s": -60}},
        {"busy": {"delay_s": True}},
        {"busy": {"delay_s": "60"}},
        {"busy": {"delay_s": float("nan")}},
        {"busy": {"delay_s": 1e12}},
        {"busy": {"delay_s": 60, "max_attempts": 0}},
        {"busy": {"delay_s": 60, "max_attempts": 1.5}},
        {"busy": {"delay_s": 60, "delay_m": 1}},
        {"busy": {"delay_s": 60, "other_time": 1}},
        {"busy": {"delay_s": 60, "next_phone": "yes"}},
    ],
)
def test_rules_that_make_no_sense_are_refused(value: object) -> None:
    with pytest.raises(InvalidRetryRulesError):
        RetryRules.parse(value)


@pytest.mark.parametrize(("last_hour", "hour"), [(8, 13), (11, 13), (14, 17), (20, 13)])
def test_another_time_of_day_is_another_part_of_the_callees_day(last_hour: int, hour: int) -> None:
    rules = RetryRules.parse({"no_answer": {"delay_s": 3600, "other_time": True}})
    last = LastCall(last_hour, "Europe/Berlin")
    decision = decide("no_answer", 1, 5, rules, NOW - timedelta(hours=1), last=last)
    assert isinstance(decision, RetryAt)
    local = decision.at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.date(), local.hour, local.minute) == (NOW.date(), hour, 0)


@given(st.integers(0, 10**9), st.integers(0, 23), st.sampled_from(["Asia/Kolkata", "America/New_York"]))
def test_another_time_is_never_in_the_same_part_of_the_day_nor_too_early(
    seconds: int, hour: int, zone: str
) -> None:
    at = NOW + timedelta(seconds=seconds)
    later = at_another_time(at, hour, zone)
    assert at <= later <= at + timedelta(hours=13)
    assert part_of_day(later.astimezone(ZoneInfo(zone)).hour) != part_of_day(hour)


def test_a_rule_may_ask_for_another_number() -> None:
    rule = {"delay_s": 60, "next_phone": True}
    rules = RetryRules.parse({"no_answer": rule, "wrong_number": rule})
    at = NOW + timedelta(seconds=60)
    there = RetryAt(at, "retry_no_answer", next_phone=True)
    assert decide("no_answer", 1, 5, rules, NOW, another_phone=True) == there
    assert decide("no_answer", 1, 5, rules, NOW) == RetryAt(at, "retry_no_answer")
    assert decide("wrong_number", 1, 5, rules, NOW) == Final("wrong_number")
    assert decide("wrong_number", 5, 5, rules, NOW, another_phone=True) == Final("max_attempts_reached")
