"""A simulated shift keeps its books, has the laws it was given, and is the same for the same seed."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.core.pacing import make_pacer
from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentReady,
    AgentWrapping,
    BudgetLooked,
    CallAbandoned,
    CallAnswered,
    CallConnected,
    CallFailed,
    CallPlaced,
    CallUnanswered,
)
from dialer.core.pacing_settings import PacingSettings
from dialer.simulation.shift import run_shift
from dialer.simulation.worlds import ShiftWorld, steady

FREE_LINES = PacingSettings(max_lines=5000, max_calls_per_second=500.0, lines_per_agent=2.5)
SHORT = ShiftWorld(hours=0.5, agents=6, pacing=FREE_LINES)

worlds = st.builds(
    ShiftWorld,
    hours=st.sampled_from([0.05, 0.2, 1.1]),
    pacing=st.just(FREE_LINES),
    agents=st.integers(0, 12),
    team=st.sampled_from([((0.0, 1.0),), ((0.0, 1.0), (0.5, 0.5)), ((0.0, 0.3), (0.2, 1.0), (0.7, 0.0))]),
    arrive_within_s=st.sampled_from([0.0, 100.0]),
    leave_within_s=st.sampled_from([0.0, 100.0]),
    break_every_s=st.sampled_from([None, 300.0]),
    break_mean_s=st.just(120.0),
    answer_rate=st.sampled_from([steady(0.05), steady(0.5), ((0.0, 0.3), (0.5, 0.1))]),
    chance_spread=st.sampled_from([0.0, 0.9]),
    machine_share=st.sampled_from([0.0, 0.2]),
    talk_mean_s=st.sampled_from([steady(20.0), steady(120.0)]),
    stalls=st.sampled_from([(), ((0.5, 10.0),), ((0.3, 10.0), (0.301, 30.0))]),
    budget_look_s=st.sampled_from([None, 15.0]),
    leads=st.sampled_from([None, 0, 40]),
    attempts_per_lead=st.integers(1, 3),
    retry_unanswered_s=st.sampled_from([None, 0.0, 60.0]),
    retry_failed_s=st.sampled_from([None, 30.0]),
)


class Listening:
    """A pacer that notes all it is told and asked, and decides as another."""

    def __init__(self, world, mode="power"):
        self._pacer = make_pacer(mode, world.pacing_settings)
        self.events = []
        self.told_at = []
        self.asked_at = []
        self.upcoming = []

    def observe(self, event):
        self.events.append(event)
        self._pacer.observe(event)

    def calls_to_place(self, now, upcoming=()):
        self.asked_at.append(now)
        self.upcoming.append(upcoming)
        return self._pacer.calls_to_place(now, upcoming)

    def next_wakeup(self, now):
        return self._pacer.next_wakeup(now)

    def of(self, *kinds):
        return [event for event in self.events if isinstance(event, kinds)]


def played(world, seed=1, mode="power"):
    pacer = Listening(world, mode)
    return pacer, run_shift(world, pacer, seed)


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=60)
def test_every_call_ends_once_and_agents_time_adds_up(world, seed):
    pacer, figures = played(world, seed)
    placed = [event.call for event in pacer.of(CallPlaced)]
    assert placed == list(range(figures.calls)), "calls are numbered as they are placed"
    ends = Counter(e.call for e in pacer.of(CallFailed, CallUnanswered, CallAbandoned, CallConnected))
    assert ends == Counter(placed)
    assert figures.answered == len(pacer.of(CallAnswered)) == figures.connected + figures.abandoned
    assert figures.calls == figures.failed + figures.unanswered + figures.answered
    at_work, paused, busy = time_of_agents(pacer.events)
    assert figures.on_duty_s == pytest.approx(at_work)
    assert figures.paused_s == pytest.approx(paused)
    assert figures.talk_s + figures.wrap_s == pytest.approx(busy)
    for name in ("calls", "answered", "abandoned", "ready_s", "talk_s", "wrap_s"):
        by_hour = sum(getattr(hour, name) for hour in figures.hours)
        assert by_hour == pytest.approx(getattr(figures, name)), name
    assert all(each.utilisation is None or 0 <= each.utilisation <= 1 + 1e-9 for each in figures.hours)


def time_of_agents(events):
    """Reckoned from what the pacer was told: (on duty, paused, talking and wrapping)."""
    since, doing, spent = {}, {}, Counter()
    for event in sorted((event for event in events if hasattr(event, "agent")), key=lambda event: event.at):
        agent = event.agent
        if agent in doing:
            spent[doing[agent]] += event.at - since[agent]
        since[agent], doing[agent] = event.at, type(event)
        if isinstance(event, AgentLeft):
            del since[agent], doing[agent]
    assert not doing, "everybody goes home"
    busy = spent[CallConnected] + spent[AgentWrapping]
    return busy + spent[AgentReady], spent[AgentPaused], busy


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_seed_gives_one_shift(world, seed):
    one, other = played(world, seed), played(world, seed)
    assert one[1] == other[1]
    assert one[0].events == other[0].events


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=40)
def test_progressive_abandons_nobody_unless_agents_go_while_phones_ring(world, seed):
    stays = replace(
        world, team=steady(1.0), leave_within_s=0.0, break_every_s=None, stalls=(), budget_look_s=None
    )
    _, figures = played(stays, seed, "progressive")
    assert figures.abandoned == 0


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_pacer_is_asked_at_most_four_times_a_second_and_never_after_the_end(world, seed):
    pacer, figures = played(world, seed)
    asked = pacer.asked_at
    assert figures.asked == len(asked)
    assert all(later - earlier >= 0.25 - 1e-6 for earlier, later in pairwise(asked))
    assert not asked or asked[-1] <= world.length_s


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=20)
def test_a_pacer_hears_everything_in_order_of_time(world, seed):
    pacer, _ = played(world, seed)
    times = [event.at for event in pacer.events]
    assert times == sorted(times)


def test_a_person_gets_an_agent_at_once_or_within_the_time_of_grace_or_is_abandoned():
    pacer, figures = played(SHORT)
    answered = {event.call: event.at for event in pacer.of(CallAnswered)}
    connected, abandoned = pacer.of(CallConnected), pacer.of(CallAbandoned)
    assert figures.abandoned > 10
    assert all(event.at == answered[event.call] + 2.0 for event in abandoned)
    assert all(event.waited_s == event.at - answered[event.call] <= 2.0 for event in connected)
    assert {event.waited_s > 0 for event in connected} == {True, False}
    assert figures.waited_s == pytest.approx(sum(event.waited_s for event in connected))


def test_the_agent_who_has_waited_longest_gets_the_call():
    pacer, _ = played(replace(SHORT, agents=12), mode="progressive")
    ready = {}
    for event in pacer.events:
        if isinstance(event, AgentReady):
            ready[event.agent] = event.at
        elif isinstance(event, CallConnected):
            assert ready[event.agent] == min(ready.values())
            del ready[event.agent]


def test_what_people_and_agents_do_follows_the_stated_laws():
    world = ShiftWorld(agents=60, hours=3.0, answer_rate=steady(0.25), machine_share=0.05, pacing=FREE_LINES)
    pacer, figures = played(world, mode="progressive")
    assert figures.answered / figures.calls == pytest.approx(0.30, abs=0.01)
    assert figures.machines / figures.calls == pytest.approx(0.05, abs=0.005)
    assert figures.failed / (figures.calls - figures.answered) == pytest.approx(0.15, abs=0.01)
    placed = {event.call: event.at for event in pacer.of(CallPlaced)}
    rings = [event.at - placed[event.call] for event in pacer.of(CallAnswered)]
    assert sum(rings) / len(rings) == pytest.approx(9.0, rel=0.03)
    assert 2.0 - 1e-6 <= min(rings) <= max(rings) <= 25.0 + 1e-6
    fails = [event.at - placed[event.call] for event in pacer.of(CallFailed)]
    assert 3.0 - 1e-6 <= min(fails) <= max(fails) <= 5.0 + 1e-6
    assert {round(event.at - placed[event.call], 6) for event in pacer.of(CallUnanswered)} == {25.0}
    people = figures.connected - figures.machines
    assert (figures.talk_s - figures.machines * 12.0) / people == pytest.approx(120.0, rel=0.05)
    assert figures.wrap_s / figures.connected == pytest.approx(12.5, rel=0.02)


def test_the_usual_world_gives_progressive_the_figure_that_is_known_of_it():
    _, figures = played(ShiftWorld(agents=25, hours=6.0), mode="progressive")
    assert figures.utilisation == pytest.approx(0.578, abs=0.01)


def test_the_answer_rate_changes_when_the_world_says_so():
    world = ShiftWorld(agents=60, hours=2.0, answer_rate=((0.0, 0.3), (0.5, 0.1)), pacing=FREE_LINES)
    _, figures = played(world, mode="progressive")
    rates = [hour.answered / hour.calls for hour in figures.hours]
    assert rates == pytest.approx([0.3, 0.1], abs=0.02)


def test_scores_tell_how_likely_each_lead_is_to_answer():
    world = ShiftWorld(agents=40, hours=3.0, chance_spread=1.0, score_scale=1.5, pacing=FREE_LINES)
    pacer, figures = played(world, mode="progressive")
    assert figures.answered / figures.calls == pytest.approx(0.2, abs=0.01)
    answered = {event.call for event in pacer.of(CallAnswered)}
    likely = [event.call for event in pacer.of(CallPlaced) if 0.45 < event.answer_chance < 0.75]
    assert sum(call in answered for call in likely) / len(likely) == pytest.approx(0.6 / 1.5, abs=0.04)
    ahead = iter(event.answer_chance for event in pacer.of(CallPlaced))
    assert pacer.upcoming[0][:60] == [next(ahead) for _ in range(60)]


def test_in_a_stall_the_pacer_hears_nothing_and_then_all_at_once():
    world = replace(SHORT, stalls=((0.5, 10.0),))
    begins, ends = 900.0, 910.0
    heard = []

    class Deaf(Listening):
        def observe(self, event):
            heard.append((len(self.asked_at), event.at))
            super().observe(event)

    pacer = Deaf(world)
    run_shift(world, pacer, 1)
    assert not [at for at in pacer.asked_at if begins <= at < ends]
    assert ends in pacer.asked_at
    before = sum(at < begins for at in pacer.asked_at)
    missed = [asked for asked, at in heard if begins < at < ends]
    assert len(missed) > 5
    assert set(missed) == {before}


def test_a_list_is_called_to_its_end_and_no_lead_more_often_than_allowed():
    world = ShiftWorld(
        agents=6, hours=2.0, leads=60, attempts_per_lead=3, retry_unanswered_s=600.0, retry_failed_s=None
    )
    _, figures = played(world, mode="progressive")
    assert figures.leads_left == 0
    assert 0 < figures.ran_out_at < 600.0
    assert 60 < figures.calls <= 180
    _, only_once = played(replace(world, attempts_per_lead=1), mode="progressive")
    assert only_once.calls == 60


def test_a_longer_list_does_not_run_out():
    _, figures = played(replace(SHORT, leads=5000))
    assert figures.ran_out_at is None
    assert figures.leads_left == 5000 - figures.calls


def test_half_a_team_leaves_when_its_calls_are_over():
    pacer, _ = played(replace(SHORT, team=((0.0, 1.0), (0.5, 0.5))))
    left = [event.at for event in pacer.of(AgentLeft)]
    assert sum(900.0 <= at < 1800.0 for at in left) == 3


def test_the_budget_is_told_as_often_as_the_world_says():
    pacer, figures = played(replace(SHORT, budget_look_s=60.0))
    looks = pacer.of(BudgetLooked)
    assert [each.at for each in looks[:31]] == [60.0 * each for each in range(31)]
    assert looks[-1].rate == pytest.approx(figures.abandon_rate, abs=0.05)
    assert any(each.at_limit for each in looks)
