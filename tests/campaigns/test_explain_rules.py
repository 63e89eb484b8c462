"""Every rule is told with its answer, and what is told agrees with what compliance decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.compliance.rulebook import load_rulebook
from campaigns.core.calling_window import CallableTimes
from campaigns.core.compliance import RULES, Allow, Deny, Snapshot, permit
from campaigns.core.explanation import Standing, explain_rules, judge, standing_sentence, zone_times
from campaigns.core.jurisdiction import place_of
from tests.campaigns.snapshots import snapshot_of

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NINE_TO_FIVE = CallableTimes.parse({day: [["09:00", "17:00"]] for day in DAYS[:5]})
READY = Standing(state="ready", reason="new")


def snapshot(zones: tuple[str, ...] = ("America/New_York",), **changes: object) -> Snapshot:
    return snapshot_of(zones, NINE_TO_FIVE, **changes)


def test_a_lead_that_nothing_speaks_against_is_callable_now() -> None:
    verdict = judge(snapshot(), READY, NOON)
    assert verdict.callable_now
    assert verdict.next_callable_at == NOON
    assert [each.rule for each in verdict.rules] == [*RULES, "own-calendar", "in_line", "phones_turn"]
    assert all(each.passed and each.sentence and each.source for each in verdict.rules)
    assert "Mon 12:00 in America/New_York" in verdict.rules[len(RULES)].sentence


@pytest.mark.parametrize(
    ("changes", "rule", "code"),
    [
        ({"campaign_running": False}, "campaign_running", "campaign_not_running"),
        ({"suppressed": "The number is on everyone's list."}, "not_suppressed", "on_dnc_list"),
        ({"attempts": 3}, "attempts_left", "max_attempts_reached"),
        ({"not_before": NOON + timedelta(hours=1)}, "not_before", "not_before"),
        ({"zones": ()}, "own-calendar", "zone_unknown"),
        ({"zones": ("Asia/Tokyo",)}, "own-calendar", "outside_callable_times"),
        ({"zones": ("Nowhere/Land",)}, "own-calendar", "zone_unknown"),
        ({"best_time": "16:00-17:00"}, "best_time", "outside_best_time"),
    ],
)
def test_a_rule_that_objects_says_so_and_the_others_do_not(
    changes: dict[str, Any], rule: str, code: str
) -> None:
    answers = {each.rule: each for each in explain_rules(snapshot(**changes), NOON)}
    assert set(answers) == {*RULES, "own-calendar"}
    assert (answers[rule].passed, answers[rule].code) == (False, code)
    assert [each.rule for each in answers.values() if not each.passed] == [rule]
    verdict = judge(snapshot(**changes), READY, NOON)
    assert not verdict.callable_now
    assert answers[rule].sentence in verdict.sentence


def test_the_next_time_is_when_both_the_rules_and_the_line_allow_it() -> None:
    later = Standing(state="waiting", reason="retry_busy", due_at=NOON + timedelta(hours=8))
    verdict = judge(snapshot(), later, NOON)
    assert not verdict.callable_now
    assert verdict.next_callable_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert judge(snapshot(), Standing(state="final", reason="sale"), NOON).next_callable_at is None
    assert judge(snapshot(), Standing(state="calling", reason="calling"), NOON).next_callable_at is None
    claimed = Standing(state="claimed", claimed_until=NOON + timedelta(minutes=1))
    assert judge(snapshot(), claimed, NOON).next_callable_at == NOON + timedelta(minutes=1)
    assert judge(snapshot(), claimed, NOON + timedelta(minutes=2)).callable_now
    waited = Standing(state="waiting", reason="retry_busy", due_at=NOON)
    assert judge(snapshot(), waited, NOON).callable_now


def test_a_sentence_of_many_rules_is_said_once() -> None:
    policy = load_rulebook().policy(place_of("+18005550100", "US"), "sales", "progressive")
    verdict = judge(replace(snapshot(zones=()), policy=policy), READY, NOON.replace(hour=3))
    objections = [each.sentence for each in verdict.rules if not each.passed]
    assert len(objections) > len(set(objections))
    assert all(verdict.sentence.count(each) == 1 for each in objections)


def test_another_phones_turn_is_said() -> None:
    verdict = judge(snapshot(), Standing(state="ready", phone=2, next_phone=1), NOON)
    assert not verdict.callable_now
    assert "its phone 1 is dialed next" in verdict.sentence
    assert verdict.next_callable_at is None


def test_a_lead_that_was_not_taken_up_is_not_in_line() -> None:
    verdict = judge(snapshot(), Standing(), NOON)
    assert verdict.rules[-2].code == "not_taken_up"
    assert "has not taken the lead up" in standing_sentence(Standing())


def test_the_clocks_of_every_zone_are_shown() -> None:
    two = zone_times(snapshot(zones=("America/New_York", "Nowhere/Land")), NOON)
    assert (two[0].local_time, two[0].open) == (NOON, True)
    assert (two[1].local_time, two[1].open) == (None, False)


INSTANTS = st.integers(-20 * 24 * 60, 30 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
SNAPSHOTS = st.builds(
    snapshot,
    campaign_running=st.booleans(),
    zones=st.lists(st.sampled_from(["America/New_York", "Asia/Tokyo", "Europe/Rome", "No/Where"])).map(tuple),
    suppressed=st.none() | st.text(),
    attempts=st.integers(0, 5),
    max_attempts=st.integers(1, 5),
    not_before=st.none() | INSTANTS,
    best_time=st.sampled_from(["", "09:00-10:00", "23:00-24:00"]),
)
STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(["", "ready", "waiting", "claimed", "calling", "final"]),
    reason=st.sampled_from(["new", "retry_busy", "sale"]),
    due_at=INSTANTS,
    claimed_until=INSTANTS,
)


@given(SNAPSHOTS, STANDINGS, INSTANTS)
def test_what_is_told_agrees_with_compliance(asked: Snapshot, standing: Standing, at: datetime) -> None:
    answer, verdict = permit(asked, at), judge(asked, standing, at)
    objections = {each.code for each in verdict.rules[:-2] if not each.passed}
    assert objections == ({each.code for each in answer.reasons} if isinstance(answer, Deny) else set())
    assert verdict.callable_now == all(each.passed for each in verdict.rules)
    if verdict.callable_now:
        assert isinstance(answer, Allow)
    if verdict.next_callable_at is not None:
        assert verdict.next_callable_at >= at
        assert isinstance(permit(asked, verdict.next_callable_at), Allow)
