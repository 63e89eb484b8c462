"""Recordings from the end of the call on: put together once, indexed, kept for so long, deleted for good."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from campaigns import service
from campaigns.errors import InvalidInputError, RecordingGoneError, RecordingNotFoundError
from campaigns.persons import erase_person, export_person
from campaigns.recordings import keeping, library
from campaigns.recordings.folder import RecordingFolder
from campaigns.recordings.sound import stereo_header
from campaigns.recordings.sweeping import Swept, sweep
from campaigns.stores.agents import AgentStore
from campaigns.stores.recordings import RecordingFilter
from campaigns.stores.shared import Sessions
from campaigns.tables import Agent, Recording
from tests.campaigns.recorded import ENDED, LENGTH_S, NODE, Recorded, recorded_call
from tests.campaigns.seeds import NOW
from tests.recordings import heard

EVERYTHING = RecordingFilter()


@pytest.fixture
async def call(sessions: Sessions, tmp_path: Path) -> Recorded:
    """A call that goes on and is being recorded."""
    return await recorded_call(sessions, tmp_path / "recordings")


def files(folder: RecordingFolder) -> list[str]:
    found = sorted(str(each.relative_to(folder.root)) for each in folder.root.rglob("*") if each.is_file())
    return [each for each in found if each != "node"]


# --- put together ---------------------------------------------------------------------------------


async def test_the_index_says_what_the_file_is_once_the_call_is_over(call: Recorded) -> None:
    before = files(call.folder)
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == ""
    assert files(call.folder) == before
    assert (await call.row()).state == "recording"
    row = await call.keep()
    file = call.folder.file(row.path)
    assert files(call.folder) == [f"2026/11/23/{call.attempt}.wav"]
    assert (row.length_s, row.bytes, row.started_at) == (LENGTH_S, file.stat().st_size, NOW)
    assert call.folder.hash(row.path) == row.sha256
    assert row.delete_after == ENDED + timedelta(days=90)
    assert (row.reason, row.campaign_id, row.node, row.pauses) == ("always", call.campaign, NODE, [])
    assert file.stat().st_mode & 0o077 == 0
    assert heard(file).says("left", 400, 0, LENGTH_S)


async def test_tracks_whose_beginning_was_never_recorded_are_kept(call: Recorded) -> None:
    async with call.sessions() as session, session.begin():
        await session.delete((await session.exec(select(Recording))).one())
    assert (await call.keep()).state == "kept"


class Killed(BaseException):
    """The process is gone."""


def _dies(*_: object, **__: object) -> None:
    raise Killed


def _dies_after(work: Callable[..., object]) -> Callable[..., None]:
    def done(*given: object, **named: object) -> None:
        work(*given, **named)
        raise Killed

    return done


STEPS = {
    "before anything is written": ("campaigns.recordings.folder.stereo_header", _dies),
    "in the middle of the file": ("campaigns.recordings.folder.stereo", _dies),
    "before it is on the disk": ("campaigns.recordings.folder.os.fsync", _dies),
    "before it has its name": ("campaigns.recordings.folder.Path.replace", _dies),
    "once it has its name": ("campaigns.recordings.folder.Path.replace", _dies_after(Path.replace)),
    "before the index knows": ("campaigns.recordings.keeping.enter", _dies),
    "once the index knows": ("campaigns.recordings.folder.shutil.rmtree", _dies),
    "in the middle of the spool": ("shutil.os.unlink", _dies_after(os.unlink)),
    "once the spool is gone": ("campaigns.recordings.folder.shutil.rmtree", _dies_after(shutil.rmtree)),
}


async def test_wherever_it_is_killed_the_next_one_ends_up_with_one_whole_file(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (step, (where, dies)) in enumerate(STEPS.items()):
        call = await recorded_call(sessions, tmp_path / str(number), number)
        await call.end()
        with monkeypatch.context() as patched:
            patched.setattr(where, dies)
            with pytest.raises(Killed):
                await keeping.put_together(call.sessions, call.folder, call.attempt)
        for attempt in call.folder.spooled():
            await keeping.put_together(call.sessions, call.folder, attempt)
        row = await call.row()
        assert (row.state, row.length_s) == ("kept", LENGTH_S), step
        assert files(call.folder) == [row.path], step
        assert call.folder.hash(row.path) == row.sha256, step
        assert not call.folder.spooled(), step


async def test_a_disk_that_is_full_is_told_of_and_tried_again(
    call: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.end()
    # The device that is always full, in the place of the file.
    unfinished = call.folder.root / f"2026/11/23/{call.attempt}.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as full:
        await keeping.put_together(call.sessions, call.folder, call.attempt)
    await keeping.failed_to_keep(call.sessions, call.folder, call.attempt, str(full.value.strerror))
    row = await call.row()
    assert (row.state, row.failure) == ("failed", "not kept yet: No space left on device")
    assert list(call.folder.spooled()) == [call.attempt]
    assert not unfinished.is_symlink(), "nothing is left of what could not be finished"
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "kept"
    assert (await call.row()).failure == ""


async def test_what_the_switch_could_not_write_stays_on_record_with_the_rest(call: Recorded) -> None:
    async with call.sessions() as session, session.begin():
        await keeping.failed(session, call.attempt, NODE, "what is on the disk is 3 s behind what is said")
    row = await call.keep()
    assert (row.state, row.failure) == ("kept", "what is on the disk is 3 s behind what is said")


async def test_a_recording_that_left_nothing_is_a_failure_and_not_silence(call: Recorded) -> None:
    assert await keeping.mark_lost(call.sessions, call.folder, []) == 0
    await call.end()
    assert await keeping.mark_lost(call.sessions, call.folder, [call.attempt]) == 0
    call.folder.drop_spool(call.attempt)
    assert await keeping.mark_lost(call.sessions, call.folder, []) == 1
    row = await call.row()
    assert (row.state, row.failure) == ("failed", "nothing of the conversation is on the disk")


async def test_what_was_taken_for_lost_and_is_kept_after_all_has_no_failure(call: Recorded) -> None:
    await call.end()
    assert await keeping.mark_lost(call.sessions, call.folder, []) == 1
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "kept"
    assert (await call.row()).failure == ""


# --- consent --------------------------------------------------------------------------------------


async def said(call: Recorded, *, agreed: bool) -> int:
    """What the person said, heard by an agent; the agent's id."""
    async with call.sessions() as session, session.begin():
        agents = (await session.exec(select(Agent))).all()
        row = (await session.exec(select(Recording))).one()
        agent = agents[0] if agents else await AgentStore(session).add(row.client_id, "Ann", "sip:a@b", NOW)
        await keeping.consent_said(session, call.attempt, NODE, agent.id, ["US-CA"], NOW, agreed=agreed)
        return agent.id


async def test_consent_is_on_record_with_who_heard_it(call: Recorded) -> None:
    agent = await said(call, agreed=True)
    row = await call.keep()
    assert (row.consent, row.consent_at, row.consent_agent_id) == ("given", NOW, agent)
    assert row.consent_laws == ["US-CA"]


async def test_after_a_no_nothing_is_kept_not_even_until_the_call_is_over(call: Recorded) -> None:
    await said(call, agreed=True)
    await said(call, agreed=False)
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "refused"
    assert files(call.folder) == []
    await call.end()
    assert (await call.row()).state == "refused"


# --- kept for so long -----------------------------------------------------------------------------


async def test_a_file_is_deleted_by_its_node_when_its_time_is_over_and_its_row_stays(call: Recorded) -> None:
    row = await call.keep()
    assert row.delete_after is not None
    assert (
        await keeping.delete_expired(call.sessions, call.folder, row.delete_after - timedelta(hours=1)) == 0
    )
    other = RecordingFolder(call.folder.root, "node-2")
    elsewhere = RecordingFolder(call.folder.root / "elsewhere", NODE)
    for folder in (other, elsewhere):
        assert await keeping.delete_expired(call.sessions, folder, row.delete_after) == 0
    for folder in (other, elsewhere):
        with pytest.raises(RecordingGoneError, match="node-1"):
            await library.listen(call.sessions, folder, row.id, "me", "whole", NOW)
    assert files(call.folder) == [row.path]
    assert await keeping.delete_expired(call.sessions, call.folder, row.delete_after) == 1
    gone = await call.row()
    assert (gone.state, gone.deleted_at, gone.deleted_why) == ("deleted", row.delete_after, keeping.EXPIRED)
    assert files(call.folder) == []


# --- what people do -------------------------------------------------------------------------------


async def test_who_hears_checks_takes_and_deletes_is_on_record(call: Recorded, tmp_path: Path) -> None:
    row = await call.keep()
    _, file = await library.listen(call.sessions, call.folder, row.id, "Ann", "bytes=0-99", NOW)
    assert file == call.folder.file(row.path)
    assert (await library.verify(call.sessions, call.folder, row.id, "Bo", NOW)).result == "ok"
    (taken,) = await library.export(call.sessions, call.folder, EVERYTHING, tmp_path / "out", "Cy", NOW)
    assert (tmp_path / "out" / taken.file).read_bytes() == file.read_bytes()
    gone = await library.delete(call.sessions, call.folder, row.id, "Di", " no longer needed ", NOW)
    assert (gone.state, gone.deleted_why) == ("deleted", "no longer needed")
    log = await library.list_accesses(call.sessions, row.id)
    assert [(each.who, each.what, each.detail) for each in log] == [
        ("Ann", "heard", "bytes=0-99"),
        ("Bo", "verified", "ok"),
        ("Cy", "exported", str(tmp_path / "out")),
        ("Di", "deleted", "no longer needed"),
    ]


async def test_a_file_that_is_not_what_was_kept_is_found_out(call: Recorded, tmp_path: Path) -> None:
    row = await call.keep()
    file = call.folder.file(row.path)
    with file.open("r+b") as changed:
        changed.seek(100)
        changed.write(b"!")
    assert (await library.verify(call.sessions, call.folder, row.id, "Ann", NOW)).result == "changed"
    with pytest.raises(RecordingGoneError, match="not what was kept"):
        await library.export(call.sessions, call.folder, EVERYTHING, tmp_path / "out", "Ann", NOW)
    file.unlink()
    assert (await library.verify(call.sessions, call.folder, row.id, "Ann", NOW)).result == "missing"
    with pytest.raises(RecordingGoneError, match="missing"):
        await library.listen(call.sessions, call.folder, row.id, "Ann", "whole", NOW)


async def test_recordings_are_found_and_what_is_not_there_is_said_so(call: Recorded) -> None:
    row = await call.row()
    with pytest.raises(RecordingNotFoundError):
        await library.get_recording(call.sessions, row.id + 1)
    with pytest.raises(RecordingGoneError, match="goes on"):
        await library.listen(call.sessions, call.folder, row.id, "Ann", "whole", NOW)
    await call.keep()
    with pytest.raises(InvalidInputError):
        await library.delete(call.sessions, call.folder, row.id, "Ann", " ", NOW)
    found = [
        RecordingFilter(client="acme"),
        RecordingFilter(campaign_id=call.campaign),
        RecordingFilter(attempt_id=call.attempt, state="kept"),
    ]
    for chosen in found:
        (one,) = await library.list_recordings(call.sessions, chosen, 0, 10)
        assert one.id == row.id
    for chosen in (RecordingFilter(campaign_id=call.campaign + 1), RecordingFilter(state="failed")):
        assert not await library.list_recordings(call.sessions, chosen, 0, 10)
    assert not await library.list_recordings(call.sessions, EVERYTHING, row.id, 10)


# --- a person's data ------------------------------------------------------------------------------


async def test_a_person_is_told_of_their_recordings_and_can_have_them_erased(call: Recorded) -> None:
    row = await call.keep()
    (told,) = (await export_person(call.sessions, call.e164)).recordings
    assert (told.id, told.sha256, told.state) == (row.id, row.sha256, "kept")
    await _disposition(call)
    erased = await erase_person(call.sessions, call.e164, now=NOW, folder=call.folder)
    assert erased.recordings == 1
    assert files(call.folder) == []
    gone = await call.row()
    assert (gone.state, gone.deleted_why, gone.path) == ("deleted", "erased", "")


async def test_tracks_of_a_person_who_was_erased_meanwhile_are_not_put_together(call: Recorded) -> None:
    await call.end()
    await _disposition(call)
    await erase_person(call.sessions, call.e164, now=NOW, folder=call.folder)
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "deleted"
    assert files(call.folder) == []


async def test_nothing_is_left_of_an_erased_person_whose_file_the_disk_did_not_take(
    call: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    await call.end()
    with monkeypatch.context() as patched:
        patched.setattr("campaigns.recordings.folder.stereo", _dies)
        with pytest.raises(Killed):
            await keeping.put_together(call.sessions, call.folder, call.attempt)
    assert len(files(call.folder)) == 3, "two tracks, and what was begun of the file"
    await _erased_without_a_trace(call)


async def test_nothing_is_left_of_an_erased_person_whose_file_the_index_did_not_know(call: Recorded) -> None:
    await call.end()
    call.folder.put_together(call.attempt)
    await _erased_without_a_trace(call)


async def test_the_next_look_deletes_what_came_after_the_erasure(call: Recorded, tmp_path: Path) -> None:
    await call.end()
    spool = shutil.copytree(call.folder.spool_of(call.attempt), tmp_path / "tracks")
    await _erased_without_a_trace(call)
    shutil.copytree(spool, call.folder.spool_of(call.attempt))
    call.folder.put_together(call.attempt)
    assert len(files(call.folder)) == 3
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "deleted"
    assert files(call.folder) == []


async def test_tracks_that_no_row_names_are_not_kept_of_an_erased_person(call: Recorded) -> None:
    await call.end()
    async with call.sessions() as session, session.begin():
        await session.delete((await session.exec(select(Recording))).one())
    await _disposition(call)
    await erase_person(call.sessions, call.e164, now=NOW, folder=call.folder)
    assert await keeping.put_together(call.sessions, call.folder, call.attempt) == "deleted"
    assert files(call.folder) == []


# --- the sweep ----------------------------------------------------------------------------------


async def test_the_sweep_deletes_what_should_be_gone_and_nothing_else(call: Recorded) -> None:
    row = await call.keep()
    file = call.folder.file(row.path)
    unknown, unfinished = file.with_name("999.wav"), file.with_name("998.part")
    for each in (unknown, unfinished):
        each.write_bytes(b"RIFF")
    assert await sweep(call.sessions, call.folder, NOW) == Swept()
    assert (file.exists(), unknown.exists(), unfinished.exists()) == (True, True, False)
    sound = file.read_bytes()
    await library.delete(call.sessions, call.folder, row.id, "Ann", "mistaken", NOW)
    file.write_bytes(sound)
    assert await sweep(call.sessions, RecordingFolder(call.folder.root, "node-2"), NOW) == Swept()
    assert await sweep(call.sessions, call.folder, NOW) == Swept(deleted=1)
    assert (file.exists(), unknown.exists()) == (False, True)
    assert await sweep(call.sessions, call.folder, NOW + timedelta(days=3660)) == Swept(deleted=1)
    assert not unknown.exists(), "no campaign keeps anything so long"


async def without_its_entry(call: Recorded, state: str = "") -> Path:
    """The file of a call that is over, as it is where what the index had of it is lost, or went back."""
    row = await call.keep()
    file = call.folder.file(row.path)
    async with call.sessions() as session, session.begin():
        lost = (await session.exec(select(Recording))).one()
        if state:
            lost.state, lost.path, lost.sha256 = state, "", ""
        else:
            await session.delete(lost)
    os.utime(file, (ENDED.timestamp() + 1, ENDED.timestamp() + 1))
    return file


@pytest.mark.parametrize("state", ["", "recording", "failed"])
async def test_a_file_without_an_entry_is_entered_and_deleted_when_its_time_is_over(
    call: Recorded, state: str
) -> None:
    file = await without_its_entry(call, state)
    (call.folder.root / "2026/13/45").mkdir(parents=True)
    assert await sweep(call.sessions, call.folder, NOW) == Swept(entered=1)
    row = await call.row()
    assert (row.state, row.length_s, row.delete_after) == ("kept", LENGTH_S, ENDED + timedelta(days=90))
    assert (call.folder.file(row.path), row.bytes) == (file, file.stat().st_size)
    assert "found without an entry" in row.failure
    assert (await library.verify(call.sessions, call.folder, row.id, "Ann", NOW)).result == "ok"
    assert await sweep(call.sessions, call.folder, NOW) == Swept()
    assert await keeping.delete_expired(call.sessions, call.folder, NOW + timedelta(days=91)) == 1
    assert files(call.folder) == []


async def test_a_file_that_fits_no_call_is_entered_for_none(call: Recorded) -> None:
    file = await without_its_entry(call)
    sound, before = file.read_bytes(), (NOW - timedelta(hours=1)).timestamp()
    os.utime(file, (before, before))
    assert await sweep(call.sessions, call.folder, NOW) == Swept(), (
        "an earlier database's call of that number"
    )
    longer = stereo_header(100 * 8000) + bytes(100 * 16000)
    for other in (b"", sound[:57], sound[:-2], b"RIFX" + sound[4:], longer):
        file.write_bytes(other)
        assert await sweep(call.sessions, call.folder, NOW) == Swept()
    file.rename(file.with_name("998.wav"))
    assert await sweep(call.sessions, call.folder, NOW) == Swept()
    assert len(files(call.folder)) == 1


async def test_a_file_without_an_entry_of_an_erased_person_is_deleted(call: Recorded) -> None:
    file = await without_its_entry(call)
    sound = file.read_bytes()
    await _disposition(call)
    await erase_person(call.sessions, call.e164, now=NOW, folder=call.folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(sound)
    assert await sweep(call.sessions, call.folder, NOW) == Swept(deleted=1)
    assert files(call.folder) == []


async def _erased_without_a_trace(call: Recorded) -> None:
    await _disposition(call)
    await erase_person(call.sessions, call.e164, now=NOW, folder=call.folder)
    assert files(call.folder) == []
    assert (await call.row()).state == "deleted"


async def _disposition(call: Recorded) -> None:
    await service.set_disposition(call.sessions, call.attempt, "sale", "", ENDED)
