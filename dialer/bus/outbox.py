"""What waits to be sent, and what is given up when the broker stays away. Pure; no clock, no network."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Outgoing:
    """A payload on its way to a topic; an empty retained one clears the topic."""

    topic: str
    payload: bytes
    qos: int
    retained: bool


class Outbox:
    """Of retained topics the newest message waits, of others the newest `backlog` messages in order.

    `dropped` counts the messages that gave way to newer ones of the backlog.
    """

    def __init__(self, backlog: int) -> None:
        self._backlog = backlog
        self._current: dict[str, Outgoing] = {}
        self._states: dict[str, Outgoing] = {}
        self._events: deque[Outgoing] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._states) + len(self._events)

    def put(self, outgoing: Outgoing) -> None:
        """Let a message wait."""
        if outgoing.retained:
            self._current[outgoing.topic] = self._states[outgoing.topic] = outgoing
        else:
            self._events.append(outgoing)
            self._trim()

    def clear(self, topic: str) -> None:
        """Let the broker forget what is retained on a topic, and forget it too."""
        self._current.pop(topic, None)
        self._states[topic] = Outgoing(topic, b"", qos=1, retained=True)

    def take(self, limit: int) -> list[Outgoing]:
        """Up to `limit` messages to send now, states and events by turns so that neither starves."""
        batch: list[Outgoing] = []
        while len(batch) < limit and len(self):
            if self._states and (len(batch) % 2 == 0 or not self._events):
                batch.append(self._states.pop(next(iter(self._states))))
            else:
                batch.append(self._events.popleft())
        return batch

    def restore(self, batch: list[Outgoing]) -> None:
        """Take back what could not be sent, in its place; what has become newer since stays."""
        for outgoing in reversed(batch):
            if outgoing.retained:
                self._states.setdefault(outgoing.topic, outgoing)
            else:
                self._events.appendleft(outgoing)
        self._trim()

    def resend_retained(self) -> None:
        """Let every retained message wait again: a broker that came back may have forgotten them."""
        self._states = {**self._current, **self._states}

    def _trim(self) -> None:
        while len(self._events) > self._backlog:
            self._events.popleft()
            self.dropped += 1
