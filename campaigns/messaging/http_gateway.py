"""Sends text messages by HTTP, as a template says: fits any gateway that takes one message a request."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from campaigns.core.message_answers import document_of, text_at
from campaigns.messaging.options import HttpOptions
from campaigns.messaging.port import (
    Accepted,
    ChannelDown,
    FateUnknown,
    Outgoing,
    PermanentFailure,
    Secrets,
    TemporaryFailure,
)

_PLACES = re.compile(r"\{(to|sender|text|id|secret)\}")
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.LocalProtocolError)
_LONGEST_ANSWER = 1 << 16
_LONGEST_WAIT_S = 3600.0


class HttpGatewayDriver:
    """One gateway. It follows no redirect, and reads little of an answer."""

    def __init__(self, options: HttpOptions, secrets: Secrets) -> None:
        self.lanes = options.connections
        self.deduplicates = options.deduplicates
        self._options = options
        self._secret = secrets[options.secret] if options.secret else ""
        limits = httpx2.Limits(max_connections=options.connections)
        self._client = httpx2.AsyncClient(
            timeout=options.timeout_s, limits=limits, follow_redirects=False, trust_env=False
        )

    async def send(self, outgoing: Outgoing) -> Accepted:
        """See `Driver`."""
        request = self._request(outgoing)
        try:
            answer = await self._client.send(request, stream=True)
            try:
                content = await _beginning_of(answer)
            finally:
                await answer.aclose()
        except _NOT_SENT as error:
            raise ChannelDown(_short(error)) from error
        except httpx2.HTTPError as error:
            if self.deduplicates:
                raise TemporaryFailure(_short(error)) from error
            raise FateUnknown(_short(error)) from error
        return self._read(answer.status_code, answer.headers, content)

    async def keep(self) -> None:
        """See `Driver`."""

    async def check(self) -> None:
        """See `Driver`: whether the gateway answers at all; signing in is seen with the first message."""
        try:
            await self._client.request("OPTIONS", self._options.url.partition("?")[0])
        except httpx2.HTTPError as error:
            raise ChannelDown(_short(error)) from error

    async def close(self) -> None:
        """See `Driver`."""
        await self._client.aclose()

    def _request(self, outgoing: Outgoing) -> httpx2.Request:
        options = self._options
        number = outgoing.to_address
        values = {
            "to": number.removeprefix("+") if options.number_format == "digits" else number,
            "sender": outgoing.sender,
            "text": outgoing.body_text,
            "id": outgoing.token,
            "secret": self._secret,
        }
        quoted = {name: quote(value, safe="") for name, value in values.items()}
        given: dict[str, Any] = {"headers": _header_values(options.headers, values) | self._authorization()}
        body = _filled(options.body, values)
        if options.body_format == "json":
            given["json"] = body
        elif options.body_format == "form":
            given["data"] = {name: str(value) for name, value in body.items()}
        try:
            return self._client.build_request(options.method, _put(options.url, quoted), **given)
        except (httpx2.InvalidURL, ValueError) as error:
            raise PermanentFailure(_short(error)) from error

    def _authorization(self) -> dict[str, str]:
        options = self._options
        if options.auth == "bearer":
            return {"Authorization": f"Bearer {self._secret}"}
        if options.auth == "basic":
            return {"Authorization": basic(options.user, self._secret)}
        return {}

    def _read(self, status: int, headers: Mapping[str, str], content: bytes) -> Accepted:
        """What the gateway's answer means."""
        options = self._options
        if status in options.temporary:
            raise TemporaryFailure(str(status), _wait_s(headers.get("Retry-After", "")))
        if status not in options.accepted:
            raise PermanentFailure(str(status))
        document = document_of(content)
        if options.status_path:
            said = text_at(document, options.status_path)
            if said in options.temporary_values:
                raise TemporaryFailure(said)
            if said not in options.accepted_values:
                raise PermanentFailure(said)
        return Accepted(text_at(document, options.id_path)[:255])


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


async def _beginning_of(answer: httpx2.Response) -> bytes:
    content = b""
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > _LONGEST_ANSWER:
            break
    return content[:_LONGEST_ANSWER]


def _put(text: str, values: Mapping[str, str]) -> str:
    """A text with its places filled, in one go: what is put in is not looked at again."""
    return _PLACES.sub(lambda found: values[found[1]], text)


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return _put(template, values)
    if isinstance(template, Mapping):
        return {str(name): _filled(each, values) for name, each in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(each, values) for each in template]
    return template


def _header_values(headers: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Headers without anything that could end one."""
    filled = {name: _put(text, values) for name, text in headers.items()}
    return {name: "".join(each for each in text if " " <= each <= "~") for name, text in filled.items()}


def _wait_s(text: str) -> float:
    return min(float(text), _LONGEST_WAIT_S) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
