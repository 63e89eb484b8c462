"""How a broker is reached: the options, one connection, and how long to wait before the next."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiomqtt

from dialer.errors import DialerError

IN_FLIGHT = 20
"""How many messages may wait for their acknowledgement at once."""

_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 2.0
_KEEPALIVE_S = 20
_ANSWER_LIMIT_S = 5.0
_VERSIONS = {"3.1.1": aiomqtt.ProtocolVersion.V311, "5": aiomqtt.ProtocolVersion.V5}
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BadMqttUrl(DialerError):
    """A broker address that cannot be understood."""

    code = "bad-mqtt-url"
    exit_code = 2


@dataclass(frozen=True)
class MqttOptions:
    """Where the broker is and how to log in. `tls` trusts what the machine trusts."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    version: Literal["3.1.1", "5"] = "5"

    @classmethod
    def from_url(cls, url: str, *, version: Literal["3.1.1", "5"] = "5") -> "MqttOptions":
        """Options from `mqtt://user:password@host:port`, or `mqtts://` for TLS. Raises BadMqttUrl."""
        advice = "write it as mqtt://user:password@host:1883, or mqtts:// for TLS"
        try:
            parts = urlsplit(url)
            port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
            (parts.hostname or "").encode("idna")
        except ValueError:
            raise BadMqttUrl(f"The broker's host or port cannot be read; {advice}.") from None
        if parts.scheme not in _PORTS or not parts.hostname or not port:
            raise BadMqttUrl(f"The broker's address names no MQTT host; {advice}.")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise BadMqttUrl(f"The broker's address has something after the port; {advice}.")
        return cls(
            host=parts.hostname,
            port=port,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            tls=parts.scheme == "mqtts",
            version=version,
        )


@contextlib.asynccontextmanager
async def connected(
    options: MqttOptions, *, identifier: str | None = None, will: aiomqtt.Will | None = None
) -> AsyncIterator[aiomqtt.Client]:
    """A connection for the length of the block. Raises aiomqtt.MqttError where there is none to be had."""
    client = aiomqtt.Client(
        options.host,
        options.port,
        username=options.username,
        password=options.password,
        identifier=identifier,
        protocol=_VERSIONS[options.version],
        will=will,
        timeout=_ANSWER_LIMIT_S,
        keepalive=_KEEPALIVE_S,
        max_inflight_messages=IN_FLIGHT,
        tls_context=await asyncio.to_thread(ssl.create_default_context) if options.tls else None,
    )
    client.pending_calls_threshold = IN_FLIGHT
    await _enter(client)
    try:
        yield client
    finally:
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)
        _hang_up(client)


def retry_delays() -> Iterator[float]:
    """Seconds to wait before each further attempt: doubling, up to two seconds."""
    delay_s = _FIRST_DELAY_S
    while True:
        yield delay_s
        delay_s = min(delay_s * 2, _LONGEST_DELAY_S)


async def _enter(client: aiomqtt.Client) -> None:
    # aiomqtt connects in a thread, which nothing can cancel; so the attempt is always waited for.
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except BaseException:
        await asyncio.gather(entering, return_exceptions=True)
        _hang_up(client)
        raise


def _hang_up(client: aiomqtt.Client) -> None:
    # aiomqtt leaves the socket open where the broker never answered or sent nonsense, and has no call to
    # close it; where it is closed already, this does nothing.
    client._client.disconnect()  # noqa: SLF001
