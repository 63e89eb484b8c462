"""Whether a number may be called now, and why not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.compliance import Allow, Deny, permit
from tests.campaigns.snapshots import snapshot_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOKYO = "Asia/Tokyo"

BROKEN: list[tuple[str, dict[str, Any], bool]] = [
    ("campaign_not_running", {"campaign_running": False}, False),
    ("on_dnc_list", {"suppressed": "The number is on a list."}, True),
    ("on_dnc_list", {"suppressed": ""}, True),
    ("max_attempts_reached", {"attempts": 3}, True),
    ("not_before", {"not_before": NOON + timedelta(seconds=1)}, False),
    ("zone_unknown", {"zones": ()}, True),
    ("zone_unknown", {"zones": ("Europe/London", "Etc/Unknown")}, True),
    ("outside_callable_times", {"zones": ("Europe/London", TOKYO)}, False),
]


def test_what_breaks_no_rule_is_allowed() -> None:
    answer = permit(snapshot_of(), NOON)
    assert isinstance(answer, Allow)
    assert json.loads(json.dumps(answer.to_json())) == {
        "decision": "allow",
        "at": "2026-11-23T12:00:00+00:00",
        "zones": ["Europe/London"],
        "rule_set": answer.policy.fingerprint,
    }


@pytest.mark.parametrize(("code", "broken", "final"), BROKEN)
def test_one_broken_rule_denies_and_says_why(code: str, broken: dict[str, Any], final: bool) -> None:
    answer = permit(snapshot_of(**broken), NOON)
    assert isinstance(answer, Deny)
    assert [reason.code for reason in answer.reasons] == [code]
    assert answer.reasons[0].sentence.endswith(".")
    assert (answer.code, answer.final) == (code, final)
    kept = json.loads(json.dumps(answer.to_json()))
    assert kept["decision"] == "deny"
    assert kept["reasons"][0]["code"] == code


@given(st.sets(st.sampled_from(range(len(BROKEN)))))
def test_every_broken_rule_is_named_and_each_one_more_allows_no_more(chosen: set[int]) -> None:
    broken: dict[str, Any] = {}
    for index in sorted(chosen):
        broken |= BROKEN[index][1]
    answer = permit(snapshot_of(**broken), NOON)
    assert isinstance(answer, Deny) == bool(chosen)
    if isinstance(answer, Deny):
        fields_of = {code: set(fields) for code, fields, _ in BROKEN}
        assert {reason.code for reason in answer.reasons} <= set(fields_of)
        assert {name for reason in answer.reasons for name in fields_of[reason.code]} == set(broken)


def test_the_next_time_keeps_every_rule() -> None:
    late = datetime(2026, 11, 24, 22, tzinfo=UTC)
    snapshot = snapshot_of(not_before=late)
    answer = permit(snapshot, NOON)
    assert isinstance(answer, Deny)
    assert answer.next_time == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert isinstance(permit(snapshot, answer.next_time), Allow)


@given(
    st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda passed: NOON + passed),
    st.lists(st.sampled_from(["Europe/London", "America/New_York", "Europe/Moscow"]), min_size=1).map(tuple),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_what_is_denied_until_a_time_is_allowed_then(
    now: datetime, zones: tuple[str, ...], wait: timedelta | None
) -> None:
    snapshot = snapshot_of(zones=zones, not_before=now + wait if wait is not None else None)
    answer = permit(snapshot, now)
    if isinstance(answer, Deny):
        assert answer.next_time is not None
        assert answer.next_time > now
        assert isinstance(permit(snapshot, answer.next_time), Allow)


def test_nobody_knows_when_a_paused_campaign_goes_on() -> None:
    answer = permit(snapshot_of(campaign_running=False), NOON)
    assert isinstance(answer, Deny)
    assert (answer.next_time, answer.final) == (None, False)


def test_a_reason_for_good_stands_before_one_that_passes() -> None:
    answer = permit(snapshot_of(not_before=NOON + timedelta(days=1), suppressed="On a list."), NOON)
    assert isinstance(answer, Deny)
    assert (answer.code, answer.final, answer.next_time) == ("on_dnc_list", True, None)


def test_the_moment_is_kept_in_utc() -> None:
    answer = permit(snapshot_of(), NOON.astimezone())
    assert answer.to_json()["at"] == "2026-11-23T12:00:00+00:00"
