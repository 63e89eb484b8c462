"""Sound files for tests."""

import math
import struct
import wave
from pathlib import Path

TONE_HZ = 1000


def sound(path: Path, *, rate: int = 8000, channels: int = 1, width: int = 2, length_s: float = 1.0) -> Path:
    """A silent WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(int(rate * length_s) * channels * width))
    return path


def tone(path: Path, *, rate: int = 8000, length_s: float = 2.0) -> Path:
    """A WAV file with a loud tone of TONE_HZ."""
    loudness = 12000
    samples = (math.sin(2 * math.pi * TONE_HZ * n / rate) for n in range(int(rate * length_s)))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", round(loudness * each)) for each in samples))
    return path


def wav_bytes(tag: int, bits: int, samples: bytes, *, rate: int = 8000, channels: int = 1) -> bytes:
    """A WAV file by its format tag, whatever `samples` hold."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    return b"".join(
        (
            *(b"RIFF", struct.pack("<I", 36 + len(samples)), b"WAVE"),
            *(b"fmt ", struct.pack("<I", 16), form, b"data", struct.pack("<I", len(samples)), samples),
        )
    )
