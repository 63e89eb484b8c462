"""Sounds as a telephone brings them: tones in their cadences, speech, music and noise, at 8 kHz."""

import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
RATE_HZ = 8000
FRAME = 160

_FULL_SCALE_DBM0 = 3.14


def silence(length_s: float) -> Samples:
    """Nothing at all."""
    return np.zeros(round(length_s * RATE_HZ), np.int16)


def tone(frequencies_hz: Sequence[float], length_s: float, level: float = -10.0) -> Samples:
    """Sines together, each at `level` dBm0."""
    at = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    amplitude = 32767 * 10 ** ((level - _FULL_SCALE_DBM0) / 20)
    waves = sum(np.sin(2 * np.pi * hz * at) for hz in frequencies_hz)
    return np.clip(amplitude * waves, -32768, 32767).astype(np.int16)


def cadence(
    frequencies_hz: Sequence[float], pattern_s: Sequence[float], times: int = 1, level: float = -10.0
) -> Samples:
    """A tone that is on and off in turn, for the given lengths, so many times."""
    parts = [
        silence(length) if place % 2 else tone(frequencies_hz, length, level)
        for place, length in enumerate(pattern_s)
    ]
    return np.concatenate(parts * times)


def mu_law(samples: Samples) -> Samples:
    """As it is after G.711's mu-law and back."""
    return from_mu_law(to_mu_law(samples))


def to_mu_law(samples: Samples) -> bytes:
    """G.711's mu-law."""
    magnitude = np.minimum(np.abs(samples.astype(np.int32)), 32635) + 0x84
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    code = (segment << 4) | ((magnitude >> (segment + 3)) & 0x0F)
    sign = np.where(samples < 0, 0x80, 0)
    return (~(code | sign) & 0xFF).astype(np.uint8).tobytes()


def from_mu_law(data: bytes) -> Samples:
    """The sound of G.711's mu-law."""
    code = ~np.frombuffer(data, np.uint8)
    magnitude = ((((code & 0x0F).astype(np.int32) << 3) + 0x84) << ((code >> 4) & 0x07)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def tones(samples: Samples) -> NDArray[np.int64]:
    """The loudest tone of each frame in steps of 50 Hz; 0 where it is quiet."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.int64)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1))
    return np.where(np.abs(frames).max(axis=1) > 1000, spectrum.argmax(axis=1) * 50, 0)


def heard_among(frequencies_hz: Iterable[int], samples: Samples) -> set[int]:
    """Which of these tones sound at the same time, each at -30 dBm0 or more."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) * 4 / max(1, len(samples))
    least = 32767 * 10 ** ((-30 - _FULL_SCALE_DBM0) / 20)
    return {hz for hz in frequencies_hz if spectrum[round(hz * len(samples) / RATE_HZ)] > least}


def noise(length_s: float, level: float, seed: int = 1) -> Samples:
    """White noise at so many dBm0."""
    chance = np.random.default_rng(seed)
    deviation = 32768 * 10 ** ((level - _FULL_SCALE_DBM0) / 20) / np.sqrt(2)
    return np.clip(chance.normal(0, deviation, round(length_s * RATE_HZ)), -32768, 32767).astype(np.int16)


def speech(length_s: float, seed: int = 1, level: float = -18.0, gaps: float = 0.3) -> Samples:
    """Vowels with their harmonics and formants; before so many of them a gap as between words."""
    chance = np.random.default_rng(seed)
    parts: list[Samples] = []
    while sum(map(len, parts)) < length_s * RATE_HZ:
        if chance.random() < gaps:
            parts.append(silence(chance.uniform(0.05, 0.4)))
        parts.append(_vowel(chance, level))
    return np.concatenate(parts)[: round(length_s * RATE_HZ)]


def _vowel(chance: np.random.Generator, level: float) -> Samples:
    at = np.arange(round(chance.uniform(0.08, 0.3) * RATE_HZ)) / RATE_HZ
    pitch = chance.uniform(90, 260) * (1 + 0.1 * chance.uniform(-1, 1) * at / at[-1])
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    formants = chance.uniform([300, 900, 2200], [800, 2000, 2900])
    wave_ = np.zeros(len(at))
    for harmonic in range(1, 24):
        hz = harmonic * pitch.mean()
        strength = sum(1 / (1 + ((hz - each) / 90) ** 2) for each in formants)
        wave_ += strength * np.sin(harmonic * phase + chance.uniform(0, 6))
    wave_ *= np.hanning(len(at)) ** 0.3
    loudest = np.sqrt(2 * np.mean(wave_**2))
    return (wave_ / loudest * 32767 * 10 ** ((level - _FULL_SCALE_DBM0) / 20)).astype(np.int16)


def music(length_s: float, seed: int = 1, level: float = -16.0) -> Samples:
    """Chords of a few notes with overtones that begin together and fade."""
    chance = np.random.default_rng(seed)
    parts: list[Samples] = []
    while sum(map(len, parts)) < length_s * RATE_HZ:
        at = np.arange(round(chance.uniform(0.15, 0.9) * RATE_HZ)) / RATE_HZ
        notes = 220 * 2 ** (chance.integers(0, 25, chance.integers(1, 4)) / 12)
        tones = sum(
            np.sin(2 * np.pi * hz * number * at) / number**1.5
            for hz in notes
            for number in (1, 2, 3, 4, 5)
            if hz * number < 3400
        )
        fading = tones * np.exp(-at * chance.uniform(0.5, 5))
        amplitude = 32767 * 10 ** ((level - _FULL_SCALE_DBM0) / 20) / len(notes)
        parts.append(np.clip(fading * amplitude, -32768, 32767).astype(np.int16))
    return np.concatenate(parts)[: round(length_s * RATE_HZ)]


def lossy(samples: Samples, share: float, seed: int = 1) -> Samples:
    """With that share of the 20 ms packets gone, and silence in their place."""
    chance = np.random.default_rng(seed)
    heard = samples.copy()
    for start in range(0, len(heard), FRAME):
        if chance.random() < share:
            heard[start : start + FRAME] = 0
    return heard


def frames(samples: Samples) -> list[Samples]:
    """The sound in whole portions of 20 ms."""
    count = len(samples) // FRAME
    return list(samples[: count * FRAME].reshape(count, FRAME))


def from_wav(path: Path) -> Samples:
    """A recording of 16 bits in one channel at 8 or 16 kHz."""
    with wave.open(str(path), "rb") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return sound[:: file.getframerate() // RATE_HZ].copy()


def to_wav(path: Path, samples: Samples) -> Path:
    """Writes a recording of 16 bits in one channel at 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path
