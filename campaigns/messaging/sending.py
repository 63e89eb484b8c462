"""Sends what is due, one way to send at a time: claim and ask, hand over, record.

A message is `sending` in the database before a driver gets it, and only who has put it there hands it over.
So a crash at any moment leaves each message sent once, or not sent and in line, or unknown; never sent twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from campaigns.compliance.message_permits import MessagePermits
from campaigns.compliance.rulebook import Rulebook
from campaigns.core import sms
from campaigns.core.message_permit import Later, Never, Send
from campaigns.core.message_retry import next_try
from campaigns.core.message_states import MessageState
from campaigns.messaging import planning
from campaigns.messaging.port import (
    Accepted,
    ChannelDown,
    Driver,
    FateUnknown,
    Outgoing,
    PermanentFailure,
    SendError,
    TemporaryFailure,
)
from campaigns.stores.messages import MessageStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Message, MessageChannel

CLAIM = timedelta(minutes=3)
"""Whoever has one longer than this must have died: it is handed over within `PERMIT_S` and `SEND_S`."""
PERMIT_S = 30.0
"""Compliance's answer is for the moment: what could not be handed over by then is asked about anew."""
SEND_S = 60.0
"""A driver that takes longer for one message has lost it."""
_RECORD_EVERY_S = 0.2
_MOST_AT_A_TIME = 100

log = structlog.get_logger("messages")


@dataclass(frozen=True, slots=True)
class _Due:
    """A message that may be sent, as it was when it was claimed."""

    id: int
    tries: int
    of_sequence: bool
    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of handing it over; None where it was not tried."""

    due: _Due
    result: Accepted | SendError | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: how many messages it claimed, and how many of them were accepted; `down`: why the
    other side cannot be reached, empty where it can."""

    claimed: int = 0
    accepted: int = 0
    down: str = ""


class ChannelSender:
    """Sends the messages of one channel. `chance` gives a number from 0 to 1."""

    def __init__(
        self,
        sessions: Sessions,
        rules: Rulebook,
        driver: Driver,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._rules = rules
        self._driver = driver
        self._now = now
        self._chance = chance

    async def turn(self, channel: MessageChannel, *, is_first: bool, room: int) -> Turn:
        """Sends at most `room` of the messages that are due now, and records what came of each.

        One that is cancelled lets what was handed over end, and records it.
        """
        due, ended = await self._claim(channel, is_first, min(room, _MOST_AT_A_TIME))
        await self._tell_of(ended)
        if not due:
            return Turn()
        work = asyncio.create_task(self._send_all(channel, due))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await work
            raise

    async def _claim(
        self, channel: MessageChannel, is_first: bool, limit: int
    ) -> tuple[list[_Due], list[int]]:
        """Those that may be sent, `sending` from now on, and those that are over; the others wait."""
        now = self._now()
        async with self._sessions() as session, session.begin():
            store = MessageStore(session)
            taken = await store.take_due(channel, is_first=is_first, limit=limit, now=now)
            permits = MessagePermits(session, self._rules, channel.client_id)
            due: list[_Due] = []
            ended: list[int] = []
            for message, answer in await permits.ask(taken, now):
                if isinstance(answer, Send):
                    message.state, message.claimed_until = MessageState.SENDING, now + CLAIM
                    message.message_channel_id, message.reason = channel.id, ""
                    if message.channel == "sms":
                        message.segments = sms.segments_of(message.body_text)
                    due.append(
                        _Due(message.id, message.tries, bool(message.step), _outgoing(message, channel))
                    )
                elif isinstance(answer, Later):
                    message.due_at, message.reason = answer.at, answer.reason
                else:
                    message.state, message.reason = _ended(answer), answer.reason
                    ended += [message.id] if message.step else []
                session.add(message)
        return due, ended

    async def _tell_of(self, ended: Sequence[int]) -> None:
        """Each by itself: who settles a lead has locked it before what waits for it, and here it is the
        other way round."""
        for message_id in ended:
            async with self._sessions() as session, session.begin():
                message = await MessageStore(session).get(message_id)
                await planning.on_message(session, message, self._now())

    async def _send_all(self, channel: MessageChannel, due: Sequence[_Due]) -> Turn:
        """Hands over as many at a time as the driver takes, and records soon what is done."""
        lanes = asyncio.Semaphore(self._driver.lanes)
        until = asyncio.get_running_loop().time() + PERMIT_S
        pending = {asyncio.create_task(self._send(each, lanes, until)) for each in due}
        accepted, down = 0, ""
        while pending:
            done, pending = await asyncio.wait(pending, timeout=_RECORD_EVERY_S)
            results = [task.result() for task in done]
            await self._record(channel, results)
            accepted += sum(isinstance(each.result, Accepted) for each in results)
            down = next(
                (each.result.reason for each in results if isinstance(each.result, ChannelDown)), down
            )
        return Turn(len(due), accepted, down)

    async def _send(self, due: _Due, lanes: asyncio.Semaphore, until: float) -> _Done:
        async with lanes:
            if asyncio.get_running_loop().time() > until:
                return _Done(due, None)
            try:
                async with asyncio.timeout(SEND_S):
                    return _Done(due, await self._driver.send(due.outgoing))
            except SendError as error:
                return _Done(due, error)
            except TimeoutError:
                return _Done(due, FateUnknown("timeout"))
            except Exception as error:  # noqa: BLE001 - a driver's mistake must not lose what others did
                log.error("a driver failed", error=f"{type(error).__name__}: {error}")
                return _Done(due, FateUnknown(type(error).__name__))

    async def _record(self, channel: MessageChannel, results: Sequence[_Done]) -> None:
        """Writes what is known until it is written: what was sent must not be forgotten."""
        failures = 0
        while results:
            try:
                async with self._sessions() as session, session.begin():
                    for each in results:
                        await self._record_one(session, channel, each)
                return
            except Exception as error:
                failures += 1
                if failures > 5:
                    raise
                log.error("what was sent cannot be recorded yet", error=str(error))
                await asyncio.sleep(failures)

    async def _record_one(self, session: Session, channel: MessageChannel, done: _Done) -> None:
        now, store = self._now(), MessageStore(session)
        result, due = done.result, done.due
        if isinstance(result, PermanentFailure) and result.unusable:
            address = due.outgoing.to_address
            await store.mark_unusable(channel.client_id, channel.channel, address, result.reason, now)
        values = self._outcome(due, result, now) | {"claimed_until": None}
        if not await store.change(due.id, MessageState.SENDING, values) and isinstance(result, Accepted):
            # A report was there first, or a clock went wrong; that it was sent is true all the same.
            early = {"sent_at": now, "provider_id": result.provider_id, "claimed_until": None}
            await store.change(due.id, MessageState.DELIVERED, early)
            await store.change(due.id, MessageState.UNKNOWN, early | {"state": MessageState.SENT.value})
        if due.of_sequence and values["state"] != MessageState.WAITING.value:
            await planning.on_message(session, await store.get(due.id), now)

    def _outcome(self, due: _Due, result: Accepted | SendError | None, now: datetime) -> dict[str, object]:
        if isinstance(result, Accepted):
            return {
                "state": MessageState.SENT.value,
                "sent_at": now,
                "provider_id": result.provider_id,
                "tries": due.tries + 1,
            }
        if result is None:
            return {"state": MessageState.WAITING.value}
        if isinstance(result, ChannelDown):
            return {"state": MessageState.WAITING.value, "reason": "channel_down"}
        tries = {"tries": due.tries + 1, "reason": result.reason}
        if isinstance(result, FateUnknown):
            return tries | {"state": MessageState.UNKNOWN.value}
        if isinstance(result, TemporaryFailure):
            again = next_try(due.tries + 1, now, self._chance(), result.wait_s)
            if again is not None:
                return tries | {"state": MessageState.WAITING.value, "due_at": again}
        bounced = isinstance(result, PermanentFailure) and result.unusable
        return tries | {"state": (MessageState.BOUNCED if bounced else MessageState.FAILED).value}


def _ended(answer: Never) -> MessageState:
    return MessageState.CANCELED if answer.expired else MessageState.REFUSED


def _outgoing(message: Message, channel: MessageChannel) -> Outgoing:
    return Outgoing(
        to_address=message.to_address,
        sender=channel.sender,
        token=message.token,
        subject=message.subject,
        body_text=message.body_text,
        body_html=message.body_html,
        calendar=message.calendar,
        unsubscribe_url=message.unsubscribe_url,
    )
