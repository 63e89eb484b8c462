"""Saying and hearing messages over MQTT, whatever the broker does meanwhile."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from types import TracebackType
from typing import Self

import aiomqtt
import msgspec
import structlog

from dialer.bus.connection import IN_FLIGHT, MqttOptions, connected, retry_delays
from dialer.bus.messages import BadMessage, Envelope, Message, NodeStatus, decode, encode
from dialer.bus.outbox import Outbox, Outgoing
from dialer.bus.topics import BadTopicPart

__all__ = ["MqttOptions", "Publisher", "Subscriber"]

log = structlog.get_logger("bus")

_GOODBYE_LIMIT_S = 1.0
_RETRY_S = 0.1
_STEADY_S = 10.0
"""How long a connection stands before the next loss counts as the first."""


class Publisher:
    """One node's voice. `publish` only puts a message into the outbox; a task of its own sends it.

    While the broker is away the newest message of each retained topic waits, and the newest `backlog`
    others. A message may be sent twice (with the same id), never out of order within its topic. When the
    connection is back, everything retained is sent again. The broker says `offline` for a node that dies.
    """

    def __init__(
        self,
        options: MqttOptions,
        status: NodeStatus,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        backlog: int = 10_000,
        flush_limit_s: float = 5.0,
    ) -> None:
        self._options = options
        self._status = status
        self._clock = clock
        self._new_id = new_id
        self._flush_limit_s = flush_limit_s
        self._sequence = itertools.count(1)
        self._outbox = Outbox(backlog)
        self._work = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._away_told = False
        self._drop_told = False
        self.connected = False

    @property
    def dropped(self) -> int:
        """How many messages were given up because the broker stayed away too long."""
        return self._outbox.dropped

    def publish(self, message: Message) -> None:
        """Have a message sent as soon as may be. Never waits. Raises topics.BadTopicPart."""
        self._outbox.put(self._sealed(message))
        self._work.set()
        if self.dropped and not self._drop_told:
            self._drop_told = True
            log.warning("messages-dropped", advice="the broker was away too long or is too slow; see its log")

    def clear(self, topic: str) -> None:
        """Have a retained topic forgotten, because its subject is deleted. Never waits."""
        self._outbox.clear(topic)
        self._work.set()

    async def start(self) -> None:
        """Begin to connect and to send."""
        self.publish(self._status)
        self._task = asyncio.create_task(self._run(), name="mqtt-publisher")

    async def close(self) -> None:
        """Send what waits and say `offline`, within the time limit, and disconnect.

        An attempt to connect that is under way is waited for, ten seconds at most. What is published
        afterwards is not sent. Raises what ended the sending task, where a fault of ours did.
        """
        if self._task is None:
            return
        self._closing.set()
        self._work.set()
        _, late = await asyncio.wait({self._task}, timeout=self._flush_limit_s)
        if late:
            self._task.cancel()
            await asyncio.wait(late)
            log.warning("messages-unsent", count=len(self._outbox), advice="the broker was away or too slow")
        elif error := self._task.exception():
            raise error
        self._task = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _sealed(self, message: Message) -> Outgoing:
        payload = encode(message, id=self._new_id(), time=self._clock(), seq=next(self._sequence))
        return Outgoing(message.topic, payload, message.qos, message.retained)

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        delays = retry_delays()
        while True:
            began = now()
            try:
                await self._connect_and_converse()
            except* aiomqtt.MqttError as errors:
                self._tell_away(errors)
            else:
                return
            if now() - began > _STEADY_S:
                delays = retry_delays()
            await self._pause(next(delays))

    async def _connect_and_converse(self) -> None:
        # A name that stays: the broker ends an older connection of this node, and says its last will,
        # before this one says that the node is online.
        name = f"dialer-{self._status.node}"
        async with connected(self._options, identifier=name, will=self._last_will()) as client:
            log.info("broker-connected", host=self._options.host, port=self._options.port)
            self._away_told = False
            await self._converse(client)

    async def _converse(self, client: aiomqtt.Client) -> None:
        """Send until closing with nothing left. Raises MqttError, in groups, when the connection is lost."""
        self._outbox.resend_retained()
        self.publish(self._status)
        self.connected = True
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(_watch(client))
                await self._send(client)
                watch.cancel()
        finally:
            self.connected = False
            if self._closing.is_set():
                await self._say_goodbye(client)

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            batch = self._outbox.take(IN_FLIGHT)
            if batch:
                await self._send_batch(client, batch)
            elif self._closing.is_set():
                return
            else:
                self._work.clear()
                await self._work.wait()

    async def _send_batch(self, client: aiomqtt.Client, batch: list[Outgoing]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for outgoing in batch:
                    tasks.create_task(_send_one(client, outgoing))
        except BaseException:
            self._outbox.restore(batch)
            raise

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        # Where even this fails the connection is gone, and the last will says the same.
        with contextlib.suppress(aiomqtt.MqttError):
            await _send_one(client, self._sealed(self._offline()), timeout_s=_GOODBYE_LIMIT_S)

    def _tell_away(self, error: BaseException) -> None:
        if not self._away_told:
            log.warning("broker-away", error=_words(error))
            self._away_told = True

    async def _pause(self, delay_s: float) -> None:
        if self._closing.is_set():
            await asyncio.sleep(_RETRY_S)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), delay_s)

    def _offline(self) -> NodeStatus:
        return msgspec.structs.replace(self._status, state="offline")

    def _last_will(self) -> aiomqtt.Will:
        will = self._sealed(self._offline())
        return aiomqtt.Will(will.topic, will.payload, will.qos, will.retained)


class Subscriber(AsyncIterator[tuple[str, Envelope]]):
    """Hears the messages of one topic filter; iterating gives topics and envelopes.

    Entering its `async with` waits until the subscription stands. When the broker goes, iterating
    connects again; what was said meanwhile is missed, retained messages come again. `malformed` counts
    what was no message of ours or stood on a topic not its own; a cleared topic is passed over.
    """

    def __init__(self, options: MqttOptions, topic_filter: str) -> None:
        self._options = options
        self._filter = aiomqtt.Wildcard(topic_filter)
        self._stack = contextlib.AsyncExitStack()
        self._client: aiomqtt.Client | None = None
        self.malformed = 0

    @property
    def connected(self) -> bool:
        """Whether the subscription stands, as far as is known."""
        return self._client is not None

    async def __aenter__(self) -> Self:
        try:
            await self._connect()
        except BaseException:
            await self._disconnect()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._disconnect()

    async def __anext__(self) -> tuple[str, Envelope]:
        while True:
            if self._client is None:
                await self._connect()
                continue
            try:
                message = await anext(self._client.messages)
            except aiomqtt.MqttError as error:
                log.warning("broker-away", error=str(error))
                await self._disconnect()
                await asyncio.sleep(_RETRY_S)
                continue
            heard = self._understood(message)
            if heard is not None:
                return message.topic.value, heard

    def _understood(self, message: aiomqtt.Message) -> Envelope | None:
        payload = message.payload
        if not isinstance(payload, bytes) or not payload or not message.topic.matches(self._filter):
            return None
        try:
            return _opened(payload, message.topic.value)
        except (BadMessage, BadTopicPart) as error:
            self.malformed += 1
            log.warning("message-malformed", topic=message.topic.value[:200], error=str(error)[:200])
            return None

    async def _connect(self) -> None:
        for attempt, delay_s in enumerate(retry_delays()):
            try:
                client = await self._stack.enter_async_context(connected(self._options))
                await client.subscribe(self._filter.value, qos=1)
            except aiomqtt.MqttError as error:
                if attempt == 0:
                    log.warning("broker-away", error=str(error))
                await self._disconnect()
                await asyncio.sleep(delay_s)
            else:
                self._client = client
                return

    async def _disconnect(self) -> None:
        self._client = None
        await self._stack.aclose()


async def _watch(client: aiomqtt.Client) -> None:
    """Raises MqttError when the connection is lost, which sending alone would notice late."""
    async for _ in client.messages:
        pass


async def _send_one(client: aiomqtt.Client, outgoing: Outgoing, timeout_s: float | None = None) -> None:
    await client.publish(outgoing.topic, outgoing.payload, outgoing.qos, outgoing.retained, timeout=timeout_s)


def _opened(payload: bytes, topic: str) -> Envelope:
    envelope = decode(payload)
    if envelope.data.topic != topic:
        raise BadMessage("The message belongs on another topic; find out who wrote it.")
    return envelope


def _words(error: BaseException) -> str:
    """What is inside a group of errors, in one line."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_words(inner) for inner in error.exceptions)
    return str(error)
