"""Recordings of every usual kind become what the switch plays; what cannot is refused in a sentence."""

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.errors import UnusableSoundError
from campaigns.prompts import conversion
from campaigns.prompts.conversion import RATE, Converted, convert
from tests.sounds import TONE_HZ, wav_bytes
from tests.telephone import to_mu_law

LOUDNESS = 0.5


def tone(rate: int, length_s: float = 1.0, hz: float = TONE_HZ) -> np.ndarray:
    return LOUDNESS * np.sin(2 * np.pi * hz * np.arange(round(rate * length_s)) / rate)


def mu_law(sound: np.ndarray) -> bytes:
    return to_mu_law(np.rint(sound * 32767).astype(np.int16))


def a_law(sound: np.ndarray) -> bytes:
    """ITU-T G.711, the plain way."""
    out = bytearray()
    for value in np.rint(sound * 32767).astype(int).tolist():
        magnitude = min(abs(value), 32767) >> 3
        exponent = max(0, magnitude.bit_length() - 5)
        mantissa = (magnitude >> exponent) & 0x0F if exponent else (magnitude >> 1) & 0x0F
        out.append(((0x80 if value >= 0 else 0) | exponent << 4 | mantissa) ^ 0x55)
    return bytes(out)


def of_24_bits(sound: np.ndarray) -> bytes:
    return b"".join(struct.pack("<i", round(each * 8388607))[:3] for each in sound)


KINDS = {
    "8 bits": (1, 8, lambda sound: (sound * 127 + 128).astype(np.uint8).tobytes()),
    "16 bits": (1, 16, lambda sound: (sound * 32767).astype("<i2").tobytes()),
    "24 bits": (1, 24, of_24_bits),
    "32 bits": (1, 32, lambda sound: (sound * 2147483000).astype("<i4").tobytes()),
    "float": (3, 32, lambda sound: sound.astype("<f4").tobytes()),
    "double": (3, 64, lambda sound: sound.astype("<f8").tobytes()),
    "mu-law": (7, 8, mu_law),
    "A-law": (6, 8, a_law),
}


def heard(converted: Converted) -> np.ndarray:
    with wave.open(io.BytesIO(converted.wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def the_tone_is_heard(converted: Converted, length_s: float) -> None:
    sound = heard(converted)
    assert len(sound) == pytest.approx(length_s * RATE, abs=1)
    assert converted.length_s == pytest.approx(length_s, abs=0.001)
    inside = sound[400:-400]
    spectrum = np.abs(np.fft.rfft(inside * np.hanning(len(inside))))
    assert spectrum.argmax() * RATE / len(inside) == pytest.approx(TONE_HZ, abs=5)
    assert np.sqrt(np.mean(inside**2)) == pytest.approx(LOUDNESS / 2**0.5, rel=0.04)
    assert converted.warnings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_usual_kind_of_sample_is_read(kind: str) -> None:
    tag, bits, encode = KINDS[kind]
    the_tone_is_heard(convert(io.BytesIO(wav_bytes(tag, bits, encode(tone(RATE))))), 1.0)


@pytest.mark.parametrize("rate", [6000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 44056])
def test_every_usual_rate_is_brought_to_one_and_nothing_folds_over(rate: int) -> None:
    sixteen = KINDS["16 bits"][2]
    length_s = 1.3
    file = io.BytesIO(wav_bytes(1, 16, sixteen(tone(rate, length_s)), rate=rate))
    the_tone_is_heard(convert(file), round(rate * length_s) / rate)
    if rate > 2 * 5000:
        above = convert(io.BytesIO(wav_bytes(1, 16, sixteen(tone(rate, hz=5000)), rate=rate)))
        assert np.abs(heard(above)[400:-400]).max() < 0.001


def test_two_channels_become_one_and_the_extensible_form_is_read() -> None:
    one = (tone(44100) * 32767).astype("<i2")
    body = wav_bytes(1, 16, np.repeat(one[:, None], 2, axis=1).tobytes(), rate=44100, channels=2)
    the_tone_is_heard(convert(io.BytesIO(body)), 1.0)
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, 2, 44100, 176400, 4, 16, 22, 16, 3, 1) + bytes(14)
    extensible = body[:16] + struct.pack("<I", len(form)) + form + body[36:]
    the_tone_is_heard(convert(io.BytesIO(extensible)), 1.0)


def refused(content: bytes) -> str:
    with pytest.raises(UnusableSoundError) as refusal:
        convert(io.BytesIO(content))
    assert str(refusal.value).endswith(".")
    return refusal.value.code


def test_what_is_no_whole_sound_is_refused_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    good = wav_bytes(1, 16, bytes(1600))
    assert refused(b"") == refused(b"RIFF") == refused(b"ID3 and so on") == "sound-not-wav"
    assert refused(good[:12]) == refused(good[:36]) == "sound-not-wav"
    assert refused(good[:-2]) == "sound-cut-off"
    assert refused(good[:44]) == "sound-cut-off"
    assert refused(wav_bytes(1, 16, b"")) == "sound-empty"
    assert refused(wav_bytes(1, 16, bytes(1600), rate=0)) == "sound-form-unknown"
    assert refused(wav_bytes(1, 16, bytes(1600), rate=4_000_000_000 // 2)) == "sound-form-unknown"
    assert refused(wav_bytes(2, 4, bytes(1600))) == "sound-form-unknown"
    assert refused(wav_bytes(1, 16, bytes(1600), channels=0)) == "sound-form-unknown"
    assert refused(wav_bytes(1, 8, bytes(301 * 8000))) == "sound-too-long"
    chunks = b"".join(struct.pack("<4sI", b"junk", 0) for _ in range(5000))
    assert refused(good[:12] + chunks + good[12:]) == "sound-not-wav"
    lies = good[:12] + struct.pack("<4sI", b"LIST", 0xFFFFFFFE) + good[12:]
    assert refused(lies) == "sound-not-wav"
    monkeypatch.setattr(conversion, "MOST_BYTES", 1000)
    assert refused(good) == "sound-too-large"


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_whatever_bring_a_traceback(noise: bytes, place: int) -> None:
    good = wav_bytes(3, 64, bytes(160))
    for content in (noise, good[:place] + noise + good[place + len(noise) :]):
        try:
            converted = convert(io.BytesIO(content))
        except UnusableSoundError:
            continue
        assert heard(converted).size


@pytest.mark.parametrize(
    ("loudness", "warnings"),
    [(0.0, ("prompt-silent",)), (0.02, ("prompt-quiet",)), (0.3, ()), (3.0, ("prompt-clipped",))],
)
def test_what_will_hardly_be_understood_is_said(loudness: float, warnings: tuple[str, ...]) -> None:
    sound = np.clip(tone(RATE) / LOUDNESS * loudness, -1, 1)
    assert convert(io.BytesIO(wav_bytes(3, 32, sound.astype("<f4").tobytes()))).warnings == warnings
