"""The incumbent's loop, as its source has it."""

import pytest

from dialer.core.pacing_events import (
    AgentLeft,
    AgentPaused,
    AgentReady,
    AgentTalking,
    AgentWrapping,
    CallAbandoned,
    CallAnswered,
    CallConnected,
    CallFailed,
    CallPlaced,
)
from dialer.core.pacing_settings import PacingSettings
from dialer.simulation.incumbent import IncumbentPacer, IncumbentSettings


def ticking(pacer, start, seconds):
    """Asks each second, and says how many calls were wanted each time; nothing is placed."""
    return [pacer.calls_to_place(start + second) for second in range(seconds)]


def level(pacer):
    return float(pacer.explain(0.0).reason.removeprefix("The dial level is ").removesuffix("."))


def pacer_with(ready=0, talking=0, limits=None, **own):
    pacer = IncumbentPacer(limits or PacingSettings(), IncumbentSettings(**own))
    for agent in range(ready + talking):
        pacer.observe(AgentReady(0.0, agent))
    for agent in range(talking):
        pacer.observe(CallPlaced(0.0, agent))
        pacer.observe(CallAnswered(0.0, agent))
        pacer.observe(CallConnected(0.0, agent, agent, 0.0))
    return pacer


def test_it_places_its_level_times_the_agents_free_or_talking_less_the_lines_in_use():
    pacer = pacer_with(ready=4, talking=2)
    assert pacer.calls_to_place(0.0) == 4
    pacer.observe(AgentWrapping(1.0, 0))
    assert pacer.calls_to_place(2.5) == 4, "who wraps up does not count, nor does the ended call"


def test_it_places_every_two_and_a_half_seconds_only():
    assert ticking(pacer_with(ready=4), 0.0, 6) == [4, 0, 0, 4, 0, 0]


def test_every_15_seconds_the_level_grows_by_the_mean_surplus_of_free_agents_over_all():
    pacer = pacer_with(ready=3, talking=7)
    ticking(pacer, 0.0, 16)
    assert level(pacer) == 1.3
    ticking(pacer, 16.0, 15)
    assert level(pacer) == 1.69


def test_people_who_wait_and_the_target_lessen_it():
    pacer = pacer_with(ready=3, talking=7, target_difference=-1.0)
    pacer.observe(CallPlaced(0.0, "waits"))
    pacer.observe(CallAnswered(0.0, "waits"))
    ticking(pacer, 0.0, 16)
    assert level(pacer) == 1.1


@pytest.mark.parametrize(("intensity", "expected"), [(50.0, 1.45), (-50.0, 1.15)])
def test_intensity_makes_changes_larger_or_smaller(intensity, expected):
    pacer = pacer_with(ready=3, talking=7, intensity=intensity)
    ticking(pacer, 0.0, 16)
    assert level(pacer) == expected


def test_the_level_stays_between_one_and_the_cap():
    eager, idle = pacer_with(ready=10, max_level=2.5), pacer_with(talking=10)
    ticking(eager, 0.0, 120)
    ticking(idle, 0.0, 120)
    assert (level(eager), level(idle)) == (2.5, 1.0)


@pytest.mark.parametrize(("method", "expected"), [("hard_limit", 1.0), ("average", 0.65), ("tapered", 1.0)])
def test_over_the_limit_of_drops_the_level_falls_as_its_method_says(method, expected):
    limits = PacingSettings(period_ends_at=2 * 3600.0)
    pacer = pacer_with(ready=3, talking=7, limits=limits, method=method)
    for call in range(100, 160):
        pacer.observe(CallPlaced(0.0, call))
        pacer.observe(CallAnswered(0.0, call))
        pacer.observe(CallAbandoned(0.0, call))
    ticking(pacer, 0.0, 16)
    assert level(pacer) == expected


def test_it_keeps_to_the_lines_and_to_the_calls_a_second():
    assert pacer_with(ready=50, limits=PacingSettings(max_lines=9)).calls_to_place(0.0) == 9
    slow = PacingSettings(max_calls_per_second=2.0)
    assert pacer_with(ready=50, limits=slow).calls_to_place(0.0) == 5


def test_agents_who_pause_count_for_the_surplus_and_not_for_the_calls():
    pacer = pacer_with(ready=2)
    pacer.observe(AgentPaused(0.0, 1))
    assert pacer.calls_to_place(0.0) == 1
    ticking(pacer, 0.0, 16)
    assert level(pacer) == 1.5
    pacer.observe(AgentLeft(16.0, 1))
    pacer.observe(AgentTalking(16.0, 0))
    state = pacer.explain(16.0)
    assert (state.agents_available, state.agents_talking, state.agents_paused) == (0, 1, 0)


def test_calls_that_ended_use_no_line():
    pacer = pacer_with(ready=3)
    for call in "abc":
        pacer.observe(CallPlaced(0.0, call))
    pacer.observe(CallFailed(1.0, "a"))
    assert pacer.calls_to_place(2.0) == 1
