"""What recording costs: the same conversations held without and with it, in turn, and then put together."""

import asyncio
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.switch.pairs import Held, PairsRun, bridged, measure
from campaigns.recordings.folder import Kept, RecordingFolder
from dialer.switch.messages import StartRecording, StopRecording

_CLOSED_S = 2.0
_BYTES_PER_MS = 16


@dataclass(frozen=True)
class RecordingRun:
    """Conversations that were not recorded, and as many that were.

    `out_of_step_ms` is by how much the two tracks of one conversation differ at most; `together_s_per_hour`
    the processor time that an hour of conversation takes to become its stereo file, hashed and synced.
    """

    plain: PairsRun
    recorded: PairsRun
    files: int
    written_mb_per_s: float
    out_of_step_ms: float
    together_s_per_hour: float


async def run(held: Held, *, recorded_first: bool) -> RecordingRun:
    """Both, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-recording-") as name:
        folder = RecordingFolder(Path(name), "bench")
        plain = None if recorded_first else await _pairs(held, None)
        recorded = await _pairs(held, folder)
        return _summed_up(plain or await _pairs(held, None), recorded, folder)


async def _pairs(held: Held, folder: RecordingFolder | None) -> PairsRun:
    async with bridged(held) as driver:
        for number, leg in enumerate(driver.bridged_legs if folder else ()):
            driver.link.send(StartRecording(leg, str(folder.spool_of(number))))
        measured = await measure(held, driver.pid)
        for leg in driver.bridged_legs if folder else ():
            driver.link.send(StopRecording(leg))
        await asyncio.sleep(_CLOSED_S if folder else 0)
        return measured


def _summed_up(plain: PairsRun, recorded: PairsRun, folder: RecordingFolder) -> RecordingRun:
    tracks = [folder.spool_of(each).iterdir() for each in folder.spooled()]
    sizes = [sorted(track.stat().st_size for track in pair) for pair in tracks]
    used = _used_s()
    files = [kept for each in folder.spooled() if (kept := folder.put_together(each))]
    used = _used_s() - used
    return RecordingRun(
        plain=plain,
        recorded=recorded,
        files=len(files),
        written_mb_per_s=round(sum(map(sum, sizes)) / max(each.length_s for each in files) / 1e6, 2),
        out_of_step_ms=max((more - less) / _BYTES_PER_MS for less, more in sizes),
        together_s_per_hour=round(used / sum(map(_hours, files)), 2),
    )


def _hours(kept: Kept) -> float:
    return kept.length_s / 3600


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
