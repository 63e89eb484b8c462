"""Makes of any recording what the switch plays: 8 kHz, one channel, 16-bit PCM. Blocks.

The rate is changed by a polyphase filter, a Kaiser-windowed sinc, some seconds at a time: what it takes of
memory does not grow with the file.
"""

import asyncio
import io
import math
import os
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import numpy as np

from campaigns.core.prompt import CLIPPED_FROM, LONGEST_S, Levels
from campaigns.errors import UnusableSoundError
from campaigns.prompts.wav import Samples, Sound, read_wav

RATE = 8000
MOST_BYTES = 64 << 20
"""Five minutes of 48 kHz in stereo."""
_PASSES = 0.93
"""Of the narrower band; the rest is for the filter's edge."""
_ZERO_CROSSINGS = 24
_KAISER_BETA = 8.0
"""80 dB in the stop band."""

T = TypeVar("T")

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prompts")
"""One at a time, however many are sent at once: calls need the processor."""


@dataclass(frozen=True)
class Converted:
    """A sound as it is kept, and codes of `campaigns.core.prompt.WARNINGS`."""

    wav: bytes
    length_s: float
    warnings: tuple[str, ...]


async def in_worker(work: Callable[[], T]) -> T:
    """Runs a conversion beside the event loop. A cancellation waits until it is over: files stay open."""
    task = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(_worker, work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def convert(file: BinaryIO) -> Converted:
    """A recording in the switch's form. Raises UnusableSoundError, whose code says what is wrong."""
    if file.seek(0, os.SEEK_END) > MOST_BYTES:
        raise UnusableSoundError("sound-too-large", f"The file has more than {MOST_BYTES >> 20} MiB.")
    sound = read_wav(file)
    if sound.length_s > LONGEST_S:
        raise UnusableSoundError(
            "sound-too-long", f"It plays for {sound.length_s:.0f} s; a prompt has {LONGEST_S:.0f} s at most."
        )
    peak, clipped = 0.0, 0
    for start in range(0, sound.frames, sound.rate):
        loudness = np.abs(sound.mono(start, min(start + sound.rate, sound.frames)))
        peak = max(peak, float(loudness.max()))
        clipped += int((loudness >= CLIPPED_FROM).sum())
    out = io.BytesIO()
    with wave.open(out, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        for block in resampled(sound, RATE):
            written.writeframesraw(np.rint(np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())
    length_s = math.ceil(sound.frames * RATE / sound.rate) / RATE
    return Converted(out.getvalue(), length_s, Levels(peak, clipped / sound.frames).warnings)


def resampled(sound: Sound, rate: int) -> Iterator[Samples]:
    """The sound at another rate, as long as it was, in blocks of about a second."""
    common = math.gcd(sound.rate, rate)
    up, down = rate // common, sound.rate // common
    total = math.ceil(sound.frames * up / down)
    if up == down:
        for start in range(0, total, rate):
            yield sound.mono(start, min(start + rate, total))
        return
    filters = _filters(sound.rate, rate, up, down)
    half = filters.shape[1] // 2
    rounds = max(1, rate // up)
    block = rounds * up
    # Input instants that the outputs of a block begin at, counted from the block's first.
    begins = (np.arange(block) * down // up)[:, None] + np.arange(2 * half)
    for start in range(0, total, block):
        origin = start // up * down
        taken = sound.mono(origin - half + 1, origin + (block - 1) * down // up + half + 1)
        windows = taken[begins].reshape(rounds, up, 2 * half)
        yield np.einsum("rut,ut->ru", windows, filters).reshape(-1)[: total - start].astype(np.float32)


def _filters(rate_in: int, rate_out: int, up: int, down: int) -> Samples:
    """A row for each of the `up` places that an output may have between two inputs; each adds up to 1."""
    cutoff = 0.5 * _PASSES * min(1.0, rate_out / rate_in)
    half = math.ceil(_ZERO_CROSSINGS / (2 * cutoff))
    offsets = np.arange(1 - half, half + 1)[None, :] - ((np.arange(up) * down % up) / up)[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, 1)))
    rows = np.sinc(2 * cutoff * offsets) * window
    filters: Samples = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return filters
