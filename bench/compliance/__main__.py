"""`python -m bench.compliance [speed] [oracle]`: their speed, and a million answers compared."""

import argparse
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from time import perf_counter

from bench.compliance.speed import QUESTIONS, Question, measure
from campaigns.compliance.rulebook import load_rulebook
from tests.campaigns.answers import objections_to, zones_of
from tests.campaigns.oracle import cases, documents, forbidding

_WORK = ("speed", "oracle")
_BLOCK = 5000
_LIMIT_US = 50


def compare(count: int, seed: int) -> tuple[int, list[str]]:
    """How many of so many random cases are allowed, and those where the oracle disagrees."""
    rulebook, files = load_rulebook(), documents()
    allowed, wrong = 0, []
    for case in cases(seed, count):
        found, expected = objections_to(rulebook, case), forbidding(case, files)
        if found != expected:
            wrong.append(f"{case}: the rules say {sorted(found)}, the oracle {sorted(expected)}")
        elif case.zones_told and (zones := zones_of(case)) != case.facts.zones:
            wrong.append(f"{case}: the zones are {zones}, the oracle says {case.facts.zones}")
        allowed += not found
    return allowed, wrong


def compare_all(count: int, processes: int, seed: int) -> bool:
    """Prints how many cases agree, and those that do not; whether all do."""
    blocks = range(seed, seed + -(-count // _BLOCK))
    started, done, allowed, wrong = perf_counter(), 0, 0, []
    with ProcessPoolExecutor(processes) as pool:
        for block_allowed, block_wrong in pool.map(partial(compare, _BLOCK), blocks):
            done, allowed = done + _BLOCK, allowed + block_allowed
            wrong += block_wrong
            print(f"\r{done:,} cases, {len(wrong)} disagree", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for each in wrong[:3]:
        print(each)
    took = perf_counter() - started
    print(f"{done:,} cases in {took:.0f} s: {allowed:,} allowed, {len(wrong)} disagree")
    return not wrong


def speeds(questions: Sequence[Question], seconds: float, rounds: int) -> bool:
    """Prints the average time of each question; whether the average of all is within the limit."""
    averages = []
    for question in questions:
        figures = [measure(question, seconds) for _ in range(rounds)]
        averages.append(statistics.median(figures))
        print(f"{question.name:46} {averages[-1]:6.1f} µs ({min(figures):.1f} to {max(figures):.1f})")
    average = statistics.mean(averages)
    print(f"{'average':46} {average:6.1f} µs, of at most {_LIMIT_US}")
    return average <= _LIMIT_US


def main() -> None:
    """Measures and compares; exit code 1 where a limit is passed or the oracle disagrees."""
    parser = argparse.ArgumentParser(prog="python -m bench.compliance", description=__doc__)
    parser.add_argument("work", nargs="*", metavar="|".join(_WORK), help="what to do (default: both)")
    parser.add_argument("--cases", type=int, default=1_000_000, help="random cases that are compared")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000, help="of the first block of cases")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long each question is asked, a round")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if unknown := set(given.work) - set(_WORK):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(_WORK)}")
    work, good = given.work or _WORK, True
    if "speed" in work:
        good &= speeds(QUESTIONS, given.seconds, given.rounds)
    if "oracle" in work:
        good &= compare_all(given.cases, given.processes, given.seed)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
