"""Conversations are written as they go: each side on its own track, whole, and nothing of a pause."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from campaigns.recordings.folder import RecordingFolder
from dialer.switch.messages import (
    BridgeLegs,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegsBridged,
    RecordingEnded,
    RecordingFailed,
    RecordingStarted,
    StartRecording,
    StopRecording,
    SwitchReady,
)
from tests.dialer.switch.conftest import Switch
from tests.recordings import AGENT_HZ, CUSTOMER_HZ, OTHER_AGENT_HZ, Heard, heard
from tests.support import eventually
from tests.tone_phones import phone

ATTEMPT = 7
PAUSE_S = 0.6
FRAME_BYTES = 320


@pytest.fixture
async def talk(switch: Switch) -> AsyncIterator[Switch]:
    """A switch with a conversation that is not recorded yet."""
    async with phone(AGENT_HZ) as agent, phone(CUSTOMER_HZ) as customer:
        await bridged(switch, agent, customer)
        yield switch


async def bridged(switch: Switch, agent: str, customer: str) -> None:
    """An agent and a customer talk."""
    switch.place("agent-1", f"sip:agent@{agent}")
    switch.place("call", f"sip:customer@{customer}", claim_within_s=60)
    for leg in ("agent-1", "call"):
        await switch.said(LegAnswered, leg)
    switch.link.send(BridgeLegs("call", "agent-1"))
    await switch.said(LegsBridged, "call")


def pid_of(switch: Switch) -> int:
    """The switch's process."""
    return next(each.pid for each in switch.events if isinstance(each, SwitchReady))


@pytest.fixture
def folder(tmp_path: Path) -> RecordingFolder:
    return RecordingFolder(tmp_path / "recordings", "node-1")


async def record(talk: Switch, folder: RecordingFolder, times: int = 1) -> float:
    """Has the conversation recorded; when that began."""
    talk.link.send(StartRecording("call", str(folder.spool_of(ATTEMPT))))
    return (await eventually(lambda: talk.of(RecordingStarted, "call")[times - 1 : times]))[0].at


async def stop(talk: Switch, times: int = 1) -> float:
    """Has it recorded no more; when that ended."""
    talk.link.send(StopRecording("call"))
    return (await eventually(lambda: talk.of(RecordingEnded, "call")[times - 1 : times]))[0].at


async def grown(folder: RecordingFolder, track: str, more_s: float) -> None:
    """Returns when so much more of the newest track is on the disk."""
    newest = sorted(folder.spool_of(ATTEMPT).glob(f"*.{track}.wav"))[-1]
    size = newest.stat().st_size + 16000 * more_s
    await eventually(lambda: newest.stat().st_size >= size)


async def put_together(folder: RecordingFolder) -> Heard:
    """The stereo file, once the switch has let go of the tracks."""

    def closed() -> bool:
        tracks = [each.read_bytes() for each in folder.spool_of(ATTEMPT).glob("*.wav")]
        return all(int.from_bytes(each[40:44], "little") == len(each) - 44 for each in tracks)

    await eventually(closed)
    kept = folder.put_together(ATTEMPT)
    assert kept is not None
    return heard(folder.file(kept.path))


async def test_the_agent_is_left_and_the_customer_right(talk: Switch, folder: RecordingFolder) -> None:
    began = await record(talk, folder)
    await grown(folder, "customer", 1.0)
    ended = await stop(talk)
    found = await put_together(folder)
    assert found.length_s == pytest.approx(ended - began, abs=0.1)
    for side, hz in (("left", AGENT_HZ), ("right", CUSTOMER_HZ)):
        assert found.says(side, hz, 0.1, found.length_s - 0.1)


async def test_a_pause_is_silence_of_its_length_and_reaches_no_disk(
    talk: Switch, folder: RecordingFolder
) -> None:
    began = await record(talk, folder)
    await grown(folder, "agent", 0.5)
    paused = await stop(talk)
    before = await put_together(folder)
    await asyncio.sleep(PAUSE_S)
    assert (await put_together(folder)).length_s == before.length_s
    resumed = await record(talk, folder, times=2)
    await grown(folder, "agent", 0.5)
    ended = await stop(talk, times=2)
    found = await put_together(folder)
    assert found.length_s == pytest.approx(ended - began, abs=0.1)
    for side, hz in (("left", AGENT_HZ), ("right", CUSTOMER_HZ)):
        assert found.says(side, hz, 0.1, paused - began - 0.1)
        assert found.share(side, 0, paused - began + 0.1, resumed - began - 0.1) == 1.0
        assert found.says(side, hz, resumed - began + 0.1, found.length_s - 0.1)


async def test_who_says_nothing_keeps_in_step(switch: Switch, folder: RecordingFolder) -> None:
    async with phone(AGENT_HZ) as agent, phone(0) as customer:
        await bridged(switch, agent, customer)
        await record(switch, folder)
        await grown(folder, "agent", 1.0)
        await stop(switch)
    found = await put_together(folder)
    agent_track, customer_track = sorted(folder.spool_of(ATTEMPT).iterdir())
    assert abs(agent_track.stat().st_size - customer_track.stat().st_size) <= 2 * FRAME_BYTES
    assert found.says("left", AGENT_HZ, 0.1, found.length_s - 0.1)
    assert found.share("right", 0, 0.1, found.length_s - 0.1) == 1.0


async def test_a_talk_that_another_agent_takes_over_is_one_recording(
    talk: Switch, folder: RecordingFolder
) -> None:
    await record(talk, folder)
    await grown(folder, "customer", 0.5)
    talk.link.send(HangUpLeg("agent-1"))
    await talk.said(RecordingEnded, "call")
    async with phone(OTHER_AGENT_HZ) as other:
        talk.place("agent-2", f"sip:agent@{other}")
        await talk.said(LegAnswered, "agent-2")
        talk.link.send(BridgeLegs("call", "agent-2"))
        await eventually(lambda: len(talk.of(LegsBridged, "call")) == 2)
        await record(talk, folder, times=2)
        await grown(folder, "customer", 0.5)
        talk.link.send(HangUpLeg("call"))
        await talk.said(LegEnded, "call")
    found = await put_together(folder)
    (first, second) = talk.of(RecordingStarted, "call")
    assert found.says("left", AGENT_HZ, 0.1, 0.4)
    then = second.at - first.at
    assert found.says("left", OTHER_AGENT_HZ, then + 0.1, found.length_s - 0.1)
    assert found.says("right", CUSTOMER_HZ, then + 0.1, found.length_s - 0.1)


async def test_what_a_killed_switch_has_written_is_a_recording(talk: Switch, folder: RecordingFolder) -> None:
    began = await record(talk, folder)
    await grown(folder, "customer", 1.0)
    killed = time.time()
    os.kill(pid_of(talk), signal.SIGKILL)
    kept = folder.put_together(ATTEMPT)
    assert kept is not None
    found = heard(folder.file(kept.path))
    # The library keeps up to 13 frames to itself, a quarter of a second.
    assert -0.3 < found.length_s - (killed - began) < 0.1
    for side, hz in (("left", AGENT_HZ), ("right", CUSTOMER_HZ)):
        assert found.says(side, hz, 0.1, 0.9)


# --- where it does not work -----------------------------------------------------------------------


async def test_a_talk_goes_on_where_its_folder_cannot_be_made(talk: Switch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    talk.link.send(StartRecording("call", str(tmp_path / "file" / "7")))
    failed = await talk.said(RecordingFailed, "call")
    assert "cannot be written" in failed.reason
    assert not talk.of(LegEnded, "call")


async def test_a_disk_that_takes_nothing_is_told_of_while_the_talk_goes_on(
    talk: Switch, folder: RecordingFolder
) -> None:
    await record(talk, folder)
    # As on a disk that is full: what is written from now on does not make the file longer.
    for track in folder.spool_of(ATTEMPT).iterdir():
        track.unlink()
    failed = await talk.said(RecordingFailed, "call")
    assert "behind what is said" in failed.reason
    assert not talk.of(LegEnded, "call")


async def test_who_is_in_no_talk_is_not_recorded(switch: Switch, folder: RecordingFolder) -> None:
    async with phone(CUSTOMER_HZ) as customer:
        switch.place("call", f"sip:customer@{customer}", claim_within_s=60)
        await switch.said(LegAnswered, "call")
        switch.link.send(StartRecording("call", str(folder.spool_of(ATTEMPT))))
        switch.link.send(StopRecording("call"))
        switch.link.send(HangUpLeg("call"))
        await switch.said(LegEnded, "call")
    assert not folder.spooled()
    assert not [*switch.of(RecordingStarted, "call"), *switch.of(RecordingFailed, "call")]
