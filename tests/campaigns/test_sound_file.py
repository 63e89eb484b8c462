"""An agentless campaign's message: what can be played, and what is refused when, in one sentence."""

import os
from pathlib import Path

import pytest

from campaigns import service
from campaigns.core.campaign import CampaignSettings
from campaigns.errors import UnplayableMessageError
from campaigns.sound_file import LONGEST_S, why_unplayable
from campaigns.stores.shared import Sessions
from tests.campaigns.seeds import NOW, people, seed_leads
from tests.sounds import sound


def settings(message: Path) -> CampaignSettings:
    """An agentless campaign's settings."""
    chosen = {"caller_id": "+12025550199", "dial_mode": "agentless", "message": str(message)}
    return CampaignSettings.parse(chosen)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_sixteen_bits_in_one_channel_at_eight_or_sixteen_kilohertz_can_be_played(
    tmp_path: Path, rate: int
) -> None:
    assert why_unplayable(sound(tmp_path / "good.wav", rate=rate, length_s=LONGEST_S)) == ""


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"rate": 44100}, "8 or 16 kHz"),
        ({"channels": 2}, "one channel"),
        ({"width": 1}, "16-bit"),
        ({"length_s": 0.0}, "seconds long"),
        ({"length_s": LONGEST_S + 1}, "seconds long"),
    ],
)
def test_another_form_cannot(tmp_path: Path, wrong: dict[str, float], why: str) -> None:
    assert why in why_unplayable(sound(tmp_path / "bad.wav", **wrong))  # type: ignore[arg-type]


def test_what_is_no_whole_sound_file_cannot(tmp_path: Path) -> None:
    cut_off = sound(tmp_path / "cut.wav")
    os.truncate(cut_off, 8000)
    assert why_unplayable(cut_off) == "it is cut off"
    text, empty, pipe = tmp_path / "text.wav", tmp_path / "empty.wav", tmp_path / "pipe.wav"
    text.write_text("a message")
    empty.touch()
    os.mkfifo(pipe)
    assert "not a WAV file" in why_unplayable(text)
    assert "not a WAV file" in why_unplayable(empty)
    for nothing in (pipe, tmp_path, tmp_path / "none.wav", tmp_path / "a\0b.wav"):
        assert why_unplayable(nothing) == "there is no such file"
    assert why_unplayable(Path("/" + 300 * "a")) != ""


async def test_a_message_that_cannot_be_played_is_refused_when_a_campaign_is_made_and_when_it_starts(
    sessions: Sessions, tmp_path: Path
) -> None:
    await seed_leads(sessions, people(1))
    message = sound(tmp_path / "message.wav")
    with pytest.raises(
        UnplayableMessageError, match=r"other\.wav cannot be played \(there is no such file\)"
    ):
        await service.create_campaign(
            sessions, "acme", "A", settings(tmp_path / "other.wav"), ["autumn"], NOW
        )
    campaign_id = await service.create_campaign(sessions, "acme", "A", settings(message), ["autumn"], NOW)
    message.write_bytes(b"no sound any more")
    with pytest.raises(UnplayableMessageError, match="it is not a WAV file"):
        await service.start_campaign(sessions, campaign_id, NOW)
    assert (await service.get_campaign(sessions, campaign_id)).state == "draft"
    sound(message)
    assert (await service.start_campaign(sessions, campaign_id, NOW)).state == "running"
