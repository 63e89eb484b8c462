"""Figures with their parts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.disposition import STANDARD, Flag
from campaigns.core.disposition_set import STANDARD_SET
from campaigns.core.metrics import (
    Counts,
    Rate,
    Stretch,
    agent_figures,
    campaign_figures,
    is_person,
    rate,
    team_figures,
)
from campaigns.errors import UnknownDispositionError

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_each_rate_has_the_one_denominator() -> None:
    counts = Counts(
        attempts=100,
        answered=60,
        people=40,
        contacts=20,
        right_parties=15,
        conversions=5,
        abandoned=2,
        leads_loaded=400,
        leads_final=30,
        leads_attempted=80,
        leads_contacted=18,
        leads_converted=4,
    )
    figures = campaign_figures(counts)
    assert figures.connect_rate == Rate(0.6, 60, 100)
    assert figures.human_answer_rate == Rate(0.4, 40, 100)
    assert figures.contact_rate == Rate(0.2, 20, 100)
    assert figures.contact_rate_leads == Rate(0.225, 18, 80)
    assert figures.right_party_rate == Rate(0.75, 15, 20)
    assert figures.conversion_rate == Rate(0.25, 5, 20)
    assert figures.conversion_rate_leads == Rate(0.05, 4, 80)
    assert figures.abandon_rate == Rate(0.05, 2, 40)
    assert figures.penetration == Rate(0.075, 30, 400)
    assert figures.attempts_per_lead == Rate(1.25, 100, 80)


def test_nothing_over_nothing_has_no_value() -> None:
    assert campaign_figures(Counts()).abandon_rate == Rate(None, 0, 0)
    assert agent_figures([], 0, 0, 0, START).occupancy == Rate(None, 0, 0)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_rate_is_its_parts(numerator: int, denominator: int) -> None:
    made = rate(numerator, denominator)
    assert (made.numerator, made.denominator) == (numerator, denominator)
    assert made.value == (numerator / denominator if denominator else None)


SHIFT = ["unavailable", "available", "preview", "reserved", "talking", "wrap_up", "paused", "on_hold"]
states = st.sampled_from(SHIFT)
lengths = st.lists(st.tuples(states, st.integers(0, 10_000_000)), max_size=30)


def stretches_of(lengths_ms: list[tuple[str, int]]) -> list[Stretch]:
    stretches, at = [], START
    for state, milliseconds in lengths_ms:
        end = at + timedelta(milliseconds=milliseconds)
        stretches.append(Stretch(state, at, end))
        at = end
    return stretches


@given(lengths)
def test_the_times_add_up_to_logged_in_exactly(lengths_ms: list[tuple[str, int]]) -> None:
    figures = agent_figures(stretches_of(lengths_ms), 3, 2, 1, START)
    parts = (
        figures.available_ms,
        figures.preview_ms,
        figures.talk_ms,
        figures.hold_ms,
        figures.wrap_ms,
        figures.pause_ms,
        figures.other_ms,
    )
    assert sum(parts) == figures.logged_in_ms == sum(length for _, length in lengths_ms)


def test_an_agents_figures_follow_their_formulas() -> None:
    stretches = stretches_of(
        [
            ("available", 100_000),
            ("talking", 60_000),
            ("on_hold", 10_000),
            ("wrap_up", 20_000),
            ("paused", 5_000),
            ("reserved", 1_000),
            ("preview", 7_000),
        ]
    )
    figures = agent_figures(stretches, calls_handled=4, contacts=3, conversions=1, now=START)
    assert figures.occupancy == Rate(80 / 180, 80_000, 180_000)
    assert figures.utilisation == Rate(80 / 203, 80_000, 203_000)
    assert figures.average_handle_time_ms == Rate(22_500, 90_000, 4)
    assert figures.closure_rate == Rate(0.25, 1, 4)
    assert (figures.preview_ms, figures.other_ms) == (7_000, 1_000)


def test_a_stretch_that_lasts_counts_until_now_and_never_less_than_nothing() -> None:
    lasting = [Stretch("available", START, None)]
    assert agent_figures(lasting, 0, 0, 0, START + timedelta(seconds=2)).available_ms == 2000
    assert agent_figures(lasting, 0, 0, 0, START - timedelta(seconds=2)).available_ms == 0


@given(st.lists(lengths, max_size=4))
def test_a_team_is_the_sum_of_its_agents(team: list[list[tuple[str, int]]]) -> None:
    agents = [agent_figures(stretches_of(each), 2, 1, 1, START) for each in team]
    together = agent_figures(
        [stretch for each in team for stretch in stretches_of(each)],
        *(2 * len(team), len(team), len(team)),
        START,
    )
    assert team_figures(agents) == together


@pytest.mark.parametrize(
    ("outcome", "code", "person"),
    [
        ("human", "", True),
        ("abandoned", "", True),
        ("human", "sale", True),
        ("human", "no_disposition", True),
        ("human", "answering_machine", False),
        ("lost", "sale", True),
        ("lost", "", False),
        ("machine", "", False),
        ("busy", "", False),
    ],
)
def test_a_person_is_who_answered_unless_the_agent_says_it_was_a_machine(
    outcome: str, code: str, person: bool
) -> None:
    flags = STANDARD[code].flags if code else frozenset[Flag]()
    assert is_person(outcome, flags) is person


def test_flags_imply_what_they_rest_on() -> None:
    for each in STANDARD.values():
        if Flag.CONVERSION in each.flags:
            assert {Flag.RIGHT_PARTY, Flag.COMPLETED} <= each.flags
        if Flag.RIGHT_PARTY in each.flags:
            assert Flag.CUSTOMER_CONTACT in each.flags
        if Flag.CUSTOMER_CONTACT in each.flags:
            assert Flag.HUMAN_ANSWERED in each.flags
        assert not {Flag.MACHINE, Flag.HUMAN_ANSWERED} <= each.flags


def test_dispositions_are_found_by_code_alone() -> None:
    assert STANDARD_SET.get("sale").code == "sale"
    assert set(STANDARD_SET.codes_with(Flag.DNC)) == {"do_not_call", "opted_out"}
    with pytest.raises(UnknownDispositionError, match="do_not_call"):
        STANDARD_SET.get("Sale")
