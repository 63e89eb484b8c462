"""What is announced, for whoever listens at this node: the same messages that the bus carries.

A listener follows one subject. It hears first what holds now (the newest of each retained topic), or, where
it names the last message that it heard, what it has missed since; then everything as it is said.
"""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from dialer.bus.messages import Message
from dialer.bus.mqtt import Publisher

Subject = tuple[str, str | int]
"""What a listener follows: ("client", slug), ("agent", id), ("campaign", id), or `EVERYTHING`."""

EVERYTHING: Subject = ("node", "")

_KEPT = 10_000
"""Messages that can be told again: some minutes of a busy node."""
_BEHIND = 1_000
"""A listener that has left so many untaken is not there any more."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message, when it was said, and its number in the feed of this run."""

    run: str
    number: int
    time: datetime
    message: Message

    @property
    def id(self) -> str:
        """By which a listener that comes back says where it was."""
        return f"{self.run}-{self.number}"


class Listener:
    """One who listens: iterating gives what was said, and ends where the feed does. For one task."""

    def __init__(self, *, missed: bool = False) -> None:
        self.missed = missed
        """Whether something was said, since the message that it named, that cannot be told again."""
        self._waiting: deque[Told] = deque()
        self._closed = False
        self._wake = asyncio.Event()

    def hear(self, told: Told) -> None:
        """Something was said. A listener that takes nothing for too long is let go."""
        if len(self._waiting) >= _BEHIND:
            self.close()
        elif not self._closed:
            self._waiting.append(told)
            self._wake.set()

    def close(self) -> None:
        """Nothing more is heard; what waits can be taken."""
        self._closed = True
        self._wake.set()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Told:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()


class EventFeed:
    """The newest messages of one run of a node, and who listens to them."""

    def __init__(self, run: str, clock: Callable[[], datetime], *, kept: int = _KEPT) -> None:
        """`run` names this run, without a dash."""
        self._run = run
        self._clock = clock
        self._numbers = itertools.count(1)
        self._said: deque[Told] = deque(maxlen=kept)
        self._holds: dict[str, Told] = {}
        self._listeners: defaultdict[Subject, set[Listener]] = defaultdict(set)

    def tell(self, message: Message) -> None:
        """Something is said to all whose business it is. Never waits."""
        told = Told(self._run, next(self._numbers), self._clock(), message)
        self._said.append(told)
        if message.retained:
            self._holds[message.topic] = told
        for subject in subjects_of(message):
            for listener in self._listeners.get(subject, ()):
                listener.hear(told)

    @contextmanager
    def listen(self, subject: Subject, after: str = "") -> Iterator[Listener]:
        """Who listens, from the message named `after` on, or from what holds now."""
        missed = self._said_after(after) if after else None
        listener = Listener(missed=bool(after) and missed is None)
        for told in missed if missed is not None else self._holds.values():
            if subject in subjects_of(told.message):
                listener.hear(told)
        self._listeners[subject].add(listener)
        try:
            yield listener
        finally:
            self._listeners[subject].discard(listener)
            if not self._listeners[subject]:
                del self._listeners[subject]

    def close(self) -> None:
        """Every listener hears what waits, and then the end."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close()

    def _said_after(self, heard: str) -> list[Told] | None:
        """What was said since; None where that is not kept, or was another run's."""
        run, _, number = heard.rpartition("-")
        oldest = self._said[0].number if self._said else 1
        newest = oldest + len(self._said) - 1
        if run != self._run or not number.isdecimal() or not oldest - 1 <= int(number) <= newest:
            return None
        return [told for told in self._said if told.number > int(number)]


class Announcer:
    """Says everything twice: on the bus, and to whoever listens at this node."""

    def __init__(self, publisher: Publisher, feed: EventFeed) -> None:
        self._publisher = publisher
        self._feed = feed

    def publish(self, message: Message) -> None:
        """Never waits. Raises topics.BadTopicPart."""
        self._publisher.publish(message)
        self._feed.tell(message)


def subjects_of(message: Message) -> Iterator[Subject]:
    """Whose business a message is."""
    yield EVERYTHING
    for kind, field in (("client", "client"), ("campaign", "campaign_id"), ("agent", "agent_id")):
        value = getattr(message, field, None)
        if value is not None:
            yield kind, value
