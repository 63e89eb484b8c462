"""Who speaks: recordings that Debian ships, and voices of espeak-ng and festival."""

import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Sound = NDArray[np.float64]
"""Samples at 8 kHz; full scale is 1."""

PACKAGES = (
    "asterisk-core-sounds-{en,es,fr,it,ru}-wav asterisk-prompt-it-menardi-wav asterisk-prompt-es-co "
    "asterisk-prompt-fr-armelle asterisk-moh-opsound-wav espeak-ng festival festvox-kallpc16k "
    "festvox-us-slt-hts festvox-italp16k festvox-itapc16k sox"
)

_SOUNDS = Path("/usr/share/asterisk/sounds")
RECORDED = {
    "tune": ("en_US_f_Allison", "es_MX_f_Allison", "it_IT_f_Menardi", "fr"),
    "test": ("fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU", "es"),
}
"""Folders of prompts: five women, two men and one unknown. One speaker is in one half only."""

_HELD_OUT = 2
_VARIANTS = ("m1", "f2", "m3", "f4", "m5", "f1", "m7", "f3", "linda", "m2", "f5", "m4", "steph", "edward")
_ESPEAK = {
    "en": ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-us-nyc"),
    "de": ("de",),
    "fr": ("fr-fr", "fr-be"),
    "es": ("es", "es-419"),
    "it": ("it",),
    "ru": ("ru",),
}
_FESTIVAL = {
    "tune": (("en", "kal_diphone"), ("it", "lp_diphone")),
    "test": (("en", "cmu_us_slt_arctic_hts"), ("it", "pc_diphone")),
}


@dataclass(frozen=True)
class Voice:
    """A voice that speaks texts; `speed` in words a minute and `pitch` 0 to 99 are espeak-ng's."""

    language: str
    engine: str
    name: str
    speed: int = 165
    pitch: int = 50

    @property
    def label(self) -> str:
        return f"{self.engine}:{self.name}:{self.speed}:{self.pitch}"


def spoken_by(half: str, language: str, chance: np.random.Generator) -> Voice:
    """A voice of this half; one in eight is festival's, where it has one. Halves share no variant."""
    festival = [name for known, name in _FESTIVAL[half] if known == language]
    if festival and chance.random() < 1 / 8:
        return Voice(language, "festival", str(chance.choice(festival)))
    variants = _VARIANTS[0 if half == "tune" else 1 :: _HELD_OUT]
    accent, variant = chance.choice(_ESPEAK[language]), chance.choice(variants)
    speed, pitch = int(chance.integers(130, 211)), int(chance.integers(25, 76))
    return Voice(language, "espeak", f"{accent}+{variant}", speed, pitch)


def speak(voice: Voice, text: str) -> Sound:
    """The text in that voice, without silence at its ends."""
    if voice.engine == "espeak":
        return trimmed(_espeak(voice, text))
    return trimmed(_festival(voice, text))


def prompts(folder: str, names: Sequence[str]) -> list[Sound] | None:
    """Recorded prompts, without silence at their ends; None where the package has not all of them."""
    found = [_prompt(folder, name) for name in names]
    return (
        None if any(each is None for each in found) else [trimmed(each) for each in found if each is not None]
    )


def music() -> list[Sound]:
    """The pieces of music on hold."""
    return [_read(path) for path in sorted(Path("/usr/share/asterisk/moh").glob("*.wav"))]


def trimmed(sound: Sound) -> Sound:
    """Without what is much quieter than the rest, at both ends."""
    heard = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max(initial=1e-9))
    return sound[heard[0] : heard[-1] + 1] if len(heard) else sound


def resampled(sound: Sound, rate: int) -> Sound:
    """At 8 kHz, with what a telephone passes: 200 to 3500 Hz."""
    length = round(len(sound) * RATE / rate)
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    spectrum[(hz < 200) | (hz > 3500)] = 0
    kept = np.zeros(length // 2 + 1, complex)
    count = min(len(kept), len(spectrum))
    kept[:count] = spectrum[:count]
    return np.fft.irfft(kept, length) * length / len(sound)


def _espeak(voice: Voice, text: str) -> Sound:
    command = [
        "espeak-ng",
        "-v",
        voice.name,
        "-s",
        str(voice.speed),
        "-p",
        str(voice.pitch),
        "--stdout",
        text,
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    # The header of what goes to a pipe has no length.
    samples = np.frombuffer(done.stdout[44:], dtype="<i2")
    return resampled(samples / 32768.0, int.from_bytes(done.stdout[24:28], "little"))


def _festival(voice: Voice, text: str) -> Sound:
    done = subprocess.run(
        ["text2wave", "-eval", f"(voice_{voice.name})", "-F", "16000", "-o", "/dev/stdout"],
        input=text.encode("latin-1", "ignore"),
        capture_output=True,
        check=True,
    )
    samples = np.frombuffer(done.stdout[44 : len(done.stdout) // 2 * 2], dtype="<i2")
    return resampled(samples / 32768.0, int.from_bytes(done.stdout[24:28], "little"))


def _prompt(folder: str, name: str) -> Sound | None:
    path = _SOUNDS / folder / f"{name}.wav"
    if path.exists():
        return _read(path)
    gsm = path.with_suffix(".gsm")
    if not gsm.exists():
        return None
    done = subprocess.run(
        ["sox", str(gsm), "-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-c", "1", "-"],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(done.stdout, dtype="<i2") / 32768.0


def _read(path: Path) -> Sound:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768.0
        return resampled(samples[:: file.getnchannels()], file.getframerate())
