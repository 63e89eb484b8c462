"""The HTTP server answers at once, and ends when it is asked to, whoever is still connected."""

import asyncio
import socket

import pytest
from fastapi import FastAPI, Request

from dialer.api import server
from dialer.api.server import HttpServer


async def test_a_request_that_never_ends_does_not_keep_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_ANSWER_WITHIN_S", 0.2)
    app = FastAPI()
    asked, ended = asyncio.Event(), asyncio.Event()

    @app.post("/")
    async def read(request: Request) -> None:
        asked.set()
        try:
            await request.body()
        finally:
            ended.set()

    http = HttpServer(app, "127.0.0.1", 0)
    await http.start()
    _, writer = await asyncio.open_connection("127.0.0.1", http.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
    await asked.wait()
    async with asyncio.timeout(30):
        await http.stop()
    assert ended.is_set()
    writer.close()


async def test_no_answer_waits_for_a_packet_to_be_full() -> None:
    http = HttpServer(FastAPI(), "127.0.0.1", 0)
    await http.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", http.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readline()
    (connection,) = http._server.server_state.connections  # noqa: SLF001 - nobody else has it
    accepted = connection.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    writer.close()
    await http.stop()
