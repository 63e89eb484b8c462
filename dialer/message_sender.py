"""Sends messages to people: a task of a node, with one task below it for each message channel."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.message_retry import backoff_s
from campaigns.core.token_bucket import TokenBucket
from campaigns.errors import CampaignsError, MessageNotFoundError
from campaigns.messaging.drivers import Surroundings, make_driver
from campaigns.messaging.port import ChannelDown, Driver, OnReply, Receipt, Reply, Secrets
from campaigns.messaging.receipts import receive
from campaigns.messaging.sending import ChannelSender
from campaigns.stores.message_channels import MessageChannelStore
from campaigns.stores.messages import MessageStore
from campaigns.tables import MessageChannel
from leads.stores.shared import Sessions

_LOOK_EVERY_S = 2.0
_IDLE_S = 1.0
"""A message that is due now waits no longer than this for somebody to look."""
_TIDY_EVERY_S = 30.0
_AWAY_S = 5.0
_FIRST_REST_S, _LONGEST_REST_S = 2.0, 300.0
"""How long a channel rests whose other side is not there."""
_REPORT_WAITS_S = 5.0
"""A report may be quicker than our own record of what was accepted."""

log = structlog.get_logger("messages")


class MessageSender:
    """Owns the sending of one node. `on_reply` is told what people answer to text messages."""

    def __init__(
        self,
        sessions: Sessions,
        readings: Sessions,
        rules: Rulebook,
        secrets: Secrets,
        now: Callable[[], datetime],
        on_reply: OnReply,
    ) -> None:
        self._sessions = sessions
        self._readings = readings
        self._rules = rules
        self._secrets = secrets
        self._now = now
        self._on_reply = on_reply
        self._ways: dict[int, _Way] = {}
        self._tidy_at = 0.0
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins with what a former run left."""
        self._task = asyncio.create_task(self._run(), name="messages")

    async def stop(self) -> None:
        """Ends after what is being handed over; the next start goes on."""
        self._ending.set()
        if self._task is not None:
            await self._task
        await asyncio.gather(*(way.stop() for way in self._ways.values()))

    async def _run(self) -> None:
        while not self._ending.is_set():
            rest_s = await self._turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._ending.wait()

    async def _turn(self) -> float:
        try:
            async with self._readings() as session:
                channels = await MessageChannelStore(session).all()
            await self._follow(channels)
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + _TIDY_EVERY_S
                await self._tidy(channels)
        except Exception as error:  # noqa: BLE001 - the database may be away; messages wait
            log.error("messages wait", error=str(error))
            return _AWAY_S
        return _LOOK_EVERY_S

    async def _follow(self, channels: Sequence[MessageChannel]) -> None:
        """Has one way for each channel that is active, made anew when the channel was changed."""
        first: dict[tuple[int, str], int] = {}
        active = [each for each in channels if each.active]
        for each in active:
            first.setdefault((each.client_id, each.channel), each.id)
        for gone in self._ways.keys() - {each.id for each in active}:
            await self._ways.pop(gone).stop()
        for each in active:
            is_first = first[each.client_id, each.channel] == each.id
            way = self._ways.get(each.id)
            if way is not None and way.is_of(each, is_first=is_first):
                continue
            if way is not None:
                await self._ways.pop(each.id).stop()
            with contextlib.suppress(_Unmakeable):
                self._ways[each.id] = self._way(each, is_first)

    def _way(self, channel: MessageChannel, is_first: bool) -> "_Way":
        listener = _Ears(self._sessions, channel.id, self._now, self._on_reply)
        try:
            driver = make_driver(
                channel.driver, channel.options, Surroundings(self._secrets, listener, self._now)
            )
        except CampaignsError as error:
            log.error("a message channel cannot be used", channel=channel.name, error=str(error))
            raise _Unmakeable from error
        sender = ChannelSender(self._sessions, self._rules, driver, self._now, random.SystemRandom().random)
        way = _Way(channel, driver, sender, self._readings, self._now, is_first=is_first)
        way.start()
        return way

    async def _tidy(self, channels: Sequence[MessageChannel]) -> None:
        """What was being sent by somebody who died, and what waits for campaigns that were stopped."""
        again = [each.id for each in channels if each.options.get("deduplicates")]
        async with self._sessions() as session, session.begin():
            store = MessageStore(session)
            repeated, lost = await store.lose(self._now(), again)
            await store.cancel_of_stopped()
        if lost:
            log.error("messages were sent or not when somebody died: see the state unknown", messages=lost)
        if repeated:
            log.warning("messages are sent again to gateways that know them", messages=repeated)


class _Unmakeable(Exception):
    """A channel of which no driver can be made."""


class _Way:
    """One channel that sends."""

    def __init__(
        self,
        channel: MessageChannel,
        driver: Driver,
        sender: ChannelSender,
        readings: Sessions,
        now: Callable[[], datetime],
        *,
        is_first: bool,
    ) -> None:
        self._channel = channel
        self._is_first = is_first
        self._driver = driver
        self._sender = sender
        self._readings = readings
        self._now = now
        self._bucket = TokenBucket(channel.rate_per_s)
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def is_of(self, channel: MessageChannel, *, is_first: bool) -> bool:
        """Whether it still sends as the channel says."""
        return is_first == self._is_first and channel.model_dump() == self._channel.model_dump()

    def start(self) -> None:
        """Begins to look for what is due."""
        self._task = asyncio.create_task(self._run(), name=f"messages-{self._channel.name}")

    async def stop(self) -> None:
        """Ends after what is being handed over."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._driver.close()

    async def _run(self) -> None:
        while True:
            try:
                rest_s = await self._turn()
            except ChannelDown as error:
                rest_s = self._rest(error.reason)
            except Exception as error:  # noqa: BLE001 - the database may be away; messages wait
                log.error("messages wait", channel=self._channel.name, error=str(error))
                rest_s = _AWAY_S
            await asyncio.sleep(rest_s)

    async def _turn(self) -> float:
        """Sends what is due; for how long there is nothing to do then."""
        await self._driver.keep()
        room = int(min(self._bucket.room(time.monotonic()), 1000))
        if room < 1:
            return min(_IDLE_S, 1 / self._channel.rate_per_s)
        async with self._readings() as session:
            if not await MessageStore(session).due_campaigns(self._channel, self._now()):
                return _IDLE_S
        turn = await self._sender.turn(self._channel, is_first=self._is_first, room=room)
        for _ in range(turn.claimed):
            self._bucket.take(time.monotonic())
        if turn.down:
            return self._rest(turn.down)
        self._failures = 0
        return 0.0 if turn.claimed else _IDLE_S

    def _rest(self, reason: str) -> float:
        self._failures += 1
        rest_s = backoff_s(self._failures, random.SystemRandom().random(), _FIRST_REST_S, _LONGEST_REST_S)
        log.error("a message channel is down", channel=self._channel.name, error=reason, rest_s=round(rest_s))
        return rest_s


class _Ears:
    """Records what comes back through one channel."""

    def __init__(
        self, sessions: Sessions, channel_id: int, now: Callable[[], datetime], on_reply: OnReply
    ) -> None:
        self._sessions = sessions
        self._channel_id = channel_id
        self._now = now
        self._on_reply = on_reply

    async def received(self, receipt: Receipt) -> None:
        """See `Listener`. Raises MessageNotFoundError where the message stays unknown."""
        give_up = time.monotonic() + _REPORT_WAITS_S
        while True:
            try:
                return await receive(self._sessions, self._channel_id, receipt, self._now())
            except MessageNotFoundError:
                if time.monotonic() > give_up:
                    raise
            await asyncio.sleep(0.2)

    async def replied(self, reply: Reply) -> None:
        """See `Listener`."""
        await self._on_reply(self._channel_id, reply)
