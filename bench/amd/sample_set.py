"""The labelled set: calls of people, machines, faxes, music and silence, made from a seed and kept."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.amd import texts, voices
from bench.amd.line import CONDITIONS, carried, level
from bench.amd.voices import RATE, Sound

VERSION = 5
"""Of what is made here; another one makes the set anew."""
LENGTH_S = 14.0
HALVES = ("tune", "test")


@dataclass(frozen=True)
class Sample:
    """A call from its answer on. `truth`: person, machine, fax or neither.

    `greeting_end_s` and `beep_s` are when these are over, as the call was made; 0 without a beep.
    """

    half: str
    truth: str
    kind: str
    source: str
    condition: str
    greeting_end_s: float
    beep_s: float = 0.0


@dataclass(frozen=True)
class SampleSet:
    """Calls, and their sound: shape (calls, frames, 160)."""

    samples: Sequence[Sample]
    sound: NDArray[np.int16]


def load(folder: Path, size: int, seed: int) -> SampleSet:
    """The set with about `size` calls in each half; made first where the folder has none of that seed."""
    stem = folder / f"amd-{VERSION}-{seed}-{size}"
    if not stem.with_suffix(".json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = list(_make(size, seed))
        np.save(stem.with_suffix(".npy"), np.stack([sound for _, sound in made]))
        stem.with_suffix(".json").write_text(json.dumps([asdict(sample) for sample, _ in made]))
    samples = [Sample(**each) for each in json.loads(stem.with_suffix(".json").read_text())]
    return SampleSet(samples, np.load(stem.with_suffix(".npy"), mmap_mode="r"))


def _make(size: int, seed: int) -> Iterator[tuple[Sample, NDArray[np.int16]]]:
    for half in HALVES:
        maker = _Maker(half, np.random.default_rng([seed, HALVES.index(half)]))
        for number in range(size):
            if number % 200 == 0:
                print(f"{half}: {number} of {size} calls made", file=sys.stderr, flush=True)
            yield maker.sample(number)


_SHARES = (
    ("person", "short", 22),
    ("person", "household", 14),
    ("person", "business", 12),
    ("person", "recorded", 10),
    ("person", "silent", 2),
    ("machine", "mailbox", 14),
    ("machine", "carrier", 8),
    ("machine", "menu", 2),
    ("machine", "recorded", 12),
    ("fax", "fax", 2),
    ("neither", "music", 2),
)
_KINDS = [(truth, kind) for truth, kind, share in _SHARES for _ in range(share)]


class _Maker:
    """Makes the calls of one half."""

    def __init__(self, half: str, chance: np.random.Generator) -> None:
        self._half = half
        self._place = HALVES.index(half)
        self._chance = chance
        pieces = voices.music()
        self._music = pieces[self._place :: 2]
        every = [voices.prompts(folder, ("vm-intro",)) for folder in voices.RECORDED[half]]
        self._talkers = [sounds[0] for sounds in every if sounds]

    def sample(self, number: int) -> tuple[Sample, NDArray[np.int16]]:
        truth, kind = _KINDS[number * 37 % len(_KINDS)]
        sound, source, end_s, beep_s = self._content(truth, kind)
        condition = str(self._chance.choice(CONDITIONS, p=(0.3, 0.2, 0.15, 0.1, 0.15, 0.1)))
        loud_db = float(np.clip(self._chance.normal(-22, 5), -36, -12))
        frames = carried(_fitted(sound), loud_db, condition, self._chance, self._talkers)
        sample = Sample(self._half, truth, kind, source, condition, round(end_s, 3), round(beep_s, 3))
        return sample, frames

    def _content(self, truth: str, kind: str) -> tuple[Sound, str, float, float]:
        """The sound, where it is from, and when the greeting and the beep are over."""
        if truth == "fax":
            return *self._fax(), LENGTH_S, 0.0
        if kind == "silent":
            return np.zeros(RATE), "nobody", 0.0, 0.0
        if kind == "music":
            piece = self._music[int(self._chance.integers(len(self._music)))]
            start = int(self._chance.integers(max(1, len(piece) - int(LENGTH_S * RATE))))
            return piece[start:], "music on hold", LENGTH_S, 0.0
        parts, source = self._recorded(truth) if kind == "recorded" else self._spoken(truth, kind)
        early_s = self._chance.uniform(0.05, 1.2) if truth == "person" else self._chance.uniform(0.1, 1.9)
        sound = np.concatenate((_silence(early_s), self._with_pauses(parts, truth)))
        end_s = len(sound) / RATE
        after, beep_s = (self._again(parts), 0.0) if truth == "person" else self._beep()
        over_s = end_s + beep_s if beep_s and end_s + beep_s < LENGTH_S - 0.5 else 0.0
        return np.concatenate((sound, after)), source, end_s, over_s

    def _spoken(self, truth: str, kind: str) -> tuple[list[Sound], str]:
        spoken = texts.PERSONS if truth == "person" else texts.MACHINES
        languages = [each for each in spoken if kind in spoken[each]]
        weights = np.array([3.0 if each == "en" else 1.0 for each in languages])
        language = str(self._chance.choice(languages, p=weights / weights.sum()))
        choices = spoken[language][kind][self._place :: 2]
        name = str(self._chance.choice(texts.NAMES[self._place :: 2]))
        text = str(self._chance.choice(list(choices))).format(name=name)
        voice = voices.spoken_by(self._half, language, self._chance)
        return [voices.speak(voice, part.strip()) for part in text.split("|")], f"{voice.label} {text}"

    def _recorded(self, truth: str) -> tuple[list[Sound], str]:
        choices = texts.RECORDED_PERSONS if truth == "person" else texts.RECORDED_MACHINES
        while True:
            folder = str(self._chance.choice(voices.RECORDED[self._half]))
            names = choices[self._place :: 2][int(self._chance.integers(len(choices) // 2))]
            found = voices.prompts(folder, names)
            if found is not None:
                return found, f"{folder} {' '.join(names)}"

    def _with_pauses(self, parts: Sequence[Sound], truth: str) -> Sound:
        """Joins what is said, with pauses that are longer where a machine's text was read out."""
        median_s, spread = (0.2, 0.4) if truth == "person" else (0.4, 0.5)
        joined = [parts[0]]
        for before, part in pairwise(parts):
            pause_s = min(1.6, float(self._chance.lognormal(np.log(median_s), spread)))
            joined += [_silence(pause_s), part * level(before) / max(level(part), 1e-9)]
        return np.concatenate(joined)

    def _again(self, parts: Sequence[Sound]) -> Sound:
        """A person who hears nothing for one to three seconds says something again; one in four does not."""
        waits = _silence(float(self._chance.uniform(1.0, 3.0)))
        return waits if self._chance.random() < 0.25 else np.concatenate((waits, parts[0]))

    def _beep(self) -> tuple[Sound, float]:
        """The tone after a moment, and silence; when it is over. One in four machines has none."""
        if self._chance.random() < 0.25:
            return _silence(2.0), 0.0
        after_s, long_s = float(self._chance.uniform(0.1, 1.5)), float(self._chance.uniform(0.15, 1.0))
        tone = _tone(self._chance.uniform(500, 2000), long_s)
        return np.concatenate((_silence(after_s), tone, _silence(2.0))), after_s + long_s

    def _fax(self) -> tuple[Sound, str]:
        early = _silence(float(self._chance.uniform(0.2, 1.5)))
        if self._chance.random() < 0.5:
            one = np.concatenate((_tone(1100 + self._chance.uniform(-30, 30), 0.5), _silence(3.0)))
            return np.concatenate((early, one, one)), "CNG"
        times = np.arange(int(3.3 * RATE)) / RATE
        turned = (
            np.where((times / 0.45).astype(int) % 2 == 0, 1.0, -1.0) if self._chance.random() < 0.5 else 1.0
        )
        return np.concatenate((early, turned * _tone(2100, 3.3))), "CED or ANSam"


def _tone(hz: float, long_s: float) -> Sound:
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(int(long_s * RATE)) / RATE)


def _silence(long_s: float) -> Sound:
    return np.zeros(int(long_s * RATE))


def _fitted(sound: Sound) -> Sound:
    """Cut or filled up with silence to the length of all."""
    length = int(LENGTH_S * RATE)
    return np.concatenate((sound, np.zeros(max(0, length - len(sound)))))[:length]
