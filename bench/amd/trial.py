"""Plays calls to a detector and takes down its verdict, when it came, and what it cost."""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray

from bench.amd.incumbent import Amd, judge
from bench.amd.sample_set import Sample
from dialer.core.amd import AmdRule, Detector, VoiceActivity
from dialer.core.frames import FRAME_S

Frames = NDArray[np.int16]


@dataclass(frozen=True)
class Judged:
    """A call's verdict; `cpu_s` is processor time."""

    sample: Sample
    verdict: str
    why: str
    took_s: float
    confidence: float
    cpu_s: float


def ours(sample: Sample, frames: Frames, rule: AmdRule, voice: Callable[[], VoiceActivity]) -> Judged:
    """Our detector's verdict, from frames of shape (n, 160)."""
    listener = voice()
    started = process_time()
    detector = Detector(rule, 0.0, listener)
    for place, frame in enumerate(frames):
        heard = detector.hear(frame, (place + 1) * FRAME_S)
        if heard is not None:
            cpu_s = process_time() - started
            return Judged(sample, heard.verdict, heard.why, heard.took_s, heard.confidence, cpu_s)
    raise AssertionError(f"no verdict in {len(frames) * FRAME_S} s: {sample}")


_STATUS = {"HUMAN": "human", "MACHINE": "machine", "NOTSURE": "unsure"}


def incumbent(sample: Sample, frames: Frames, amd: Amd) -> Judged:
    """The incumbent's verdict."""
    started = process_time()
    status, heard = judge(frames, amd)
    return Judged(sample, _STATUS[status], "", heard * FRAME_S, 1.0, process_time() - started)


Contender = Callable[[Sample, Frames], Judged]
