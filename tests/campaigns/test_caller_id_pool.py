"""Which number a call shows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.caller_ids import (
    Callee,
    CallerIdPool,
    CallerNumber,
    callee_of,
    day_of,
    locality,
    nearest,
    zone_of_number,
)
from campaigns.core.campaign import CALLER_ID_RULES
from campaigns.core.facts import CallerIdHeld, PastAttempt

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOME_YEARS_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
NEW_YORK, BUFFALO, BOSTON, TORONTO, BERLIN = (
    "+12125550100",
    "+17165550100",
    "+16175550100",
    "+14165550100",
    "+493055501000",
)
E164S = (NEW_YORK, BUFFALO, BOSTON, TORONTO, BERLIN, "+12125550101", "+18005550100")


def number(e164: str, **known: object) -> CallerNumber:
    values = {"day": "2026-11-23", "day_ends": MIDNIGHT} | known
    return CallerNumber(e164=e164, **values)  # type: ignore[arg-type]


def pool(*numbers: CallerNumber, rule: str = "rotate") -> CallerIdPool:
    return CallerIdPool(numbers, rule, NOW)


def shown(chosen: CallerNumber | CallerIdHeld) -> str:
    assert isinstance(chosen, CallerNumber), chosen
    return chosen.e164


def held(chosen: CallerNumber | CallerIdHeld) -> CallerIdHeld:
    assert isinstance(chosen, CallerIdHeld), chosen
    return chosen


numbers = st.lists(
    st.builds(
        number,
        st.sampled_from(E164S),
        calls_today=st.integers(0, 4),
        daily_cap=st.none() | st.integers(1, 5),
        in_use=st.sampled_from([True, True, True, False]),
        rests_until=st.none() | st.sampled_from([NOW - HOUR, NOW, NOW + HOUR, NOW + 20 * HOUR]),
    ),
    max_size=len(E164S),
    unique_by=lambda each: each.e164,
)
callees = st.builds(
    Callee,
    e164=st.sampled_from(["+12125550199", "+15185550199", "+14165550199", "+493012345678", "+33612345678"]),
    last_caller_id=st.sampled_from(["", *E164S]),
    blocked_under=st.sets(st.sampled_from(E164S), max_size=2).map(frozenset),
)


@given(numbers, st.sampled_from(CALLER_ID_RULES), st.lists(callees, max_size=12))
def test_no_call_shows_a_number_that_is_not_in_use_or_rests_or_has_had_its_calls(
    known: list[CallerNumber], rule: str, people: list[Callee]
) -> None:
    calls = Counter({each.e164: each.calls_today for each in known})
    chosen_from = CallerIdPool(known, rule, NOW)
    for callee in people:
        chosen = chosen_from.choose(callee)
        if isinstance(chosen, CallerIdHeld):
            continue
        assert chosen.in_use
        assert chosen.rests_until is None or chosen.rests_until <= NOW
        calls[chosen.e164] += 1
        assert chosen.daily_cap is None or calls[chosen.e164] <= chosen.daily_cap
        chosen_from.use(chosen.e164)


@given(numbers, st.sampled_from(CALLER_ID_RULES), callees)
def test_a_call_is_held_back_only_where_no_number_is_free_and_until_one_is(
    known: list[CallerNumber], rule: str, callee: Callee
) -> None:
    chosen = CallerIdPool(known, rule, NOW).choose(callee)
    in_use = [each for each in known if each.in_use]
    may_show = [each for each in in_use if each.e164 in callee.blocked_under] or in_use
    free = [each for each in may_show if not each.free_from(each.calls_today, NOW)[1]]
    assert isinstance(chosen, CallerNumber) == bool(free)
    if isinstance(chosen, CallerIdHeld) and may_show:
        assert chosen.until > NOW
        at = chosen.until
        later = [
            number(
                each.e164,
                daily_cap=each.daily_cap,
                calls_today=each.calls_today if at < each.day_ends else 0,
                day_ends=each.day_ends if at < each.day_ends else each.day_ends + 24 * HOUR,
                rests_until=each.rests_until,
            )
            for each in may_show
        ]
        assert isinstance(CallerIdPool(later, rule, at).choose(callee), CallerNumber)


@given(numbers, st.integers(1, 40))
def test_rotation_is_even_as_far_as_rests_and_caps_allow(known: list[CallerNumber], people: int) -> None:
    chosen_from = pool(*known)
    calls = Counter({each.e164: each.calls_today for each in known})
    for person in range(people):
        chosen = chosen_from.choose(Callee(e164=f"+1212555{person:04}"))
        if isinstance(chosen, CallerIdHeld):
            break
        calls[chosen.e164] += 1
        free = [
            each.e164
            for each in known
            if each.in_use and not each.free_from(calls[each.e164] - (each == chosen), NOW)[1]
        ]
        # Nobody who might have been shown had fewer calls.
        assert calls[chosen.e164] - 1 <= min(calls[each] - (each == chosen.e164) for each in free)
        chosen_from.use(chosen.e164)


@given(numbers, st.sampled_from(CALLER_ID_RULES), callees)
def test_a_callee_whom_a_network_protected_from_one_number_sees_no_other_in_its_place(
    known: list[CallerNumber], rule: str, callee: Callee
) -> None:
    chosen = CallerIdPool(known, rule, NOW).choose(callee)
    bound = {each.e164 for each in known if each.in_use} & callee.blocked_under
    if bound:
        what = chosen.e164 if isinstance(chosen, CallerNumber) else chosen.caller_id
        assert what in bound


@given(numbers, st.sampled_from(CALLER_ID_RULES), callees)
def test_a_person_sees_the_number_they_know_while_it_is_free(
    known: list[CallerNumber], rule: str, callee: Callee
) -> None:
    chosen = CallerIdPool(known, rule, NOW).choose(callee)
    theirs = [each for each in known if each.e164 == callee.last_caller_id and each.in_use]
    bound = {each.e164 for each in known if each.in_use} & callee.blocked_under
    if theirs and not bound and not theirs[0].free_from(theirs[0].calls_today, NOW)[1]:
        assert shown(chosen) == callee.last_caller_id


@pytest.mark.parametrize(
    ("callee", "others", "best"),
    [
        ("+12125550199", [BUFFALO, BOSTON, NEW_YORK, BERLIN], NEW_YORK),
        ("+12125550199", [BOSTON, TORONTO, BUFFALO], BUFFALO),
        ("+12125550199", [TORONTO, BOSTON, BERLIN], BOSTON),
        ("+14165550199", [NEW_YORK, TORONTO], TORONTO),
        ("+493012345678", [NEW_YORK, "+498955501000", BERLIN], BERLIN),
        ("+4915112345678", [NEW_YORK, BERLIN], BERLIN),
        ("+33612345678", [NEW_YORK], NEW_YORK),
        ("+18005550199", [BUFFALO], BUFFALO),
    ],
)
def test_local_presence_shows_the_nearest_number(callee: str, others: list[str], best: str) -> None:
    found = pool(*map(number, others), rule="local")
    assert shown(found.choose(Callee(e164=callee))) == best


def test_numbers_that_are_equally_near_take_turns() -> None:
    near = ["+12125550100", "+12125550101", "+12125550102"]
    found = pool(*map(number, [*near, BOSTON]), rule="local")
    seen = []
    for person in range(6):
        seen.append(shown(found.choose(Callee(e164=f"+121255502{person:02}"))))
        found.use(seen[-1])
    assert Counter(seen) == dict.fromkeys(near, 2)


@given(numbers, callees)
def test_local_presence_chooses_among_the_numbers_that_are_there(
    known: list[CallerNumber], callee: Callee
) -> None:
    near = nearest(known, callee.e164)
    assert all(each in known for each in near)
    assert bool(near) == bool(known)


def test_why_no_number_is_free_is_said_with_when_the_first_will_be() -> None:
    resting, capped = number(NEW_YORK, rests_until=NOW + HOUR), number(BOSTON, calls_today=3, daily_cap=3)
    both = held(pool(resting, capped).choose(Callee(e164=BERLIN)))
    assert (both.code, both.until, both.caller_id) == ("caller_id_quarantined", NOW + HOUR, NEW_YORK)
    assert both.sentence.startswith(f"No caller ID is free until {(NOW + HOUR).isoformat()}: 1 rest because")
    only = held(pool(capped).choose(Callee(e164=BERLIN)))
    assert (only.code, only.until) == ("caller_id_capped", MIDNIGHT)
    assert held(pool().choose(Callee(e164=BERLIN))).code == "no_caller_id"
    unused = held(pool(number(BOSTON, in_use=False)).choose(Callee(e164=BERLIN)))
    assert (unused.code, unused.caller_id) == ("no_caller_id", BOSTON)


def test_what_a_callee_has_seen_is_told_by_the_clients_calls_to_that_very_number() -> None:
    def past(hours: int, caller_id: str, **more: object) -> PastAttempt:
        known = {"e164": BERLIN, "lead_id": 1, "campaign_id": 1, "outcome": "busy"} | more
        return PastAttempt(at=NOW - hours * HOUR, caller_id=caller_id, **known)  # type: ignore[arg-type]

    history = [
        past(1, NEW_YORK, campaign_id=2),
        past(3, BOSTON),
        past(2, BUFFALO),
        past(5, TORONTO, outcome="blocked", campaign_id=2),
        past(1, "+12125550101", outcome="blocked", e164="+493012345678"),
    ]
    assert callee_of(BERLIN, 1, history) == Callee(
        e164=BERLIN, last_caller_id=BUFFALO, blocked_under=frozenset({TORONTO})
    )


@pytest.mark.parametrize(
    ("e164", "zone"),
    [(NEW_YORK, "America/New_York"), (BERLIN, "Europe/Berlin"), ("+18005550100", "UTC"), ("+1", "UTC")],
)
def test_a_number_has_a_zone(e164: str, zone: str) -> None:
    assert zone_of_number(e164) == zone


def test_a_number_that_is_none_belongs_nowhere() -> None:
    assert locality("nothing") == locality("")


@given(
    st.integers(0, 15 * 365 * 24 * 60).map(lambda minutes: SOME_YEARS_AGO + timedelta(minutes=minutes)),
    st.sampled_from(
        ["America/New_York", "America/Havana", "Asia/Beirut", "Pacific/Apia", "UTC", "Nowhere/Else"]
    ),
)
def test_a_day_ends_when_the_next_one_begins(now: datetime, zone: str) -> None:
    day, ends = day_of(zone, now)
    assert now < ends <= now + 26 * HOUR
    assert day_of(zone, ends)[0] > day
    assert day_of(zone, ends - timedelta(milliseconds=1))[0] == day
