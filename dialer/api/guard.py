"""The door of the API: who has no key, or sends too much, is turned away before the body is in memory."""

from collections import deque

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialer.api.access import ADVICE, CHALLENGE, is_key
from dialer.api.problems import problem

API = "/api/v1/"
MAX_BODY_BYTES = 1 << 20
"""More than the longest request needs; only a lead file and a recording are longer."""

_STREAMED = frozenset({("POST", f"{API}imports"), ("POST", f"{API}prompts")})
"""What reads its body in pieces, and limits it by itself."""


class Guard:
    """Wraps an application: everything below /api/v1/ needs the key, and a body has 1 MiB at most.

    Both are answered as problem+json: 401, and 413 also where the body comes in chunks without a length.
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; see the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"].startswith(API) and not self._has_key(headers):
            answer = problem(401, "unauthorized", ADVICE)
            answer.headers.update(CHALLENGE)
            await answer(scope, receive, send)
        elif (scope["method"], scope["path"]) in _STREAMED:
            await self._app(scope, receive, send)
        elif (body := await _body(headers, receive)) is None:
            limit = f"A request's body has {MAX_BODY_BYTES >> 20} MiB at most; send less at a time."
            await problem(413, "body-too-large", limit)(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)

    def _has_key(self, headers: Headers) -> bool:
        scheme, given = get_authorization_scheme_param(headers.get("Authorization"))
        return scheme.lower() == "bearer" and given != "" and is_key(given, self._key)


async def _body(headers: Headers, receive: Receive) -> deque[Message] | None:
    """The messages of a request's body, to its end or to where the client left; None for too long a body."""
    declared = headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        return None
    messages = deque[Message]()
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            return None
        messages.append(message)
        if not message.get("more_body", False):
            return messages


def _again(messages: deque[Message], receive: Receive) -> Receive:
    """Gives the messages that were taken, then those that follow."""

    async def next_message() -> Message:
        return messages.popleft() if messages else await receive()

    return next_message
