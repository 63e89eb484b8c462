"""What was measured, and its summary: medians over the rounds, with the lowest and the highest."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from bench.switch.audio import AudioRun
from bench.switch.crash import CrashRun
from bench.switch.figures import percentile, ratios, spread
from bench.switch.growth import Holding
from bench.switch.pairs import PairsRun
from bench.switch.rate import RateRun
from bench.switch.recording import RecordingRun

_RATE = (
    ("CPU seconds per 1,000 calls", "cpu_s_per_1000_calls"),
    ("set-up p50, ms", "setup_p50_ms"),
    ("set-up p99, ms", "setup_p99_ms"),
)
_PAIRS = (("share of one core", "cpu_share"), ("memory, MB", "memory_mb"))


@dataclass(frozen=True)
class Machine:
    """Where it ran."""

    cores: int
    python: str
    pjsip: str


@dataclass
class Results:
    """Every run in the order of the rounds; a pair of runs is the switch and bare pjsua2, side by side."""

    machine: Machine
    load: list[float] = field(default_factory=list)
    """The machine's load average at the start of each round; what runs beside the bench is in it."""
    rate: list[tuple[RateRun, RateRun]] = field(default_factory=list)
    pairs: list[tuple[PairsRun, PairsRun]] = field(default_factory=list)
    audio: list[AudioRun] = field(default_factory=list)
    growth: list[list[Holding]] = field(default_factory=list)
    recording: list[RecordingRun] = field(default_factory=list)
    crash: list[CrashRun] = field(default_factory=list)


def text(results: Results) -> str:
    """The summary: median (lowest-highest) of the rounds; a ratio is the switch by bare pjsua2."""
    parts = (_machine, _rate, _pairs, _audio, _growth, _recording, _crash)
    return "\n".join(line for part in parts for line in part(results))


def _machine(results: Results) -> Iterator[str]:
    machine = results.machine
    yield f"{machine.cores} cores, Python {machine.python}, PJSIP {machine.pjsip}; load {results.load}"


def _rate(results: Results) -> Iterator[str]:
    rounds: defaultdict[float, list[tuple[RateRun, RateRun]]] = defaultdict(list)
    for pair in results.rate:
        rounds[pair[0].offered_per_s].append(pair)
    for offered, runs in rounds.items():
        yield f"\n{offered:g} calls/s offered, each answered and ended at once, {len(runs)} rounds"
        completed = [f"{sum(run.completed for run in side)}" for side in zip(*runs, strict=True)]
        calls = sum(switch.calls for switch, _ in runs)
        yield f"  completed of {calls}: switch {completed[0]}, bare {completed[1]}"
        yield from _compared(_RATE, runs)


def _pairs(results: Results) -> Iterator[str]:
    if not results.pairs:
        return
    first = results.pairs[0][0]
    yield f"\n{first.pairs} bridged pairs ({2 * first.pairs} calls), {len(results.pairs)} rounds"
    yield from _compared(_PAIRS, results.pairs)
    for name, side in zip(("switch", "bare"), zip(*results.pairs, strict=True), strict=True):
        hearing = min(run.hearing for run in side)
        packets = min(run.packets_per_s_least for run in side)
        yield f"  {name}: {hearing} of {2 * first.pairs} legs hear; the worst gets {packets} packets/s of 50"


def _audio(results: Results) -> Iterator[str]:
    for held in sorted({run.held_pairs for run in results.audio}):
        runs = [run for run in results.audio if run.held_pairs == held]
        every = [delay for run in runs for delay in run.all_ms]
        yield f"\nanswer to agent while {held} pairs are up, {len(runs)} rounds"
        p50, p99 = spread([run.p50_ms for run in runs]), spread([run.p99_ms for run in runs])
        yield f"  p50 {p50} ms, p99 {p99} ms"
        yield (
            f"  all {len(every)} calls together: p50 {percentile(every, 0.5):.1f} ms, "
            f"p99 {percentile(every, 0.99):.1f} ms; unheard {sum(run.unheard for run in runs)}; "
            f"load {[run.load for run in runs]}"
        )


def _compared(
    figures: Sequence[tuple[str, str]],
    runs: Sequence[tuple[Any, Any]],
    names: tuple[str, str] = ("switch", "bare"),
) -> Iterator[str]:
    for name, figure in figures:
        ours, other = ([attrgetter(figure)(run) for run in side] for side in zip(*runs, strict=True))
        sides = f"{names[0]} {spread(ours)}, {names[1]} {spread(other)}"
        yield f"  {name}: {sides}, ratio {ratios(ours, other)}"


def _growth(results: Results) -> Iterator[str]:
    for held in results.growth:
        yield "\none switch, calls one after the other"
        for each in held:
            yield (
                f"  after {each.calls:,} calls: {each.memory_mb:g} MB, {each.threads} threads, "
                f"{each.sockets} sockets, {each.files} open files"
            )


def _recording(results: Results) -> Iterator[str]:
    runs = results.recording
    if not runs:
        return
    pairs = runs[0].plain.pairs
    yield f"\n{pairs} conversations, recorded and not, {len(runs)} rounds"
    sides = [(run.recorded, run.plain) for run in runs]
    yield from _compared(_PAIRS, sides, ("recorded", "not"))
    for name, side in zip(("recorded", "not"), zip(*sides, strict=True), strict=True):
        hearing, packets = (
            min(getattr(run, key) for run in side) for key in ("hearing", "packets_per_s_least")
        )
        yield f"  {name}: {hearing} of {2 * pairs} legs hear; the worst gets {packets} packets/s of 50"
    files = min(run.files for run in runs)
    yield f"  {files} files; {spread([run.written_mb_per_s for run in runs])} MB/s written"
    yield f"  the tracks of one conversation differ by {max(run.out_of_step_ms for run in runs):g} ms at most"
    together = spread([run.together_s_per_hour for run in runs])
    yield f"  an hour of conversation is put together in {together} s of processor"


def _crash(results: Results) -> Iterator[str]:
    runs = results.crash
    if not runs:
        return
    yield f"\nSIGKILL of the switch with {runs[0].agents} agents, {len(runs)} rounds"
    for name, key in (
        ("first INVITE", "first_invite_s"),
        ("first agent", "first_agent_s"),
        ("all agents", "all_agents_s"),
    ):
        yield f"  {name} again after {spread([getattr(run, key) for run in runs])} s"
    for run in runs:
        yield (
            f"  {run.calls_up} calls were up, {run.talking} of them talks: {dict(run.fates)}; "
            f"dialed twice: {run.dialed_twice}; load {run.load}"
        )
