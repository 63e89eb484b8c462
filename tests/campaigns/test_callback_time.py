"""A callback is a table of states, and a time at which every rule allows the call in every zone."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.callback import (
    OPEN,
    OWNERS,
    TRANSITIONS,
    CallbackEvent,
    CallbackState,
    Timing,
    after,
    anyone_at,
    next_step,
)
from campaigns.core.callback_time import as_promised, promise
from campaigns.core.calling_window import DAYS, CallableTimes
from campaigns.core.compliance import Allow, permit
from campaigns.core.facts import PastAttempt
from campaigns.errors import CallbackDeniedError, CallbackStateError, CallbackTimeError
from tests.campaigns.snapshots import snapshot_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONDON, YORK, TOKYO = "Europe/London", "America/New_York", "Asia/Tokyo"
S, E = CallbackState, CallbackEvent
TIMING = Timing()
ENDS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
ALWAYS = CallableTimes.parse({day: [["00:00", "24:00"]] for day in DAYS})


@pytest.mark.parametrize(("state", "event"), list(product(CallbackState, CallbackEvent)))
def test_what_the_table_does_not_know_is_refused(state: CallbackState, event: CallbackEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) == TRANSITIONS[state, event]
    else:
        with pytest.raises(CallbackStateError, match=f"{state} cannot {event}"):
            after(state, event)


def test_an_open_callback_can_always_be_moved_called_and_canceled_and_a_closed_one_never() -> None:
    for state in CallbackState:
        can = {event for event in CallbackEvent if (state, event) in TRANSITIONS}
        assert (state in OPEN) == ({E.MOVE, E.DIAL, E.CANCEL} <= can)
    assert after(S.MISSED, E.DIAL) == S.RESCUED
    assert {after(state, E.DIAL) for state in OWNERS} == {S.DONE}


@given(
    st.booleans(),
    st.builds(Timing, st.floats(0, 86400), st.floats(60, 86400), st.floats(86400, 10**6)),
    st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), min_size=1, max_size=30),
)
def test_time_alone_brings_each_step_once_in_order_and_never_early(
    owned: bool, timing: Timing, waits: list[timedelta]
) -> None:
    state, due, now, seen = S.WAITING, NOON, NOON - timedelta(days=1), []
    for wait in waits:
        now += wait
        while (step := next_step(state, due, timing, owned=owned)) is not None and step[0] <= now:
            state = after(state, step[1])
            seen.append(step[1])
    order = [E.REMIND, E.MISS, E.CANCEL] if owned else [E.MISS, E.CANCEL]
    assert seen == order[: len(seen)]
    assert (S.MISSED in (state,)) <= (now >= due + timedelta(seconds=timing.miss_s))
    assert (state == S.CANCELED) == (now >= due + timedelta(seconds=timing.give_up_s))
    assert anyone_at(due, timing, owned=False) == due <= anyone_at(due, timing, owned=True)


def test_a_naive_time_is_read_on_the_leads_own_clock() -> None:
    snapshot = snapshot_of((YORK,))
    promised = promise(snapshot, datetime(2026, 11, 24, 15, 0), "", NOON)  # noqa: DTZ001 - that is the point
    assert (promised.at, promised.zone) == (datetime(2026, 11, 24, 20, tzinfo=UTC), YORK)


def test_where_the_clocks_of_a_lead_differ_it_has_to_be_said_which_is_meant() -> None:
    snapshot = snapshot_of((LONDON, "Europe/Paris"))
    local = datetime(2026, 11, 24, 15, 0)  # noqa: DTZ001
    with pytest.raises(CallbackTimeError, match="Europe/London or Europe/Paris"):
        promise(snapshot, local, "", NOON)
    assert promise(snapshot, local, "Europe/Paris", NOON).at.hour == 14
    with pytest.raises(CallbackTimeError, match="not in 'Asia/Tokyo'"):
        promise(snapshot, local, TOKYO, NOON)


def test_a_time_that_the_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first() -> None:
    always = snapshot_of((YORK,), times=ALWAYS)
    spring = datetime(2027, 3, 1, tzinfo=UTC)
    with pytest.raises(CallbackTimeError, match="put forward"):
        promise(always, datetime(2027, 3, 14, 2, 30), "", spring)  # noqa: DTZ001
    autumn = datetime(2026, 10, 30, tzinfo=UTC)
    twice = promise(always, datetime(2026, 11, 1, 1, 30), "", autumn)  # noqa: DTZ001
    assert twice.at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_outside_the_hours_the_nearest_times_before_and_after_are_named() -> None:
    with pytest.raises(CallbackTimeError) as refused:
        promise(snapshot_of(), datetime(2026, 11, 24, 21, 10), "", NOON)  # noqa: DTZ001
    assert refused.value.fields == {
        "earlier": "2026-11-24T19:45:00+00:00",
        "later": "2026-11-25T09:00:00+00:00",
    }
    assert "2026-11-24 19:45 (Europe/London) and 2026-11-25 09:00 (Europe/London)" in str(refused.value)


@pytest.mark.parametrize("wished", [NOON, NOON - timedelta(days=1), NOON + timedelta(days=400)])
def test_what_is_over_or_too_far_away_is_refused(wished: datetime) -> None:
    with pytest.raises(CallbackTimeError, match="time"):
        promise(snapshot_of(), wished, "", NOON)


@pytest.mark.parametrize("wished", [datetime(1, 1, 1), datetime(9999, 12, 31), *ENDS])  # noqa: DTZ001
def test_no_time_of_the_calendar_breaks_it(wished: datetime) -> None:
    with pytest.raises(CallbackTimeError):
        promise(snapshot_of((TOKYO, YORK)), wished, YORK, NOON)


@pytest.mark.parametrize("broken", [{"suppressed": "It is on a list."}, {"zones": ()}])
def test_who_may_never_be_called_is_promised_nothing(broken: dict[str, object]) -> None:
    with pytest.raises(CallbackDeniedError):
        promise(snapshot_of(**broken), NOON + timedelta(days=1), "", NOON)  # type: ignore[arg-type]


def test_the_persons_word_comes_before_the_lists_and_the_campaigns() -> None:
    snapshot = snapshot_of(attempts=3, not_before=NOON + timedelta(days=9), best_time="17:00-20:00")
    at = NOON + timedelta(days=1)
    assert promise(snapshot, at, "", NOON).at == at
    assert isinstance(permit(as_promised(snapshot), at), Allow)
    assert not isinstance(permit(snapshot, at), Allow)


def test_a_callback_can_be_promised_while_the_talk_goes_on() -> None:
    talk = PastAttempt(NOON - timedelta(minutes=2), "", "+442079460018", 1)
    assert promise(snapshot_of(history=[talk]), NOON + timedelta(hours=2), "", NOON)


@given(
    st.datetimes(datetime(2026, 11, 23, 12, 1), datetime(2027, 11, 1)),  # noqa: DTZ001
    st.lists(st.sampled_from([LONDON, YORK, "Australia/Sydney"]), min_size=1, unique=True).map(tuple),
)
def test_what_is_promised_is_allowed_then_and_what_is_named_instead_is_too(
    wished: datetime, zones: tuple[str, ...]
) -> None:
    snapshot = snapshot_of(zones)
    now = NOON - timedelta(days=1)
    try:
        promised = promise(snapshot, wished, zones[0], now)
    except CallbackDeniedError:
        assert len(zones) > 1
    except CallbackTimeError as refused:
        named = [datetime.fromisoformat(text) for text in refused.fields.values() if text]
        assert all(isinstance(permit(snapshot, each), Allow) and each > now for each in named)
    else:
        assert isinstance(permit(snapshot, promised.at), Allow)
