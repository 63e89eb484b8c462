"""Who has no key, or sends too much, is answered before the body is in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NoReturn

import pytest
from starlette.types import Message, Receive, Scope, Send

from dialer.access.audit import AuditLog
from dialer.access.door import Door
from dialer.access.signing_in import SignInLimits
from dialer.api.guard import MAX_BODY_BYTES, Guard

KEY = "correct-horse"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def _no_database() -> NoReturn:
    raise AssertionError("the operator's key needs no database")


DOOR = Door(KEY, _no_database, _no_database, SignInLimits(), lambda: NOW)
AUDIT = AuditLog(_no_database)
PIECE = bytes(64 * 1024)


class Exchange:
    """One request through the guard; the application behind it reads the whole body."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.asked_for = 0
        self.arrived: bytes | None = None
        self.sent: list[Message] = []

    async def __call__(self, method: str, path: str, *headers: tuple[bytes, bytes]) -> int:
        """The status."""
        scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
        await Guard(self._application, DOOR, AUDIT, lambda: NOW)(scope, self._receive, self._send)
        return int(self.sent[0]["status"])

    async def _receive(self) -> Message:
        self.asked_for += 1
        body = self._pieces.pop(0) if self._pieces else b""
        return {"type": "http.request", "body": body, "more_body": bool(self._pieces)}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.arrived = b"".join([piece async for piece in _pieces(receive)])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @property
    def content_type(self) -> bytes:
        return dict(self.sent[0]["headers"])[b"content-type"]  # type: ignore[no-any-return]


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        more = message["more_body"]
        yield message["body"]


GIVEN = (b"authorization", f"Bearer {KEY}".encode())


@pytest.mark.parametrize(
    "headers", [[], [(b"authorization", b"Bearer wrong")], [(b"authorization", f"Basic {KEY}".encode())]]
)
@pytest.mark.parametrize("path", ["/api/v1/imports", "/api/v1/agent-sessions", "/api/v1/openapi.json"])
async def test_without_the_key_no_body_is_read(path: str, headers: list[tuple[bytes, bytes]]) -> None:
    exchange = Exchange(*[PIECE] * 100)
    assert await exchange("POST", path, *headers) == 401
    assert (exchange.asked_for, exchange.arrived) == (0, None)
    assert exchange.content_type == b"application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/agent-sessions", "/api/v1/imports/1", "/healthz"])
async def test_a_body_in_chunks_is_read_no_further_than_its_limit(path: str) -> None:
    exchange = Exchange(*[PIECE] * 10_000)
    assert await exchange("POST", path, GIVEN) == 413
    assert exchange.asked_for == MAX_BODY_BYTES // len(PIECE) + 1
    assert exchange.arrived is None
    assert exchange.content_type == b"application/problem+json"


async def test_a_body_that_says_how_long_it_is_need_not_be_read() -> None:
    exchange = Exchange(PIECE)
    assert await exchange("POST", "/api/v1/dnc", GIVEN, (b"content-length", b"600000000")) == 413
    assert exchange.asked_for == 0


@pytest.mark.parametrize(
    ("path", "pieces"),
    [
        ("/api/v1/agent-sessions", []),
        ("/api/v1/agent-sessions", [b"a", b"b"]),
        ("/api/v1/agent-sessions", [PIECE] * (MAX_BODY_BYTES // len(PIECE))),
        ("/api/v1/imports", [PIECE] * 40),
    ],
)
async def test_what_is_short_enough_or_a_lead_file_arrives_as_it_was_sent(
    path: str, pieces: list[bytes]
) -> None:
    exchange = Exchange(*pieces)
    assert await exchange("POST", path, GIVEN) == 200
    assert exchange.arrived == b"".join(pieces)
