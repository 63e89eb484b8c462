"""The engine's end of the socket: finds or starts the switch, and tells the engine what it reports."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from dialer.errors import DialerError
from dialer.switch.messages import (
    AcknowledgeEvents,
    AnyCommand,
    AnyEvent,
    FrameReader,
    MalformedMessage,
    StopSwitch,
    SwitchReady,
    decode_event,
    frame,
)
from dialer.switch.options import SwitchOptions

_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 5.0
_RETRY_S = 0.05
_RESTART_PAUSE_S = 1.0

log = structlog.get_logger("switch-link")


class SwitchUnavailable(DialerError):
    """No switch could be started; the message says what it said last."""

    code = "switch-unavailable"


class SwitchLink:
    """A connection to the one switch of this node, made again whenever it is lost.

    `on_event` is called for every event in order, `SwitchReady` first on each new connection; `on_lost`
    when the connection is gone. Both are called from the event loop and must not block.
    """

    def __init__(
        self, options: SwitchOptions, on_event: Callable[[AnyEvent], None], on_lost: Callable[[], None]
    ) -> None:
        self._options = options
        self._on_event = on_event
        self._on_lost = on_lost
        self._writer: asyncio.StreamWriter | None = None
        self._greeted = False
        self._child: asyncio.subprocess.Process | None = None
        self._pid: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[SwitchReady] | None = None
        self._stopping = False

    @property
    def up(self) -> bool:
        """Whether the switch is there now, and has said which legs it has."""
        return self._greeted

    async def start(self) -> SwitchReady:
        """Attaches to a switch that lives, or starts one. Raises SwitchUnavailable."""
        self._ready = asyncio.get_running_loop().create_future()
        reader = await self._connect()
        self._task = asyncio.create_task(self._run(reader), name="switch-link")
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                return await self._ready
        except TimeoutError:
            await self.detach()
            await self._reap()
            raise SwitchUnavailable("The switch is there, but does not answer; start again.") from None

    def send(self, command: AnyCommand) -> bool:
        """Sends a command; False where no switch is there to take it."""
        return self._greeted and self._write(command)

    def acknowledge(self, seq: int) -> None:
        """Tells the switch that all events up to this one are recorded."""
        self.send(AcknowledgeEvents(seq))

    async def detach(self) -> None:
        """Leaves the switch running and lets go of it."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._close_writer()

    async def stop(self) -> None:
        """Ends the switch and whatever calls it has, and returns when its process is gone."""
        self._stopping = True
        self._write(StopSwitch())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_STOP_WITHIN_S)
        await self.detach()
        await self._wait_for_end()
        await self._reap()

    async def _run(self, reader: asyncio.StreamReader) -> None:
        while True:
            await self._listen(reader)
            await self._close_writer()
            self._on_lost()
            if self._stopping:
                return
            reader = await self._reconnect()
            if self._stopping:
                self._write(StopSwitch())

    def _write(self, command: AnyCommand) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(frame(command))
        return True

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader()
        while data := await self._read(reader):
            try:
                for body in frames.feed(data):
                    self._take(decode_event(body))
            except MalformedMessage as error:
                log.error("the switch said what cannot be read", error=str(error))
                return

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(256 * 1024)
        except ConnectionError:
            return b""

    def _take(self, event: AnyEvent) -> None:
        try:
            self._handle(event)
        except Exception:
            # One event that nobody expected must not cost all that follow it.
            log.exception("an event could not be handled", kind=type(event).__name__)

    def _handle(self, event: AnyEvent) -> None:
        if isinstance(event, SwitchReady):
            self._pid = event.pid
            self._greeted = True
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(event)
        self._on_event(event)

    async def _reconnect(self) -> asyncio.StreamReader:
        while True:
            try:
                return await self._connect()
            except SwitchUnavailable as error:
                log.error("switch not started", error=str(error))
                await asyncio.sleep(_RESTART_PAUSE_S)

    async def _connect(self) -> asyncio.StreamReader:
        with contextlib.suppress(OSError):
            return await self._open()
        await self._reap()
        self._child = await self._started()
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _START_WITHIN_S
        while loop.time() < give_up:
            with contextlib.suppress(OSError):
                return await self._open()
            if self._child.returncode is not None:
                break
            await asyncio.sleep(_RETRY_S)
        said = await asyncio.to_thread(_last_line, self._options.log_file)
        raise SwitchUnavailable(f"The switch did not start; the last it said is: {said}")

    async def _open(self) -> asyncio.StreamReader:
        reader, self._writer = await asyncio.open_unix_connection(self._options.socket)
        return reader

    async def _started(self) -> asyncio.subprocess.Process:
        try:
            return await self._spawn()
        except OSError as error:
            raise SwitchUnavailable(
                f"The switch cannot be started ({error}); look at the data folder's disk and at this "
                "machine's limits."
            ) from error

    async def _spawn(self) -> asyncio.subprocess.Process:
        options = msgspec.json.encode(self._options, enc_hook=str)
        output = await asyncio.to_thread(open, self._options.log_file, "ab")
        with output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "dialer.switch",
                str(self._options.socket),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                # Of its own session, so that what ends the engine does not end the conversations.
                start_new_session=True,
            )
        if (to_switch := process.stdin) is not None:
            to_switch.write(options)
            to_switch.close()
        return process

    async def _wait_for_end(self) -> None:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _STOP_WITHIN_S
        while self._is_there() and loop.time() < give_up:
            await asyncio.sleep(_RETRY_S)

    def _is_there(self) -> bool:
        if self._child is not None:
            return self._child.returncode is None
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, 0)
                return True
        return False

    async def _reap(self) -> None:
        if self._pid is not None and (self._child is None or self._child.returncode is None):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        if self._child is not None:
            if self._child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._child.kill()
            await self._child.wait()
        self._pid = None
        self._child = None

    async def _close_writer(self) -> None:
        self._greeted = False
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"nothing, in {path}"
