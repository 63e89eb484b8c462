"""The message for people who find no agent can be played, or the start says why not."""

import struct
import wave
from pathlib import Path

import pytest

from dialer.bootstrap import MessageUnreadable, require_message


def _message(path: Path, rate: int = 8000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600 * channels))
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    path.write_bytes(content)
    return path


def test_sixteen_bits_in_one_channel_are_played(tmp_path: Path) -> None:
    require_message(_message(tmp_path / "good.wav"))


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (8000, 2)])
def test_what_cannot_be_played_is_refused(tmp_path: Path, rate: int, channels: int) -> None:
    with pytest.raises(MessageUnreadable, match="cannot be played"):
        require_message(_message(tmp_path / "bad.wav", rate, channels))
