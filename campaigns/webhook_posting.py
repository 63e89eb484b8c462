"""Sends a request to an address that somebody else has named, and to no other place.

The host is looked up for each request, and the connection goes to an address that was found and checked: a
name that leads elsewhere a moment later (DNS rebinding) leads nowhere. The certificate is still the name's.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from campaigns.core.webhook import NOT_PUBLIC, Network, is_in, may_reach

_CONNECT_S, _READ_S, _WHOLE_S = 5.0, 10.0, 20.0
_LONGEST_ANSWER = 1 << 14
"""As much is read of an answer; nobody needs more than its status."""
_LONGEST_RETRY_AFTER = 6
_LONGEST_PROBLEM = 200
_AGENT = "dialer-webhooks"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host and a port to its addresses. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a request: a status, or a `problem` that kept it from having one."""

    status: int | None
    took_s: float
    problem: str = ""
    wait_s: float = 0.0
    """How long the other side wants to be left alone (Retry-After)."""


class _Refused(Exception):
    """The request is not sent; the message says why."""


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system knows them. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Poster:
    """Opens lines to web hooks. One for each service."""

    def __init__(
        self, allowed: Sequence[Network] = (), ca_file: Path | None = None, resolve: Resolve = look_up
    ) -> None:
        """`allowed`: networks that are reached though they are not public; `ca_file`: further authorities.

        Raises OSError for a `ca_file` that cannot be read.
        """
        self.allowed = tuple(allowed)
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(cafile=ca_file)
        self._resolve = resolve

    def line(self) -> "Line":
        """A connection to one web hook, for a few requests."""
        return Line(self.allowed, self._tls, self._resolve)


class Line:
    """Sends to one web hook; a context. Connections are never shared with another one's name."""

    def __init__(self, allowed: Sequence[Network], tls: ssl.SSLContext, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(_READ_S, connect=_CONNECT_S),
            limits=httpx2.Limits(max_connections=1),
            follow_redirects=False,
            trust_env=False,
            verify=tls,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """One POST of JSON. Never raises for what the other side does."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(_WHOLE_S):
                status, wait_s = await self._post(httpx2.URL(url), body, headers)
        except TimeoutError:
            return _failed(began, f"no answer within {_WHOLE_S:g} s")
        except _Refused as error:
            return _failed(began, str(error))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return _failed(began, f"{type(error).__name__}: {error}")
        problem = "" if 200 <= status < 300 else f"HTTP {status}"
        return Posted(status, time.monotonic() - began, problem, wait_s)

    async def _post(self, url: httpx2.URL, body: bytes, headers: Mapping[str, str]) -> tuple[int, float]:
        address = await self._address(url)
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": _AGENT,
                **headers,
                "Host": url.netloc.decode("ascii"),
            },
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > _LONGEST_ANSWER:
                    break
        finally:
            await answer.aclose()
        return answer.status_code, _wait_s(answer.headers.get("Retry-After", ""))

    async def _address(self, url: httpx2.URL) -> str:
        """The address that the connection goes to. Raises _Refused and OSError."""
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await self._resolve(url.host, port)
        for each in found:
            if may_reach(each, self._allowed) and (url.scheme == "https" or is_in(each, self._allowed)):
                return each
        raise _Refused(NOT_PUBLIC if found else "the host has no address")


def _failed(began: float, problem: str) -> Posted:
    return Posted(None, time.monotonic() - began, problem[:_LONGEST_PROBLEM])


def _wait_s(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_RETRY_AFTER else 0.0
