"""When the agents of a simulated shift come, take breaks and leave."""

from dataclasses import dataclass

import numpy as np

from dialer.simulation.worlds import ShiftWorld


@dataclass(frozen=True, slots=True)
class Duty:
    """One agent's stretch on shift; breaks are (when it is due, how long), in order.

    An agent in a call leaves, or takes the break, once it is wrapped up.
    """

    arrives_at: float
    leaves_at: float
    breaks: tuple[tuple[float, float], ...] = ()


def roster(world: ShiftWorld, seed: int) -> list[Duty]:
    """Who works when. An agent whom the team's steps call back has one duty for each stretch."""
    random = np.random.default_rng([seed, 3])
    duties = []
    for number in range(world.agents):
        arrives_s = float(random.uniform(0, world.arrive_within_s)) if world.arrive_within_s else 0.0
        leaves_s = float(random.uniform(0, world.leave_within_s)) if world.leave_within_s else 0.0
        stretches = _stretches(world, (number + 0.5) / world.agents)
        for begins, ends in stretches:
            arrives_at = arrives_s if begins == 0.0 else begins
            leaves_at = world.length_s - leaves_s if ends == world.length_s else ends
            if arrives_at < leaves_at:
                duties.append(Duty(arrives_at, leaves_at, _breaks(world, arrives_at, leaves_at, random)))
    return duties


def _stretches(world: ShiftWorld, place: float) -> list[tuple[float, float]]:
    """When the agent is on shift whose place in the team is this, from 0 to 1."""
    stretches: list[tuple[float, float]] = []
    edges = [*(begins for begins, _ in world.team), 1.0]
    for (begins, share), ends in zip(world.team, edges[1:], strict=True):
        if place > share or begins == ends:
            continue
        begins_at, ends_at = begins * world.length_s, ends * world.length_s
        if stretches and stretches[-1][1] == begins_at:
            begins_at = stretches.pop()[0]
        stretches.append((begins_at, ends_at))
    return stretches


def _breaks(
    world: ShiftWorld, arrives_at: float, leaves_at: float, random: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    if world.break_every_s is None:
        return ()
    breaks = []
    at = arrives_at + float(random.exponential(world.break_every_s))
    while at < leaves_at:
        lasts_s = float(random.uniform(0.5, 1.5)) * world.break_mean_s
        breaks.append((at, lasts_s))
        at += lasts_s + float(random.exponential(world.break_every_s))
    return tuple(breaks)
