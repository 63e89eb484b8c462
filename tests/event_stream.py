"""Reads a stream of server-sent events, as a browser does."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass
class Heard:
    """One event; `data` is what its JSON says."""

    event: str = ""
    id: str = ""
    data: Any = None


class EventStream:
    """A stream that is being read."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.heard: list[Heard] = []
        self._events = self._read(answer)

    async def next(self, wanted: Callable[[Heard], bool] = lambda _: True) -> Heard:
        """The next event that is wanted; fails where the stream ends before."""
        async for each in self._events:
            if wanted(each):
                return each
        raise AssertionError(f"the stream ended after {self.heard}")

    async def rest(self) -> list[Heard]:
        """What comes until the stream ends."""
        return [each async for each in self._events]

    async def _read(self, answer: httpx2.Response) -> AsyncIterator[Heard]:
        now = Heard()
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                now.event = value
            elif name == "id":
                now.id = value
            elif name == "data":
                now.data = json.loads(value)
            elif not line and now.event:
                self.heard.append(now)
                yield now
                now = Heard()


@asynccontextmanager
async def listening(client: httpx2.AsyncClient, path: str, after: str = "") -> AsyncIterator[EventStream]:
    """Opens the stream, from the event `after` on where one is named."""
    headers = {"Last-Event-ID": after} if after else {}
    async with client.stream("GET", path, headers=headers, timeout=60) as answer:
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield EventStream(answer)
