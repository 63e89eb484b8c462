"""What leads wait for: every lead in exactly one line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.waiting import KINDS, LeadsAlike, sort_out

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
TIMES = CallableTimes.parse({day: [["09:00", "17:00"]] for day in DAYS})
NEW_YORK = ("America/New_York",)


@pytest.mark.parametrize(
    ("alike", "kind", "detail", "next_at"),
    [
        (LeadsAlike(count=1, state="ready", zones=NEW_YORK), "ready", "", NOW),
        (
            LeadsAlike(count=1, state="ready", zones=("Asia/Tokyo",)),
            "zones_closed",
            "Asia/Tokyo",
            datetime(2026, 11, 24, 0, 0, tzinfo=UTC),
        ),
        (LeadsAlike(count=1, state="ready"), "zones_closed", "unknown", None),
        (
            LeadsAlike(count=1, state="waiting", reason="retry_busy", first_due_at=LATER),
            "retry",
            "busy",
            LATER,
        ),
        (
            LeadsAlike(count=1, state="waiting", reason="retry_callback", first_due_at=LATER),
            "callback",
            "callback",
            LATER,
        ),
        (LeadsAlike(count=1, state="waiting", reason="new", first_due_at=LATER), "not_before", "new", LATER),
        (
            LeadsAlike(count=1, state="waiting", reason="retry_busy", due=True, zones=NEW_YORK),
            "ready",
            "",
            NOW,
        ),
        (LeadsAlike(count=1, state="claimed", first_due_at=LATER), "claimed", "", LATER),
        (LeadsAlike(count=1, state="claimed", due=True, zones=NEW_YORK), "ready", "", NOW),
        (LeadsAlike(count=1, state="calling", reason="calling"), "calling", "calling", None),
        (LeadsAlike(count=1, state="final", reason="on_dnc_list"), "dnc", "on_dnc_list", None),
        (LeadsAlike(count=1, state="final", reason="do_not_call"), "dnc", "do_not_call", None),
        (
            LeadsAlike(count=1, state="final", reason="max_attempts_reached"),
            "attempts_used_up",
            "max_attempts_reached",
            None,
        ),
        (LeadsAlike(count=1, state="final", reason="disconnected"), "no_valid_phone", "disconnected", None),
        (LeadsAlike(count=1, state="final", reason="sale"), "final", "sale", None),
        (LeadsAlike(count=1), "not_taken_up", "", None),
        (LeadsAlike(count=1, has_phone=False), "no_valid_phone", "", None),
        (LeadsAlike(count=1, state="final", reason="sale", erased=True), "erased", "", None),
    ],
)
def test_each_state_has_its_line(alike: LeadsAlike, kind: str, detail: str, next_at: datetime | None) -> None:
    (line,) = sort_out([alike], TIMES, NOW)
    assert (line.kind, line.detail, line.leads, line.next_at) == (kind, detail, 1, next_at)


ALIKE = st.builds(
    LeadsAlike,
    count=st.integers(0, 10**9),
    state=st.sampled_from(["", "ready", "waiting", "claimed", "calling", "final", "something_else"]),
    reason=st.sampled_from(
        ["", "new", "retry_busy", "retry_x", "sale", "on_dnc_list", "outside_callable_times"]
    )
    | st.text(max_size=5),
    zones=st.lists(st.sampled_from(["America/New_York", "Asia/Tokyo", "No/Where"]), max_size=2).map(tuple),
    due=st.booleans(),
    first_due_at=st.none() | st.just(LATER),
    has_phone=st.booleans(),
    erased=st.booleans(),
)


@given(st.lists(ALIKE))
def test_any_mixture_sums_to_all_leads(groups: list[LeadsAlike]) -> None:
    lines = sort_out(groups, TIMES, NOW)
    assert sum(line.leads for line in lines) == sum(group.count for group in groups)
    assert len({(line.kind, line.detail) for line in lines}) == len(lines)
    places = [KINDS.index(line.kind) for line in lines]
    assert places == sorted(places)
