"""The door of the API: who is not known, or sends too much, is turned away before the body is in memory.

What is let in and changes something is written into the audit log, with how it was answered.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import structlog
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialer.access.audit import AuditLog, Deed
from dialer.access.door import Door, Shown
from dialer.access.errors import AccessError
from dialer.api.problems import answer_to, problem
from dialer.api.walking import API, COOKIE, is_open, permissions_of
from dialer.database import is_passing

MAX_BODY_BYTES = 1 << 20
"""More than the longest request needs; only a lead file and a recording are longer."""
MAX_OPEN_BODY_BYTES = 1 << 14
"""From somebody who is not known."""

_STREAMED = frozenset({("POST", f"{API}imports"), ("POST", f"{API}prompts")})
"""What reads its body in pieces, and limits it by itself."""
_READINGS = frozenset({"GET", "HEAD", "OPTIONS"})
_TAKEN_AWAY = frozenset({"leads.export", "persons.read"})
"""Readings that are written into the audit log as well: somebody's data leaves."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOLD = ("client", "campaign_id", "agent_id", "role")
"""Fields of a body whose values may be told: none of them is anything about a person who is called."""
_MOST_FIELDS = 30

log = structlog.get_logger("api")


class Guard:
    """Wraps an application: below /api/v1/ only those come in whom the door knows; a body has 1 MiB at most.

    Who is turned away gets problem+json: 401, 403, and 413 also where the body comes in chunks without a
    length.
    """

    def __init__(self, app: ASGIApp, door: Door, audit: AuditLog, now: Callable[[], datetime]) -> None:
        self._app = app
        self._door = door
        self._audit = audit
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; see the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        headers = Headers(scope=scope)
        opened = is_open(path)
        if path.startswith(API) and not opened:
            shown = _shown(headers, scope["method"])
            try:
                actor = await self._door.actor(shown)
            except Exception as error:
                if not isinstance(error, AccessError) and not is_passing(error):
                    raise
                await answer_to(error)(scope, receive, send)
                return
            scope.setdefault("state", {}).update(actor=actor, shown=shown)
            send = self._audited(scope, send)
        if (scope["method"], path) in _STREAMED:
            await self._app(scope, receive, send)
            return
        limit = MAX_OPEN_BODY_BYTES if opened else MAX_BODY_BYTES
        if (body := await _body(headers, receive, limit)) is None:
            detail = f"A request's body has {limit >> 10:,} KiB at most here; send less at a time."
            await problem(413, "body-too-large", detail)(scope, receive, send)
            return
        scope.setdefault("state", {})["told"] = body
        await self._app(scope, _again(body, receive), send)

    def _audited(self, scope: Scope, send: Send) -> Send:
        """Adds a deed to the log before whoever did it has the answer."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and (route := scope.get("route")) is not None:
                is_deed = scope["method"] not in _READINGS or _TAKEN_AWAY & set(permissions_of(route))
                if is_deed:
                    self._audit.add(_deed(scope, route.name, message["status"], self._now()))
            await send(message)

        return sending


def _deed(scope: Scope, name: str, status: int, now: datetime) -> Deed:
    """What was done, without anything about the people who are called."""
    told = scope["state"].get("told", ())
    return Deed(
        at=now,
        actor=scope["state"]["actor"],
        action=name.replace("_", "-"),
        subject=_named(scope.get("path_params", {})),
        status=status,
        address=address_of(scope),
        details=_details(b"".join(each.get("body", b"") for each in told)),
    )


def address_of(scope: Scope) -> str:
    """Where a request comes from; empty where that is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _named(values: dict[str, Any]) -> str:
    """Ids and slugs of an address; a phone number in it is left out."""
    plain = {
        name: str(value)
        for name, value in values.items()
        if (name.endswith("_id") or name == "client") and _PLAIN.fullmatch(str(value))
    }
    return ", ".join(f"{name}={value}" for name, value in plain.items())


def _details(body: bytes) -> dict[str, Any]:
    """The names of the fields that were given, and the values of a few."""
    try:
        given = msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    names = [name for name in given if isinstance(name, str) and re.fullmatch(r"[a-z_]{1,40}", name)]
    told = {name: given[name] for name in _TOLD if _PLAIN.fullmatch(str(given.get(name, "")))}
    return {"fields": sorted(names)[:_MOST_FIELDS], **told} if names else {}


def _shown(headers: Headers, method: str) -> Shown:
    scheme, given = get_authorization_scheme_param(headers.get("Authorization"))
    cookies = cookie_parser(headers.get("Cookie", ""))
    return Shown(
        bearer=given if scheme.lower() == "bearer" and given else None,
        cookie=cookies.get(COOKIE),
        csrf=headers.get("X-CSRF-Token"),
        changes=method not in _READINGS,
    )


async def _body(headers: Headers, receive: Receive, limit: int) -> deque[Message] | None:
    """The messages of a request's body, to its end or to where the client left; None for too long a body."""
    declared = headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        return None
    messages = deque[Message]()
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            return None
        messages.append(message)
        if not message.get("more_body", False):
            return messages


def _again(messages: deque[Message], receive: Receive) -> Receive:
    """Gives the messages that were taken, then those that follow."""
    left = deque(messages)

    async def next_message() -> Message:
        return left.popleft() if left else await receive()

    return next_message
