"""Reads WAV files of any usual kind, from whoever sent them. Blocks; nothing is read before it is asked for.

The form is that of "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE) with the format
tags of RFC 2361 and WAVE_FORMAT_EXTENSIBLE. What a header says is believed only where the file bears it out.
"""

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from campaigns.errors import UnusableSoundError

Samples = NDArray[np.floating[Any]]

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_MOST_CHUNKS = 1000
_LONGEST_FORMAT = 1000
_MOST_CHANNELS = 8
_RATES = range(4000, 96001)


@dataclass(frozen=True)
class Sound:
    """An open WAV file. `frames` are instants; each has a sample for every channel."""

    file: BinaryIO
    rate: int
    channels: int
    frames: int
    _begins_at: int
    _form: tuple[int, int]

    @property
    def length_s(self) -> float:
        """How long it plays."""
        return self.frames / self.rate

    def mono(self, start: int, stop: int) -> Samples:
        """The frames from `start` to `stop`, all channels in one, -1 to 1; silence beyond both ends."""
        out = np.zeros(stop - start, np.float32)
        first, last = max(start, 0), min(stop, self.frames)
        if last <= first:
            return out
        width = self._form[1] // 8 * self.channels
        self.file.seek(self._begins_at + first * width)
        data = self.file.read((last - first) * width)
        if len(data) < (last - first) * width:
            raise UnusableSoundError("sound-cut-off", "The file became shorter while it was read.")
        samples = np.clip(np.nan_to_num(_DECODERS[self._form](data)), -1, 1)
        out[first - start : last - start] = samples.reshape(-1, self.channels).mean(axis=1)
        return out


def read_wav(file: BinaryIO) -> Sound:
    """The sound in a file that can be sought in. Raises UnusableSoundError."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    riff = file.read(12)
    if len(riff) < 12 or riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        raise UnusableSoundError("sound-not-wav", "This is not a WAV file; save the recording as WAV.")
    form: bytes | None = None
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        name, length = struct.unpack("<4sI", header)
        begins_at = file.tell()
        if name == b"fmt " and 16 <= length <= _LONGEST_FORMAT:
            form = file.read(length)
        if name == b"data" and form is not None:
            return _sound(file, form, begins_at, length, size)
        file.seek(begins_at + length + length % 2)
    raise UnusableSoundError("sound-not-wav", "The WAV file has no sound in it, or not where it should be.")


def _sound(file: BinaryIO, form: bytes, begins_at: int, length: int, size: int) -> Sound:
    if len(form) < 16:
        raise UnusableSoundError("sound-cut-off", "The file is cut off; send it again.")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", form)
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack_from("<H", form, 24)[0]
    known = (tag, bits) in _DECODERS and 1 <= channels <= _MOST_CHANNELS and rate in _RATES
    if not known or block != channels * bits // 8:
        raise UnusableSoundError(
            "sound-form-unknown",
            "This kind of WAV is not read; save it as 16-bit PCM at 8 to 48 kHz "
            "(8 to 32 bits, 32- and 64-bit float, A-law and mu-law are read as well).",
        )
    if length > size - begins_at:
        raise UnusableSoundError("sound-cut-off", "The file is cut off: its header tells of more sound.")
    frames = length // block
    if not frames:
        raise UnusableSoundError("sound-empty", "There is no sound in the file.")
    return Sound(file, rate, channels, frames, begins_at, (tag, bits))


def _whole(kind: str, bits: int) -> Callable[[bytes], Samples]:
    return lambda data: np.frombuffer(data, kind).astype(np.float32) / np.float32(2 ** (bits - 1))


def _from_unsigned(data: bytes) -> Samples:
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128


def _from_24_bits(data: bytes) -> Samples:
    parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
    whole = parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24
    return whole.astype(np.float32) / np.float32(2**31)


def _from_float(kind: str) -> Callable[[bytes], Samples]:
    def decode(data: bytes) -> Samples:
        # What is beyond a float32 becomes infinite, and is cut to full scale later.
        with np.errstate(over="ignore", invalid="ignore"):
            return np.frombuffer(data, kind).astype(np.float32)

    return decode


def _mu_law() -> Samples:
    """The value of each of the 256 codes (ITU-T G.711)."""
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.float32) / 32768


def _a_law() -> Samples:
    """The value of each of the 256 codes (ITU-T G.711)."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = ((code & 0x0F).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent == 0, mantissa, (mantissa + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.float32) / 32768


def _by_table(values: Samples) -> Callable[[bytes], Samples]:
    return lambda data: values[np.frombuffer(data, np.uint8)]


_DECODERS: Mapping[tuple[int, int], Callable[[bytes], Samples]] = {
    (_PCM, 8): _from_unsigned,
    (_PCM, 16): _whole("<i2", 16),
    (_PCM, 24): _from_24_bits,
    (_PCM, 32): _whole("<i4", 32),
    (_FLOAT, 32): _from_float("<f4"),
    (_FLOAT, 64): _from_float("<f8"),
    (_ALAW, 8): _by_table(_a_law()),
    (_MULAW, 8): _by_table(_mu_law()),
}
"""By format tag and bits of a sample."""
