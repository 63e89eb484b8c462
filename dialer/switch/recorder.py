"""Writes conversations to the disk as they go: a track for each side, without Python in between.

A recording is two files that begin together and end together, and the library's own clock thread writes them.
Their name is when they began, so that whoever puts them together needs to be told nothing. A pause ends the
files and what follows makes new ones: of what is said meanwhile nothing can reach the disk.

The library does not say when the disk takes no more; so the files are looked at, whether they grow.
"""

import time
from collections.abc import Iterator
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

    customer: str
    agent: str
    sides: tuple[tuple[SipCall, Any, Path], ...]
    began_at: float
    stuck: bool = False


class Recorder:
    """The recordings that go on in this switch, by the customer's leg."""

    def __init__(self) -> None:
        self._running: dict[str, _Recording] = {}
        self._look_at = 0.0

    def __contains__(self, customer: str) -> bool:
        return customer in self._running

    def start(self, customer: tuple[str, SipCall], agent: tuple[str, SipCall], folder: Path) -> None:
        """Records from now on what both say. Raises RecordingError."""
        name, call = customer
        stem = str(time.time_ns() // 1_000_000)
        calls = ((agent[1], folder / f"{stem}.agent.wav"), (call, folder / f"{stem}.customer.wav"))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sides = tuple((each, _track(path), path) for each, path in calls)
        except OSError as error:
            raise RecordingError(f"{folder} cannot be written: {error.strerror}") from error
        except pj.Error as error:
            raise RecordingError(f"no file could be begun in {folder}: {error.reason}") from error
        for each, track, _ in sides:
            each.record_to(track)
        self._running[name] = _Recording(name, agent[0], sides, time.monotonic())

    def stop(self, leg: str) -> list[str]:
        """Ends the recordings that a leg takes part in; the customers' legs of those that went on."""
        ended = [each for each in self._running.values() if leg in (each.customer, each.agent)]
        for each in ended:
            del self._running[each.customer]
            for call, track, _ in each.sides:
                call.stop_recording(track)
        return [each.customer for each in ended]

    def close(self) -> None:
        """Ends every recording, so that the library can be closed."""
        for customer in list(self._running):
            self.stop(customer)

    def stuck(self, now: float) -> Iterator[tuple[str, str]]:
        """Which recordings do not reach the disk, each told once: the customer's leg, and what is wrong."""
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        for each in self._running.values():
            behind_s = max(now - each.began_at - _size(path) / _BYTES_PER_S for _, _, path in each.sides)
            if behind_s > _BEHIND_S and not each.stuck:
                each.stuck = True
                yield each.customer, f"what is on the disk is {behind_s:.0f} s behind what is said"


def _track(path: Path) -> Any:
    track = pj.AudioMediaRecorder()
    track.createRecorder(str(path))
    # A file that nobody transmits to stands still, and what comes after a hold would be in the hold's place.
    devices = pj.Endpoint.instance().audDevManager()
    silence = devices.getCaptureDevMedia()
    silence.startTransmit(track)
    return track


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
