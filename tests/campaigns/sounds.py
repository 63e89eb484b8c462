"""Messages for agentless campaigns of tests."""

import wave
from pathlib import Path


def sound(path: Path, *, rate: int = 8000, channels: int = 1, width: int = 2, length_s: float = 1.0) -> Path:
    """A silent WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(int(rate * length_s) * channels * width))
    return path
