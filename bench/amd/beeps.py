"""How well the beep is heard in the calls of the set, as a message that waits for it needs it."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.amd.figures import Share
from bench.amd.sample_set import Sample
from dialer.core.beep import BeepDetector
from dialer.core.frames import FRAME_S

_EARLY_S, _LATE_S = 0.1, 0.25
"""From the tone's end, so much off still counts as heard."""


def count_beeps(calls: Iterable[tuple[Sample, NDArray[np.int16]]]) -> tuple[int, ...]:
    """Beeps that were heard and that there were, calls with a false one and calls.

    Faxes are left out: CNG is a beep to anybody who does not know better.
    """
    heard = there = false = played = 0
    for sample, frames in calls:
        if sample.truth == "fax":
            continue
        detector = BeepDetector()
        ends = [place for place, frame in enumerate(frames) if detector.hear(frame, place * FRAME_S)]
        off_s = [(place + 1) * FRAME_S - sample.beep_s for place in ends]
        hits = [each for each in off_s if sample.beep_s and -_EARLY_S <= each <= _LATE_S]
        cut_off = sample.truth == "machine" and not sample.beep_s
        heard, there = heard + bool(hits), there + bool(sample.beep_s)
        false += len(hits) < len(ends) and not cut_off
        played += not cut_off
    return heard, there, false, played


def beep_line(counts: Sequence[tuple[int, ...]]) -> str:
    """The sums, in a sentence."""
    heard, there, false, played = (sum(each) for each in zip(*counts, strict=True))
    return f"Beeps heard: {Share(heard, there)}; calls with a false one: {Share(false, played)}."
