"""The broker that comes with the dialer, for one machine: MQTT 3.1.1 on loopback, inside the process."""

import asyncio
import contextlib
import hmac
import ipaddress
import logging
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import structlog
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin

from dialer.bus.connection import MqttOptions
from dialer.errors import DialerError

log = structlog.get_logger("broker")

_LISTENER = "default"


class BadBrokerAddress(DialerError):
    """An address that the embedded broker must not or cannot listen on."""

    code = "bad-broker-address"


class Credentials(BaseAuthPlugin):  # type: ignore[misc] # amqtt tells no types
    """Lets in who knows the one user name and password; everyone, where there is none."""

    @dataclass
    class Config:
        """What amqtt hands to the plugin."""

        username: str = ""
        password: str | None = field(default=None, repr=False)

    async def authenticate(self, *, session: Any) -> bool:
        """Whether the session may begin."""
        if self.config.password is None:
            return True
        given = f"{session.username}\n{session.password}".encode()
        return hmac.compare_digest(given, f"{self.config.username}\n{self.config.password}".encode())


class EmbeddedBroker:
    """A broker for this machine only. It keeps nothing once it is stopped; it can be started again.

    `port` 0 takes a free one, and keeps it over a restart. Everyone on the machine may connect unless a
    password is given.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        username: str = "dialer",
        password: str | None = None,
    ) -> None:
        if not _is_loopback(host):
            raise BadBrokerAddress(
                f"The embedded broker is for this machine only, and {host} is not on loopback; "
                "use 127.0.0.1, or run mosquitto."
            )
        self._host = host
        self._port = port
        self._username = username
        self._password = password or None
        self._broker: _Broker | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def options(self) -> MqttOptions:
        """How to reach it, once it is started."""
        return MqttOptions(
            host=self._host,
            port=self._port,
            username=self._username if self._password else None,
            password=self._password,
            version="3.1.1",
        )

    async def start(self) -> None:
        """Listen. Raises BadBrokerAddress where the port is taken."""
        _quieten("amqtt", "transitions")
        broker = _Broker(
            BrokerConfig(
                listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins={
                    f"{__name__}.{Credentials.__name__}": {
                        "username": self._username,
                        "password": self._password,
                    }
                },
            )
        )
        await broker.start()
        try:
            server = await asyncio.start_server(self._accept, self._host, self._port)
        except OSError as error:
            await broker.shutdown()
            raise BadBrokerAddress(
                f"The embedded broker cannot listen on {self._host}:{self._port} ({error.strerror}); "
                "choose another port, or 0 for any."
            ) from error
        self._broker, self._server = broker, server
        self._port = server.sockets[0].getsockname()[1]
        log.info("broker-started", host=self._host, port=self._port)

    async def stop(self) -> None:
        """End all connections and forget everything."""
        if self._broker is None or self._server is None:
            return
        self._server.close()
        await self._broker.shutdown()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._broker = self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer), name="broker-connection")
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._broker is not None:
                await self._broker.external_connected(
                    StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER
                )
        except Exception:
            log.exception("broker-connection-failed")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Broker(Broker):  # type: ignore[misc] # amqtt tells no types
    """amqtt 0.12 with two of its faults mended."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Any
    ) -> None:
        # amqtt calls this for every new client with everybody's subscriptions, so that clients get what
        # they never asked for, and breaks when one of those subscribes meanwhile.
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(subscriber is session for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _client_message_loop(self, client_session: Any, handler: Any) -> None:
        # amqtt forgets what it has acknowledged and not yet passed on when a goodbye follows at once; from
        # Python 3.12 on it reads fast enough for that to happen.
        said_goodbye = handler.wait_disconnect

        async def all_passed_on() -> Any:
            packet = await said_goodbye()
            # amqtt's queue tells nobody that it is empty.
            while not client_session.delivered_message_queue.empty():
                await asyncio.sleep(0)
            return packet

        handler.wait_disconnect = all_passed_on
        await super()._client_message_loop(client_session, handler)


def _quieten(*names: str) -> None:
    # amqtt logs every client that leaves as an error; whoever wants to read that sets a level of their own.
    for name in names:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
