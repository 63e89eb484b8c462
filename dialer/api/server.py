"""Serves the application in the engine's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from dialer.errors import DialerError

_ANSWER_WITHIN_S = 5
_END_WITHIN_S = _ANSWER_WITHIN_S + 2

log = structlog.get_logger("api")


class AddressInUse(DialerError):
    """The HTTP face cannot have its address."""

    code = "api-address-in-use"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the service, which has calls to end first."""
        yield


class HttpServer:
    """A listening HTTP server, owned by the service."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        """Binds at once. Raises AddressInUse."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is named: asyncio turns Nagle's delay off only where it is (40 ms for each answer).
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise AddressInUse(
                f"The API cannot listen on {host}:{port} ({error.strerror}); set DIALER_API__PORT to another."
            ) from error
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_ANSWER_WITHIN_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to answer."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def _end(self, serving: asyncio.Task[None]) -> None:
        _, unfinished = await asyncio.wait({serving}, timeout=_END_WITHIN_S)
        if unfinished:
            log.warning("the HTTP server did not end by itself, and is broken off")
            serving.cancel()
            await asyncio.wait(unfinished)
        if broken_off := set(self._server.server_state.tasks):
            # What they use is closed next.
            await asyncio.wait(broken_off, timeout=_END_WITHIN_S)
        if not serving.cancelled():
            serving.result()

    async def stop(self) -> None:
        """Answers what is being asked, and ends; a request that is not over in seconds is broken off."""
        self._server.should_exit = True
        if self._task is not None:
            await self._end(self._task)
        self._socket.close()
