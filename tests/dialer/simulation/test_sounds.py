"""Every sound is what the switch plays without resampling."""

import wave
from pathlib import Path

import pytest

from dialer.simulation.options import SOUNDS

UNCLAIMED = SOUNDS.parents[1] / "sounds" / "unclaimed.wav"


@pytest.mark.parametrize("path", [UNCLAIMED, *sorted(SOUNDS.glob("*.wav"))], ids=lambda path: path.name)
def test_a_sound_is_telephone_audio(path: Path) -> None:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert 2 < sound.getnframes() / sound.getframerate() <= 4.5
