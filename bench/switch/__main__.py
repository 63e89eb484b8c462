"""`python -m bench.switch [rate|pairs|audio|growth|recording|crash …]`: the switch beside bare pjsua2."""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.switch import audio, crash, growth, pairs, rate, recording
from bench.switch.figures import load
from bench.switch.helper import Helper
from bench.switch.options import FarEndOptions
from bench.switch.report import Machine, Results, text
from dialer.switch.capacity import ask_binding

Work = TypeVar("Work")
Run = TypeVar("Run")
_WORK = ("rate", "pairs", "audio", "growth", "recording", "crash")


@dataclass(frozen=True)
class Options:
    """What is measured, how often and for how long."""

    work: Sequence[str]
    rounds: int
    rates: Sequence[float]
    seconds: float
    pairs: int
    hold: float
    held: Sequence[int]
    calls: int
    few: int
    many: int
    recorded: int
    agents: int
    lines: int


async def measure(options: Options) -> Results:
    """All rounds, each with everything in it."""
    binding = await ask_binding(1)
    results = Results(Machine(len(os.sched_getaffinity(0)), platform.python_version(), binding.version))
    for number in range(options.rounds):
        results.load.append(load())
        _say(f"round {number + 1} of {options.rounds}, load {load()}")
        if "rate" in options.work:
            await _rates(options, results, number)
        if "pairs" in options.work:
            await _pairs(options, results, number)
        if "audio" in options.work:
            for held in options.held:
                _say(f"  audio while {held} pairs are up")
                results.audio.append(await audio.measure(held, options.calls))
        if "recording" in options.work:
            await _recordings(options, results, number)
        if "crash" in options.work:
            _say(f"  SIGKILL of the switch with {options.agents} agents and {options.lines} lines")
            results.crash.append(await crash.measure(options.agents, options.lines))
        if "growth" in options.work:
            _say(f"  {options.many:,} calls through one switch")
            async with Helper("bench.switch.far_end", FarEndOptions()) as far_end:
                results.growth.append(await growth.measure(await _target(far_end), options.few, options.many))
    return results


async def _rates(options: Options, results: Results, number: int) -> None:
    async with Helper("bench.switch.far_end", FarEndOptions()) as far_end:
        target = await _target(far_end)
        for calls_per_s in options.rates:
            _say(f"  {calls_per_s:g} calls/s")
            offered = rate.Offered(target, calls_per_s, options.seconds)
            results.rate.append(await _in_turn(number, rate.through_switch, rate.through_bare, offered))


async def _pairs(options: Options, results: Results, number: int) -> None:
    async with Helper("bench.switch.far_end", FarEndOptions(speaks=True)) as far_end:
        _say(f"  {options.pairs} pairs")
        held = pairs.Held(far_end, await _target(far_end), options.pairs, options.hold)
        results.pairs.append(await _in_turn(number, pairs.through_switch, pairs.through_bare, held))


async def _recordings(options: Options, results: Results, number: int) -> None:
    async with Helper("bench.switch.far_end", FarEndOptions(speaks=True)) as far_end:
        _say(f"  {options.recorded} conversations, recorded and not")
        held = pairs.Held(far_end, await _target(far_end), options.recorded, options.hold)
        results.recording.append(await recording.run(held, recorded_first=bool(number % 2)))


async def _in_turn(
    number: int,
    switch: Callable[[Work], Awaitable[Run]],
    bare: Callable[[Work], Awaitable[Run]],
    work: Work,
) -> tuple[Run, Run]:
    """Both, one after the other; who goes first changes from round to round."""
    if number % 2:
        second = await bare(work)
        return await switch(work), second
    return await switch(work), await bare(work)


async def _target(far_end: Helper) -> str:
    listening = await far_end.event("listening", within_s=10)
    return f"sip:anybody@{listening['host']}:{listening['port']}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints the summary, and writes every run as JSON where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.switch", description=__doc__)
    parser.add_argument("work", nargs="*", metavar="|".join(_WORK), help="what to measure (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rates", default="100,200,400", help="calls a second that are offered")
    parser.add_argument("--seconds", type=float, default=10, help="how long calls are offered")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--hold", type=float, default=20, help="how long the pairs are measured, in seconds")
    parser.add_argument("--held", default="0,100", help="pairs that are up while audio is timed")
    parser.add_argument("--calls", type=int, default=200, help="calls whose audio is timed, a round")
    parser.add_argument("--recorded", type=int, default=100, help="conversations that are recorded")
    parser.add_argument("--agents", type=int, default=100, help="agents who talk when the switch is killed")
    parser.add_argument("--lines", type=int, default=300, help="lines in use then")
    parser.add_argument("--few", type=int, default=2_000, help="calls before the first look, for growth")
    parser.add_argument("--many", type=int, default=20_000, help="calls before the last look, for growth")
    parser.add_argument("--json", type=Path, help="where every run is written")
    given = parser.parse_args()
    if unknown := set(given.work) - set(_WORK):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(_WORK)}")
    options = Options(
        work=given.work or _WORK,
        rounds=given.rounds,
        rates=[float(each) for each in given.rates.split(",")],
        seconds=given.seconds,
        pairs=given.pairs,
        hold=given.hold,
        held=[int(each) for each in given.held.split(",")],
        calls=given.calls,
        few=given.few,
        many=given.many,
        recorded=given.recorded,
        agents=given.agents,
        lines=given.lines,
    )
    results = asyncio.run(measure(options))
    print(text(results))
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


if __name__ == "__main__":
    main()
