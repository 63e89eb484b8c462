"""Writes messages to a file, one JSON object a line: for demonstrations and trials."""

import asyncio
import json
from dataclasses import asdict

from campaigns.messaging.options import FileOptions
from campaigns.messaging.port import Accepted, ChannelDown, Outgoing


class FileDriver:
    """Appends to one file, which it makes."""

    lanes = 1
    deduplicates = False

    def __init__(self, options: FileOptions) -> None:
        self._path = options.path

    async def send(self, outgoing: Outgoing) -> Accepted:
        """See `Driver`."""
        await asyncio.to_thread(self._append, json.dumps(asdict(outgoing), ensure_ascii=False) + "\n")
        return Accepted(outgoing.token)

    async def keep(self) -> None:
        """See `Driver`."""

    async def check(self) -> None:
        """See `Driver`."""
        await asyncio.to_thread(self._append, "")

    async def close(self) -> None:
        """See `Driver`."""

    def _append(self, line: str) -> None:
        try:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise ChannelDown(f"{error.strerror}") from error
