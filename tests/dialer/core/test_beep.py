"""A voice mailbox's beep is heard, and nothing else is taken for one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dialer.core.beep import BeepDetector
from tests.dialer.core.call_sounds import FRAME_S, Frames, framed, hiss, quiet, speech, tones

DTMF = [(low, high) for low in (697.0, 770.0, 852.0, 941.0) for high in (1209.0, 1336.0, 1477.0, 1633.0)]


def beeps(frames: Frames) -> list[float]:
    """When a beep was over."""
    detector = BeepDetector()
    times = [(place + 1) * FRAME_S for place in range(len(frames))]
    return [at for frame, at in zip(frames, times, strict=True) if detector.hear(frame, at)]


@pytest.mark.parametrize("hz", [350, 480, 620, 850, 1000, 1209, 1400, 1777, 2000, 2500])
@pytest.mark.parametrize("long_s", [0.2, 0.5, 1.2])
@pytest.mark.parametrize("after_s", [0.3, 3.0])
def test_a_steady_tone_is_heard_within_a_tenth_of_a_second_of_its_end(
    hz: float, long_s: float, after_s: float
) -> None:
    greeting = speech(1.5)
    (at,) = beeps(framed(greeting, quiet(0.31), tones([hz], long_s), quiet(after_s)))
    assert 0 < at - (1.81 + long_s) <= 0.1


@pytest.mark.parametrize("noise_db", [-40, -30])
def test_it_is_heard_through_noise_and_where_a_packet_was_lost(noise_db: float) -> None:
    sound = np.concatenate((quiet(0.5), tones([1000], 0.5), quiet(0.5)))
    frames = framed(sound + hiss(1.5, noise_db)).copy()
    frames[37] = 0
    assert len(beeps(frames)) == 1


def test_each_of_two_is_heard() -> None:
    one = (tones([1400], 0.3), quiet(1.0))
    assert len(beeps(framed(quiet(0.3), *one, *one))) == 2


NO_BEEPS: dict[str, NDArray[np.float64]] = {
    "key of a telephone": np.concatenate([tones(pair, 0.2) for pair in DTMF] + [quiet(0.5)]),
    "keys with pauses": np.concatenate([each for pair in DTMF for each in (tones(pair, 0.2), quiet(0.2))]),
    "North American ringing": np.concatenate((tones((440, 480), 2.0), quiet(1.0))),
    "European ringing": np.concatenate((tones([425], 1.0), quiet(1.0))),
    "British ringing": np.concatenate(
        (tones((400, 450), 0.4), quiet(0.2), tones((400, 450), 0.4), quiet(1.0))
    ),
    "busy": np.concatenate([each for _ in range(4) for each in (tones([425], 0.5), quiet(0.5))]),
    "North American busy": np.concatenate(
        [each for _ in range(4) for each in (tones((480, 620), 0.5), quiet(0.5))]
    ),
    "special information tones": np.concatenate(
        (tones([950], 0.33), tones([1400], 0.33), tones([1777], 0.33), quiet(1.0))
    ),
    "their end": np.concatenate((tones([1400], 0.2), tones([1777], 0.33), quiet(1.0))),
    "a fax machine's answer": np.concatenate((tones([2100], 3.0), quiet(1.0))),
    "a click": np.concatenate((quiet(0.3), tones([1000], 0.08), quiet(1.0))),
    "noise": hiss(3.0, -20),
    "silence": np.zeros(8000),
    "a tone that goes on as noise": np.concatenate((tones([1000], 0.3), hiss(1.0, -15))),
    "too quiet": np.concatenate((tones([1000], 0.3, -60), quiet(0.5))),
    "a melody": np.concatenate([tones([hz], 0.2) for hz in (523, 659, 784, 1047, 784)] + [quiet(0.5)]),
}


@pytest.mark.parametrize("what", NO_BEEPS)
def test_other_sound_is_no_beep(what: str) -> None:
    assert beeps(framed(NO_BEEPS[what])) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_voice_is_no_beep(seed: int) -> None:
    assert beeps(framed(speech(3.0, seed=seed), quiet(0.5), speech(0.5, seed=seed + 100), quiet(0.5))) == []
