"""What a far end may sound like, made of numbers: 8 kHz, shape (frames, 160)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160
FRAME_S = 0.02

Frames = NDArray[np.int16]


def framed(*sounds: NDArray[np.float64]) -> Frames:
    """Sounds one after the other, full scale 1, in whole frames."""
    samples = np.clip(np.concatenate(sounds), -1, 1) * 32767
    whole = samples[: len(samples) // FRAME * FRAME]
    return whole.astype(np.int16).reshape(-1, FRAME)


def quiet(long_s: float, noise_db: float = -70.0, seed: int = 1) -> NDArray[np.float64]:
    """A line on which nobody speaks."""
    return np.random.default_rng(seed).normal(0, 10 ** (noise_db / 20), round(long_s * RATE))


def speech(
    long_s: float, loud_db: float = -20.0, seed: int = 1, noise_db: float = -70.0
) -> NDArray[np.float64]:
    """As good as a voice: the harmonics of a pitch that wanders, four syllables a second."""
    chance = np.random.default_rng(seed)
    times = np.arange(round(long_s * RATE)) / RATE
    pitch_hz = chance.uniform(90, 220) * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * times + chance.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    tract = [chance.uniform(0.3, 1.0) / (1 + abs(n - 4) / 3) for n in range(1, 15)]
    voiced = sum((strength * np.sin(n * phase) for n, strength in enumerate(tract, 1)), np.zeros(len(times)))
    spoken = voiced * (0.25 + 0.75 * np.sin(np.pi * 4 * times) ** 2)
    scaled = spoken / max(float(np.sqrt((spoken**2).mean())), 1e-9) * 10 ** (loud_db / 20)
    return np.asarray(scaled) + quiet(long_s, noise_db, seed)


def tones(hz: Sequence[float], long_s: float, loud_db: float = -15.0) -> NDArray[np.float64]:
    """Sines at once, each that loud."""
    times = np.arange(round(long_s * RATE)) / RATE
    each = [np.sin(2 * np.pi * one * times) for one in hz]
    return np.asarray(sum(each, np.zeros(len(times)))) * 10 ** (loud_db / 20) * np.sqrt(2)


def hiss(long_s: float, loud_db: float, seed: int = 1) -> NDArray[np.float64]:
    """White noise."""
    return quiet(long_s, loud_db, seed)
