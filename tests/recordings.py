"""What is heard in a recording: which tone, on which side, when."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.telephone import from_mu_law, tones

AGENT_HZ, OTHER_AGENT_HZ, CUSTOMER_HZ = VOICES_HZ = 400, 800, 1000
FRAME_S = 0.02


def square(hz: int) -> bytes:
    """20 ms of a loud square wave in mu-law."""
    half = 8000 // hz // 2
    return (b"\x90" * half + b"\x10" * half) * (160 // (2 * half))


@dataclass(frozen=True)
class Heard:
    """A stereo file: for each frame of 20 ms the tone on each side in Hz, 0 for none."""

    length_s: float
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def share(self, side: str, hz: int, from_s: float, to_s: float) -> float:
        """In how much of a stretch that tone is heard on a side."""
        frames = getattr(self, side)[round(from_s / FRAME_S) : round(to_s / FRAME_S)]
        return float(np.mean(frames == hz))

    def says(self, side: str, hz: int, from_s: float, to_s: float) -> bool:
        """Whether that is who is heard on a side, and nobody else.

        Not all the time: on a busy machine the packets of these phones come late.
        """
        others = set(VOICES_HZ) - {hz}
        return self.share(side, hz, from_s, to_s) > 0.1 and not any(
            self.share(side, other, from_s, to_s) for other in others
        )


def heard(path: Path) -> Heard:
    """Reads a stereo mu-law WAV file chunk by chunk, as any player does, and listens to it."""
    data = path.read_bytes()
    riff, size, wave = struct.unpack_from("<4sI4s", data)
    assert (riff, size + 8, wave) == (b"RIFF", len(data), b"WAVE")
    chunks, at = {}, 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + length]
        assert len(chunks[name]) == length
        at += 8 + length
    code, channels, rate, bytes_per_s, block, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    assert (code, channels, rate, bytes_per_s, block, bits) == (7, 2, 8000, 16000, 2, 8)
    samples = from_mu_law(chunks[b"data"]).reshape(-1, 2)
    assert struct.unpack("<I", chunks[b"fact"]) == (len(samples),)
    return Heard(len(samples) / rate, tones(samples[:, 0]), tones(samples[:, 1]))
