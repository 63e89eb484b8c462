"""Writes conversations to the disk as they go: a track for each side, without Python in between.

A recording is two files that begin together and end together, and the library's own clock thread writes them.
Their name is when they began, so that whoever puts them together needs to be told nothing. A pause ends the
files and what follows makes new ones: of what is said meanwhile nothing can reach the disk.

The library does not say when the disk takes no more; so the files are looked at, whether they grow.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pjsua2 as pj

from dialer.switch.sip_call import SipCall

_LOOK_EVERY_S = 2.0
_BYTES_PER_S = 16_000
_BEHIND_S = 2.0
"""How far a file may be behind the clock: the library keeps a quarter of a second to itself, and stalls."""


class RecordingError(Exception):
    """A conversation cannot be recorded; the message says why."""


@dataclass
class _Recording:
    """A conversation that is being recorded. Instants are monotonic seconds."""

    customer: SipCall
    customer_track: Any
    voices: list[SipCall]
    """Who speaks with the customer: the agent, and who was called in."""
    voices_track: Any
    paths: tuple[Path, Path]
    began_at: float
    stuck: bool = False


class Recorder:
    """The recordings that go on in this switch, by the customer's leg."""

    def __init__(self) -> None:
        self._running: dict[str, _Recording] = {}
        self._look_at = 0.0

    def __contains__(self, customer: str) -> bool:
        return customer in self._running

    @property
    def customers(self) -> list[str]:
        """Whose conversations are being recorded."""
        return list(self._running)

    def start(self, name: str, customer: SipCall, voices: Sequence[SipCall], folder: Path) -> None:
        """Records from now on what the customer says, and what these do. Raises RecordingError."""
        stem = str(time.time_ns() // 1_000_000)
        paths = folder / f"{stem}.agent.wav", folder / f"{stem}.customer.wav"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            voices_track, customer_track = map(_track, paths)
        except OSError as error:
            raise RecordingError(f"{folder} cannot be written: {error.strerror}") from error
        except pj.Error as error:
            raise RecordingError(f"no file could be begun in {folder}: {error.reason}") from error
        customer.record_to(customer_track)
        self._running[name] = _Recording(customer, customer_track, [], voices_track, paths, time.monotonic())
        self.follow(name, voices)

    def follow(self, name: str, voices: Sequence[SipCall]) -> None:
        """These speak with the customer from now on."""
        recording = self._running[name]
        for call in recording.voices:
            if call not in voices:
                call.stop_recording(recording.voices_track)
        for call in voices:
            call.record_to(recording.voices_track)
        recording.voices = list(voices)

    def stop(self, name: str) -> bool:
        """Ends a recording; whether there was one."""
        recording = self._running.pop(name, None)
        if recording is None:
            return False
        recording.customer.stop_recording(recording.customer_track)
        for call in recording.voices:
            call.stop_recording(recording.voices_track)
        return True

    def close(self) -> None:
        """Ends every recording, so that the library can be closed."""
        for customer in list(self._running):
            self.stop(customer)

    def stuck(self, now: float) -> Iterator[tuple[str, str]]:
        """Which recordings do not reach the disk, each told once: the customer's leg, and what is wrong."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        for name, each in self._running.items():
            behind_s = max(now - each.began_at - _size(path) / _BYTES_PER_S for path in each.paths)
            if behind_s > _BEHIND_S and not each.stuck:
                each.stuck = True
                yield name, f"what is on the disk is {behind_s:.0f} s behind what is said"


def _track(path: Path) -> Any:
    track = pj.AudioMediaRecorder()
    track.createRecorder(str(path))
    # A file that nobody transmits to stands still, and what is said later would be heard too soon.
    devices = pj.Endpoint.instance().audDevManager()
    silence = devices.getCaptureDevMedia()
    silence.startTransmit(track)
    return track


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
