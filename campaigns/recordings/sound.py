"""Two tracks of one conversation made into one stereo WAV file. Pure: bytes and samples in, bytes out.

A track is what the switch writes as it goes: a WAV header of 44 bytes, and samples of 16 bits at 8 kHz, of
one channel. The header's lengths are zero until the track is closed, so that they are never looked at: what
follows the header is the sound, whatever cut it off.

The stereo file is G.711 mu-law, the agent left and the customer right: what telephone lines carry anyway, in
half the bytes of 16-bit samples (16,000 a second), and players know it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
TRACK_HEADER_BYTES = 44
HEADER_BYTES = 58
BYTES_PER_S = 2 * RATE_HZ
_SAMPLES_PER_MS = RATE_HZ // 1000
_SHORTEST_PAUSE_S = 0.1
_MU_LAW = 7
_SILENCE = 0xFF
_BIAS, _CLIP = 0x84, 32635

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch that was recorded in one go: when it began, and how many samples each track has."""

    started_ms: int
    """Unix time."""
    agent_samples: int
    customer_samples: int

    @property
    def samples(self) -> int:
        """The longer track's; the other one is filled with silence."""
        return max(self.agent_samples, self.customer_samples)


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment in the whole: so much silence before it, in samples."""

    segment: Segment
    silence: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where each segment is in the file. What was not recorded in between is silence of that length."""

    started_ms: int
    placed: tuple[Placed, ...]
    pauses: tuple[tuple[float, float], ...]
    """From, to, in seconds of the file."""
    samples: int

    @property
    def length_s(self) -> float:
        """Of the file."""
        return self.samples / RATE_HZ


def timeline(segments: Sequence[Segment]) -> Timeline | None:
    """Puts segments in order by when they began; None where none has any sound.

    A segment that would begin before the former has ended, by the jitter of clocks, follows at once.
    """
    heard = sorted((each for each in segments if each.samples), key=lambda each: each.started_ms)
    if not heard:
        return None
    began, at = heard[0].started_ms, 0
    placed, pauses = [], []
    for each in heard:
        silence = max(0, (each.started_ms - began) * _SAMPLES_PER_MS - at)
        if silence / RATE_HZ >= _SHORTEST_PAUSE_S:
            pauses.append((round(at / RATE_HZ, 3), round((at + silence) / RATE_HZ, 3)))
        placed.append(Placed(each, silence))
        at += silence + each.samples
    return Timeline(began, tuple(placed), tuple(pauses), at)


def samples_in(track_bytes: int) -> int:
    """How many samples a track of so many bytes has, however it was cut off."""
    return max(0, track_bytes - TRACK_HEADER_BYTES) // 2


def stereo_header(samples: int) -> bytes:
    """The head of a mu-law stereo WAV file of so many samples a channel (RIFF, fmt, fact, data)."""
    data = 2 * samples
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, _MU_LAW, 2, RATE_HZ, BYTES_PER_S, 2, 8, 0)
    fact = struct.pack("<4sII", b"fact", 4, samples)
    riff = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data, b"WAVE")
    return riff + form + fact + struct.pack("<4sI", b"data", data)


def stereo_silence(samples: int) -> bytes:
    """So many samples of both channels in which nothing is heard."""
    return bytes([_SILENCE]) * (2 * samples)


def stereo(agent: Samples, customer: Samples) -> bytes:
    """Both tracks side by side, the shorter one filled with silence."""
    mixed = np.full((max(len(agent), len(customer)), 2), _SILENCE, np.uint8)
    mixed[: len(agent), 0] = _table()[agent.view(np.uint16)]
    mixed[: len(customer), 1] = _table()[customer.view(np.uint16)]
    return mixed.tobytes()


@cache
def _table() -> NDArray[np.uint8]:
    """The mu-law code of each 16-bit sample, by its unsigned form; ITU-T G.711."""
    sample = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    table: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return table
