"""Idempotency-Key: a POST that is sent again gets the answer of the first one, and nothing is done twice.

The one place that knows of such keys. It stands behind the guard, which says who asks, and before the routes.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialer.access.core.actor import Actor
from dialer.access.idempotent_answers import IdempotentAnswers, record_of
from dialer.access.request_key import RequestKey
from dialer.access.tables import IdempotentAnswer
from dialer.api.problems import answer_to, problem
from dialer.api.walking import API, WalkedRoute, walk
from dialer.core.idempotency import Outcome, Verdict, is_over, judge, outcome
from dialer.database import is_passing

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r'"?([\x21\x23-\x7e]{16,255})"?')
_OF_A_DESK = (f"{API}agent-sessions/", f"{API}attempts/")
"""What an agent does in a shift, which this node alone has: it sets how things stand, and never waits for the
database."""
_AGAIN_AFTER_S = 1

_PROBLEMS = {
    Verdict.REUSED: (422, "idempotency-key-reused", "The key came with another request; take a new one."),
    Verdict.IN_PROGRESS: (409, "idempotency-in-progress", "The first such request is still being answered."),
    Verdict.UNKNOWN: (
        409,
        "idempotency-outcome-unknown",
        "The first such request was cut off, and may have been carried out: look, and take a new key.",
    ),
}

log = structlog.get_logger("api")


@dataclass
class _Answer:
    """What the application answers, held back until it is on record."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"]) if self.messages else 500

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return [(bytes(name), bytes(value)) for name, value in self.messages[0].get("headers", ())]

    @property
    def body(self) -> bytes:
        return b"".join(each.get("body", b"") for each in self.messages[1:])


class _Body:
    """A request's body, whose SHA-256 grows as it is read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._digest = hashlib.sha256()
        self.is_read = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            self.is_read = not message.get("more_body", False)
        return message

    async def sha256(self) -> bytes:
        """Of the whole body, or as far as it comes."""
        while not self.is_read and (await self.receive())["type"] == "http.request":
            pass
        return self._digest.digest()


class Idempotency:
    """Wraps an application: a POST with a key that has been answered is answered so again."""

    def __init__(self, app: ASGIApp, answers: IdempotentAnswers, now: Callable[[], datetime]) -> None:
        self._app = app
        self._answers = answers
        self._now = now
        self._under_way: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; see the ASGI specification."""
        actor = scope.get("state", {}).get("actor")
        given = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if given is None or actor is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if (matched := _KEY.fullmatch(given.strip())) is None:
            detail = f"{HEADER} has 16 to 255 visible ASCII characters, best a random UUID."
            await problem(422, "idempotency-key-invalid", detail)(scope, receive, send)
            return
        key = RequestKey(_who(actor), matched[1])
        if key.id in self._under_way:
            await _refuse(Verdict.IN_PROGRESS)(scope, receive, send)
            return
        self._under_way.add(key.id)
        try:
            await self._answer(key, scope, _Body(receive), send)
        finally:
            self._under_way.discard(key.id)

    async def _answer(self, key: RequestKey, scope: Scope, body: _Body, send: Send) -> None:
        behind = scope["path"].startswith(_OF_A_DESK)
        try:
            found = await self._find(key, scope, body)
            if found is None and not behind and not await self._answers.claim(key.id, self._now()):
                found = Verdict.IN_PROGRESS
        except Exception as error:
            if not is_passing(error):
                raise
            if not behind:
                await answer_to(error)(scope, body.receive, send)
                return
            log.warning("an agent's request is answered without looking whether it is a repeat")
            found = None
        if isinstance(found, Verdict):
            await _refuse(found)(scope, body.receive, send)
        elif found is not None:
            await _repeat(found, key, send)
        else:
            await self._do(key, scope, body, send, behind=behind)

    async def _find(self, key: RequestKey, scope: Scope, body: _Body) -> IdempotentAnswer | Verdict | None:
        """The answer to be given again, or why there is none; None where the request is to be carried out."""
        row, now = await self._answers.find(key.id), self._now()
        # The body is read here only where the application is not going to read it.
        if row is None or is_over(record_of(row), now):
            return None
        answered = row.status is not None
        fingerprint = _fingerprint(key, scope, await body.sha256()) if answered else ""
        verdict = judge(record_of(row), fingerprint, self._answers.node, now)
        return row if verdict == Verdict.REPEAT else verdict

    async def _do(self, key: RequestKey, scope: Scope, body: _Body, send: Send, *, behind: bool) -> None:
        answer = _Answer()
        # What it raises goes on its way to a 500, and leaves the key as one whose request was cut off.
        await self._app(scope, body.receive, answer.send)
        came = outcome(
            answer.status,
            come_again=any(name.lower() == b"retry-after" for name, _ in answer.headers),
            body_read=body.is_read or "told" in scope["state"],
        )
        row = IdempotentAnswer(
            id=key.id,
            node=self._answers.node,
            at=self._now(),
            fingerprint=_fingerprint(key, scope, await body.sha256()) if came == Outcome.KEEP else "",
            status=answer.status,
            answer=key.seal(msgspec.msgpack.encode((answer.headers, answer.body))),
        )
        try:
            if came == Outcome.KEEP:
                await self._keep(row, behind=behind)
            elif came == Outcome.FREE and not behind:
                await self._answers.free(key.id)
        except Exception as error:
            # It was done: whoever asks is told so, and a repeat that nobody knows what became of it.
            if not is_passing(error):
                raise
            log.warning("an answer is not kept for repeats, since the database is away")
        for message in answer.messages:
            await send(message)

    async def _keep(self, row: IdempotentAnswer, *, behind: bool) -> None:
        if behind:
            self._answers.keep_behind(row)
        else:
            await self._answers.keep(row)


def describe_keys(app: FastAPI) -> None:
    """Has the OpenAPI description say which operations take a key."""
    plain = app.openapi
    parameter = {
        "name": HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 16, "maxLength": 255},
        "description": "A new random one, as a UUID, for each request; the same one for a repeat of it.",
    }

    def described() -> dict[str, Any]:
        description = plain()
        for each in walk(app):
            operation = description["paths"].get(each.path, {}).get(each.method.lower())
            if operation is not None and takes_key(each):
                parameters = operation.setdefault("parameters", [])
                if parameter not in parameters:
                    parameters.append(parameter)
                operation["responses"].setdefault("409", {"description": "It does not fit how things stand."})
        return description

    app.openapi = described  # type: ignore[method-assign]


def takes_key(route: WalkedRoute) -> bool:
    """Whether an operation gives its answer again: every POST but signing in, where nobody is known yet."""
    return route.method == "POST" and not route.is_open


def _who(actor: Actor) -> str:
    """The same for a user or a job whichever sign-in they come with."""
    return f"{actor.client_id} {actor.name}"


def _fingerprint(key: RequestKey, scope: Scope, body_sha256: bytes) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return key.fingerprint(scope["method"], f"{scope['path']}?{query}", body_sha256)


def _refuse(verdict: Verdict) -> Any:
    status, code, detail = _PROBLEMS[verdict]
    refusal = problem(status, code, detail)
    if verdict == Verdict.IN_PROGRESS:
        refusal.headers["Retry-After"] = str(_AGAIN_AFTER_S)
    return refusal


async def _repeat(row: IdempotentAnswer, key: RequestKey, send: Send) -> None:
    headers, body = msgspec.msgpack.decode(
        key.unseal(row.answer), type=tuple[list[tuple[bytes, bytes]], bytes]
    )
    start: Message = {"type": "http.response.start", "status": row.status, "headers": headers}
    MutableHeaders(raw=headers)[REPLAYED] = "true"
    await send(start)
    await send({"type": "http.response.body", "body": body})
