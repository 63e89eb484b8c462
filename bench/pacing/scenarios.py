"""The worlds in which policies are compared. No policy may know which one it is in."""

from dataclasses import replace
from itertools import product

from dialer.core.pacing_settings import PacingPrior
from dialer.simulation.worlds import ShiftWorld, steady


def _usual() -> list[ShiftWorld]:
    return [ShiftWorld(name=f"usual, {agents} agents", agents=agents) for agents in (5, 10, 25, 50, 100, 200)]


def _others_known() -> list[ShiftWorld]:
    """The other worlds of which it is known what can be reached."""
    survey = ShiftWorld(talk_mean_s=steady(40.0))
    worlds = [
        replace(survey, name=f"survey, {rate:.0%}, {agents} agents", agents=agents, answer_rate=steady(rate))
        for rate, agents in product((0.08, 0.35), (10, 50))
    ]
    collections = ShiftWorld(talk_mean_s=steady(240.0), answer_rate=steady(0.08))
    worlds += [
        replace(collections, name=f"collections, 8%, {agents} agents", agents=agents) for agents in (10, 50)
    ]
    rates = ((0.0, 0.30), (1 / 3, 0.12), (2 / 3, 0.24))
    worlds.append(ShiftWorld(name="rate 30, 12, 24%, 25 agents", answer_rate=rates))
    worlds.append(
        ShiftWorld(
            name="coming and going, 25 agents",
            arrive_within_s=900.0,
            leave_within_s=900.0,
            break_every_s=2 * 3600.0,
            break_mean_s=600.0,
        )
    )
    return worlds


def _scored() -> list[ShiftWorld]:
    """Leads differ in promise, and the dialer has a score of each."""
    wide = ShiftWorld(chance_spread=1.0)
    worlds = [
        replace(wide, name=f"scored leads, {agents} agents", agents=agents) for agents in (5, 10, 25, 100)
    ]
    worlds.append(replace(wide, name="scores twice too high, 25 agents", score_scale=2.0))
    return worlds


def _upheavals() -> list[ShiftWorld]:
    return [
        ShiftWorld(name="rate halves, 10 agents", agents=10, answer_rate=((0.0, 0.2), (0.5, 0.1))),
        ShiftWorld(name="rate halves, 50 agents", agents=50, answer_rate=((0.0, 0.2), (0.5, 0.1))),
        ShiftWorld(name="rate doubles, 10 agents", agents=10, answer_rate=((0.0, 0.15), (0.5, 0.3))),
        ShiftWorld(name="rate doubles, 50 agents", agents=50, answer_rate=((0.0, 0.15), (0.5, 0.3))),
        ShiftWorld(name="team halves, 20 agents", agents=20, team=((0.0, 1.0), (0.5, 0.5))),
        ShiftWorld(name="team halves, 100 agents", agents=100, team=((0.0, 1.0), (0.5, 0.5))),
        ShiftWorld(name="team doubles, 40 agents", agents=40, team=((0.0, 0.5), (0.5, 1.0))),
        ShiftWorld(name="talks double, 25 agents", talk_mean_s=((0.0, 90.0), (0.5, 180.0))),
        ShiftWorld(
            name="stalls of 10 s, 25 agents", stalls=tuple((hour / 8 + 0.05, 10.0) for hour in range(8))
        ),
        ShiftWorld(
            name="stalls of 10 s, 100 agents",
            agents=100,
            stalls=tuple((hour / 8 + 0.05, 10.0) for hour in range(8)),
        ),
    ]


def _corners() -> list[ShiftWorld]:
    """The edges of what is promised: teams, answer rates, talks."""
    worlds = [
        ShiftWorld(
            name=f"{rate:.0%}, talks {talk_s:.0f} s, {agents} agents",
            agents=agents,
            answer_rate=steady(rate),
            talk_mean_s=steady(talk_s),
        )
        for rate, talk_s, agents in product((0.05, 0.6), (20.0, 300.0), (5, 50))
    ]
    worlds.append(ShiftWorld(name="usual, 500 agents", agents=500))
    worlds.append(ShiftWorld(name="half an hour, 25 agents", hours=0.5))
    worlds.append(ShiftWorld(name="machines 20%, 25 agents", machine_share=0.2))
    worlds.append(ShiftWorld(name="talks nearly alike, 25 agents", talk_sigma=0.2, hang_up_share=0.0))
    worlds.append(ShiftWorld(name="late answers, 25 agents", ring_mean_s=14.0, ring_sigma=0.35))
    return worlds


def _limits() -> list[ShiftWorld]:
    """What a campaign's settings and the engine may do to a pacer."""
    usual = ShiftWorld()
    tight = replace(usual.pacing, max_lines=40)
    slow = replace(usual.pacing, max_calls_per_second=1.5)
    strict = replace(usual.pacing, abandon_target=0.01)
    none = replace(usual.pacing, abandon_target=0.0)
    return [
        replace(usual, name="40 lines, 25 agents", pacing=tight),
        replace(usual, name="1.5 calls a second, 25 agents", pacing=slow),
        replace(usual, name="target 1%, 25 agents", pacing=strict),
        replace(usual, name="target 0%, 25 agents", pacing=none),
        replace(usual, name="period unknown, 25 agents", period_known=False),
        replace(usual, name="budget told, 25 agents", period_known=False, budget_look_s=5.0),
        replace(usual, name="budget told, 5 agents", agents=5, period_known=False, budget_look_s=5.0),
        replace(usual, name="rings for 15 s, 25 agents", pacing=replace(usual.pacing, ring_timeout_s=15.0)),
        replace(usual, name="rings for 45 s, 25 agents", pacing=replace(usual.pacing, ring_timeout_s=45.0)),
    ]


def _priors() -> list[ShiftWorld]:
    """Short runs of an engine that presumes yesterday's answer rate, which is not today's."""
    usual = ShiftWorld(hours=1.0, period_known=False, budget_look_s=5.0)
    worlds = [replace(usual, name=f"no prior, {agents} agents", agents=agents) for agents in (10, 50)]
    for factor, agents in product((0.5, 1.0, 2.0), (10, 50)):
        prior = PacingPrior(answer_rate=0.2 * factor, dialed=2000.0, mean_talk_s=120.0, mean_wrap_s=12.5)
        pacing = replace(usual.pacing, prior=prior)
        name = f"prior {0.2 * factor:.0%} for 20%, {agents} agents"
        worlds.append(replace(usual, name=name, agents=agents, pacing=pacing))
    return worlds


def _outages() -> list[ShiftWorld]:
    """Nobody answers, or nearly nobody, for some minutes of an hour; then people do as before."""
    usual = ShiftWorld(hours=1.0, period_known=False, budget_look_s=5.0)
    worlds = [
        replace(
            usual,
            name=f"outage of {minutes} min, {agents} agents",
            agents=agents,
            answer_rate=((0.0, 0.2), (0.5, 0.0), (0.5 + minutes / 60, 0.2)),
        )
        for minutes, agents in product((1, 3, 6), (25, 50))
    ]
    partly = ((0.0, 0.2), (0.5, 0.01), (0.6, 0.2))
    worlds.append(replace(usual, name="95% out for 6 min, 25 agents", answer_rate=partly))
    return worlds


GROUPS = {
    "usual": _usual(),
    "known": _others_known(),
    "scored": _scored(),
    "upheavals": _upheavals(),
    "outages": _outages(),
    "corners": _corners(),
    "limits": _limits(),
    "priors": _priors(),
}
"""Scenarios by group; names are unique over all."""

KNOWN = {
    "usual, 5 agents": 78.5,
    "usual, 10 agents": 84.8,
    "usual, 25 agents": 91.1,
    "usual, 50 agents": 94.5,
    "usual, 100 agents": 96.7,
    "usual, 200 agents": 98.3,
    "survey, 8%, 10 agents": 76.7,
    "survey, 8%, 50 agents": 93.1,
    "survey, 35%, 10 agents": 80.5,
    "survey, 35%, 50 agents": 93.8,
    "collections, 8%, 10 agents": 86.2,
    "collections, 8%, 50 agents": 95.0,
    "rate 30, 12, 24%, 25 agents": 90.9,
    "coming and going, 25 agents": 89.8,
    "scored leads, 10 agents": 87.5,
    "scored leads, 25 agents": 92.5,
    "scored leads, 100 agents": 97.2,
}
"""The utilisation in % that is known to be reachable, or for scored leads aimed at."""
