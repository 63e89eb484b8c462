"""If-None-Match (RFC 9110): what somebody has already is not sent again."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ETAG = re.compile(r'(?:W/)?("[^"]*")')
_STAYS = frozenset({b"etag", b"cache-control", b"vary", b"expires", b"content-location"})
"""Headers of a 304, as RFC 9110 lists them (section 15.4.5)."""


class Unchanged:
    """Wraps an application: a GET whose answer has the ETag that is named gets 304 and no body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; see the ASGI specification."""
        named = Headers(scope=scope).get("If-None-Match") if scope["type"] == "http" else None
        if named is None or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        unchanged = False

        async def sending(message: Message) -> None:
            nonlocal unchanged
            if message["type"] == "http.response.start":
                unchanged = message["status"] == 200 and _is_named(Headers(raw=message["headers"]), named)
                if unchanged:
                    kept = [each for each in message["headers"] if each[0].lower() in _STAYS]
                    message = {**message, "status": 304, "headers": kept}
            elif unchanged:
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, sending)


def _is_named(headers: Headers, named: str) -> bool:
    etag = headers.get("ETag")
    return etag is not None and (named.strip() == "*" or etag.removeprefix("W/") in _ETAG.findall(named))
