"""The incumbent's detector, written from the documentation of Asterisk's AMD() and its sample configuration.

Each frame is silence or not by its mean amplitude; words are stretches of sound between silences. Initial
silence, a long greeting, many words and one long word mean a machine, silence after a greeting a person, and
when the time is over it is not sure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 20


@dataclass(frozen=True)
class Amd:
    """The settings by their documented names, in milliseconds; the defaults are those of amd.conf."""

    initial_silence: int = 2500
    greeting: int = 1500
    after_greeting_silence: int = 800
    total_analysis_time: int = 5000
    minimum_word_length: int = 100
    between_words_silence: int = 50
    maximum_number_of_words: int = 2
    silence_threshold: int = 256
    maximum_word_length: int = 5000


def judge(frames: NDArray[np.int16], amd: Amd) -> tuple[str, int]:
    """The status (HUMAN, MACHINE or NOTSURE) of frames of shape (n, 160), and after how many it came."""
    sound_ms = silence_ms = voice_ms = words = 0
    in_word = in_greeting = False
    for place, loud in enumerate(np.abs(frames.astype(np.int32)).mean(axis=1) >= amd.silence_threshold):
        heard = place + 1
        if heard * FRAME_MS >= amd.total_analysis_time:
            return "NOTSURE", heard
        if loud:
            sound_ms += FRAME_MS
            voice_ms += FRAME_MS
            silence_ms = 0
            if sound_ms >= amd.minimum_word_length and not in_word:
                words, in_word, in_greeting = words + 1, True, True
            if sound_ms >= amd.maximum_word_length or voice_ms >= amd.greeting:
                return "MACHINE", heard
            if words > amd.maximum_number_of_words:
                return "MACHINE", heard
            continue
        silence_ms += FRAME_MS
        if silence_ms >= amd.between_words_silence:
            if not in_word:
                voice_ms = max(0, voice_ms - sound_ms)
            in_word, sound_ms = False, 0
        if not in_greeting and silence_ms >= amd.initial_silence:
            return "MACHINE", heard
        if in_greeting and silence_ms >= amd.after_greeting_silence:
            return "HUMAN", heard
    return "NOTSURE", len(frames)
