"""The sounds of prompts as files for the switch; each node writes those it needs into its data folder."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from campaigns.errors import PromptNotFoundError
from campaigns.stores.prompts import PromptStore
from leads.stores.shared import Sessions
from leads.threads import in_thread


class PromptFiles:
    """A folder with a file for each sound, named by its SHA-256; what is there once never changes."""

    def __init__(self, folder: Path, readings: Sessions) -> None:
        self._folder = folder
        self._readings = readings
        self._written: set[str] = set()

    async def paths(self, sounds: Mapping[str, str]) -> dict[str, Path]:
        """Prompts by name to their files; `sounds` says the SHA-256 of each.

        Raises PromptNotFoundError and OSError.
        """
        for sha256 in sorted(set(sounds.values()) - self._written):
            await self._write(sha256)
        return {name: self._path(sha256) for name, sha256 in sounds.items()}

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
