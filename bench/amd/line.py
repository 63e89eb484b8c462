"""What a telephone line does to sound: noise of the place and of the mains, µ-law, packets that are lost."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.amd.voices import RATE, Sound

FRAME = 160
_MU = 255.0
CONDITIONS = ("clean", "street", "babble", "hum", "random loss", "burst loss")


def level(sound: Sound) -> float:
    """The root mean square of its louder half, so that pauses do not count."""
    blocks = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    loudness = np.sort((blocks**2).mean(axis=1))
    return float(np.sqrt(loudness[len(loudness) // 2 :].mean())) if len(loudness) else 1e-9


def carried(
    sound: Sound, loud_db: float, condition: str, chance: np.random.Generator, talkers: Sequence[Sound]
) -> NDArray[np.int16]:
    """The sound as it arrives: at that level in dB of full scale, with noise, coded, with losses."""
    voiced = level(sound) if np.abs(sound).max(initial=0.0) > 0 else 1.0
    louder = sound * 10 ** (loud_db / 20) / max(voiced, 1e-9)
    if condition in ("street", "babble", "hum"):
        signal_to_noise_db = chance.uniform(10, 30)
        noise = _noise(condition, len(sound), chance, talkers)
        louder = louder + noise / level(noise) * 10 ** ((loud_db - signal_to_noise_db) / 20)
    louder = louder + chance.normal(0, 10 ** (-68 / 20), len(sound))
    frames = coded(louder)[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if condition.endswith("loss"):
        frames = _lossy(frames, bursts=condition.startswith("burst"), chance=chance)
    return frames


def coded(sound: Sound) -> NDArray[np.int16]:
    """There and back through 8-bit µ-law by its formula (ITU-T G.711 approximates it in segments)."""
    clipped = np.clip(sound, -1, 1)
    squeezed = np.sign(clipped) * np.log1p(_MU * np.abs(clipped)) / np.log1p(_MU)
    steps = np.round(squeezed * 127) / 127
    restored = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU
    return (restored * 32767).astype(np.int16)


def _noise(condition: str, length: int, chance: np.random.Generator, talkers: Sequence[Sound]) -> Sound:
    if condition == "hum":
        times = np.arange(length) / RATE
        base = chance.choice([50.0, 60.0])
        hum = sum(np.sin(2 * np.pi * base * n * times + chance.uniform(0, 6)) / n for n in (1, 2, 3, 5, 7, 9))
        return np.asarray(hum) + 0.05 * chance.normal(size=length)
    if condition == "babble":
        mixed = np.zeros(length)
        for place in chance.choice(len(talkers), 6):
            talker = np.roll(talkers[place], int(chance.integers(len(talkers[place]))))
            mixed += np.resize(talker / level(talker), length)
        return mixed
    spectrum = np.fft.rfft(chance.normal(size=length))
    hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 50)
    swell = 1 + 0.6 * np.sin(
        2 * np.pi * chance.uniform(0.1, 0.4) * np.arange(length) / RATE + chance.uniform(0, 6)
    )
    return np.fft.irfft(spectrum / hz**0.8, length) * swell


def _lossy(frames: NDArray[np.int16], *, bursts: bool, chance: np.random.Generator) -> NDArray[np.int16]:
    """Lost packets: the first of a run is the last that came at half its strength, others are silence.

    Random: 3 % of packets. Bursts: Gilbert's model, 2 % of packets begin one of 5 on average.
    """
    heard = frames.copy()
    lost = False
    for place in range(1, len(heard)):
        before = lost
        lost = (
            (chance.random() < 0.8 if lost else chance.random() < 0.02) if bursts else chance.random() < 0.03
        )
        if lost:
            heard[place] = 0 if before else heard[place - 1] // 2
    return heard
