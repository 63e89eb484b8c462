"""The switch's end of the socket: one engine at a time, and nothing said is lost between two engines.

Never blocks, so it can share a loop with the SIP library.
"""

import contextlib
import os
import select
import socket
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dialer.switch.messages import (
    AcknowledgeEvents,
    AnyCommand,
    AnyEvent,
    FrameReader,
    MalformedMessage,
    SwitchReady,
    decode_command,
    frame,
)

_RECEIVE_BYTES = 256 * 1024
_MAX_UNSENT_BYTES = 64 * 1024 * 1024


class EngineServer:
    """Listens for the engine; keeps every event until the engine says that it is recorded."""

    def __init__(self, path: Path) -> None:
        """Takes over the socket's path. Raises OSError where it cannot be made."""
        path.unlink(missing_ok=True)
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(mask)
        self._listener.listen(4)
        self._listener.setblocking(False)
        self._engine: socket.socket | None = None
        self._reader = FrameReader()
        self._outgoing = bytearray()
        self._unacknowledged: deque[AnyEvent] = deque()
        self._seq = 0

    @property
    def connected(self) -> bool:
        """Whether an engine is there."""
        return self._engine is not None

    @property
    def waits_for_acknowledgement(self) -> bool:
        """Whether an engine has yet to record something."""
        return bool(self._unacknowledged)

    @property
    def last_unacknowledged(self) -> int:
        """The number of the latest event that no engine has recorded; 0 where all are."""
        return self._unacknowledged[-1].seq if self._unacknowledged else 0

    def accept(self) -> bool:
        """Takes a new engine in place of the former one; True where one came."""
        if not _is_ready(self._listener):
            return False
        engine, _ = self._listener.accept()
        self._drop()
        engine.setblocking(False)
        self._engine = engine
        return True

    def greet(self, ready: SwitchReady) -> None:
        """Says what lives, then repeats what no engine has acknowledged."""
        self._outgoing += frame(ready)
        for event in self._unacknowledged:
            self._outgoing += frame(event)

    def report(self, event: AnyEvent) -> None:
        """Numbers an event, keeps it, and sends it where an engine is there."""
        self._seq += 1
        event = msgspec.structs.replace(event, seq=self._seq)
        self._unacknowledged.append(event)
        if self._engine is not None:
            self._outgoing += frame(event)

    def receive(self) -> Iterator[AnyCommand]:
        """What the engine has asked since the last call. An engine that talks nonsense is dropped."""
        try:
            for body in self._reader.feed(self._receive()):
                command = decode_command(body)
                if isinstance(command, AcknowledgeEvents):
                    self._acknowledge(command.seq)
                else:
                    yield command
        except MalformedMessage:
            self._drop()

    def flush(self) -> None:
        """Sends what can be sent without waiting."""
        if self._engine is None or not self._outgoing:
            return
        try:
            sent = self._engine.send(self._outgoing)
            del self._outgoing[:sent]
        except BlockingIOError:
            if len(self._outgoing) > _MAX_UNSENT_BYTES:
                self._drop()
        except OSError:
            self._drop()

    def close(self) -> None:
        """Ends the connection and gives the path back."""
        self._drop()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _receive(self) -> bytes:
        if self._engine is None or not _is_ready(self._engine):
            return b""
        try:
            data = self._engine.recv(_RECEIVE_BYTES)
        except OSError:
            data = b""
        if not data:
            self._drop()
        return data

    def _acknowledge(self, seq: int) -> None:
        while self._unacknowledged and self._unacknowledged[0].seq <= seq:
            self._unacknowledged.popleft()

    def _drop(self) -> None:
        if self._engine is not None:
            with contextlib.suppress(OSError):
                self._engine.close()
        self._engine = None
        self._reader = FrameReader()
        self._outgoing.clear()


def _is_ready(source: socket.socket) -> bool:
    """Whether something has come. To try and fail costs ten times as much, hundreds of times a second."""
    poller = select.poll()
    poller.register(source, select.POLLIN)
    return bool(poller.poll(0))
