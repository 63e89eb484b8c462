"""Two tracks become one stereo file that any player reads, wherever the tracks were cut off."""

import io
import math
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.recordings.folder import RecordingFolder
from campaigns.recordings.sound import RATE_HZ, Segment, stereo, timeline
from tests.recordings import heard
from tests.telephone import from_mu_law

ATTEMPT = 17
BEGAN_MS = 1_795_449_600_000


def track(hz: int, length_s: float, *, closed: bool = True) -> bytes:
    """What the switch writes: its header has no lengths before it is closed."""
    count = round(length_s * RATE_HZ)
    samples = (round(12000 * math.sin(2 * math.pi * hz * n / RATE_HZ)) for n in range(count))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{count}h", *samples))
    data = bytearray(file.getvalue())
    if not closed:
        data[4:8] = data[40:44] = bytes(4)
    return bytes(data)


def spool(folder: RecordingFolder, at_ms: int, agent: bytes | None, customer: bytes | None) -> None:
    place = folder.spool_of(ATTEMPT)
    place.mkdir(parents=True, exist_ok=True)
    for name, data in (("agent", agent), ("customer", customer)):
        if data is not None:
            (place / f"{at_ms}.{name}.wav").write_bytes(data)


@pytest.fixture
def folder(tmp_path: Path) -> RecordingFolder:
    return RecordingFolder(tmp_path, "node-1")


def test_both_sides_and_the_silence_of_a_pause(folder: RecordingFolder) -> None:
    spool(folder, BEGAN_MS, track(400, 1.0), track(1000, 0.98))
    spool(folder, BEGAN_MS + 3000, track(500, 1.0), track(1000, 1.0))
    kept = folder.put_together(ATTEMPT)
    assert kept is not None
    assert (kept.path, kept.length_s, kept.bytes) == ("2026/11/23/17.wav", 4.0, 58 + 4 * 16000)
    assert kept.pauses == [{"from_s": 1.0, "to_s": 3.0}]
    found = heard(folder.file(kept.path))
    assert found.length_s == 4.0
    assert found.share("left", 400, 0, 1.0) == 1.0
    assert found.share("right", 1000, 0, 0.98) == 1.0
    assert found.share("left", 0, 1.0, 3.0) == found.share("right", 0, 0.98, 3.0) == 1.0
    assert found.share("left", 500, 3.0, 4.0) == found.share("right", 1000, 3.0, 4.0) == 1.0


def test_the_same_tracks_make_the_same_file_again(folder: RecordingFolder) -> None:
    spool(folder, BEGAN_MS, track(400, 0.5), track(1000, 0.5))
    assert folder.put_together(ATTEMPT) == folder.put_together(ATTEMPT)


def test_tracks_without_sound_make_no_file(folder: RecordingFolder) -> None:
    spool(folder, BEGAN_MS, track(400, 0), b"RIFF")
    (folder.spool_of(ATTEMPT) / "notes.txt").write_text("no track")
    assert folder.put_together(ATTEMPT) is None
    assert folder.put_together(ATTEMPT + 1) is None


def test_one_side_alone_is_heard_on_its_side(folder: RecordingFolder) -> None:
    spool(folder, BEGAN_MS, None, track(1000, 0.5))
    kept = folder.put_together(ATTEMPT)
    assert kept is not None
    found = heard(folder.file(kept.path))
    assert (found.share("left", 0, 0, 0.5), found.share("right", 1000, 0, 0.5)) == (1.0, 1.0)


WHOLE = {"agent": track(400, 0.3, closed=False), "customer": track(1000, 0.3, closed=False)}


@given(st.integers(0, len(WHOLE["agent"])), st.integers(0, len(WHOLE["customer"])))
def test_wherever_a_crash_cuts_the_tracks_off_the_rest_is_playable(
    tmp_path_factory: pytest.TempPathFactory, agent: int, customer: int
) -> None:
    folder = RecordingFolder(tmp_path_factory.mktemp("cut"), "node-1")
    spool(folder, BEGAN_MS, WHOLE["agent"][:agent], WHOLE["customer"][:customer])
    kept = folder.put_together(ATTEMPT)
    samples = [max(0, each - 44) // 2 for each in (agent, customer)]
    if not any(samples):
        assert kept is None
        return
    assert kept is not None
    assert kept.length_s == pytest.approx(max(samples) / RATE_HZ, abs=0.0006)
    assert heard(folder.file(kept.path)).length_s == max(samples) / RATE_HZ


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_mu_law_keeps_samples_as_g_711_says(samples: list[int]) -> None:
    sound = np.array(samples, "<i2")
    back = from_mu_law(stereo(sound, sound)[::2]).astype(int)
    step = np.maximum(8, np.abs(sound.astype(int)) / 16)
    clipped = np.clip(sound.astype(int), -32635, 32635)
    assert (np.abs(back - clipped) <= step).all()


def test_mu_law_from_the_line_comes_back_as_it_was() -> None:
    codes = bytes(each for each in range(256) if each != 0x7F)
    sound = from_mu_law(codes)
    assert stereo(sound, sound)[::2] == codes


SEGMENTS = st.lists(
    st.builds(Segment, st.integers(0, 100_000), st.integers(0, 80_000), st.integers(0, 80_000)), max_size=6
)


@given(SEGMENTS)
def test_segments_never_overlap_and_none_is_lost(segments: list[Segment]) -> None:
    line = timeline(segments)
    heard_ones = [each for each in segments if each.samples]
    if line is None:
        assert not heard_ones
        return
    at = 0
    for each in line.placed:
        at += each.silence
        assert at >= (each.segment.started_ms - line.started_ms) * 8
        at += each.segment.samples
    assert at == line.samples
    assert sorted(each.segment.started_ms for each in line.placed) == sorted(
        each.started_ms for each in heard_ones
    )
    assert all(0 <= start < end <= line.length_s for start, end in line.pauses)


@pytest.mark.parametrize(
    "path", ["../secret.wav", "/etc/passwd", "2026/11/23/../1.wav", "", "2026/11/23/1.wav\n"]
)
def test_no_path_from_the_index_leads_out_of_the_folder(folder: RecordingFolder, path: str) -> None:
    with pytest.raises(ValueError, match="not the path"):
        folder.file(path)
