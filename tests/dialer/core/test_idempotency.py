"""What a key that was used before means, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.core.idempotency import KEPT_FOR, Outcome, Record, Verdict, judge, outcome

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ANSWERED = Record("north", NOW, "this", 201)
BEGUN = Record("north", NOW)


@pytest.mark.parametrize(
    ("record", "fingerprint", "node", "later_s", "verdict"),
    [
        (None, "this", "north", 0, Verdict.DO),
        (ANSWERED, "this", "north", 1, Verdict.REPEAT),
        (ANSWERED, "this", "south", 86_399, Verdict.REPEAT),
        (ANSWERED, "this", "north", 86_400, Verdict.DO),
        (ANSWERED, "that", "north", 1, Verdict.REUSED),
        (BEGUN, "", "south", 1, Verdict.IN_PROGRESS),
        (BEGUN, "", "south", 900, Verdict.UNKNOWN),
        (BEGUN, "", "north", 1, Verdict.UNKNOWN),  # which says that it does not answer it
    ],
)
def test_a_key_that_was_used(
    record: Record | None, fingerprint: str, node: str, later_s: int, verdict: Verdict
) -> None:
    assert judge(record, fingerprint, node, NOW + timedelta(seconds=later_s)) == verdict


@given(
    st.sampled_from([None, 200, 409]),
    st.sampled_from(["this", "that"]),
    st.sampled_from(["north", "south"]),
    st.timedeltas(timedelta(), 2 * KEPT_FOR),
)
def test_nothing_is_done_again_while_a_key_is_kept(
    status: int | None, fingerprint: str, node: str, later: timedelta
) -> None:
    verdict = judge(Record("north", NOW, "this", status), fingerprint, node, NOW + later)
    assert (verdict == Verdict.DO) == (later >= KEPT_FOR)
    if verdict == Verdict.REPEAT:
        assert (status is not None, fingerprint) == (True, "this")


@pytest.mark.parametrize(
    ("status", "come_again", "body_read", "what"),
    [
        (200, False, True, Outcome.KEEP),
        (202, True, True, Outcome.KEEP),
        (409, False, True, Outcome.KEEP),
        (422, False, True, Outcome.KEEP),
        (422, False, False, Outcome.FREE),
        (409, True, True, Outcome.FREE),
        (403, False, True, Outcome.FREE),
        (429, True, True, Outcome.FREE),
        (503, True, True, Outcome.FREE),
        (503, False, True, Outcome.UNKNOWN),
        (500, False, True, Outcome.UNKNOWN),
    ],
)
def test_what_becomes_of_a_key(status: int, come_again: bool, body_read: bool, what: Outcome) -> None:
    assert outcome(status, come_again=come_again, body_read=body_read) == what
