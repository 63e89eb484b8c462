"""The sounds of prompts as files for the switch; each node writes those it needs into its data folder."""

import asyncio
import hashlib
import os
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.errors import PromptNotFoundError
from campaigns.stores.prompts import PromptStore
from leads.stores.shared import Sessions
from leads.threads import in_thread

_KEPT_FOR = timedelta(days=1)
"""No call is up, and no engine remembers a campaign's sounds, for longer than that."""
_OURS = re.compile(r"([0-9a-f]{64})\.(wav|[0-9]+\.part)")


class PromptFiles:
    """A folder with a file for each sound, named by its SHA-256; what is there once never changes.

    The time of a file is when it was last seen to be a prompt's.
    """

    def __init__(self, folder: Path, readings: Sessions) -> None:
        self._folder = folder
        self._readings = readings
        self._written: set[str] = set()
        self._one_by_one = asyncio.Lock()

    async def paths(self, sounds: Mapping[str, str]) -> dict[str, Path]:
        """Prompts by name to their files; `sounds` says the SHA-256 of each.

        Raises PromptNotFoundError and OSError.
        """
        async with self._one_by_one:
            for sha256 in sorted(set(sounds.values()) - self._written):
                await self._write(sha256)
        return {name: self._path(sha256) for name, sha256 in sounds.items()}

    async def tidy(self, now: datetime) -> int:
        """Deletes the sounds that have been no prompt's for a day, and what a crash left of others.

        Returns how many. Raises OSError.
        """
        async with self._one_by_one:
            async with self._readings() as session:
                needed = await PromptStore(session).sounds()
            gone = await in_thread(lambda: _tidy(self._folder, needed, now.timestamp()))
            self._written -= {name.removesuffix(".wav") for name in gone}
        return len(gone)

    async def _write(self, sha256: str) -> None:
        async with self._readings() as session:
            wav = await PromptStore(session).wav(sha256)
        if hashlib.sha256(wav).hexdigest() != sha256:
            raise PromptNotFoundError(f"The sound {sha256[:12]} is not what was kept; replace the prompt.")
        await in_thread(lambda: _replace(self._path(sha256), wav))
        self._written.add(sha256)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.wav"


def _replace(path: Path, content: bytes) -> None:
    """Writes a file beside it first, so that nobody ever plays half a sound."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _tidy(folder: Path, needed: Collection[str], now: float) -> set[str]:
    """Marks the files that are needed, and deletes those that have not been for a day; their names."""
    gone = set()
    for each in folder.iterdir() if folder.exists() else ():
        if (found := _OURS.fullmatch(each.name)) is None:
            continue
        if found[1] in needed and found[2] == "wav":
            os.utime(each, (now, now))
        elif now - each.stat().st_mtime > _KEPT_FOR.total_seconds():
            each.unlink()
            gone.add(each.name)
    return gone
