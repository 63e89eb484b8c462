"""The folder of recordings: what the switch writes as it goes (spool), and the files that are kept.

    <folder>/node                       whose folder it is
    <folder>/spool/<attempt>/<Unix time in ms>.agent.wav, <the same>.customer.wav
    <folder>/2026/11/23/<attempt>.wav

A file that is kept is whole: it is written under another name, synced to the disk, and renamed. The way there
may be gone again from any point of it, since the spool goes last.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from campaigns.recordings.sound import (
    HEADER_BYTES,
    RATE_HZ,
    TRACK_HEADER_BYTES,
    Placed,
    Samples,
    Segment,
    samples_in,
    stereo,
    stereo_header,
    stereo_silence,
    timeline,
)

AGENT, CUSTOMER = ".agent.wav", ".customer.wav"
_SPOOL = "spool"
_NODE = "node"
_CHUNK = 1 << 16
_CALL = re.compile(r"[0-9]{1,18}")
_TRACK = re.compile(r"([0-9]{1,16})(\.agent|\.customer)\.wav")
_FINISHED, _UNFINISHED = ".wav", ".part"
_FILE = re.compile(r"([0-9]{1,18})(\.wav|\.part)")
_KEPT = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{1,19}\.wav")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept: where, and what is in it."""

    path: str
    started_at: datetime
    length_s: float
    bytes: int
    sha256: str
    pauses: list[dict[str, float]]


@dataclass(frozen=True, slots=True)
class RecordingFolder:
    """Where a node keeps its recordings."""

    root: Path
    node: str

    def claim(self) -> None:
        """Makes the folder, and says in it whose it is. Raises OSError."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.root / _NODE).write_text(self.node + "\n")

    @property
    def is_here(self) -> bool:
        """Whether it is the node's own folder, and not one of the same settings on another machine."""
        try:
            return (self.root / _NODE).read_text().strip() == self.node
        except OSError:
            return False

    def spool_of(self, attempt_id: int) -> Path:
        """Where the switch writes the tracks of a call."""
        return self.root / _SPOOL / str(attempt_id)

    def spooled(self) -> dict[int, float]:
        """The calls that have tracks, with when one was last written (Unix seconds, 0 where none was)."""
        try:
            names = os.listdir(self.root / _SPOOL)
        except FileNotFoundError:
            return {}
        return {
            int(name): _newest(self.root / _SPOOL / name) for name in sorted(names) if _CALL.fullmatch(name)
        }

    def file(self, path: str) -> Path:
        """A file that is kept, by its path in the index. Raises ValueError for what is no such path."""
        if not _KEPT.fullmatch(path):
            raise ValueError(f"{path!r} is not the path of a recording")
        return self.root / path

    def put_together(self, attempt_id: int) -> Kept | None:
        """Makes the stereo file of a call from its tracks; None where they have no sound.

        Done again it makes the same file. Raises OSError, as where the disk is full; what it had written
        by then is deleted.
        """
        tracks = _tracks(self.spool_of(attempt_id))
        line = timeline(list(tracks))
        if line is None:
            return None
        began = datetime.fromtimestamp(line.started_ms / 1000, UTC)
        path = f"{began:%Y/%m/%d}/{attempt_id}.wav"
        final = self.root / path
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = final.with_suffix(_UNFINISHED)
        try:
            sha256, size = _write(unfinished, _pieces(line.samples, line.placed, tracks))
            unfinished.replace(final)
        except Exception:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(final.parent)
        pauses = [{"from_s": start, "to_s": end} for start, end in line.pauses]
        return Kept(path, began, round(line.length_s, 3), size, sha256, pauses)

    def drop_spool(self, attempt_id: int) -> None:
        """Deletes the tracks of a call. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.spool_of(attempt_id))

    def delete_call(self, attempt_id: int, path: str = "") -> None:
        """Deletes all that there is of a call: its file, kept or unfinished, and then its tracks.

        Without its path in the index the file is looked for under every day, as it has its name before the
        index knows. Nothing happens where all is gone. Raises OSError.
        """
        for day in [self.file(path).parent] if path else self.days():
            for ending in (_FINISHED, _UNFINISHED):
                (day / f"{attempt_id}{ending}").unlink(missing_ok=True)
        self.drop_spool(attempt_id)

    def days(self) -> list[Path]:
        """The folders of files that are kept, one a day."""
        found = []
        for each in self.root.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"):
            with contextlib.suppress(ValueError):
                date_of(each)
                found.append(each)
        return sorted(found)

    def written_at(self, attempt_id: int, day: Path) -> float:
        """When the file of a call was written (Unix seconds); 0 where there is none."""
        with contextlib.suppress(FileNotFoundError):
            return (day / f"{attempt_id}{_FINISHED}").stat().st_mtime
        return 0.0

    def calls_of(self, day: Path) -> list[int]:
        """The calls that have a file of that day, after those are gone that nobody will finish.

        A file that is unfinished while its call has no tracks is of no use. Raises OSError.
        """
        calls = set()
        for name in os.listdir(day):
            if found := _FILE.fullmatch(name):
                attempt_id, ending = int(found[1]), found[2]
                if ending == _UNFINISHED and not self.spool_of(attempt_id).exists():
                    (day / name).unlink(missing_ok=True)
                else:
                    calls.add(attempt_id)
        return sorted(calls)

    def found(self, attempt_id: int, day: Path, started_at: datetime) -> Kept | None:
        """What the file of a call is that was put together before; None where there is none of ours.

        Where its pauses are cannot be told any more. Raises OSError.
        """
        path = (day / f"{attempt_id}{_FINISHED}").relative_to(self.root).as_posix()
        size = _size(self.file(path))
        samples = max(0, size - HEADER_BYTES) // 2
        if not samples or not _begins_with(self.file(path), stereo_header(samples)):
            return None
        return Kept(path, started_at, round(samples / RATE_HZ, 3), size, self.hash(path) or "", [])

    def hash(self, path: str) -> str | None:
        """The SHA-256 of a file that is kept, in hex; None where it is not there."""
        try:
            with self.file(path).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def free_bytes(self) -> int:
        """How much room the disk has. Raises OSError."""
        return shutil.disk_usage(self.root).free


def date_of(day: Path) -> date:
    """The date of a folder of one day, in UTC. Raises ValueError."""
    return date(*(int(part) for part in day.parts[-3:]))


def _begins_with(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _write(path: Path, pieces: Iterable[bytes]) -> tuple[str, int]:
    """Writes a file that is on the disk when this returns; its SHA-256 in hex, and its bytes."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as out:
        os.fchmod(out.fileno(), 0o600)
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _tracks(spool: Path) -> Mapping[Segment, tuple[Path, Path]]:
    """The segments of a call, each with its agent's and its customer's track, which may be missing."""
    started = {int(found[1]) for each in spool.glob("*.wav") if (found := _TRACK.fullmatch(each.name))}
    tracks = {}
    for ms in sorted(started):
        agent, customer = spool / f"{ms}{AGENT}", spool / f"{ms}{CUSTOMER}"
        tracks[Segment(ms, samples_in(_size(agent)), samples_in(_size(customer)))] = (agent, customer)
    return tracks


def _newest(spool: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return max((each.stat().st_mtime for each in os.scandir(spool)), default=0.0)
    return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _pieces(
    samples: int, placed: Iterable[Placed], tracks: Mapping[Segment, tuple[Path, Path]]
) -> Iterator[bytes]:
    yield stereo_header(samples)
    for each in placed:
        for start in range(0, each.silence, _CHUNK):
            yield stereo_silence(min(_CHUNK, each.silence - start))
        agent, customer = tracks[each.segment]
        left = _chunks(agent, each.segment.agent_samples)
        right = _chunks(customer, each.segment.customer_samples)
        while True:
            both = next(left, _NOTHING), next(right, _NOTHING)
            if not len(both[0]) and not len(both[1]):
                break
            yield stereo(*both)


_NOTHING: Samples = np.zeros(0, np.int16)


def _chunks(track: Path, samples: int) -> Iterator[Samples]:
    """The first so many samples of a track, _CHUNK at a time; a track without any need not exist."""
    if not samples:
        return
    with track.open("rb") as file:
        file.seek(TRACK_HEADER_BYTES)
        for start in range(0, samples, _CHUNK):
            yield np.frombuffer(file.read(2 * min(_CHUNK, samples - start)), "<i2")


def _sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
