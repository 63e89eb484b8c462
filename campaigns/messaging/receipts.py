"""What comes back about messages that were sent: delivery reports, bounces."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from campaigns.core.bounce import Report, leads_nowhere, read_report
from campaigns.core.message_answers import meaning, text_at
from campaigns.core.message_retry import after_soft_bounce
from campaigns.core.message_states import MessageEvent, MessageState, after
from campaigns.errors import MessageNotFoundError
from campaigns.messaging import planning
from campaigns.messaging.drivers import options_of
from campaigns.messaging.options import HttpOptions
from campaigns.messaging.port import Receipt
from campaigns.stores.message_channels import MessageChannelStore
from campaigns.stores.messages import MessageStore
from campaigns.stores.shared import Session, Sessions
from campaigns.tables import Message

_EVENTS: Mapping[str, MessageEvent] = {
    "delivered": MessageEvent.DELIVER,
    "failed": MessageEvent.FAIL,
    "unreachable": MessageEvent.BOUNCE,
}

_NOTHING_THERE = "There is no message of that name; it may be known in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncesRead:
    """How many mails were read, and what they were: reports about messages of ours by what they say, reports
    about messages that nobody knows, and mails that are no reports."""

    mails: int = 0
    delivered: int = 0
    bounced: int = 0
    retried: int = 0
    unknown: int = 0
    other: int = 0


class WrongReportKey(Exception):
    """A report came to an address that is no channel's."""


def hash_of(key: str) -> str:
    """What is kept of the key in a channel's address for reports."""
    return hashlib.sha256(key.encode()).hexdigest()


async def receive(sessions: Sessions, channel_id: int, receipt: Receipt, now: datetime) -> None:
    """Records a delivery report. Raises MessageNotFoundError for a message that the channel does not have,
    or does not have yet."""
    async with sessions() as session, session.begin():
        store = MessageStore(session)
        message = await store.of_report(channel_id, receipt.provider_id, receipt.token)
        if message is None:
            raise nothing_there()
        await _apply(session, message, _EVENTS[receipt.verdict], receipt.reason, now)


async def receive_document(
    sessions: Sessions, channel_id: int, key: str, document: Any, now: datetime
) -> None:
    """A gateway's report, read as the channel's options say; one that says nothing final does nothing.

    Raises MessageNotFoundError for a wrong key, a channel that takes none, and an unknown message alike.
    """
    options = await options_behind(sessions, channel_id, key)
    said = text_at(document, options.receipt_status_path)
    words = {
        "delivered": options.receipt_delivered,
        "failed": options.receipt_failed,
        "unreachable": options.receipt_unreachable,
    }
    receipt = Receipt(
        cast(Literal["delivered", "failed", "unreachable"], meaning(said, words) or "failed"),
        said[:60],
        provider_id=text_at(document, options.receipt_id_path)[:255],
        token=text_at(document, options.receipt_token_path)[:43],
    )
    if not (receipt.token or receipt.provider_id):
        raise nothing_there()
    if meaning(said, words):
        await receive(sessions, channel_id, receipt, now)


async def read_bounces(sessions: Sessions, mails: list[bytes], now: datetime) -> BouncesRead:
    """Records what mails say that came back. Only such count as name a message by its unguessable token."""
    counts = dict.fromkeys(("delivered", "bounced", "retried", "unknown", "other"), 0)
    for mail in mails:
        reports = read_report(mail)
        counts["other"] += not reports
        for report in reports:
            async with sessions() as session, session.begin():
                counts[await _bounce(session, report, now)] += 1
    return BouncesRead(mails=len(mails), **counts)


async def _bounce(session: Session, report: Report, now: datetime) -> str:
    message = await MessageStore(session).by_token(report.token) if report.token else None
    if message is None or message.channel != "email":
        return "unknown"
    if report.verdict == "delivered":
        await _apply(session, message, MessageEvent.DELIVER, "", now)
        return "delivered"
    again = after_soft_bounce(message.tries, now) if report.verdict == "soft" else None
    if again is not None:
        if after(message.state, MessageEvent.RETURN) is not None:
            message.state, message.due_at = MessageState.WAITING, again
            message.reason = report.status
            session.add(message)
        return "retried"
    if leads_nowhere(report.status):
        await _apply(session, message, MessageEvent.BOUNCE, report.status, now)
    else:
        await _apply(session, message, MessageEvent.FAIL, report.status, now)
    return "bounced"


async def _apply(session: Session, message: Message, event: MessageEvent, reason: str, now: datetime) -> None:
    """What an event makes of a message; a repeated or late one changes nothing."""
    if event is MessageEvent.BOUNCE:
        await MessageStore(session).mark_unusable(
            message.client_id, message.channel, message.to_address, reason, now
        )
    state = after(message.state, event)
    if state is None or state == message.state:
        return
    message.state, message.reason, message.claimed_until = state, reason[:60], None
    if state is MessageState.DELIVERED:
        message.delivered_at = now
    session.add(message)
    await planning.on_message(session, message, now)


async def options_behind(sessions: Sessions, channel_id: int, key: str) -> HttpOptions:
    """What a gateway was told that knows its channel's key. Raises WrongReportKey."""
    async with sessions() as session:
        found = [each for each in await MessageChannelStore(session).all() if each.id == channel_id]
    kept = found[0].receipt_hash if found else ""
    if not hmac.compare_digest(hash_of(key), kept) or found[0].driver != "http":
        raise WrongReportKey
    options = options_of("http", found[0].options)
    assert isinstance(options, HttpOptions)  # noqa: S101 - of the driver that was asked about
    return options


def nothing_there() -> MessageNotFoundError:
    """What an unknown message and a wrong key are answered with alike."""
    return MessageNotFoundError(_NOTHING_THERE)
